"""What was opened of what is sealed, noted where it is opened, so that nobody who makes a page can forget to.

Whoever has to answer for looking (a page, an operation of the API, a command) opens a notebook around its work. The
notes name organisations, kinds of records and their ids, never what was read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(slots=True)
class Notes:
    """What was opened since the notebook was laid open.

    rows: organisation, kind of record (`incident`, `message`) and id of each. about: organisation (None for whichever),
    kind and name in addresses of the records that were asked for one by one. searched: how many records each search
    found, to be counted when it is written down.
    """

    rows: set[tuple[UUID, str, bytes]] = field(default_factory=set)
    about: dict[tuple[UUID | None, str, str], None] = field(default_factory=dict)
    searched: list[Callable[[], int]] = field(default_factory=list)


_notes: ContextVar[Notes | None] = ContextVar("notes", default=None)


@contextmanager
def noting(notes: Notes) -> Iterator[None]:
    """Everything that is opened inside is noted."""
    token = _notes.set(notes)
    try:
        yield
    finally:
        _notes.reset(token)


def note(organisation: UUID, kind: str, row: bytes) -> None:
    """A sealed value of this row was opened."""
    if (notes := _notes.get()) is not None:
        notes.rows.add((organisation, kind, row))


def about(organisation: UUID | None, kind: str, name: object) -> None:
    """One record was asked for, by its number or id. organisation: whose; None when parts of it are of several."""
    if (notes := _notes.get()) is not None:
        notes.about[organisation, kind, str(name)] = None


def searched(count: Callable[[], int]) -> None:
    """Words were looked for. `count` tells how many records hold them."""
    if (notes := _notes.get()) is not None:
        notes.searched.append(count)
