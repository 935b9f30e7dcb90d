"""Sums of time and the bounds they prove: C1 over all time, C2 over the peak hours."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.calendars import CalendarRule, calendar
from baken.domain.instants import DAY, HOUR, SECOND
from baken.domain.intervals import Intervals
from baken.domain.periods import from_dates, month
from baken.domain.timelines import State, Timeline
from baken.domain.uptime import UptimeTally, exclude, measure, worst_location
from tests.domain import uptime_oracle as oracle

AMSTERDAM = "Europe/Amsterdam"
UP, DOWN, UNKNOWN, MAINTENANCE = State.UP, State.DOWN, State.UNKNOWN, State.MAINTENANCE
parts = st.lists(st.tuples(st.integers(-5, 60), st.integers(0, 20)).map(lambda s: (s[0], s[0] + s[1])), max_size=5)
tallies = st.builds(UptimeTally, *[st.integers(0, 10**12)] * 4)


def test_the_bounds_of_a_worked_example() -> None:
    tally = UptimeTally(up=700 * HOUR, down=2 * HOUR, unknown=8 * HOUR, maintenance=10 * HOUR)
    assert (tally.net, tally.total) == (710 * HOUR, 720 * HOUR)
    assert tally.lower == Fraction(700, 710)
    assert tally.upper == Fraction(708, 710)
    assert tally.coverage == 1 - Fraction(8, 710)
    assert (tally.gross_lower, tally.gross_upper) == (Fraction(700, 720), Fraction(708, 720))


def test_no_time_has_no_share() -> None:
    empty = UptimeTally()
    assert (empty.lower, empty.upper, empty.coverage, empty.gross_lower, empty.gross_upper) == (None,) * 5


def test_a_period_of_maintenance_only_has_no_net_value_but_a_gross_one() -> None:
    tally = UptimeTally(maintenance=DAY)
    assert (tally.lower, tally.upper, tally.coverage) == (None, None, None)
    assert (tally.gross_lower, tally.gross_upper) == (0, 0)


@given(tallies)
def test_the_pair_is_a_pair_and_as_wide_as_what_is_unknown(tally: UptimeTally) -> None:
    if tally.lower is None or tally.upper is None or tally.coverage is None:
        assert tally.net == 0
        return
    assert 0 <= tally.lower <= tally.upper <= 1
    assert tally.upper - tally.lower == 1 - tally.coverage
    assert tally.net + tally.maintenance == tally.total


@given(tallies, tallies)
def test_tallies_add_and_take_away_exactly(one: UptimeTally, other: UptimeTally) -> None:
    assert (one + other).up == one.up + other.up
    assert (one + other).down == one.down + other.down
    assert (one + other).unknown == one.unknown + other.unknown
    assert (one + other).maintenance == one.maintenance + other.maintenance
    assert one + other - other == one


@given(oracle.states(), parts)
def test_every_tick_is_counted_once_in_its_own_state(ticks: list[str], where: list[tuple[int, int]]) -> None:
    seen = oracle.timeline(ticks)
    covered = {tick for start, end in where for tick in range(start, end)}
    inside = [state for tick, state in enumerate(ticks) if tick in covered]
    for tally, counted in ((measure(seen), ticks), (measure(seen, Intervals.of(where)), inside)):
        assert tally == UptimeTally(*(counted.count(state) for state in ("up", "down", "unknown", "maintenance")))
        assert tally.total == len(counted)


@given(oracle.states(), parts, st.integers(0, 80))
def test_two_halves_add_up_to_the_whole(ticks: list[str], where: list[tuple[int, int]], cut: int) -> None:
    seen = oracle.timeline(ticks)
    halves = seen.clip(0, cut), seen.clip(cut, len(ticks) + cut)
    for within in (None, Intervals.of(where)):
        assert measure(halves[0], within) + measure(halves[1], within) == measure(seen, within)


def test_a_short_outage_weighs_what_it_lasts_whatever_the_interval_of_checks() -> None:
    start, end = month(AMSTERDAM, 2026, 6)
    seen = Timeline.constant(UP, start, end).painted(Intervals.of([(start + DAY, start + DAY + 20 * SECOND)]), DOWN)
    assert measure(seen).lower == 1 - Fraction(20, 30 * 86_400)


@pytest.mark.parametrize(("number", "hours"), [(3, 743), (10, 745), (2, 672), (6, 720)])
def test_a_month_of_round_the_clock_peak_has_its_real_hours(number: int, hours: int) -> None:
    start, end = month(AMSTERDAM, 2026, number)
    always = calendar(CalendarRule.always(AMSTERDAM)).intervals(start, end)
    assert measure(Timeline.constant(UP, start, end), always) == UptimeTally(up=hours * HOUR)
    assert measure(Timeline.constant(UP, start, end)) == UptimeTally(up=hours * HOUR)


@pytest.mark.parametrize(("number", "nights"), [(3, 31 * 3 - 1), (10, 31 * 3 + 1), (6, 30 * 3)])
def test_peak_hours_over_the_change_of_the_clock_have_their_real_length(number: int, nights: int) -> None:
    start, end = month(AMSTERDAM, 2026, number)
    night = CalendarRule.weekly(AMSTERDAM, days=range(7), opens="01:00", closes="04:00")
    peak = calendar(night).intervals(start, end)
    assert measure(Timeline.constant(DOWN, start, end), peak) == UptimeTally(down=nights * HOUR)


def test_only_what_falls_in_peak_hours_counts_for_them() -> None:
    start, end = from_dates(AMSTERDAM, date(2026, 3, 30), date(2026, 4, 4))  # the working week after the change
    peak = calendar(CalendarRule.weekly(AMSTERDAM, opens="09:00", closes="17:00")).intervals(start, end)
    opens = start + 9 * HOUR
    seen = Timeline.constant(UP, start, end).painted(Intervals.of([(opens - HOUR, opens + HOUR)]), DOWN)
    assert measure(seen, peak) == UptimeTally(up=39 * HOUR, down=HOUR)
    assert measure(seen).down == 2 * HOUR


def test_an_agreed_exclusion_leaves_the_whole_and_both_values_stand() -> None:
    seen = Timeline.constant(UP, 0, 100).painted(Intervals.of([(10, 30)]), DOWN)
    full, without = exclude(seen, Intervals.of([(10, 20)]))
    assert (full.lower, without.lower) == (Fraction(80, 100), Fraction(80, 90))
    full, without = exclude(seen, Intervals.of([(0, 20)]), within=Intervals.of([(10, 50)]))
    assert (full, without) == (UptimeTally(up=20, down=20), UptimeTally(up=20, down=10))


@given(oracle.states(), parts, parts)
def test_excluded_and_the_rest_add_up(
    ticks: list[str], agreed: list[tuple[int, int]], within: list[tuple[int, int]]
) -> None:
    seen, out, peak = oracle.timeline(ticks), Intervals.of(agreed), Intervals.of(within)
    assert exclude(seen, out) == (measure(seen), measure(seen, Intervals.of([(0, len(ticks))]) - out))
    assert exclude(seen, out, peak) == (measure(seen, peak), measure(seen, peak - out))


def test_the_worst_location_is_the_one_that_surely_missed_most() -> None:
    locations = {
        "ams": Timeline.constant(UP, 0, 100),
        "nyc": Timeline.constant(UP, 0, 100).painted(Intervals.of([(0, 5)]), DOWN),
        "sin": Timeline.constant(UNKNOWN, 0, 100),
        "syd": Timeline.constant(UNKNOWN, 0, 100).painted(Intervals.of([(0, 5)]), DOWN),
    }
    assert worst_location(locations) == ("syd", UptimeTally(down=5, unknown=95))
    del locations["syd"]
    assert worst_location(locations) == ("nyc", UptimeTally(up=95, down=5))
    assert worst_location(locations, Intervals.of([(50, 60)])) == ("sin", UptimeTally(unknown=10))
    del locations["sin"], locations["nyc"]
    assert worst_location(locations) == ("ams", UptimeTally(up=100))


def test_locations_without_time_to_measure_have_no_worst() -> None:
    assert worst_location({}) is None
    assert worst_location({"ams": Timeline.constant(MAINTENANCE, 0, 9)}) is None
    assert worst_location({"ams": Timeline.constant(UP, 0, 9)}, Intervals.empty()) is None
