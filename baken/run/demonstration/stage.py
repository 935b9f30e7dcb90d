"""When things happen in the demonstration's year, and the stage on which they do."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import TypeAlias

from baken.domain.instants import to_datetime, to_us
from baken.domain.periods import Period
from baken.domain.wall_clock import day_start
from baken.domain.zones import zone
from baken.record.ledger import clock

Script: TypeAlias = Iterator[int]
"""Something that happens in steps: it yields the instant of its next step, and goes on when that has come."""
FIRST_DAY = 10
"""The provider starts on this day of the first month, which is therefore measured in part."""


@dataclass(frozen=True, slots=True)
class Year:
    """The months of the demonstration, the first and the last of them in part. Instants in microseconds."""

    days: Sequence[date]
    began: int
    end: int

    @classmethod
    def until(cls, end: datetime, months: int) -> "Year":
        """The months up to `end`, so many of them before the one under way."""
        this = end.year * 12 + end.month - 1
        days = [date(index // 12, index % 12 + 1, 1) for index in range(this - months, this + 2)]
        return cls(days, day_start("UTC", days[0].replace(day=FIRST_DAY)), to_us(end))

    @property
    def months(self) -> range:
        """The numbers of the months; the first is 0."""
        return range(len(self.days) - 1)

    def period(self, month: int, zone_name: str) -> Period:
        """A month as far as it is part of the year, in a zone."""
        start, end = (day_start(zone_name, self.days[number]) for number in (month, month + 1))
        return Period(max(start, self.began), end)

    def at(self, month: int, day: int, time: str, zone_name: str) -> int:
        """A local time on a day of a month."""
        hour, minute = map(int, time.split(":"))
        midnight = datetime.combine(self.days[month].replace(day=day), datetime.min.time(), zone(zone_name))
        return to_us(midnight.replace(hour=hour, minute=minute))

    def on(self, month: int, weekday: int, nth: int, time: str, zone_name: str) -> int:
        """The same on the nth such weekday of a month; 0 is Monday."""
        first = self.days[month]
        day = 1 + (weekday - first.weekday()) % 7 + 7 * (nth - 1)
        return self.at(month, day, time, zone_name)


class Stage:
    """Plays scripts together, every step of each at its instant."""

    def __init__(self) -> None:
        self._next: list[tuple[int, int, Script]] = []
        self._order = count()

    def add(self, script: Script) -> None:
        """Begin a script: what it does before its first instant is done at once."""
        for at in script:
            heapq.heappush(self._next, (at, next(self._order), script))
            return

    def play(self, until: int) -> None:
        """Everything that happens before `until`."""
        while self._next and self._next[0][0] < until:
            at, _, script = heapq.heappop(self._next)
            with clock.at(to_datetime(at)):
                self.add(script)


def days_later(at: int, days: int) -> int:
    """The same time of day in UTC, so many days on."""
    return to_us(to_datetime(at) + timedelta(days=days))
