"""Sets of time, held to sets of whole numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.intervals import Intervals

RANGE = 40
pairs = st.lists(st.tuples(st.integers(0, RANGE), st.integers(0, RANGE)).map(lambda p: (min(p), max(p))), max_size=12)
sets = pairs.map(Intervals.of)
span = st.tuples(st.integers(-5, RANGE + 5), st.integers(0, RANGE)).map(lambda p: (p[0], p[0] + p[1]))


def members(x: Intervals) -> set[int]:
    return {t for start, end in x for t in range(start, end)}


def assert_normal(x: Intervals) -> None:
    """Sorted, disjoint, coalesced: with anything less, equality would depend on how a value was made."""
    assert (x.starts < x.ends).all()
    assert (x.ends[:-1] < x.starts[1:]).all()
    assert x.starts.dtype == x.ends.dtype == np.int64


@given(pairs)
def test_any_pairs_become_the_instants_they_cover(given_pairs: list[tuple[int, int]]) -> None:
    made = Intervals.of(given_pairs)
    assert_normal(made)
    assert members(made) == {t for start, end in given_pairs for t in range(start, end)}
    assert Intervals.of(reversed(given_pairs)) == made


@given(sets, sets)
def test_union_intersection_and_difference_are_those_of_sets(x: Intervals, y: Intervals) -> None:
    for made, expected in (
        (x | y, members(x) | members(y)),
        (x & y, members(x) & members(y)),
        (x - y, members(x) - members(y)),
    ):
        assert_normal(made)
        assert members(made) == expected


@given(sets, span)
def test_a_span_splits_into_what_is_covered_and_what_is_not(x: Intervals, some: tuple[int, int]) -> None:
    a, b = some
    inside, outside = x.clip(a, b), x.gaps(a, b)
    assert_normal(inside)
    assert_normal(outside)
    assert members(inside) == members(x) & set(range(a, b))
    assert members(outside) == set(range(a, b)) - members(x)
    assert inside.total() + outside.total() == b - a
    assert x.covers(a, b) == (set(range(a, b)) <= members(x))


@given(sets)
def test_membership_one_by_one_and_all_at_once(x: Intervals) -> None:
    instants = np.arange(-2, RANGE + 2)
    expected = [int(t) in members(x) for t in instants]
    assert x.contains(instants).tolist() == expected
    assert [int(t) in x for t in instants] == expected


@given(sets, sets)
def test_equal_values_hash_alike(x: Intervals, y: Intervals) -> None:
    assert (x == y) == (members(x) == members(y))
    again = Intervals.of(list(x))
    assert again == x
    assert hash(again) == hash(x)


def test_touching_intervals_are_one() -> None:
    assert list(Intervals.of([(5, 9), (1, 5)])) == [(1, 9)]


def test_total_counts_an_overlap_once() -> None:
    assert Intervals.of([(0, 10), (5, 12), (3, 4)]).total() == 12


def test_an_interval_without_length_vanishes() -> None:
    assert Intervals.of([(3, 3)]) == Intervals.empty()
    assert len(Intervals.empty()) == 0
    assert Intervals.empty().total() == 0


def test_an_interval_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[7, 3\) ends before it starts"):
        Intervals.of([(0, 1), (7, 3)])
    for ask in (Intervals.empty().clip, Intervals.empty().gaps, Intervals.empty().covers):
        with pytest.raises(ValueError, match="ends before it starts"):
            ask(7, 3)


def test_the_arrays_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Intervals.of([(1, 2)]).starts[0] = 0


def test_its_text_makes_it_again() -> None:
    made = Intervals.of([(1, 2), (4, 8)])
    assert repr(made) == "Intervals.of([(1, 2), (4, 8)])"


def test_it_equals_nothing_else() -> None:
    assert Intervals.of([(1, 2)]) != [(1, 2)]
