"""Periods over which KPIs are reported: half open, cut at midnight in the zone of the agreement.

A calendar month with a change of the clock therefore has 743 or 745 hours in Europe/Amsterdam.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from baken.domain.wall_clock import day_start


class PeriodError(ValueError):
    """The dates do not make a period; the message names the remedy."""


class PeriodKind(IntEnum):
    """A kind of period that follows the calendar; the value is its number of months."""

    MONTH = 1
    QUARTER = 3
    YEAR = 12


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The instants [start, end), in microseconds. Unpacks as a pair."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise PeriodError("period: the end must come after the start")

    def __iter__(self) -> Iterator[int]:
        return iter((self.start, self.end))

    @property
    def length(self) -> int:
        """Microseconds from start to end."""
        return self.end - self.start


def from_dates(zone: str, date_from: date, date_to: date) -> Period:
    """From the beginning of `date_from` up to the beginning of `date_to`, which is itself outside.

    Raises PeriodError when `date_to` is not later, UnknownZone for a zone that does not exist.
    """
    if date_to <= date_from:
        raise PeriodError(f"period: {date_to} is not after {date_from}; the last date is not part of the period")
    return Period(day_start(zone, date_from), day_start(zone, date_to))


def month(zone: str, year: int, month: int) -> Period:
    """One calendar month, 1 to 12."""
    return containing(zone, PeriodKind.MONTH, date(year, month, 1))


def containing(zone: str, kind: PeriodKind, day: date) -> Period:
    """The period of that kind in which a local date lies."""
    return _nth(zone, kind, _index(kind, day))


def previous_periods(zone: str, kind: PeriodKind, day: date, n: int) -> list[Period]:
    """The n periods of that kind before the one in which a local date lies, the oldest first."""
    this = _index(kind, day)
    return [_nth(zone, kind, index) for index in range(this - n, this)]


def _index(kind: PeriodKind, day: date) -> int:
    return (day.year * 12 + day.month - 1) // kind


def _nth(zone: str, kind: PeriodKind, index: int) -> Period:
    return from_dates(zone, _first_day(kind, index), _first_day(kind, index + 1))


def _first_day(kind: PeriodKind, index: int) -> date:
    year, months = divmod(index * kind, 12)
    return date(year, months + 1, 1)
