"""From what a clock on the wall shows in a zone to instants, for whole arrays.

A wall-clock time is an integer as well: the microseconds since 1970-01-01T00:00 that the local clock shows,
whatever its offset from UTC. Where the clock jumps, a wall-clock time has no instant (the gap) or two (the
fold). Here a time in the gap is the instant of the jump. Of the two in a fold, what opens takes the first and
what closes the second, so that time which opens before and closes after the change keeps its real length, and
what meets on the wall meets.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np

from baken.domain.instants import DAY, SECOND, to_datetime
from baken.domain.intervals import Vector
from baken.domain.zones import zone

_FAR = 2**62
_ONE_SECOND = timedelta(seconds=1)
_SECONDS_A_DAY = DAY // SECOND
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """Days since 1970-01-01; times DAY it is the midnight that begins `day` in wall-clock time."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_start(zone_name: str, day: date) -> int:
    """The instant at which the local date begins: its first midnight, or the jump that skips midnight.

    Raises UnknownZone.
    """
    return int(opening(zone_name, np.array([day_number(day) * DAY], dtype=np.int64))[0])


def opening(zone_name: str, walls: Vector) -> Vector:
    """The instants of wall-clock times, the first of two in a fold. Raises UnknownZone."""
    begins, ends, offsets = _offsets_around(zone_name, walls)
    at = np.searchsorted(ends + offsets, walls, side="right")
    instants: Vector = np.maximum(walls - offsets[at], begins[at])
    return instants


def closing(zone_name: str, walls: Vector) -> Vector:
    """The instants of wall-clock times, the second of two in a fold. Raises UnknownZone."""
    begins, ends, offsets = _offsets_around(zone_name, walls)
    at = np.searchsorted(begins + offsets, walls, side="right") - 1
    instants: Vector = np.minimum(walls - offsets[at], ends[at])
    return instants


def _offsets_around(zone_name: str, walls: Vector) -> tuple[Vector, Vector, Vector]:
    if not len(walls):
        return _offsets(zone_name, 1970, 1970)
    # A local date can be one off from that in UTC, so the neighbouring days decide which years are needed.
    first, last = to_datetime(int(walls.min()) - DAY), to_datetime(int(walls.max()) + DAY)
    return _offsets(zone_name, first.year, last.year)


@lru_cache(maxsize=256)
def _offsets(zone_name: str, first_year: int, last_year: int) -> tuple[Vector, Vector, Vector]:
    """Spans of constant offset from UTC over whole years: where each begins, ends, and the offset."""
    first = _offset_at(zone_name, _year_second(first_year))
    changes = [change for year in range(first_year, last_year + 1) for change in _changes(zone_name, year)]
    begins = np.array([-_FAR, *(SECOND * second for second, _ in changes)], dtype=np.int64)
    offsets = np.array([SECOND * first, *(SECOND * offset for _, offset in changes)], dtype=np.int64)
    return begins, np.append(begins[1:], _FAR), offsets


@lru_cache(maxsize=4096)
def _changes(zone_name: str, year: int) -> tuple[tuple[int, int], ...]:
    """The changes of offset in a UTC year: (second since the epoch, new offset in seconds).

    `zoneinfo` keeps its table to itself, so the year is sampled once a day. No zone changes twice within a
    day.
    """
    found = []
    seconds = range(_year_second(year), _year_second(year + 1) + 1, _SECONDS_A_DAY)
    before = _offset_at(zone_name, seconds[0])
    for second in seconds[1:]:
        after = _offset_at(zone_name, second)
        if after != before:
            found.append((_first_second(zone_name, second - _SECONDS_A_DAY, second, after), after))
        before = after
    return tuple(found)


def _first_second(zone_name: str, low: int, high: int, offset: int) -> int:
    """The first second in (low, high] with that offset, by bisection."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_at(zone_name, middle) == offset:
            high = middle
        else:
            low = middle
    return high


def _offset_at(zone_name: str, second: int) -> int:
    shift = datetime.fromtimestamp(second, zone(zone_name)).utcoffset()
    assert shift is not None
    return shift // _ONE_SECOND


def _year_second(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
