"""What a location saw: how far one check speaks, and what silence means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.instants import SECOND
from baken.domain.locations import (
    NO_RESULT,
    OutOfOrder,
    ProbeResult,
    fold_results,
    location_timeline,
    observed_through,
    overdue,
    settled_through,
    step,
)
from baken.domain.timelines import Change, State
from tests.domain import uptime_oracle as oracle
from tests.domain.uptime_oracle import Check

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
INTERVAL, TOLERANCE = 30 * SECOND, 5 * SECOND


def result(second: int, up: bool = True, reason: str | None = None) -> ProbeResult:
    return ProbeResult(second * SECOND, up, INTERVAL, TOLERANCE, reason)


def folded(results: list[ProbeResult]) -> list[Change]:
    """The changes of all results, one step after the other."""
    lasts = [None, *results]
    return [change for last, now in zip(lasts, results, strict=False) for change in step(last, now)]


@st.composite
def checks(draw: st.DrawFn) -> list[Check]:
    """Checks on a rough grid: in time, just in time, late, and under settings that change."""
    tick, found = draw(st.integers(0, 8)), []
    for _ in range(draw(st.integers(0, 14))):
        interval, tolerance = draw(st.sampled_from([(1, 0), (4, 0), (4, 2), (7, 3)]))
        found.append(Check(tick, draw(st.booleans()), interval, tolerance))
        tick += draw(st.integers(1, interval + tolerance + 3))
    return found


def probed(made: list[Check]) -> list[ProbeResult]:
    return [ProbeResult(check.started, check.up, check.interval, check.tolerance) for check in made]


def test_a_state_holds_from_the_start_of_a_check_to_the_start_of_the_next() -> None:
    changes = folded([result(0), result(30, False, "timeout"), result(60)])
    assert changes == [
        Change(0, UP),
        Change(30 * SECOND, DOWN, "timeout"),
        Change(60 * SECOND, UP),
    ]


def test_an_outage_starts_at_the_first_failed_check_and_ends_at_the_first_good_one() -> None:
    run = [
        result(0),
        result(30, False, "timeout"),
        result(60, False, "refused"),
        result(90, False),
        result(120),
    ]
    assert folded(run)[1:] == [Change(30 * SECOND, DOWN, "timeout"), Change(120 * SECOND, UP)]


def test_a_gap_of_interval_and_tolerance_still_holds() -> None:
    assert step(result(0), result(35)) == []


def test_a_longer_gap_is_unknown_from_one_interval_after_the_last_check() -> None:
    late = ProbeResult(35 * SECOND + 1, True, INTERVAL, TOLERANCE)
    assert step(result(0), late) == [Change(30 * SECOND, UNKNOWN, NO_RESULT), Change(late.started, UP)]


def test_after_a_silence_the_state_is_said_again_even_when_it_is_the_same() -> None:
    assert [change.state for change in step(result(0, False), result(100, False))] == [UNKNOWN, DOWN]


def test_before_the_first_result_nothing_is_known() -> None:
    seen = location_timeline(step(None, result(40)), 60 * SECOND, 0, 60 * SECOND)
    assert [(piece.state, piece.end // SECOND) for piece in seen] == [(UNKNOWN, 40), (UP, 60)]


def test_a_location_that_never_reported_knows_nothing() -> None:
    assert observed_through(None, 99) is None
    assert {piece.state for piece in location_timeline([], None, 0, 60)} == {UNKNOWN}


def test_changed_settings_hold_from_the_check_that_was_made_with_them() -> None:
    slow = ProbeResult(0, True, 300 * SECOND, 0)
    fast = ProbeResult(290 * SECOND, True, 30 * SECOND, 0)
    assert step(slow, fast) == []
    assert step(fast, ProbeResult(580 * SECOND, True, 300 * SECOND, 0))[0] == Change(320 * SECOND, UNKNOWN, NO_RESULT)


def test_results_that_are_not_in_order_are_refused() -> None:
    for started in (10, 9):
        with pytest.raises(OutOfOrder):
            step(result(10), result(started))
    with pytest.raises(OutOfOrder):
        fold_results(np.array([5, 5]), np.array([True, True]), 1, 0)


@pytest.mark.parametrize(("interval", "tolerance"), [(0, 0), (-1, 0), (5, -1)])
def test_settings_that_make_no_sense_are_refused(interval: int, tolerance: int) -> None:
    with pytest.raises(ValueError, match="interval"):
        ProbeResult(0, True, interval, tolerance)
    with pytest.raises(ValueError, match="interval"):
        fold_results(np.array([0, 5]), np.array([True, True]), interval, tolerance)


def test_overdue_only_once_interval_and_tolerance_have_passed() -> None:
    last = result(0)
    assert overdue(last, 35 * SECOND) is None
    assert overdue(last, 35 * SECOND + 1) == Change(30 * SECOND, UNKNOWN, NO_RESULT)
    assert observed_through(last, 35 * SECOND) == 35 * SECOND
    assert observed_through(last, 35 * SECOND + 1) == 30 * SECOND


def test_results_delivered_late_take_the_silence_back() -> None:
    spooled = [result(second) for second in range(0, 301, 30)]
    assert overdue(spooled[0], 300 * SECOND) is not None
    seen = location_timeline(folded(spooled), observed_through(spooled[-1], 301 * SECOND), 0, 301 * SECOND)
    assert [piece.state for piece in seen] == [UP]


def test_nothing_before_the_earliest_last_check_can_change_any_more() -> None:
    assert settled_through([result(60), result(40)], 70 * SECOND) == 40 * SECOND
    assert settled_through([result(60), result(0)], 70 * SECOND) == 60 * SECOND, "the second fell silent"
    assert settled_through([result(0)], 70 * SECOND) == 70 * SECOND
    assert settled_through([], 70) == 70


@given(checks(), st.integers(0, 14))
def test_later_results_leave_settled_time_as_it_is(made: list[Check], many: int) -> None:
    early = probed(made[:many])
    if not early:
        return
    as_of = early[-1].due
    before = settled_through(early[-1:], as_of)
    whole = location_timeline(folded(probed(made)), 10**6, 0, before)
    assert location_timeline(folded(early), observed_through(early[-1], as_of), 0, before) == whole


@given(checks(), st.integers(0, 30), st.integers(1, 150))
def test_a_location_sees_what_the_walk_through_its_checks_sees(made: list[Check], wait: int, end: int) -> None:
    results = probed(made)
    last = results[-1] if results else None
    as_of = (last.started if last else 0) + wait
    seen = location_timeline(folded(results), observed_through(last, as_of), 0, end)
    assert oracle.ticks_of(seen) == oracle.seen_by_location(made, as_of, end)


@given(checks())
def test_all_at_once_is_the_same_as_one_by_one(made: list[Check]) -> None:
    reasons = [f"r{index}" for index in range(len(made))]
    results = [ProbeResult(*check, reason) for check, reason in zip(made, reasons, strict=True)]
    whole = fold_results(
        np.array([check.started for check in made], dtype=np.int64),
        np.array([check.up for check in made], dtype=np.bool_),
        np.array([check.interval for check in made], dtype=np.int64),
        np.array([check.tolerance for check in made], dtype=np.int64),
        reasons,
    )
    assert whole == folded(results)


def test_all_at_once_takes_one_interval_for_all_and_needs_no_reasons() -> None:
    started = np.array([0, 30, 60, 200]) * SECOND
    assert fold_results(started, np.array([True, True, False, False]), INTERVAL, TOLERANCE) == [
        Change(0, UP),
        Change(60 * SECOND, DOWN),
        Change(90 * SECOND, UNKNOWN, NO_RESULT),
        Change(200 * SECOND, DOWN),
    ]
