"""Instants and durations as integers.

An instant is the number of microseconds since 1970-01-01T00:00:00Z, PostgreSQL's own resolution, so a value that
goes to the database and back is the same value. Sums of integers are exact in any order: that is what makes a KPI
come out bit for bit the same whenever it is computed again.
"""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EARLIEST, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""What people and programs may name lies from the first of these on, and before the second."""

_EPOCH = EARLIEST
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Microseconds since the epoch of an aware `moment`, in any zone.

    Raises ValueError for a naive datetime: a wall-clock time without its zone is not an instant.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; an instant needs one")
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(instant: int) -> datetime:
    """The aware UTC datetime of an instant in microseconds."""
    return _EPOCH + timedelta(microseconds=instant)


def to_iso(instant: int) -> str:
    """ISO 8601 in UTC with a `Z`, microseconds only when there are any."""
    return to_datetime(instant).isoformat().replace("+00:00", "Z")
