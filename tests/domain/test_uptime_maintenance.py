"""Which planned work counts as maintenance: in time, in a window, off peak, within the month's maximum."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baken.domain.agreements import MaintenanceTerms, Terms, default_terms
from baken.domain.calendars import CalendarRule
from baken.domain.instants import DAY, HOUR, MINUTE, to_us
from baken.domain.intervals import Intervals
from baken.domain.maintenance import Maintenance, Refusal, apply_maintenance, judge_maintenance
from baken.domain.periods import month
from baken.domain.timelines import Change, State, Timeline
from baken.domain.uptime import measure
from tests.domain import calendar_oracle

AMSTERDAM = "Europe/Amsterdam"
NIGHTS = CalendarRule.weekly(AMSTERDAM, days=range(7), opens="01:00", closes="05:00")
OFFICE = CalendarRule.weekly(AMSTERDAM, opens="09:00", closes="17:00")
JUNE = month(AMSTERDAM, 2026, 6)


def agreed_terms(
    windows: CalendarRule | None = NIGHTS,
    notice: int = 2 * DAY,
    maximum: int = 8 * HOUR,
    peak: CalendarRule = OFFICE,
    zone: str = AMSTERDAM,
) -> Terms:
    maintenance = MaintenanceTerms(windows, notice, maximum)
    return replace(default_terms(zone), maintenance=maintenance, peak=peak)


TERMS = [(0, agreed_terms())]


def local(day: int, hour: int, minute: int = 0, number: int = 6) -> int:
    """An instant of 2026 on the wall clock in Amsterdam."""
    return to_us(datetime(2026, number, day, hour, minute, tzinfo=ZoneInfo(AMSTERDAM)))


def work(day: int, opens: int, closes: int, ahead: int = 7 * DAY, number: int = 6) -> Maintenance:
    """Work from one full hour to another, announced that long before."""
    starts = local(day, opens, number=number)
    return Maintenance(starts - ahead, starts, local(day, closes, number=number))


def agreed(*planned: Maintenance, versions: list[tuple[int, Terms]] | None = None) -> list[tuple[int, int]]:
    return list(judge_maintenance(planned, TERMS if versions is None else versions, *JUNE).agreed)


def refused(*planned: Maintenance) -> dict[Refusal, list[tuple[int, int]]]:
    found = judge_maintenance(planned, TERMS, *JUNE).refused
    return {why: list(spans) for why, spans in found.items() if len(spans)}


def test_work_in_a_window_announced_in_time_is_maintenance() -> None:
    assert agreed(work(3, 2, 4)) == [(local(3, 2), local(3, 4))]
    assert refused(work(3, 2, 4)) == {}


def test_what_reaches_outside_the_window_is_what_the_probes_saw() -> None:
    assert agreed(work(3, 4, 7)) == [(local(3, 4), local(3, 5))]
    assert refused(work(3, 4, 7)) == {Refusal.OUTSIDE_WINDOW: [(local(3, 5), local(3, 7))]}


def test_notice_to_the_microsecond() -> None:
    assert agreed(work(3, 2, 4, ahead=2 * DAY)) == [(local(3, 2), local(3, 4))]
    assert agreed(work(3, 2, 4, ahead=2 * DAY - 1)) == []
    assert refused(work(3, 2, 4, ahead=2 * DAY - 1)) == {Refusal.LATE_NOTICE: [(local(3, 2), local(3, 4))]}


def test_emergency_work_announced_afterwards_never_counts() -> None:
    without_notice = [(0, agreed_terms(notice=0))]
    assert agreed(work(3, 2, 4, ahead=-HOUR), versions=without_notice) == []
    assert agreed(work(3, 2, 4, ahead=0), versions=without_notice) == [(local(3, 2), local(3, 4))]


def test_an_overrun_is_what_the_probes_saw() -> None:
    down = Timeline.of(
        [Change(JUNE.start, State.UP), Change(local(3, 2), State.DOWN), Change(local(3, 5), State.UP)], *JUNE
    )
    seen = apply_maintenance(down, [work(3, 2, 4)], TERMS)
    assert [(piece.state, piece.start) for piece in seen] == [
        (State.UP, JUNE.start),
        (State.MAINTENANCE, local(3, 2)),
        (State.DOWN, local(3, 4)),
        (State.UP, local(3, 5)),
    ]


def test_work_in_peak_hours_never_counts() -> None:
    always = [(0, agreed_terms(windows=CalendarRule.always(AMSTERDAM), maximum=DAY))]
    found = judge_maintenance([work(3, 8, 18)], always, *JUNE)
    assert list(found.agreed) == [(local(3, 8), local(3, 9)), (local(3, 17), local(3, 18))]
    assert list(found.refused[Refusal.PEAK_HOURS]) == [(local(3, 9), local(3, 17))]


def test_an_agreement_without_windows_has_no_maintenance() -> None:
    assert agreed(work(3, 2, 4), versions=[(0, agreed_terms(windows=None))]) == []
    assert agreed(work(3, 2, 4), versions=[(0, default_terms(AMSTERDAM))]) == []
    assert agreed(work(3, 2, 4), versions=[]) == []


def test_of_a_month_the_first_time_up_to_the_maximum_counts() -> None:
    planned = [work(20, 1, 5), work(10, 1, 4), work(3, 1, 3)]
    assert agreed(*planned) == [
        (local(3, 1), local(3, 3)),
        (local(10, 1), local(10, 4)),
        (local(20, 1), local(20, 4)),
    ]
    assert refused(*planned) == {Refusal.OVER_MAXIMUM: [(local(20, 4), local(20, 5))]}


def test_every_month_has_its_own_maximum_cut_at_local_midnight() -> None:
    windows = CalendarRule.weekly(AMSTERDAM, days=range(7), opens="22:00", closes="02:00")
    versions = [(0, agreed_terms(windows=windows, maximum=HOUR))]
    night = Maintenance(0, local(30, 22), local(1, 2, number=7))
    found = judge_maintenance([night], versions, local(30, 0), local(2, 0, number=7))
    assert list(found.agreed) == [
        (local(30, 22), local(30, 23)),
        (local(1, 0, number=7), local(1, 1, number=7)),
    ]


def test_a_day_is_judged_as_its_month_is() -> None:
    planned = [work(3, 1, 5), work(10, 1, 5), work(20, 1, 5)]
    last_day = judge_maintenance(planned, TERMS, local(20, 0), local(21, 0))
    assert list(last_day.agreed) == []
    assert list(last_day.refused[Refusal.OVER_MAXIMUM]) == [(local(20, 1), local(20, 5))]


def test_time_planned_twice_counts_once() -> None:
    late = work(3, 1, 5, ahead=HOUR)
    assert agreed(work(3, 1, 3), work(3, 2, 4), late) == [(local(3, 1), local(3, 4))]
    assert refused(work(3, 1, 3), work(3, 2, 4), late) == {Refusal.LATE_NOTICE: [(local(3, 4), local(3, 5))]}


def test_cancelled_work() -> None:
    plan = work(3, 1, 5)
    assert agreed(replace(plan, cancelled_at=plan.announced_at)) == []
    assert agreed(replace(plan, cancelled_at=local(3, 3))) == [(local(3, 1), local(3, 3))]
    assert agreed(replace(plan, cancelled_at=local(3, 9))) == [(local(3, 1), local(3, 5))]
    assert refused(replace(plan, cancelled_at=local(3, 1))) == {}


def test_work_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="after the start"):
        Maintenance(0, 5, 5)


def test_new_terms_hold_from_their_instant() -> None:
    change = local(10, 3)
    versions = [(JUNE.start, agreed_terms()), (change, agreed_terms(windows=None))]
    assert agreed(work(10, 1, 5), versions=versions) == [(local(10, 1), change)]
    versions = [(JUNE.start, agreed_terms(windows=None)), (change, agreed_terms())]
    assert agreed(work(10, 1, 5), versions=versions) == [(change, local(10, 5))]


def test_the_notice_is_that_of_the_terms_when_the_work_starts() -> None:
    versions = [(JUNE.start, agreed_terms(notice=DAY)), (local(10, 3), agreed_terms(notice=9 * DAY))]
    assert agreed(work(10, 1, 5), versions=versions) == [(local(10, 1), local(10, 5))]
    assert agreed(work(11, 1, 5), versions=versions) == []


def test_a_maximum_that_changes_counts_what_the_month_already_had() -> None:
    versions = [(JUNE.start, agreed_terms(maximum=2 * HOUR)), (local(15, 0), agreed_terms(maximum=5 * HOUR))]
    assert agreed(work(3, 1, 5), work(20, 1, 5), versions=versions) == [
        (local(3, 1), local(3, 3)),
        (local(20, 1), local(20, 4)),
    ]
    versions.reverse()
    lowered = [(JUNE.start, versions[0][1]), (local(15, 0), versions[1][1])]
    assert agreed(work(3, 1, 5), work(20, 1, 5), versions=lowered) == [(local(3, 1), local(3, 5))]


def test_before_the_first_terms_there_is_no_window_but_notice_still_holds() -> None:
    versions = [(local(10, 3), agreed_terms())]
    assert agreed(work(10, 1, 5), versions=versions) == [(local(10, 3), local(10, 5))]
    assert agreed(work(10, 1, 5, ahead=HOUR), versions=versions) == []
    assert agreed(work(3, 1, 5), versions=versions) == []


def test_a_month_is_that_of_the_zone_in_force() -> None:
    """At half past midnight on 1 July in Amsterdam it is still June in UTC, and June's maximum is used up."""
    windows = CalendarRule.always("UTC")
    in_utc = agreed_terms(windows=windows, maximum=HOUR, zone="UTC")
    midnight = local(1, 2, number=7)
    versions = [(0, in_utc), (midnight + DAY, agreed_terms(windows=windows, maximum=HOUR))]
    planned = [work(3, 1, 2), work(1, 0, 4, number=7)]
    found = judge_maintenance(planned, versions, local(1, 0, 30, number=7), midnight + 3 * DAY)
    assert list(found.agreed) == [(midnight, midnight + HOUR)]


def test_terms_have_to_come_in_order() -> None:
    with pytest.raises(ValueError, match="in order"):
        agreed(work(3, 1, 5), versions=[(5, agreed_terms()), (4, agreed_terms())])


def test_maintenance_leaves_the_time_that_uptime_is_a_share_of() -> None:
    nights = [work(day, 2, 4) for day in (3, 10)]
    service = Timeline.constant(State.UP, *JUNE).painted(Intervals.of([(local(3, 2), local(3, 6))]), State.DOWN)
    tally = measure(apply_maintenance(service, nights, TERMS))
    assert (tally.maintenance, tally.down, tally.net) == (4 * HOUR, 2 * HOUR, JUNE.length - 4 * HOUR)
    assert measure(service).down == 4 * HOUR


def test_the_longest_night_and_the_shortest() -> None:
    for number, day, hours in ((3, 29, 3), (10, 25, 5)):
        period = month(AMSTERDAM, 2026, number)
        found = judge_maintenance([work(day, 1, 5, number=number)], TERMS, *period)
        assert found.agreed.total() == hours * HOUR


FIRST = date(2026, 10, 24)  # the night after is the one with 25 hours
DAYS = 3
STEP = 15 * MINUTE
BEGIN = to_us(datetime(2026, 10, 24, tzinfo=UTC))
STEPS = range(BEGIN, BEGIN + DAYS * DAY, STEP)
quarters = st.integers(0, 4 * 24 * DAYS).map(lambda quarter: BEGIN + quarter * STEP)


@st.composite
def plans(draw: st.DrawFn) -> Maintenance:
    starts = draw(quarters)
    ends = starts + draw(st.integers(1, 40)) * STEP
    cancelled = draw(st.none() | quarters)
    return Maintenance(starts - draw(st.integers(-2, 8)) * HOUR, starts, ends, cancelled)


@st.composite
def versions_of_terms(draw: st.DrawFn) -> list[tuple[int, Terms]]:
    hours = st.sampled_from(["00:00", "01:00", "03:30", "08:00", "14:00", "23:00"])
    found = []
    for valid_from in sorted(draw(st.lists(st.just(BEGIN) | quarters, max_size=3))):
        windows, peak = (
            CalendarRule.weekly(AMSTERDAM, range(7), draw(hours), closes)
            for closes in draw(st.tuples(*[st.sampled_from(["04:00", "06:00", "12:00", "24:00"])] * 2))
        )
        terms = agreed_terms(
            draw(st.none() | st.just(windows)),
            draw(st.integers(0, 4)) * HOUR,
            draw(st.integers(0, 20)) * STEP,
            peak,
        )
        found.append((valid_from, terms))
    return found


def union(parts: list[Intervals]) -> Intervals:
    whole = Intervals.empty()
    for part in parts:
        whole |= part
    return whole


def step_by_step(planned: list[Maintenance], versions: list[tuple[int, Terms]]) -> set[int]:
    """The quarters of an hour that count, found by going through them and keeping a counter."""
    found, used = set(), 0
    open_in: dict[CalendarRule, set[int]] = {}

    def is_open(rule: CalendarRule | None, instant: int) -> bool:
        if rule is not None and rule not in open_in:
            open_in[rule] = set(calendar_oracle.open_minutes(rule, FIRST, DAYS))
        return rule is not None and instant in open_in[rule]

    def in_force(instant: int) -> Terms | None:
        return next((terms for valid_from, terms in reversed(versions) if valid_from <= instant), None)

    for instant in STEPS:
        terms = in_force(instant)
        if terms is None or used >= terms.maintenance.monthly_maximum:
            continue
        in_time = [
            plan
            for plan in planned
            if plan.starts <= instant < plan.ends
            and (plan.cancelled_at is None or instant < plan.cancelled_at)
            and plan.starts - plan.announced_at >= (in_force(plan.starts) or versions[0][1]).maintenance.notice
        ]
        if in_time and is_open(terms.maintenance.windows, instant) and not is_open(terms.peak, instant):
            found.add(instant)
            used += STEP
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(plans(), max_size=6), versions_of_terms(), quarters, quarters)
def test_every_quarter_of_an_hour_counts_as_going_through_them_says(
    planned: list[Maintenance], versions: list[tuple[int, Terms]], one: int, other: int
) -> None:
    start, end = sorted((one, other))
    found = judge_maintenance(planned, versions, start, end)
    counted = step_by_step(planned, versions)
    assert found.agreed == Intervals.of((m, m + STEP) for m in counted if start <= m < end)
    everything = Intervals.of(plan.span for plan in planned).clip(start, end)
    parts = [found.agreed, *found.refused.values()]
    assert sum(part.total() for part in parts) == everything.total()
    assert union(parts) == everything
