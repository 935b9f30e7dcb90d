"""Alerts of security tools, as one form: what was seen, where, and how grave the tool finds it."""

import unicodedata
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
    named: whether the tool gave it that name; else the key stands for what it says, and equal ones may be several.
    """

    key: str
    rule: str
    host: str
    title: str
    text: str
    level: Level
    named: bool = True


def reaches(level: str, minimum: str) -> bool:
    """Whether an alert is as grave as a source's minimum. Raises ValueError for what is no level."""
    return LEVELS.index(Level(level)) >= LEVELS.index(Level(minimum))


def legible(text: str, kept: str = "\n\t") -> str:
    """A text in which nothing is hidden: characters that show nothing, or that turn others around, by their number.

    An attacker has a say in what a tool reports. kept: those that stay as they are.
    """
    return "".join(f"<U+{ord(one):04X}>" if one not in kept and _is_unseen(one) else one for one in text)


def excerpt(text: str, most: int, kept: str = "\n\t") -> str:
    """A legible text of at most so many characters; one that was cut ends in an ellipsis."""
    text = legible(text[: most + 1], kept)
    return text if len(text) <= most else text[: most - 1] + "…"


def _is_unseen(one: str) -> bool:
    """Controls, formats such as the bidirectional ones, and separators of lines that no line is made of."""
    return unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")
