"""Working time the slow way: look at the clock on the wall each minute. Shares no code with the calendars."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from baken.domain.calendars import CalendarRule

MINUTE = 60_000_000


@lru_cache(maxsize=64)
def walk(zone: str, first: date, days: int) -> tuple[tuple[int, datetime], ...]:
    """(instant, what the clock on the wall shows) for every minute of some UTC days."""
    begin = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    seconds = range(begin, begin + days * 86_400, 60)
    clock = ZoneInfo(zone)
    return tuple((s * 1_000_000, datetime.fromtimestamp(s, clock).replace(tzinfo=None)) for s in seconds)


def is_closed(rule: CalendarRule, day: date) -> bool:
    """Whether nothing may be worked on that date at all."""
    for exception in rule.exceptions:
        if exception.day == day:
            return not exception.windows
    return is_holiday(rule, day)


def is_holiday(rule: CalendarRule, day: date) -> bool:
    return day in public_holidays(rule.holidays, day.year)


@lru_cache(maxsize=64)
def public_holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year) if country else ())


def windows_on(rule: CalendarRule, day: date) -> list[tuple[int, int]]:
    """(opens, closes) in minutes of what starts on that date."""
    for exception in rule.exceptions:
        if exception.day == day:
            return list(exception.windows)
    if is_holiday(rule, day):
        return []
    return [(w.opens, w.closes) for w in rule.windows if w.weekday == day.weekday()]


def open_minutes(rule: CalendarRule, first: date, days: int) -> list[int]:
    """The instants at which the working minutes of some UTC days begin."""
    steps = walk(rule.zone, first - timedelta(days=4), days + 8)
    shows: dict[datetime, list[int]] = {}
    for instant, wall in steps:
        shows.setdefault(wall, []).append(instant)

    def at(wall: datetime, which: int) -> int:
        """The first (0) or last (-1) time that the clock shows `wall`, or when it jumps over it."""
        return shows[wall][which] if wall in shows else min(i for i, shown in steps if shown > wall)

    worked: set[int] = set()
    for number in range(-2, days + 2):
        day = first + timedelta(days=number)
        midnight = datetime(day.year, day.month, day.day)
        morning_after = at(midnight + timedelta(days=1), 0)
        for opens, closes in windows_on(rule, day):
            end = at(midnight + timedelta(minutes=closes), -1)
            if is_closed(rule, day + timedelta(days=1)):
                end = min(end, morning_after)
            worked.update(range(at(midnight + timedelta(minutes=opens), 0), end, MINUTE))
    inside = range(steps[4 * 1440][0], steps[-4 * 1440][0], MINUTE)
    return sorted(worked & set(inside))


def between(minutes: Iterable[int], a: int, b: int) -> int:
    """Working time in [a, b), summed minute by minute."""
    return sum(max(0, min(b, m + MINUTE) - max(a, m)) for m in minutes)


def add(minutes: Iterable[int], a: int, n: int) -> int | None:
    """Where n of working time begun at a end, counted off minute by minute; None beyond those known."""
    if n == 0:
        return a
    for minute in sorted(minutes):
        have = max(0, minute + MINUTE - max(a, minute))
        if n <= have:
            return max(a, minute) + n
        n -= have
    return None
