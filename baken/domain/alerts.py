"""Alerts of security tools, as one form: what was seen, where, and how grave the tool finds it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave an alert is, in the order of `LEVELS`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


LEVELS = tuple(Level)
"""From the least grave to the gravest."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. rule: what fired; host: where; together they say which alerts are one matter.

    key: by what the tool names this alert, the same when it is sent again. text: all it says of it.
    """

    key: str
    rule: str
    host: str
    title: str
    text: str
    level: Level


def reaches(level: str, minimum: str) -> bool:
    """Whether an alert is as grave as a source's minimum. Raises ValueError for what is no level."""
    return LEVELS.index(Level(level)) >= LEVELS.index(Level(minimum))
