"""The compiled calendar against looking at the clock minute by minute, where clocks and dates are awkward."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from baken.domain.calendars import Calendar, CalendarRule, DatedWindows, Window
from baken.domain.instants import DAY, MINUTE, to_us
from baken.domain.intervals import Intervals
from tests.domain import calendar_oracle as oracle

DAYS = 5
SCENES = [
    ("Europe/Amsterdam", date(2026, 3, 29)),
    ("Europe/Amsterdam", date(2026, 10, 25)),
    ("Europe/Amsterdam", date(2028, 2, 29)),
    ("Europe/Amsterdam", date(2026, 1, 1)),
    ("Europe/Amsterdam", date(2026, 12, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/New_York", date(2022, 1, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Havana", date(2024, 3, 10)),
    ("America/Havana", date(2024, 11, 3)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("Pacific/Apia", date(2011, 12, 30)),
]

minute = st.one_of(st.integers(0, 1439), st.integers(0, 200), st.sampled_from([0, 30, 60, 90, 120, 150, 180]))
length = st.one_of(st.integers(1, 1440), st.integers(1, 180), st.sampled_from([60, 480, 1440]))
spans = st.tuples(minute, length).map(lambda pair: (pair[0], pair[0] + pair[1]))


@st.composite
def rules_in_scenes(draw: st.DrawFn) -> tuple[CalendarRule, date]:
    """A rule, and the first of the days on which it is looked at."""
    zone, day = draw(st.sampled_from(SCENES))
    near = st.integers(-2, 2).map(lambda shift: day + timedelta(days=shift))
    exceptions = st.builds(DatedWindows, near, st.lists(spans, max_size=2).map(tuple))
    rule = CalendarRule(
        zone,
        tuple(
            Window(weekday, *span)
            for weekday in range(7)
            for span in draw(st.lists(spans, min_size=weekday == 0, max_size=2))
        ),
        draw(st.sampled_from(["", "NL", "US"])),
        tuple(draw(st.lists(exceptions, max_size=2, unique_by=lambda exception: exception.day))),
    )
    return rule, day - timedelta(days=2)


def utc_midnight(day: date) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=UTC))


@settings(max_examples=150, deadline=None)
@given(rules_in_scenes())
def test_working_time_is_what_the_clock_on_the_wall_says(scene: tuple[CalendarRule, date]) -> None:
    rule, first = scene
    minutes = oracle.open_minutes(rule, first, DAYS)
    begin = utc_midnight(first)
    expected = Intervals.of([(m, m + MINUTE) for m in minutes])
    assert Calendar(rule).intervals(begin, begin + DAYS * DAY) == expected


@settings(max_examples=100, deadline=None)
@given(rules_in_scenes(), st.data())
def test_both_questions_are_answered_as_by_counting(scene: tuple[CalendarRule, date], data: st.DataObject) -> None:
    rule, first = scene
    minutes = oracle.open_minutes(rule, first, DAYS)
    begin = utc_midnight(first)
    instants = st.one_of(
        st.integers(begin, begin + DAYS * DAY),
        st.integers(0, DAYS * 1440).map(lambda number: begin + number * MINUTE),
    )
    a, b = sorted((data.draw(instants), data.draw(instants)))
    calendar = Calendar(rule)
    worked = oracle.between(minutes, a, b)
    assert calendar.between(a, b) == worked
    assert a == begin + DAYS * DAY or calendar.contains(a) == any(m <= a < m + MINUTE for m in minutes)
    # The deadline is the instant at which so much has been worked, and not a moment later.
    for n in (worked, worked // 2, min(worked, MINUTE)):
        assert calendar.add(a, n) == oracle.add(minutes, a, n)


@settings(max_examples=60, deadline=None)
@given(rules_in_scenes())
def test_what_is_skipped_and_what_is_worked_make_up_the_whole(scene: tuple[CalendarRule, date]) -> None:
    rule, first = scene
    calendar = Calendar(rule)
    begin, end = utc_midnight(first), utc_midnight(first) + DAYS * DAY
    skipped = calendar.skipped(begin, end)
    assert skipped == sorted(skipped)
    assert Intervals.of([(s, e) for s, e, _ in skipped]) == calendar.intervals(begin, end).gaps(begin, end)
    assert sum(e - s for s, e, _ in skipped) + calendar.between(begin, end) == end - begin
    walls = dict(oracle.walk(rule.zone, first - timedelta(days=4), DAYS + 8))
    for start, stop, reason in skipped:
        for instant in range(start - start % MINUTE, stop, 7 * MINUTE):
            day = walls[instant].date()
            shut = any(e.day == day and not e.windows for e in rule.exceptions)
            dated = any(e.day == day for e in rule.exceptions)
            holiday = oracle.is_holiday(rule, day) and not dated
            assert reason == ("closed day" if shut else "holiday" if holiday else "outside hours")


@settings(max_examples=40, deadline=None)
@given(rules_in_scenes())
def test_membership_of_every_minute(scene: tuple[CalendarRule, date]) -> None:
    rule, first = scene
    begin = utc_midnight(first)
    every = np.arange(begin, begin + DAYS * DAY, MINUTE)
    expected = np.isin(every, oracle.open_minutes(rule, first, DAYS))
    assert (Calendar(rule).contains_many(every) == expected).all()
