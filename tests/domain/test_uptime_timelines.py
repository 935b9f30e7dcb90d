"""A timeline says one state for every instant of its range, whatever it was made from."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.intervals import Intervals
from baken.domain.timelines import Change, Piece, State, Timeline
from tests.domain import uptime_oracle as oracle

UP, DOWN, UNKNOWN, MAINTENANCE = State.UP, State.DOWN, State.UNKNOWN, State.MAINTENANCE
spans = st.lists(st.tuples(st.integers(-5, 60), st.integers(0, 20)).map(lambda s: (s[0], s[0] + s[1])), max_size=6)


def test_unknown_before_the_first_change_and_the_last_state_to_the_end() -> None:
    seen = Timeline.of([Change(10, UP), Change(20, DOWN, "timeout")], 0, 30)
    assert list(seen) == [
        Piece(0, 10, UNKNOWN, None),
        Piece(10, 20, UP, None),
        Piece(20, 30, DOWN, "timeout"),
    ]
    assert [seen.at(t) for t in (0, 9, 10, 19, 20, 29)] == [UNKNOWN, UNKNOWN, UP, UP, DOWN, DOWN]


def test_the_change_before_the_range_tells_the_state_at_its_start() -> None:
    changes = [Change(1, UP), Change(5, DOWN, "refused"), Change(40, UP)]
    assert list(Timeline.of(changes, 10, 20)) == [Piece(10, 20, DOWN, "refused")]


def test_a_change_at_the_end_is_outside_and_one_at_the_start_inside() -> None:
    assert list(Timeline.of([Change(10, UP), Change(20, DOWN)], 10, 20)) == [Piece(10, 20, UP, None)]


def test_neighbours_in_one_state_are_one_piece_with_the_reason_it_began_with() -> None:
    seen = Timeline.of([Change(0, DOWN, "timeout"), Change(5, DOWN, "refused"), Change(9, UP)], 0, 10)
    assert list(seen) == [Piece(0, 9, DOWN, "timeout"), Piece(9, 10, UP, None)]


def test_of_several_changes_at_one_instant_the_last_counts() -> None:
    assert list(Timeline.of([Change(0, UP), Change(3, DOWN), Change(3, UP)], 0, 9)) == [Piece(0, 9, UP, None)]


def test_an_empty_range_has_no_pieces_and_no_time() -> None:
    seen = Timeline.of([Change(0, UP)], 5, 5)
    assert len(seen) == 0
    assert set(seen.durations().values()) == {0}
    assert seen.intervals(UP) == Intervals.empty()
    with pytest.raises(ValueError, match="outside"):
        seen.at(5)


@pytest.mark.parametrize("instant", [-1, 10])
def test_outside_its_range_it_says_nothing(instant: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        Timeline.constant(UP, 0, 10).at(instant)


def test_wrong_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="swap"):
        Timeline.constant(UP, 10, 0)
    with pytest.raises(ValueError, match="order of time"):
        Timeline.of([Change(5, UP), Change(4, DOWN)], 0, 10)
    with pytest.raises(ValueError, match="swap"):
        Timeline.constant(UP, 0, 10).clip(5, 4)


def test_it_cannot_be_altered() -> None:
    seen = Timeline.of([Change(0, UP), Change(5, DOWN)], 0, 10)
    for array in (seen.starts, seen.codes, seen.reasons):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_joined_parts_have_to_meet() -> None:
    with pytest.raises(ValueError, match="ends at 5"):
        Timeline.join([Timeline.constant(UP, 0, 5), Timeline.constant(UP, 6, 9)])
    with pytest.raises(ValueError, match="at least one"):
        Timeline.join([])


def test_equal_timelines_have_equal_hashes_and_differ_by_reason_and_range() -> None:
    one = Timeline.of([Change(0, DOWN, "dns"), Change(2, DOWN, "tls")], 0, 5)
    assert one == Timeline.constant(DOWN, 0, 5, "dns")
    assert hash(one) == hash(Timeline.constant(DOWN, 0, 5, "dns"))
    assert one != Timeline.constant(DOWN, 0, 5, "tls")
    assert one != Timeline.constant(DOWN, 0, 6, "dns")
    assert one != "a timeline"


@given(oracle.states(), st.integers(-50, 50))
def test_it_shows_the_ticks_it_was_made_from(ticks: list[str], start: int) -> None:
    seen = oracle.timeline(ticks, start)
    assert oracle.ticks_of(seen) == ticks
    assert [(piece.state.value, piece.end - piece.start) for piece in seen] == oracle.runs(ticks)
    assert seen.durations() == {state: ticks.count(state.value) for state in State}
    for state in State:
        inside = [start + tick for tick, value in enumerate(ticks) if value == state]
        assert seen.intervals(state) == Intervals.of((tick, tick + 1) for tick in inside)


@given(oracle.states())
def test_its_changes_make_it_again(ticks: list[str]) -> None:
    seen = oracle.timeline(ticks)
    assert Timeline.of(seen.changes(), seen.start, seen.end) == seen


@given(oracle.states(), st.integers(-5, 80), st.integers(0, 80))
def test_a_clip_is_the_part_inside(ticks: list[str], a: int, length: int) -> None:
    clipped = oracle.timeline(ticks).clip(a, a + length)
    inside = [tick for tick in range(a, a + length) if 0 <= tick < len(ticks)]
    assert oracle.ticks_of(clipped) == [ticks[tick] for tick in inside]
    if inside:
        assert (clipped.start, clipped.end) == (inside[0], inside[-1] + 1)


@given(oracle.states(), st.lists(st.integers(0, 100), max_size=4))
def test_cut_and_joined_is_the_same(ticks: list[str], cuts: list[int]) -> None:
    seen = oracle.timeline(ticks)
    edges = [0, *sorted(min(cut, len(ticks)) for cut in cuts), len(ticks)]
    assert Timeline.join([seen.clip(a, b) for a, b in pairwise(edges)]) == seen


@given(oracle.states(), spans, st.sampled_from(State))
def test_painting_changes_what_it_covers_and_nothing_else(
    ticks: list[str], where: list[tuple[int, int]], state: State
) -> None:
    painted = oracle.timeline(ticks).painted(Intervals.of(where), state)
    covered = {tick for start, end in where for tick in range(start, end)}
    assert oracle.ticks_of(painted) == [state if t in covered else value for t, value in enumerate(ticks)]


def test_what_shows_through_paint_keeps_its_reason() -> None:
    painted = Timeline.constant(DOWN, 0, 9, "timeout").painted(Intervals.of([(3, 5)]), MAINTENANCE, "planned")
    assert [piece.reason for piece in painted] == ["timeout", "planned", "timeout"]
