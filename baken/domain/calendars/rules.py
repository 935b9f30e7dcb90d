"""The description of working time: what a person agrees to and what the ledger keeps."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from baken.domain.calendars.errors import CalendarError
from baken.domain.calendars.holiday_dates import check_region
from baken.domain.zones import UnknownZone, zone

MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Working time on one weekday (0 is Monday), in minutes after local midnight.

    0 <= opens < 1440 and opens < closes <= opens + 1440: a window past midnight closes after 1440.
    """

    weekday: int
    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not _whole(self.weekday, 0, 6):
            raise CalendarError(f"weekday {self.weekday!r}: give 0 for Monday up to 6 for Sunday")
        _check_minutes(self.opens, self.closes)


@dataclass(frozen=True, slots=True, order=True)
class DatedWindows:
    """What holds on one date instead of the weekly windows or a holiday: (opens, closes) in minutes.

    None at all makes it a closed day.
    """

    day: date
    windows: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for opens, closes in self.windows:
            _check_minutes(opens, closes)
        object.__setattr__(self, "windows", tuple(sorted(set(self.windows))))


@dataclass(frozen=True, slots=True)
class CalendarRule:
    """When there is working time: weekly windows on a zone's wall clock, holidays and dated exceptions.

    zone: IANA name. holidays: a country, or a part of it, whose public holidays are closed ("NL", "DE-BY"),
    or "". Windows may overlap or meet; the time in them counts once. Order and repetition make no difference.

    A window belongs to the local date on which it starts:
    - a holiday removes the windows that start on it, and ends at its first midnight what started the evening
      before;
    - an exception replaces the windows that start on its date, which is then no holiday. One without windows
      (a closed day) also ends at midnight what started the evening before; one with windows lets that run on.

    So no working time at all lies on a holiday or a closed day.

    An opening or closing that the clock skips is the instant of the jump. Where the clock shows a time twice,
    an opening is the first and a closing the second of the two.

    Raises CalendarError when there is no window, the zone or the holidays are unknown, or a date has two
    exceptions.
    """

    zone: str
    windows: tuple[Window, ...]
    holidays: str = ""
    exceptions: tuple[DatedWindows, ...] = ()

    def __post_init__(self) -> None:
        try:
            zone(self.zone)
        except UnknownZone as error:
            raise CalendarError(f"zone: {error}") from error
        if not self.windows:
            raise CalendarError("windows: a calendar needs at least one window")
        if len({exception.day for exception in self.exceptions}) < len(self.exceptions):
            raise CalendarError("exceptions: give each date once, with all its windows together")
        check_region(self.holidays)
        object.__setattr__(self, "windows", tuple(sorted(set(self.windows))))
        object.__setattr__(self, "exceptions", tuple(sorted(self.exceptions)))

    @classmethod
    def always(cls, zone: str) -> Self:
        """24 hours, seven days, without a gap at a change of the clock."""
        return cls(zone, tuple(Window(weekday, 0, MINUTES_A_DAY) for weekday in range(7)))

    @classmethod
    def weekly(
        cls,
        zone: str,
        days: Iterable[int] = range(5),
        opens: str = "08:00",
        closes: str = "17:00",
        holidays: str = "",
    ) -> Self:
        """The same hours on each of the days (0 is Monday), written HH:MM, 24:00 allowed as closing.

        A closing at or before the opening is on the next day.
        """
        start, end = _minutes(opens), _minutes(closes)
        if end <= start:
            end += MINUTES_A_DAY
        return cls(zone, tuple(Window(day, start, end) for day in days), holidays)

    def to_codes(self) -> dict[str, Any]:
        """Integers and strings in lists, for the ledger; `from_codes` gives back an equal rule."""
        return {
            "zone": self.zone,
            "windows": [[window.weekday, window.opens, window.closes] for window in self.windows],
            "holidays": self.holidays,
            "exceptions": [
                [exception.day.isoformat(), [list(window) for window in exception.windows]]
                for exception in self.exceptions
            ],
        }

    @classmethod
    def from_codes(cls, codes: Mapping[str, Any]) -> Self:
        """The rule written by `to_codes`. Raises CalendarError for anything else."""
        try:
            return cls(
                zone=codes["zone"],
                windows=tuple(Window(*window) for window in codes["windows"]),
                holidays=codes["holidays"],
                exceptions=tuple(
                    DatedWindows(date.fromisoformat(day), tuple((opens, closes) for opens, closes in windows))
                    for day, windows in codes["exceptions"]
                ),
            )
        except CalendarError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CalendarError(f"this is not a calendar as to_codes writes it: {error!r}") from error


def _check_minutes(opens: int, closes: int) -> None:
    if not _whole(opens, 0, MINUTES_A_DAY - 1):
        raise CalendarError(f"opens at minute {opens!r}: give whole minutes after midnight, 0 to 1439")
    if not _whole(closes, opens + 1, opens + MINUTES_A_DAY):
        raise CalendarError(
            f"closes at minute {closes!r}: give whole minutes after midnight, from {opens + 1} "
            f"to {opens + MINUTES_A_DAY} (24 hours) for an opening at {opens}"
        )


def _whole(value: int, low: int, high: int) -> bool:
    """Checks the type too: codes come from JSON, where 480.0 and true look like numbers of minutes."""
    return type(value) is int and low <= value <= high


def _minutes(text: str) -> int:
    match = re.fullmatch(r"([01]\d|2[0-4]):([0-5]\d)", text)
    if not match or (minutes := int(match[1]) * 60 + int(match[2])) > MINUTES_A_DAY:
        raise CalendarError(f"time {text!r}: write hours and minutes like 08:00, up to 24:00")
    return minutes
