"""Periods, cut in the zone of the agreement."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.instants import DAY, HOUR, to_us
from baken.domain.periods import (
    Period,
    PeriodError,
    PeriodKind,
    containing,
    from_dates,
    month,
    previous_periods,
)
from baken.domain.zones import UnknownZone

AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("year", "number", "hours"),
    [(2026, 3, 743), (2026, 10, 745), (2026, 1, 744), (2026, 2, 672), (2028, 2, 696), (2026, 4, 720)],
)
def test_a_month_has_the_hours_its_clock_gives_it(year: int, number: int, hours: int) -> None:
    assert month(AMSTERDAM, year, number).length == hours * HOUR


def test_a_month_is_cut_at_local_midnight() -> None:
    a, b = month(AMSTERDAM, 2026, 7)
    assert a == to_us(datetime(2026, 6, 30, 22, tzinfo=UTC))
    assert b == to_us(datetime(2026, 7, 31, 22, tzinfo=UTC))


def test_december_ends_at_new_year() -> None:
    assert month(AMSTERDAM, 2026, 12).end == month(AMSTERDAM, 2027, 1).start


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.sampled_from(PeriodKind), st.integers(0, 20))
def test_previous_periods_join_up_to_this_one(day: date, kind: PeriodKind, n: int) -> None:
    chain = [*previous_periods(AMSTERDAM, kind, day, n), containing(AMSTERDAM, kind, day)]
    assert len(chain) == n + 1
    assert all(left.end == right.start for left, right in pairwise(chain))
    noon = to_us(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    assert chain[-1].start <= noon < chain[-1].end


def test_three_months_before_february() -> None:
    assert previous_periods(AMSTERDAM, PeriodKind.MONTH, date(2026, 2, 14), 3) == [
        month(AMSTERDAM, 2025, 11),
        month(AMSTERDAM, 2025, 12),
        month(AMSTERDAM, 2026, 1),
    ]


def test_a_quarter_and_a_year() -> None:
    assert containing("UTC", PeriodKind.QUARTER, date(2026, 5, 31)) == from_dates(
        "UTC", date(2026, 4, 1), date(2026, 7, 1)
    )
    assert containing("UTC", PeriodKind.YEAR, date(2028, 2, 29)).length == 366 * DAY


def test_the_last_date_is_outside() -> None:
    assert from_dates("UTC", date(2026, 1, 1), date(2026, 1, 2)).length == DAY


def test_a_period_needs_length() -> None:
    with pytest.raises(PeriodError, match="the last date is not part of the period"):
        from_dates(AMSTERDAM, date(2026, 1, 2), date(2026, 1, 2))
    with pytest.raises(PeriodError, match="the end must come after the start"):
        Period(5, 5)


def test_a_period_needs_a_zone_that_exists() -> None:
    with pytest.raises(UnknownZone):
        month("Amsterdam", 2026, 1)
