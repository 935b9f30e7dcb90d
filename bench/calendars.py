"""How fast working time is computed, beside what others use for it.

    make bench

One calendar: Monday to Friday 08:00-17:00 in Europe/Amsterdam without Dutch holidays. One set of random pairs
over three years, at most 30 days apart, on whole hours of any time of day, so that every contestant can
answer exactly. Two questions: how much working time lies between a and b, and when are n working hours after
a over. The answers are compared before anything is timed. Every contestant gets its input in its own form,
made beforehand; those that answer one pair at a time get the first few hundred pairs of the same set. Times
are medians of several runs, which take turns, in one process on one core.
"""

import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day

import holidays
import numpy as np
import numpy.typing as npt

from baken.domain.calendars import Calendar, CalendarRule, calendar
from baken.domain.instants import DAY, HOUR, to_datetime, to_us
from baken.domain.intervals import Mask, Vector
from baken.domain.wall_clock import opening

try:
    import businesstimedelta
    import pandas as pd
    import pytz
except ImportError as missing:
    sys.exit(f"{missing}; use `make bench`, or pip install -r requirements/bench.txt")

ZONE = "Europe/Amsterdam"
RULE = CalendarRule.weekly(ZONE, holidays="NL")
PAIRS = 1_000_000
RUNS = 7
FIRST, LAST = date(2023, 1, 1), date(2026, 1, 1)
CLOSED = sorted(holidays.country_holidays("NL", years=range(2022, 2028)))
OPENS, CLOSES = 8 * HOUR, 17 * HOUR
HOURS_A_DAY = CLOSES - OPENS


@dataclass(frozen=True)
class Pairs:
    """The same instants as microseconds since the epoch in UTC (a, b) and on the wall (wall_a, wall_b)."""

    a: Vector
    b: Vector
    n: Vector
    wall_a: Vector
    wall_b: Vector


@dataclass(frozen=True)
class Contestant:
    """`run` answers the first `pairs` of the set: microseconds of working time, or instants, UTC or wall."""

    name: str
    pairs: int
    run: Callable[[], Vector]
    on_the_wall: bool = False
    closes_at_next_opening: bool = False


def random_pairs() -> Pairs:
    random = np.random.default_rng(20260301)
    first, last = (to_us(datetime(d.year, d.month, d.day, tzinfo=UTC)) // HOUR for d in (FIRST, LAST))
    wall_a = random.integers(first, last, PAIRS) * HOUR
    wall_b = wall_a + random.integers(0, 30 * 24, PAIRS) * HOUR
    n = random.integers(1, 80, PAIRS) * HOUR
    return Pairs(opening(ZONE, wall_a), opening(ZONE, wall_b), n, wall_a, wall_b)


class BareLookUp:
    """The least that NumPy can do with a table: binary search and running sum, nothing checked."""

    def __init__(self, times: Calendar, pairs: Pairs) -> None:
        working = times.intervals(int(pairs.a.min()) - 30 * DAY, int(pairs.b.max()) + 90 * DAY)
        self.starts, self.lengths = working.starts, working.ends - working.starts
        self.before = np.cumsum(self.lengths) - self.lengths

    def sums(self, t: Vector) -> Vector:
        at = np.searchsorted(self.starts, t, side="right") - 1
        sums: Vector = self.before[at] + np.minimum(t - self.starts[at], self.lengths[at])
        return sums

    def between(self, a: Vector, b: Vector) -> Vector:
        return self.sums(b) - self.sums(a)

    def add(self, a: Vector, n: Vector) -> Vector:
        goals = self.sums(a) + n
        at = np.searchsorted(self.before, goals, side="left") - 1
        ends: Vector = self.starts[at] + goals - self.before[at]
        return ends


class BusinessDays:
    """The usual recipe: NumPy counts business days, and the ends of the span are clipped to the hours."""

    def __init__(self) -> None:
        self.calendar = np.busdaycalendar(holidays=[np.datetime64(day) for day in CLOSED])

    def _split(self, wall: Vector) -> tuple[npt.NDArray[np.datetime64], Vector, Mask]:
        days, of_day = np.divmod(wall, DAY)
        dates = days.astype("datetime64[D]")
        return dates, np.clip(of_day, OPENS, CLOSES) - OPENS, np.is_busday(dates, busdaycal=self.calendar)

    def between(self, wall_a: Vector, wall_b: Vector) -> Vector:
        (date_a, done_a, works_a), (date_b, done_b, works_b) = self._split(wall_a), self._split(wall_b)
        days = np.busday_count(date_a, date_b, busdaycal=self.calendar)
        worked: Vector = days * HOURS_A_DAY - works_a * done_a + works_b * done_b
        return worked

    def add(self, wall_a: Vector, n: Vector) -> Vector:
        dates, done, works = self._split(wall_a)
        total = works * done + n
        days = (total - 1) // HOURS_A_DAY
        ends = np.busday_offset(dates, days, roll="forward", busdaycal=self.calendar)
        instants: Vector = ends.astype(np.int64) * DAY + OPENS + total - days * HOURS_A_DAY
        return instants


def answer_between(times: Calendar, pairs: Pairs, slow: int) -> list[Contestant]:
    bare, recipe = BareLookUp(times, pairs), BusinessDays()
    moments = [(to_datetime(a), to_datetime(b)) for a, b in zip(*_firsts(slow, pairs.a, pairs.b), strict=True)]
    stamps = [(_stamp(a), _stamp(b)) for a, b in zip(*_firsts(slow, pairs.wall_a, pairs.wall_b), strict=True)]
    hours, rule = _custom_business_hour(), _business_rules()

    def by_pandas() -> Vector:
        counts = (len(pd.date_range(a, b, freq=hours, inclusive="left")) for a, b in stamps)
        return np.array([count * HOUR for count in counts])

    def by_businesstimedelta() -> Vector:
        return np.array([_span_us(rule.difference(a, b)) for a, b in moments])

    one_by_one = list(zip(*_firsts(100 * slow, pairs.a, pairs.b), strict=True))
    return [
        Contestant("Baken, vectorised", PAIRS, lambda: times.between_many(pairs.a, pairs.b)),
        Contestant("Baken, one by one", 100 * slow, lambda: np.array([times.between(*p) for p in one_by_one])),
        Contestant("bare NumPy table look-up", PAIRS, lambda: bare.between(pairs.a, pairs.b)),
        Contestant("NumPy busday_count recipe", PAIRS, lambda: recipe.between(pairs.wall_a, pairs.wall_b)),
        Contestant("pandas CustomBusinessHour", slow, by_pandas),
        Contestant("businesstimedelta", slow, by_businesstimedelta),
    ]


def answer_add(times: Calendar, pairs: Pairs, slow: int) -> list[Contestant]:
    bare, recipe = BareLookUp(times, pairs), BusinessDays()
    a, n = _firsts(slow, pairs.a, pairs.n)
    hours, rule = _custom_business_hour(), _business_rules()
    offsets = [hours * (amount // HOUR) for amount in n]
    stamps = [_stamp(wall) for wall in pairs.wall_a[:slow].tolist()]
    deltas = [businesstimedelta.BusinessTimeDelta(rule, hours=amount // HOUR) for amount in n]
    moments = [to_datetime(instant) for instant in a]

    def by_pandas() -> Vector:
        return np.array([(stamp + offset).value // 1000 for stamp, offset in zip(stamps, offsets, strict=True)])

    def by_businesstimedelta() -> Vector:
        return np.array([to_us(moment + delta) for moment, delta in zip(moments, deltas, strict=True)])

    one_by_one = list(zip(*_firsts(100 * slow, pairs.a, pairs.n), strict=True))
    return [
        Contestant("Baken, vectorised", PAIRS, lambda: times.add_many(pairs.a, pairs.n)),
        Contestant("Baken, one by one", 100 * slow, lambda: np.array([times.add(*p) for p in one_by_one])),
        Contestant("bare NumPy table look-up", PAIRS, lambda: bare.add(pairs.a, pairs.n)),
        Contestant("NumPy busday_offset recipe", PAIRS, lambda: recipe.add(pairs.wall_a, pairs.n), True),
        Contestant("pandas CustomBusinessHour", slow, by_pandas, True, closes_at_next_opening=True),
        Contestant("businesstimedelta", slow, by_businesstimedelta),
    ]


def _firsts(count: int, *columns: Vector) -> list[list[int]]:
    return [column[:count].tolist() for column in columns]


def _stamp(wall: int) -> "pd.Timestamp":
    return pd.Timestamp(wall, unit="us")


def _custom_business_hour() -> "pd.offsets.CustomBusinessHour":
    return pd.offsets.CustomBusinessHour(start="08:00", end="17:00", holidays=[np.datetime64(d) for d in CLOSED])


def _business_rules() -> "businesstimedelta.Rules":
    tz = pytz.timezone(ZONE)
    days = businesstimedelta.WorkDayRule(time_of_day(8), time_of_day(17), [0, 1, 2, 3, 4], tz=tz)
    return businesstimedelta.Rules([days, businesstimedelta.HolidayRule(CLOSED, tz=tz)])


def _span_us(delta: "businesstimedelta.BusinessTimeDelta") -> int:
    return int(delta.timedelta / timedelta(microseconds=1))


def check(contestants: list[Contestant]) -> None:
    """All answers equal ours, but for the one difference that pandas has: its hours exclude their end."""
    ours = contestants[0].run()
    for other in contestants[1:]:
        theirs, expected = other.run(), ours[: other.pairs]
        if other.on_the_wall:
            theirs = opening(ZONE, theirs)
        same = theirs == expected
        if other.closes_at_next_opening:
            # It says the next opening where the time is over exactly at closing.
            at_closing = ~calendar(RULE).contains_many(expected)
            same |= at_closing & (theirs == calendar(RULE).add_many(expected, 1) - 1)
        if not same.all():
            sys.exit(f"{other.name} disagrees on {np.count_nonzero(~same)} of {len(same)} pairs")


def rates(contestants: list[Contestant]) -> list[float]:
    """Pairs a second, medians of runs that take turns."""
    taken: list[list[float]] = [[] for _ in contestants]
    for _ in range(RUNS):
        for times, contestant in zip(taken, contestants, strict=True):
            begun = time.perf_counter()
            contestant.run()
            times.append(time.perf_counter() - begun)
    return [c.pairs / statistics.median(t) for c, t in zip(contestants, taken, strict=True)]


def show(question: str, contestants: list[Contestant]) -> None:
    check(contestants)
    measured = rates(contestants)
    print(f"\n{question}\n{'':28}{'pairs':>11}{'pairs a second':>18}{'Baken is faster':>18}")
    for contestant, rate in zip(contestants, measured, strict=True):
        print(f"{contestant.name:28}{contestant.pairs:>11,}{rate:>18,.0f}{measured[0] / rate:>16,.1f} x")


def main() -> None:
    pairs = random_pairs()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, pandas {pd.__version__}, {RUNS} runs")
    begun = time.perf_counter()
    times = Calendar(RULE)
    times.between(int(pairs.a.min()), int(pairs.b.max()))
    compiled = 1000 * (time.perf_counter() - begun)
    print(f"{LAST.year - FIRST.year} years compiled in {compiled:.1f} ms, offsets and holidays included")
    show("working time between a and b", answer_between(times, pairs, slow=300))
    show("end of n working hours after a", answer_add(times, pairs, slow=300))


if __name__ == "__main__":
    main()
