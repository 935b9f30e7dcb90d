"""A clock day by day: what counted and what did not, as bars across each day, and as a table that adds up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from baken.domain.clocks import Segment
from baken.domain.instants import to_datetime
from baken.domain.wall_clock import day_start
from baken.domain.zones import zone
from baken.record.clocks.reads import Explanation

WIDTH = 1_000
"""Of a day in the drawing, whether it has 23, 24 or 25 hours."""
MOST_DAYS = 42
MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """Part of a day. look: `counted`, `breach` (counted past the target), `skipped` or `waits`; reason: a code."""

    x: int
    width: int
    look: str
    reason: str


@dataclass(frozen=True, slots=True)
class Day:
    """One local day: its bars, what it adds (microseconds), and where in it the deadline lies."""

    day: date
    bars: list[Bar]
    counted: int
    due: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A stretch of time in the table, with the time counted up to its end (microseconds)."""

    segment: Segment
    length: int
    total: int


@dataclass(frozen=True, slots=True)
class Strip:
    """The drawing. Of a very long clock the days between the first and the last are not drawn; `hidden` of them."""

    first: list[Day]
    hidden: int
    last: list[Day]


def strip(explanation: Explanation) -> Strip:
    """The days of a clock in the zone of its agreement."""
    segments = explanation.segments
    if not segments:
        return Strip([], 0, [])
    days = list(_dates(explanation.terms.zone, segments[0].start, segments[-1].end))
    cut = days if len(days) <= MOST_DAYS else [*days[: MOST_DAYS // 2], *days[-MOST_DAYS // 2 :]]
    drawn = [_day(explanation, day) for day in cut]
    half = len(drawn) if cut is days else MOST_DAYS // 2
    return Strip(drawn[:half], len(days) - len(cut), drawn[half:])


def lines(segments: Sequence[Segment]) -> list[Line]:
    """Every stretch with the running total."""
    total = 0
    found = []
    for segment in segments:
        length = segment.end - segment.start
        total += length if segment.counted else 0
        found.append(Line(segment, length, total))
    return found


def _dates(zone_name: str, start: int, end: int) -> Iterator[date]:
    there = zone(zone_name)
    day, last = to_datetime(start).astimezone(there).date(), to_datetime(end - 1).astimezone(there).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _day(explanation: Explanation, day: date) -> Day:
    begin = day_start(explanation.terms.zone, day)
    end = day_start(explanation.terms.zone, day + timedelta(days=1))
    parts = list(_parts(explanation, begin, end))
    due = explanation.reading.due
    return Day(
        day=day,
        bars=[_bar(part, look, begin, end) for part, look in parts],
        counted=sum(part.end - part.start for part, _ in parts if part.counted),
        due=None if due is None or not begin <= due < end else _x(due, begin, end),
    )


def _parts(explanation: Explanation, begin: int, end: int) -> Iterator[tuple[Segment, str]]:
    """The segments within a day with their look, cut where the target is exceeded."""
    falls = explanation.reading.breached_at
    for segment in explanation.segments:
        start, stop = max(segment.start, begin), min(segment.end, end)
        if start >= stop:
            continue
        cuts = [start, falls, stop] if falls is not None and segment.counted and start < falls < stop else [start, stop]
        for a, b in pairwise(cuts):
            yield Segment(a, b, segment.counted, segment.reason), _look(segment, a, falls)


def _look(segment: Segment, at: int, falls: int | None) -> str:
    if segment.counted:
        return "breach" if falls is not None and at >= falls else "counted"
    return "waits" if segment.reason.startswith(("waiting", "resolved")) else "skipped"


def _bar(part: Segment, look: str, begin: int, end: int) -> Bar:
    x = _x(part.start, begin, end)
    return Bar(x, max(2, _x(part.end, begin, end) - x), look, part.reason)


def _x(at: int, begin: int, end: int) -> int:
    return (at - begin) * WIDTH // (end - begin)
