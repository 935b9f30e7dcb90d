"""From a rule to the instants of working time, whole years at once."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from baken.domain.calendars.holiday_dates import holidays_of
from baken.domain.calendars.rules import CalendarRule
from baken.domain.instants import DAY, MINUTE
from baken.domain.intervals import Intervals, Mask, Vector
from baken.domain.wall_clock import closing, day_number, opening

_THURSDAY = 3  # 1970-01-01
_FAR = 2**62


class Reason(StrEnum):
    """Why time is not working time."""

    OUTSIDE_HOURS = "outside hours"
    HOLIDAY = "holiday"
    CLOSED_DAY = "closed day"


@dataclass(frozen=True, slots=True)
class Hours:
    """What a rule means in whole local years, from the instant `begin` up to `end`.

    working: the working time. holidays, closed_days: whole local days, as far as no exception reopened them.
    """

    first_year: int
    last_year: int
    begin: int
    end: int
    working: Intervals
    holidays: Intervals
    closed_days: Intervals


def hours(rule: CalendarRule, first_year: int, last_year: int) -> Hours:
    """The working time of local years, the last included."""
    # A day more on either side: New Year's Eve reaches in, and the last day ends where the next begins.
    numbers = np.arange(day_number(date(first_year, 1, 1)) - 1, day_number(date(last_year + 1, 1, 1)) + 1)
    midnights = opening(rule.zone, numbers * DAY)
    dated = np.isin(numbers, [day_number(exception.day) for exception in rule.exceptions])
    shut = [day_number(exception.day) for exception in rule.exceptions if not exception.windows]
    holiday = np.isin(numbers, _holiday_numbers(rule.holidays, first_year - 1, last_year)) & ~dated
    closed = np.isin(numbers, shut)

    at, opens, closes = _windows(rule, numbers[:-1], (~dated & ~holiday)[:-1])
    no_later = np.where(holiday | closed, midnights, _FAR)[1:]
    starts = opening(rule.zone, numbers[at] * DAY + opens * MINUTE)
    ends = np.minimum(closing(rule.zone, numbers[at] * DAY + closes * MINUTE), no_later[at])
    # A window that lies in a gap of the clock has no length, or less.
    lasting = ends > starts
    begin, end = int(midnights[1]), int(midnights[-1])

    def days(which: Mask) -> Intervals:
        return Intervals.from_arrays(midnights[:-1][which[:-1]], midnights[1:][which[:-1]]).clip(begin, end)

    return Hours(
        first_year,
        last_year,
        begin,
        end,
        Intervals.from_arrays(starts[lasting], ends[lasting]).clip(begin, end),
        days(holiday),
        days(closed),
    )


def _windows(rule: CalendarRule, numbers: Vector, ordinary: Mask) -> tuple[Vector, Vector, Vector]:
    """Every window that starts on one of the days: position of its day, opening and closing minute."""
    weekdays = (numbers + _THURSDAY) % 7
    found = [
        (np.flatnonzero((weekdays == window.weekday) & ordinary), window.opens, window.closes)
        for window in rule.windows
    ]
    found += [
        (np.flatnonzero(numbers == day_number(exception.day)), opens, closes)
        for exception in rule.exceptions
        for opens, closes in exception.windows
    ]
    sizes = [len(at) for at, _, _ in found]
    return (
        np.concatenate([at for at, _, _ in found]),
        np.repeat(np.array([opens for _, opens, _ in found], dtype=np.int64), sizes),
        np.repeat(np.array([closes for _, _, closes in found], dtype=np.int64), sizes),
    )


def _holiday_numbers(region: str, first_year: int, last_year: int) -> list[int]:
    return [day_number(day) for year in range(first_year, last_year + 1) for day in holidays_of(region, year)]
