"""The two questions against each other, one by one against all at once, far away, and from many threads."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from baken.domain.calendars import (
    Calendar,
    CalendarError,
    CalendarRule,
    DatedWindows,
    NeverReached,
    Window,
    calendar,
)
from baken.domain.calendars.calendar import HORIZON
from baken.domain.calendars.holiday_dates import holidays_of
from baken.domain.calendars.hours import hours
from baken.domain.calendars.table import BucketIndex
from baken.domain.instants import DAY, HOUR, MINUTE, to_us
from baken.domain.intervals import Intervals
from baken.domain.periods import month
from baken.domain.wall_clock import day_start

AMSTERDAM = "Europe/Amsterdam"
OFFICE = CalendarRule.weekly(AMSTERDAM, holidays="NL")
SHIFTS = CalendarRule(
    "America/New_York",
    tuple(Window(day, *span) for day in range(6) for span in ((0, 130), (480, 720), (725, 1020), (1320, 1560))),
    "US-NY",
    (DatedWindows(date(2024, 2, 29)), DatedWindows(date(2024, 12, 25), ((600, 660),))),
)
# A hundred windows of a minute on one date: edges as uneven as they come.
UNEVEN = CalendarRule(
    "Australia/Lord_Howe",
    (Window(2, 480, 1020),),
    exceptions=(DatedWindows(date(2024, 4, 7), tuple((2 * k, 2 * k + 1) for k in range(100))),),
)
# In the United States 31 December 2021 was a holiday, in lieu of New Year's Day on a Saturday.
NIGHTS = CalendarRule(
    "America/New_York",
    tuple(Window(day, 1200, 2580) for day in range(7)),
    "US",
    (DatedWindows(date(2022, 1, 1), ((1380, 1400),)),),
)
RULES = [OFFICE, SHIFTS, UNEVEN, CalendarRule.always("Europe/Amsterdam")]


def utc(*parts: int) -> int:
    return to_us(datetime(*parts, tzinfo=UTC))


instants = st.integers(utc(2019, 1, 1), utc(2031, 1, 1))
amounts = st.one_of(st.integers(0, 400 * HOUR), st.sampled_from([0, 1, 9 * HOUR, 45 * HOUR]))
some_rule = st.sampled_from(RULES)


@given(some_rule, st.lists(instants, min_size=3, max_size=3))
def test_a_span_is_the_sum_of_its_parts(rule: CalendarRule, three: list[int]) -> None:
    a, b, c = sorted(three)
    times = calendar(rule)
    assert times.between(a, b) + times.between(b, c) == times.between(a, c)
    assert times.between(a, b) == times.intervals(a, b).total()
    assert times.between(a, a) == 0


@given(some_rule, instants, amounts)
def test_adding_is_the_inverse_of_measuring(rule: CalendarRule, a: int, n: int) -> None:
    times = calendar(rule)
    end = times.add(a, n)
    assert times.between(a, end) == n
    if n:
        # The earliest such instant: the moment before it was worked.
        assert times.contains(end - 1)
        assert times.between(a, end - 1) == n - 1
    else:
        assert end == a


@settings(max_examples=30)
@given(some_rule, st.lists(st.tuples(instants, instants, amounts), max_size=50))
def test_all_at_once_is_one_by_one(rule: CalendarRule, rows: list[tuple[int, int, int]]) -> None:
    times = calendar(rule)
    a = np.array([min(x, y) for x, y, _ in rows], dtype=np.int64)
    b = np.array([max(x, y) for x, y, _ in rows], dtype=np.int64)
    n = np.array([amount for _, _, amount in rows], dtype=np.int64)
    assert times.between_many(a, b).tolist() == [times.between(*p) for p in zip(a.tolist(), b.tolist(), strict=True)]
    assert times.add_many(a, n).tolist() == [times.add(*p) for p in zip(a.tolist(), n.tolist(), strict=True)]
    assert times.contains_many(a).tolist() == [times.contains(t) for t in a.tolist()]


@pytest.mark.parametrize("rule", RULES)
def test_many_more_than_one_block(rule: CalendarRule) -> None:
    random = np.random.default_rng(1)
    a = random.integers(utc(2019, 1, 1), utc(2031, 1, 1), 30_000)
    b = a + random.integers(0, 60 * DAY, len(a))
    n = random.integers(0, 90 * HOUR, len(a))
    times = calendar(rule)
    worked, ends, inside = times.between_many(a, b), times.add_many(a, n), times.contains_many(a)
    assert (times.between_many(a, ends) == n).all()
    for k in range(0, len(a), 997):
        assert worked[k] == times.between(int(a[k]), int(b[k]))
        assert ends[k] == times.add(int(a[k]), int(n[k]))
        assert inside[k] == times.contains(int(a[k]))


def test_one_amount_for_many_instants() -> None:
    a = np.array([utc(2026, 5, 4, 8), utc(2026, 5, 8, 14, 30)])
    assert calendar(OFFICE).add_many(a, HOUR).tolist() == [utc(2026, 5, 4, 9), utc(2026, 5, 11, 6, 30)]


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=60),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=60),
    st.sampled_from([1, 1000]),
)
def test_buckets_find_what_binary_search_finds(edges: list[int], asked: list[int], spread: int) -> None:
    sorted_edges = np.sort(np.array(edges, dtype=np.int64)) // spread
    x = np.maximum(np.array(asked, dtype=np.int64), sorted_edges[0])
    index = BucketIndex(sorted_edges, 10**6)
    assert (index.locate(x) == np.searchsorted(sorted_edges, x, side="right") - 1).all()


def test_working_time_that_ends_at_closing_ends_at_closing() -> None:
    times = calendar(OFFICE)
    friday_four, friday_five = utc(2026, 5, 8, 14), utc(2026, 5, 8, 15)
    assert times.add(friday_four, HOUR) == friday_five
    assert times.add(friday_four, HOUR + 1) == utc(2026, 5, 11, 6) + 1
    assert times.add(friday_five, 0) == friday_five
    # Begun while closed, the first working moment is at the opening.
    assert times.add(utc(2026, 5, 9, 12), HOUR) == utc(2026, 5, 11, 7)


def test_office_hours_by_hand() -> None:
    """King's Day 2026 is a Monday: four days of nine hours are left of that week."""
    times = calendar(OFFICE)
    monday, saturday = utc(2026, 4, 26, 22), utc(2026, 5, 1, 22)
    assert times.between(monday, saturday) == 36 * HOUR
    assert times.holiday_name(date(2026, 4, 27)) == "Koningsdag"
    assert times.holiday_name(date(2026, 4, 28)) is None


def test_holidays_are_named_alike_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for language in ("en_US", "nl", "uk"):
        monkeypatch.setenv("LANGUAGE", language)
        assert holidays_of.__wrapped__("NL", 2026)[date(2026, 4, 27)] == "Koningsdag"


def test_why_time_was_skipped() -> None:
    rule = CalendarRule(AMSTERDAM, OFFICE.windows, "NL", (DatedWindows(date(2026, 4, 28)),))
    assert [
        (s, e, str(reason)) for s, e, reason in calendar(rule).skipped(utc(2026, 4, 24, 12), utc(2026, 4, 29, 8))
    ] == [
        (utc(2026, 4, 24, 15), utc(2026, 4, 26, 22), "outside hours"),
        (utc(2026, 4, 26, 22), utc(2026, 4, 27, 22), "holiday"),
        (utc(2026, 4, 27, 22), utc(2026, 4, 28, 22), "closed day"),
        (utc(2026, 4, 28, 22), utc(2026, 4, 29, 6), "outside hours"),
    ]


def test_an_exception_wins_over_a_holiday() -> None:
    christmas = DatedWindows(date(2026, 12, 25), ((600, 720),))
    times = calendar(CalendarRule(AMSTERDAM, OFFICE.windows, "NL", (christmas,)))
    day = (utc(2026, 12, 24, 23), utc(2026, 12, 25, 23))
    assert list(times.intervals(*day)) == [(utc(2026, 12, 25, 9), utc(2026, 12, 25, 11))]
    assert {reason for _, _, reason in times.skipped(*day)} == {"outside hours"}
    assert times.holiday_name(date(2026, 12, 25)) == "Eerste kerstdag"


def test_a_leap_day_is_a_day() -> None:
    """29 February 2028 is a Tuesday."""
    day = (utc(2028, 2, 28, 23), utc(2028, 2, 29, 23))
    assert calendar(OFFICE).between(*day) == 9 * HOUR
    closed = CalendarRule(AMSTERDAM, OFFICE.windows, exceptions=(DatedWindows(date(2028, 2, 29)),))
    assert calendar(closed).between(*day) == 0
    assert (
        calendar(closed).between(utc(2028, 1, 1), utc(2029, 1, 1))
        == calendar(CalendarRule.weekly(AMSTERDAM)).between(utc(2028, 1, 1), utc(2029, 1, 1)) - 9 * HOUR
    )


@pytest.mark.parametrize(("number", "hours"), [(3, 743), (10, 745), (4, 720)])
def test_a_month_around_the_clock_has_all_its_hours(number: int, hours: int) -> None:
    assert calendar(CalendarRule.always(AMSTERDAM)).between(*month(AMSTERDAM, 2026, number)) == hours * HOUR


@pytest.mark.parametrize(
    "zone",
    [
        AMSTERDAM,
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Havana",
        "America/Sao_Paulo",
        "America/St_Johns",
        "Pacific/Apia",
        "Africa/Casablanca",
        "Asia/Beirut",
        "Antarctica/Troll",
    ],
)
def test_around_the_clock_has_no_gap_at_any_change(zone: str) -> None:
    a, b = utc(1985, 6, 1), utc(2037, 6, 1)
    assert calendar(CalendarRule.always(zone)).intervals(a, b) == Intervals.of([(a, b)])


def test_windows_that_meet_in_the_fold_do_meet() -> None:
    """The clock shows 02:30 twice; the one window closes at the second, the other opens at the first."""
    rule = CalendarRule(AMSTERDAM, (Window(6, 60, 150), Window(6, 150, 240)))
    a, b = utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)
    assert list(calendar(rule).intervals(a, b)) == [(utc(2026, 10, 24, 23), utc(2026, 10, 25, 3))]


def test_a_window_inside_the_gap_is_none() -> None:
    rule = CalendarRule(AMSTERDAM, (Window(6, 125, 170),))
    assert calendar(rule).between(utc(2026, 3, 28), utc(2026, 3, 30)) == 0
    assert calendar(rule).between(utc(2026, 4, 4), utc(2026, 4, 6)) == 45 * MINUTE


def test_years_are_added_on_both_sides() -> None:
    times = Calendar(OFFICE)
    middle = times.between(utc(2025, 1, 1), utc(2026, 1, 1))
    early = times.between(utc(1999, 1, 1), utc(2000, 1, 1))
    late = times.between(utc(2040, 1, 1), utc(2041, 1, 1))
    assert times.between(utc(2025, 1, 1), utc(2026, 1, 1)) == middle
    fresh = Calendar(OFFICE)
    assert fresh.between(utc(2040, 1, 1), utc(2041, 1, 1)) == late
    assert fresh.between(utc(1999, 1, 1), utc(2000, 1, 1)) == early


@pytest.mark.parametrize("rule", [*RULES, NIGHTS])
@pytest.mark.parametrize("year", [2021, 2022, 2024])
def test_a_year_is_the_same_compiled_alone(rule: CalendarRule, year: int) -> None:
    """What started on New Year's Eve reaches in, unless that was a holiday or New Year's Day is closed."""
    alone, among = hours(rule, year, year), hours(rule, year - 2, year + 2)
    assert alone.begin == day_start(rule.zone, date(year, 1, 1))
    assert alone.end == day_start(rule.zone, date(year + 1, 1, 1))
    assert alone.working == among.working.clip(alone.begin, alone.end)
    assert alone.holidays == among.holidays.clip(alone.begin, alone.end)


def test_threads_that_need_other_years_get_the_same_answers() -> None:
    spans = [(utc(year, 1, 1), utc(year + 1, 1, 1)) for year in range(1980, 2060)]
    expected = [Calendar(OFFICE).between(*span) for span in spans]
    shared = Calendar(OFFICE)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda span: shared.between(*span), spans[::-1])) == expected[::-1]


def test_equal_rules_share_a_calendar() -> None:
    assert calendar(CalendarRule.from_codes(OFFICE.to_codes())) is calendar(OFFICE)


def test_what_takes_more_than_fifty_years_is_never_reached() -> None:
    times = calendar(CalendarRule(AMSTERDAM, (Window(0, 0, 1),)))
    start = utc(2026, 1, 1)
    most = times.between(start, start + HORIZON)
    assert start + HORIZON - 7 * DAY < times.add(start, most) <= start + HORIZON
    for n in (most + 1, HORIZON + 1, 2**62):
        with pytest.raises(NeverReached, match="within 50 years"):
            times.add(start, n)
        with pytest.raises(NeverReached, match="within 50 years"):
            times.add_many(np.array([start, start]), np.array([MINUTE, n]))


def test_the_horizon_holds_for_each_of_many() -> None:
    """A later start makes the table reach further, which must not carry an earlier one past its 50 years."""
    times = calendar(CalendarRule(AMSTERDAM, (Window(0, 0, 1),)))
    early, late, n = utc(2000, 1, 1), utc(2040, 1, 1), 2700 * MINUTE
    with pytest.raises(NeverReached):
        times.add_many(np.array([early, late]), np.array([n, MINUTE]))


@given(some_rule, instants, instants)
def test_a_span_runs_forwards(rule: CalendarRule, one: int, other: int) -> None:
    assume(one != other)
    b, a = sorted((one, other))
    times = calendar(rule)
    for ask in (times.between, times.intervals, times.skipped):
        with pytest.raises(ValueError, match="ends before it starts"):
            ask(a, b)
    with pytest.raises(ValueError, match="ends before it starts"):
        times.between_many(np.array([b, a]), np.array([a, b]))


def test_time_is_not_added_backwards() -> None:
    with pytest.raises(ValueError, match="zero or more"):
        calendar(OFFICE).add(utc(2026, 1, 1), -1)
    with pytest.raises(ValueError, match="zero or more"):
        calendar(OFFICE).add_many(np.array([utc(2026, 1, 1)]), -1)


def test_a_mistyped_year_is_told_and_not_compiled() -> None:
    for year in (1202, 9026):
        with pytest.raises(CalendarError, match="the years 1900 up to 2200"):
            calendar(OFFICE).contains(utc(year, 1, 1))


def test_nothing_in_nothing_out() -> None:
    none = np.zeros(0, dtype=np.int64)
    times = calendar(OFFICE)
    assert len(times.between_many(none, none)) == len(times.add_many(none, none)) == len(times.contains_many(none)) == 0
