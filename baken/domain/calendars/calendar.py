"""Working time: how much lies between two instants, and when a given amount of it is over."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from threading import Lock
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from baken.domain.calendars.errors import CalendarError, NeverReached
from baken.domain.calendars.holiday_dates import holidays_of
from baken.domain.calendars.hours import Reason, hours
from baken.domain.calendars.rules import CalendarRule
from baken.domain.calendars.table import Table
from baken.domain.instants import DAY, to_datetime, to_us
from baken.domain.intervals import Intervals, Mask, Vector

FIRST = to_us(datetime(1900, 1, 1, tzinfo=UTC))
LAST = to_us(datetime(2200, 1, 1, tzinfo=UTC))
HORIZON = 18_263 * DAY
"""50 years with their leap days: working time that comes later is as good as none."""
Number = TypeVar("Number", bound=np.generic)
_NEVER = "so much working time does not come within 50 years; check the amount and the calendar's windows"
_BLOCK = 8192  # elements worked on at once, so that what lies between stays in the processor's cache


class Skipped(NamedTuple):
    """Time that did not count, [start, end), and why."""

    start: int
    end: int
    reason: Reason


@lru_cache(maxsize=1024)
def calendar(rule: CalendarRule) -> "Calendar":
    """The calendar of a rule; the same one for equal rules, so that its years are compiled once."""
    return Calendar(rule)


class Calendar:
    """A rule with its working time, compiled for the years asked about so far. Safe between threads.

    Instants and durations are microseconds. Instants from 1900 up to 2200 are covered; others raise
    CalendarError. The arrays of the vectorised questions have one dimension and type int64, and equal lengths
    or length one.
    """

    def __init__(self, rule: CalendarRule) -> None:
        self.rule = rule
        self._lock = Lock()
        self._compiled: Table | None = None

    def between(self, a: int, b: int) -> int:
        """Working time in [a, b). Raises ValueError when b < a."""
        table = self._table(a, b)
        return table.sum_at(b) - table.sum_at(a)

    def add(self, a: int, n: int) -> int:
        """The earliest instant at which n of working time have passed since a; a itself for n = 0.

        Time that runs out exactly at closing ends there, not at the next opening.
        Raises ValueError for a negative n, NeverReached when it takes more than 50 years.
        """
        if n < 0:
            raise ValueError("working time to add: give zero or more")
        if not n:
            return a
        table = self._reaching(a, a, n)
        goal = table.sum_at(a) + n
        if goal > table.total or (end := table.instant_of(goal)) - a > HORIZON:
            raise NeverReached(_NEVER)
        return end

    def contains(self, t: int) -> bool:
        """Whether t is working time."""
        return self._table(t, t).contains(t)

    def intervals(self, a: int, b: int) -> Intervals:
        """The working time in [a, b). Raises ValueError when b < a."""
        return self._table(a, b).hours.working.clip(a, b)

    def skipped(self, a: int, b: int) -> list[Skipped]:
        """What of [a, b) is not working time, in order, with the reason for each.

        A gap between working times is split at local midnight where the reason changes: a holiday or a closed
        day (an exception without windows) is the reason for the whole of its date, other times are outside
        hours.
        """
        known = self._table(a, b).hours
        idle = known.working.gaps(a, b)
        reasons = {
            Reason.HOLIDAY: idle & known.holidays,
            Reason.CLOSED_DAY: idle & known.closed_days,
            Reason.OUTSIDE_HOURS: idle - known.holidays - known.closed_days,
        }
        return sorted(Skipped(*span, reason) for reason, spans in reasons.items() for span in spans)

    def holiday_name(self, day: date) -> str | None:
        """The holiday on a local date, in the country's own language, even where an exception reopens it."""
        return holidays_of(self.rule.holidays, day.year).get(day)

    def between_many(self, a: Vector, b: Vector) -> Vector:
        """`between` for each pair. Raises ValueError when any b < a."""
        a, b = np.broadcast_arrays(a, b)
        if not len(a):
            return np.zeros(0, dtype=np.int64)
        table = self._table(int(a.min()), max(int(a.min()), int(b.max())))

        def block(some: slice) -> Vector:
            if (b[some] < a[some]).any():
                raise ValueError("a span ends before it starts; swap the two")
            return table.sums_at(b[some]) - table.sums_at(a[some])

        return _in_blocks(len(a), block, np.int64)

    def add_many(self, a: Vector, n: Vector | int) -> Vector:
        """`add` for each pair. Raises as `add` does when any of them would."""
        a, amounts = np.broadcast_arrays(a, n)
        if not len(a):
            return np.zeros(0, dtype=np.int64)
        if amounts.min() < 0:
            raise ValueError("working time to add: give zero or more")
        table = self._reaching(int(a.min()), int(a.max()), int(amounts.max()))

        def block(some: slice) -> Vector:
            goals = table.sums_at(a[some]) + amounts[some]
            if goals.max() > table.total:
                raise NeverReached(_NEVER)
            ends = np.where(amounts[some] > 0, table.instants_of(np.maximum(goals, 1)), a[some])
            if (ends - a[some]).max() > HORIZON:
                raise NeverReached(_NEVER)
            return ends

        return _in_blocks(len(a), block, np.int64)

    def contains_many(self, t: Vector) -> Mask:
        """`contains` for each."""
        if not len(t):
            return np.zeros(0, dtype=np.bool_)
        table = self._table(int(t.min()), int(t.max()))
        return _in_blocks(len(t), lambda some: table.contains_many(t[some]), np.bool_)

    def _table(self, a: int, b: int) -> Table:
        """A table that covers [a, b], compiling what is missing."""
        if b < a:
            raise ValueError("the span ends before it starts; swap the two")
        table = self._compiled
        if table is not None and table.begin <= a and b <= table.end:
            return table
        if a < FIRST or b > LAST:
            raise CalendarError("a calendar covers the years 1900 up to 2200; check the year of the instant")
        return self._extend(a, b)

    def _reaching(self, first: int, last: int, n: int) -> Table:
        """A table that covers [first, last] and, up to the horizon, n of working time beyond it."""
        if n > HORIZON:
            raise NeverReached(_NEVER)
        table = self._table(first, last)
        while table.sum_at(last) + n > table.total and table.end < last + HORIZON:
            table = self._extend(first, min(table.end + (table.end - last) + 366 * DAY, last + HORIZON))
        return table

    def _extend(self, a: int, b: int) -> Table:
        # Local years begin up to a day away from those in UTC.
        first, last = to_datetime(a - DAY).year, to_datetime(b + DAY).year
        with self._lock:
            if self._compiled is not None:
                first = min(first, self._compiled.hours.first_year)
                last = max(last, self._compiled.hours.last_year)
            self._compiled = Table(hours(self.rule, first, last))
            return self._compiled


def _in_blocks(size: int, block: Callable[[slice], npt.NDArray[Number]], dtype: type[Number]) -> npt.NDArray[Number]:
    result = np.empty(size, dtype=dtype)
    for begin in range(0, size, _BLOCK):
        some = slice(begin, begin + _BLOCK)
        result[some] = block(some)
    return result
