"""An incident as another desk's log tells it: what a reader of that log gives, and what an import writes down.

The values carry nothing of the log's own format, and nothing of this installation: no number, service or agreement.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from baken.domain.facts import Kind


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened at `at` (microseconds). `data`: as `Kind` says, of a report what the log knows of it."""

    kind: Kind
    at: int
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """One incident from its report on.

    key: its number at the other desk. subject: one line about it. happenings: the report first, then in the order in
    which they happened. rows: how many rows of the log it was read from.
    """

    key: str
    subject: str
    happenings: tuple[Happening, ...]
    rows: int

    @property
    def reported(self) -> int:
        """When it was reported, in microseconds."""
        return self.happenings[0].at

    def digest(self) -> str:
        """SHA-256 of what it says, in hexadecimal: equal for histories that say the same."""
        said = [self.subject, [[told.kind, told.at, told.data] for told in self.happenings]]
        return hashlib.sha256(_canonical(said).encode()).hexdigest()


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
