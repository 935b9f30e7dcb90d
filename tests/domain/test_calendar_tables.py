"""The worked tables of docs/algorithms/calendars.md, computed."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from baken.domain.calendars import CalendarRule, DatedWindows, Window, calendar
from baken.domain.instants import DAY, MINUTE, to_us

TEXT = (Path(__file__).parents[2] / "docs/algorithms/calendars.md").read_text(encoding="utf-8")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table that begins with this cell."""
    table = re.search(rf"^\| {heading} \|.*\n\|[ -|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert table, heading
    for line in table[1].splitlines():
        yield [cell.strip() for cell in line.strip("|").split("|")]


def minutes(window: str) -> tuple[int, int]:
    opens, closes = (int(time[:2]) * 60 + int(time[3:]) for time in window.split("-"))
    return opens, closes


def instant(text: str, zone: ZoneInfo | None = None) -> int:
    return to_us(datetime.fromisoformat(text).replace(tzinfo=zone or UTC))


@pytest.mark.parametrize(("zone", "day", "window", "opens", "closes", "length"), list(rows("zone")))
def test_a_window_on_a_date(zone: str, day: str, window: str, opens: str, closes: str, length: str) -> None:
    there = date.fromisoformat(day)
    times = calendar(CalendarRule(zone, (Window(there.weekday(), *minutes(window)),)))
    # A week holds this window once; half a week either side leaves out its neighbours.
    around = instant(day) - 3 * DAY, instant(day) + 3 * DAY
    expected = [] if opens == "-" else [(instant(opens), instant(closes))]
    assert list(times.intervals(*around)) == expected
    assert times.between(*around) == int(length) * MINUTE


@pytest.mark.parametrize(("exception", "night", "begins", "ends"), list(rows("exception")))
def test_a_night_around_christmas(exception: str, night: str, begins: str, ends: str) -> None:
    day, _, window = exception.partition(" ")
    dated = (
        () if day == "-" else (DatedWindows(date.fromisoformat(day), () if window == "closed" else (minutes(window),)),)
    )
    times = calendar(CalendarRule("Europe/Amsterdam", tuple(Window(d, 1320, 1800) for d in range(7)), "NL", dated))
    # From noon to noon lies one night.
    noon = datetime.fromisoformat(night).replace(hour=12, tzinfo=AMSTERDAM)
    expected = [] if begins == "-" else [(instant(begins, AMSTERDAM), instant(ends, AMSTERDAM))]
    assert list(times.intervals(to_us(noon), to_us(noon + timedelta(days=1)))) == expected


def test_both_tables_are_read() -> None:
    assert len(list(rows("zone"))) >= 16
    assert len(list(rows("exception"))) >= 11
