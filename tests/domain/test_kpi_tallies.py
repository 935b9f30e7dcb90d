"""Sums of what was counted: they add up over periods, in any order, and over what is left out."""

from dataclasses import replace
from fractions import Fraction
from statistics import median as median_of

from hypothesis import given, settings
from hypothesis import strategies as st

from baken.domain.attribution import Attribution, excluded_from, on_list
from baken.domain.facts import IncidentClass, Kind, Origin, Outcome, Priority
from baken.domain.instants import DAY, HOUR
from baken.domain.periods import Period, month
from baken.domain.tallies import (
    Backlog,
    IntegrityCounts,
    ReportedCounts,
    ResolutionTally,
    Tally,
    backlog,
    integrity_counts,
    median,
    reported_counts,
    resolution_tally,
    tally,
)
from tests.domain.histories import AMSTERDAM, History, at

MARCH = month(AMSTERDAM, 2026, 3)
LATER = at("2026-06-01 00:00")
COUNTS = ("C3", "C4", "C5", "C8", "D1", "D2", "D3", "D4")
BLANK = History("2026-03-02 09:00").attribution("2026-03-02 09:00")
instants = st.integers(0, 40).map(lambda n: n * HOUR)
maybe = st.none() | instants


@st.composite
def attributions(draw: st.DrawFn) -> Attribution:
    """Any incident there can be, its instants within two days of the epoch."""
    outcome = draw(st.sampled_from([None, None, None, *Outcome]))
    reported = draw(instants)
    ended = draw(st.none() | instants.map(lambda after: reported + after))
    return replace(
        BLANK,
        reported=reported,
        origin=draw(st.sampled_from(Origin)),
        classes=frozenset(draw(st.lists(st.sampled_from(IncidentClass), min_size=1))),
        priority=draw(st.sampled_from(Priority)),
        in_peak=draw(st.booleans()),
        left_out=outcome,
        exclusion=draw(st.sampled_from([None, None, None, "force_majeure"])),
        open=((reported, ended),),
        resolved_at=ended,
        resolved_timed=draw(st.booleans()),
        resolve_elapsed=None if ended is None else ended - reported,
        resolve_working=None if ended is None else (ended - reported) // 3,
        response_judged_at=(first := draw(maybe)),
        response_breached_at=draw(st.sampled_from([None, first])),
        resolution_judged_at=(second := draw(maybe)),
        resolution_breached_at=draw(st.sampled_from([None, second])),
        restored_at=draw(maybe),
        not_restorable_at=draw(maybe),
        break_in_confirmed_at=draw(maybe),
    )


many = st.lists(attributions(), max_size=8)


@given(many, st.lists(st.integers(0, 50), min_size=3, max_size=3, unique=True), st.integers(0, 60))
@settings(deadline=None)
def test_adjoining_periods_add_up_to_the_longer_one(rows: list[Attribution], cuts: list[int], now: int) -> None:
    a, b, c = (cut * HOUR for cut in sorted(cuts))
    first, second, both = Period(a, b), Period(b, c), Period(a, c)
    as_of = now * HOUR
    for code in COUNTS:
        assert tally(code, rows, first, as_of) + tally(code, rows, second, as_of) == tally(code, rows, both, as_of)
    for excluded in (False, True):
        halves = [resolution_tally(rows, half, as_of, excluded=excluded) for half in (first, second)]
        assert halves[0] + halves[1] == resolution_tally(rows, both, as_of, excluded=excluded)
    assert reported_counts(rows, first) + reported_counts(rows, second) == reported_counts(rows, both)
    one, two, whole = (backlog(rows, period) for period in (first, second, both))
    assert one.at_end == two.at_start
    assert whole == Backlog(one.at_start, one.came_in + two.came_in, one.went_out + two.went_out)


@given(many, st.integers(0, 50), st.integers(1, 50), st.integers(0, 60))
@settings(deadline=None)
def test_a_count_is_the_length_of_its_list(rows: list[Attribution], start: int, length: int, now: int) -> None:
    period, as_of = Period(start * HOUR, (start + length) * HOUR), now * HOUR
    for code in COUNTS:
        found = tally(code, rows, period, as_of)
        listed = [row for row in rows if on_list(code, row, period, as_of)]
        assert found.count == len(listed)
        assert found.monitor == sum(row.origin is Origin.MONITOR for row in listed)
        assert found.excluded == sum(excluded_from(code, row, period, as_of) for row in rows)
    resolved = [row for row in rows if on_list("C6", row, period, as_of)]
    times = [row.resolve_elapsed or 0 for row in resolved]
    mean = resolution_tally(rows, period, as_of)
    assert (mean.count, mean.elapsed, mean.longest) == (len(times), sum(times), max(times, default=0))


@given(many, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_makes_no_difference(rows: list[Attribution], random: object) -> None:
    shuffled = sorted(rows, key=lambda _: random.random())  # type: ignore[attr-defined]
    period = Period(0, 2 * DAY)
    for code in COUNTS:
        assert tally(code, rows, period, DAY) == tally(code, shuffled, period, DAY)
    assert resolution_tally(rows, period, DAY) == resolution_tally(shuffled, period, DAY)
    assert integrity_counts(rows, period, DAY) == integrity_counts(shuffled, period, DAY)


@given(many, st.integers(0, 50), st.integers(1, 50), st.integers(0, 60))
@settings(deadline=None)
def test_a_count_never_exceeds_what_it_is_of(rows: list[Attribution], start: int, length: int, now: int) -> None:
    period = Period(start * HOUR, (start + length) * HOUR)
    for code in ("D1", "D2", "D3", "D4"):
        found = tally(code, rows, period, now * HOUR)
        assert 0 <= found.count <= found.of <= len(rows)
        assert found.monitor <= found.count
    for wide, narrow in (("D1", "D2"), ("D3", "D4")):
        assert tally(narrow, rows, period, now * HOUR).count <= tally(wide, rows, period, now * HOUR).count


@given(many, st.integers(0, 50), st.integers(1, 50))
@settings(deadline=None)
def test_received_is_counted_and_left_out_and_start_in_out_is_end(
    rows: list[Attribution], start: int, length: int
) -> None:
    period = Period(start * HOUR, (start + length) * HOUR)
    counts = reported_counts(rows, period)
    inside = [row for row in rows if period.start <= row.reported < period.end]
    assert counts.received == len(inside) == counts.counted + sum(counts.left_out.values())
    work = backlog(rows, period)
    assert work.at_end == work.at_start + work.came_in - work.went_out
    assert work.at_end == sum(row.open_before(period.end) for row in rows)


@given(many, st.integers(0, 60))
@settings(deadline=None)
def test_an_integrity_incident_is_lost_or_late_or_being_restored(rows: list[Attribution], now: int) -> None:
    period = Period(0, 2 * DAY)
    counts = integrity_counts(rows, period, now * HOUR)
    assert counts.unrestorable == counts.lost + counts.past_time
    assert counts.lost + counts.past_time + counts.being_restored + counts.excluded <= len(rows)


def test_of_a_month() -> None:
    late = History("2026-03-02 09:00").responded("2026-03-02 14:00").resolved("2026-03-06 09:00")
    quick = History("2026-03-03 09:00", origin="monitor").responded("2026-03-03 10:00", "update")
    quick.resolved("2026-03-03 12:00")
    force = History("2026-03-04 09:00").responded("2026-03-04 16:00").resolved("2026-03-12 09:00")
    force.then(Kind.CONSENT_GIVEN, "2026-03-13 09:00", cause="force_majeure")
    rows = [story.attribution(LATER) for story in (late, quick, force)]
    assert tally("C4", rows, MARCH, LATER) == Tally(count=2, monitor=1, excluded=1)
    assert tally("D1", rows, MARCH, LATER) == Tally(count=1, of=2, excluded=1)
    assert tally("D3", rows, MARCH, LATER) == Tally(count=1, of=2, excluded=1)
    assert resolution_tally(rows, MARCH, LATER) == ResolutionTally(
        count=2, elapsed=96 * HOUR + 3 * HOUR, working=40 * HOUR + 3 * HOUR, longest=96 * HOUR
    )
    assert resolution_tally(rows, MARCH, LATER, excluded=True).elapsed == 8 * DAY
    assert reported_counts(rows, MARCH) == ReportedCounts(counted=3, monitor=1)
    assert backlog(rows, MARCH) == Backlog(at_start=0, came_in=3, went_out=3)


def test_reopened_comes_in_again() -> None:
    story = History("2026-02-20 09:00").resolved("2026-03-02 09:00").reopened("2026-03-05 09:00")
    row = story.attribution(LATER)
    assert backlog([row], MARCH) == Backlog(at_start=1, came_in=1, went_out=1)


def test_integrity_counts_say_what_consent_left_out() -> None:
    story = History("2026-03-02 09:00", classes=("integrity",)).then(Kind.NOT_RESTORABLE, "2026-03-03 09:00")
    story.resolved("2026-03-03 09:00")
    assert integrity_counts([story.attribution(LATER)], MARCH, LATER) == IntegrityCounts(lost=1)
    story.then(Kind.CONSENT_GIVEN, "2026-03-13 09:00", cause="customer_side")
    assert integrity_counts([story.attribution(LATER)], MARCH, LATER) == IntegrityCounts(excluded=1)


@given(st.lists(st.integers(0, 10**15)))
def test_the_middle_value(values: list[int]) -> None:
    expected = Fraction(median_of([Fraction(value) for value in values])) if values else None
    assert median(values) == expected
