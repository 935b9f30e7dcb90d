"""One row of the log, from text to values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, TypeVar

from baken.domain.facts import IncidentClass, Priority
from baken.domain.instants import to_us
from baken.domain.zones import zone

Level = TypeVar("Level", int, Priority)

UNKNOWN = "?"
LOCAL = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?")
NUMBER = re.compile(r"[!-~]{1,64}")
LEVELS = {"1": 1, "2": 2, "3": 3}
PRIORITIES = {"1": Priority.HIGH, "2": Priority.HIGH, "3": Priority.MEDIUM, "4": Priority.LOW}
MACHINES = frozenset({"system"})
"""Accounts that are never a person: ServiceNow's own."""


class State(StrEnum):
    """The states of an incident, in ServiceNow's words."""

    NEW = "New"
    ACTIVE = "Active"
    USER = "Awaiting User Info"
    VENDOR = "Awaiting Vendor"
    PROBLEM = "Awaiting Problem"
    EVIDENCE = "Awaiting Evidence"
    RESOLVED = "Resolved"
    CLOSED = "Closed"


STATES = {state.value: state for state in State}


class Unreadable(ValueError):
    """A row cannot be read; the message names the column and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a log.

    zone: IANA zone of its local times. classes: what its incidents are said to concern. latest: the present instant in
    microseconds, after which nothing can have happened. machines: accounts in `sys_updated_by` that are no person's.
    Raises UnknownZone.
    """

    zone: str
    classes: frozenset[IncidentClass]
    latest: int
    machines: frozenset[str] = MACHINES

    def __post_init__(self) -> None:
        zone(self.zone)


class Row(NamedTuple):
    """The state of an incident after one update. Instants in microseconds; `by_person`: no machine made it."""

    line: int
    number: str
    state: State
    opened: int
    resolved: int | None
    at: int
    impact: int
    urgency: int
    priority: Priority
    assigned: bool
    by_person: bool
    subject: str


class Rows:
    """Makes rows of fields. Of a local time that the clock showed twice it takes the first, unless that would put
    the update before the row above it."""

    NEEDED = (
        "number", "incident_state", "opened_at", "resolved_at", "sys_updated_at", "impact", "urgency", "priority",
        "assigned_to",
    )  # fmt: skip
    ACCOUNT, SUBJECT = "sys_updated_by", "short_description"

    def __init__(self, header: Sequence[str], reading: Reading) -> None:
        self._width = len(header)
        self._needed = itemgetter(*(header.index(name) for name in self.NEEDED))
        self._account = header.index(self.ACCOUNT) if self.ACCOUNT in header else None
        self._subject = header.index(self.SUBJECT) if self.SUBJECT in header else None
        self._reading = reading
        self._previous = ("", 0)
        self._instants = lru_cache(maxsize=100_000)(self._possible)

    def read(self, line: int, fields: Sequence[str]) -> Row:
        """The row that the fields on `line` make. Raises Unreadable."""
        if len(fields) != self._width:
            raise Unreadable(f"row: {len(fields)} columns where the header has {self._width}")
        number, state, opened_at, resolved_at, updated_at, impact, urgency, priority, assigned = self._needed(fields)
        if number == UNKNOWN or not NUMBER.fullmatch(number):
            raise Unreadable(f"number: {_shown(number)} is no number of an incident")
        if state not in STATES:
            raise Unreadable(f"incident_state: {_shown(state)} is none of the eight states")
        opened = self._instant("opened_at", opened_at)
        at = self._instant("sys_updated_at", updated_at, self._previous[1] if number == self._previous[0] else 0)
        resolved = None if resolved_at == UNKNOWN else self._instant("resolved_at", resolved_at, opened)
        self._previous = (number, at)
        return Row(
            line, number, STATES[state], opened, resolved, at,
            _level("impact", impact, LEVELS), _level("urgency", urgency, LEVELS),
            _level("priority", priority, PRIORITIES),
            assigned != UNKNOWN,
            self._account is None or fields[self._account] not in self._reading.machines,
            _subject(number, UNKNOWN if self._subject is None else fields[self._subject]),
        )  # fmt: skip

    def _instant(self, column: str, text: str, after: int = 0) -> int:
        try:
            possible = self._instants(text)
        except Unreadable as error:
            raise Unreadable(f"{column}: {error}") from None
        at = possible[0] if possible[0] >= after else possible[-1]
        if not 0 <= at <= self._reading.latest:
            raise Unreadable(f"{column}: {text} {'has not come yet' if at > 0 else 'is before 1970'}")
        return at

    def _possible(self, text: str) -> tuple[int, ...]:
        """The instants at which a clock in the zone showed this, earliest first."""
        found = LOCAL.fullmatch(text)
        if not found:
            raise Unreadable(f"{_shown(text)} is no time like 29/2/2016 01:16")
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        try:
            wall = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  the zone follows
        except ValueError:
            raise Unreadable(f"{_shown(text)} is no time that exists") from None
        here = zone(self._reading.zone)
        earlier, later = (wall.replace(tzinfo=here, fold=fold) for fold in (0, 1))
        if earlier.utcoffset() == later.utcoffset():
            return (to_us(earlier),)
        if earlier.astimezone(UTC).astimezone(here).replace(tzinfo=None) != wall:
            raise Unreadable(f"{text} was skipped by the clock in {self._reading.zone}")
        return to_us(earlier), to_us(later)


def _subject(number: str, told: str) -> str:
    told = " ".join(told.replace("\x00", " ").split())
    return told[:200] if told and told != UNKNOWN else f"ServiceNow {number}"


def _level(column: str, text: str, known: Mapping[str, Level]) -> Level:
    try:
        return known[text.partition(" ")[0]]  # some exports write "2 - High"
    except KeyError:
        raise Unreadable(f"{column}: {_shown(text)} is none of {', '.join(known)}") from None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
