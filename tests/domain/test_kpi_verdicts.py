"""Statuses, held to the sentences of the description: every small case counted out, and what they promise."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.grades import Audit, expiry
from baken.domain.instants import DAY, HOUR, MINUTE, SECOND
from baken.domain.intervals import Intervals
from baken.domain.kpis import Kpi, Status, Why
from baken.domain.periods import Period, month
from baken.domain.tallies import IntegrityCounts, ResolutionTally, Tally
from baken.domain.uptime import UptimeTally
from baken.domain.verdicts import count_kpi, grade_kpi, integrity_kpi, mean_kpi, uptime_kpi
from tests.domain.histories import AMSTERDAM, at

PERIOD = Period(100, 110)
ALL_TIME = Intervals.of([(0, 1_000)])
SOURCES = [(), ((0, 1_000),), ((104, 1_000),), ((0, 107),), ((102, 103),), ((0, 100), (110, 200))]
NOW = [99, 100, 101, 105, 109, 110, 500]


def missing(source: tuple[tuple[int, int], ...], as_of: int) -> list[list[int]]:
    """The runs of ticks of the period so far in which the source was not in use."""
    runs: list[list[int]] = []
    for tick in range(PERIOD.start, min(PERIOD.end, as_of)):
        if any(start <= tick < end for start, end in source):
            continue
        if runs and runs[-1][1] == tick:
            runs[-1][1] = tick + 1
        else:
            runs.append([tick, tick + 1])
    return runs


def expected_count(
    count: int, target: int | None, gaps: list[list[int]], nothing_known: bool, as_of: int, endangered: int
) -> tuple[Status, Why]:
    if as_of <= PERIOD.start:
        return Status.NOT_JUDGED, Why.NOT_BEGUN
    if target is None:
        return Status.NOT_JUDGED, Why.NO_TARGET
    if count > target:
        return Status.MISSED, Why.TARGET_MISSED
    if gaps:
        return Status.NOT_PROVEN, Why.NO_DATA if nothing_known else Why.PARTLY_COVERED
    if as_of < PERIOD.end:
        if count + endangered > target:
            return Status.AT_RISK, Why.CLOCKS_RUNNING_OUT
        if count == target and count:
            return Status.AT_RISK, Why.ONE_MORE_MISSES
    return Status.MET, Why.TARGET_REACHED


def every_count() -> Iterator[tuple[int, int, int | None, tuple[tuple[int, int], ...], int, int]]:
    yield from product(range(4), (0, 1), (None, 0, 1, 2), SOURCES, NOW, (0, 1, 3))


def test_every_small_count() -> None:
    for count, excluded, target, source, as_of, endangered in every_count():
        tally = Tally(count=count, of=9, monitor=0, excluded=excluded)
        goal = None if target is None else Fraction(target)
        kpi = count_kpi("D1", tally, goal, Intervals.of(source), PERIOD, as_of, endangered)
        gaps = missing(source, as_of)
        covered = sum(end - start for start, end in gaps) < min(PERIOD.end, as_of) - PERIOD.start
        nothing_known = not count + excluded and not covered
        expected = expected_count(count, target, gaps, nothing_known, as_of, endangered)
        assert (kpi.status, kpi.reason.code) == expected, (count, target, source, as_of, endangered)
        begun = as_of > PERIOD.start
        assert kpi.value == (count if begun and not nothing_known else None)
        if kpi.reason.code in (Why.NO_DATA, Why.PARTLY_COVERED):
            assert kpi.reason.data["gaps"] == gaps
        assert kpi.beside["with_excluded"] == count + excluded
        assert kpi.beside["of"] == 9


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.sampled_from(SOURCES), st.integers(101, 109))
def test_missed_while_open_is_missed_whatever_comes(
    count: int, more: int, target: int, source: tuple[tuple[int, int], ...], now: int
) -> None:
    known = Intervals.of(source)
    kpi = count_kpi("C3", Tally(count), Fraction(target), known, PERIOD, now)
    if kpi.status is Status.MISSED:
        later = count_kpi("C3", Tally(count + more), Fraction(target), known, PERIOD, PERIOD.end)
        assert later.status is Status.MISSED


def test_no_data_is_not_zero() -> None:
    kpi = count_kpi("C8", Tally(), Fraction(0), Intervals.empty(), PERIOD, 200)
    assert (kpi.value, kpi.exact, kpi.status, kpi.reason.code) == (None, None, Status.NOT_PROVEN, Why.NO_DATA)
    seen = count_kpi("C8", Tally(), Fraction(0), ALL_TIME, PERIOD, 200)
    assert (seen.value, seen.status) == (0, Status.MET)


def test_a_partly_covered_period_names_its_dates_and_is_not_proven_unless_missed() -> None:
    half = Intervals.of([(105, 1_000)])
    kpi = count_kpi("C3", Tally(), Fraction(0), half, PERIOD, 200)
    assert (kpi.value, kpi.status, kpi.reason.data["gaps"]) == (0, Status.NOT_PROVEN, [[100, 105]])
    assert count_kpi("C3", Tally(1), Fraction(0), half, PERIOD, 200).status is Status.MISSED


def test_every_small_integrity_count() -> None:
    for lost, late, target, source, as_of in product(range(3), range(3), (None, 0, 1, 2), SOURCES, NOW):
        for overdue in ((), ("drill",)):
            counts = IntegrityCounts(lost=lost, past_time=late, being_restored=4)
            goal = None if target is None else Fraction(target)
            kpi = integrity_kpi(counts, goal, Intervals.of(source), PERIOD, as_of, overdue)
            expected = expected_integrity(lost, late, target, missing(source, as_of), source, as_of, bool(overdue))
            assert (kpi.status, kpi.reason.code) == expected, (lost, late, target, source, as_of, overdue)
            assert kpi.beside["being_restored"] == 4


def expected_integrity(
    lost: int, late: int, target: int | None, gaps: list[list[int]], source: object, as_of: int, overdue: bool
) -> tuple[Status, Why]:
    """What is past its time can still be restored before the end; what is lost cannot."""
    is_open = as_of < PERIOD.end
    begun = as_of > PERIOD.start
    if begun and target is not None and lost + late > target and not (is_open and lost <= target):
        return Status.MISSED, Why.TARGET_MISSED
    nothing = not lost + late and sum(b - a for a, b in gaps) == min(PERIOD.end, as_of) - PERIOD.start
    if begun and target is not None and lost + late > target and not gaps:
        return (Status.NOT_PROVEN, Why.OVERDUE) if overdue else (Status.AT_RISK, Why.CAN_RECOVER)
    if begun and target is not None and lost + late > target:
        return Status.NOT_PROVEN, Why.PARTLY_COVERED
    status, why = expected_count(lost + late, target, gaps, nothing, as_of, 0)
    if overdue and status in (Status.MET, Status.AT_RISK):
        return Status.NOT_PROVEN, Why.OVERDUE
    return status, why


def test_an_overdue_drill_loses_no_data() -> None:
    kpi = integrity_kpi(IntegrityCounts(), Fraction(0), ALL_TIME, PERIOD, 200, ["drill"])
    assert (kpi.value, kpi.status, kpi.reason.data) == (0, Status.NOT_PROVEN, {"what": ["drill"]})
    lost = integrity_kpi(IntegrityCounts(lost=1), Fraction(0), ALL_TIME, PERIOD, 200, ["drill"])
    assert lost.status is Status.MISSED


def mean(elapsed: int, count: int, target: int | None, as_of: int, source: Intervals = ALL_TIME) -> Kpi:
    tally = ResolutionTally(count, elapsed * SECOND, elapsed * SECOND, elapsed * SECOND)
    goal = None if target is None else Fraction(target)
    return mean_kpi(tally, None, goal, source, PERIOD, as_of)


@pytest.mark.parametrize(
    ("elapsed", "count", "target", "as_of", "status", "why"),
    [
        (0, 0, 8, 200, Status.NOT_JUDGED, Why.NOTHING_TO_AVERAGE),
        (0, 0, None, 200, Status.NOT_JUDGED, Why.NO_TARGET),
        (16, 2, 8, 200, Status.MET, Why.TARGET_REACHED),
        (17, 2, 8, 200, Status.MISSED, Why.TARGET_MISSED),
        (17, 2, 8, 105, Status.AT_RISK, Why.CAN_RECOVER),
        (16, 2, 8, 105, Status.MET, Why.TARGET_REACHED),
        (16, 2, 8, 100, Status.NOT_JUDGED, Why.NOT_BEGUN),
    ],
)
def test_the_mean_time_to_resolve(
    elapsed: int, count: int, target: int | None, as_of: int, status: Status, why: Why
) -> None:
    kpi = mean(elapsed, count, target, as_of)
    assert (kpi.status, kpi.reason.code) == (status, why)


def test_the_mean_is_exact_and_stands_beside_median_longest_and_what_is_left_out() -> None:
    tally = ResolutionTally(3, 10 * SECOND + 1, 5 * SECOND, 7 * SECOND, untimed=2)
    left_out = ResolutionTally(1, 30 * SECOND, 30 * SECOND, 30 * SECOND)
    kpi = mean_kpi(tally, Fraction(3 * SECOND), Fraction(4), ALL_TIME, PERIOD, 200, 5, left_out)
    assert kpi.exact == (Fraction(10 * SECOND + 1, 3 * SECOND),) * 2
    assert kpi.evidence_count == 3
    assert kpi.beside == {
        "number": 3, "median": 3 * SECOND, "longest": 7 * SECOND, "working_mean": 5 * SECOND / 3,
        "open_past_target": 5, "untimed": 2, "with_excluded": (40 * SECOND + 1) / 4,
    }  # fmt: skip


def test_a_mean_over_a_partly_covered_month_is_not_proven_unless_missed() -> None:
    half = Intervals.of([(105, 1_000)])
    assert mean(10, 2, 8, 200, half).status is Status.NOT_PROVEN
    assert mean(20, 2, 8, 200, half).status is Status.MISSED
    assert mean(0, 0, 8, 200, half).reason.code is Why.PARTLY_COVERED


TARGETS = (None, Fraction(100), Fraction(90), Fraction(75), Fraction(50))
COVERAGES = (Fraction(99, 100), Fraction(3, 4))


def expected_uptime(
    up: int, down: int, unknown: int, ahead: int, target: Fraction | None, agreed: Fraction
) -> Status | None:
    """From the description: over, exact for a closed period. None where an open one is judged otherwise."""
    if target is None:
        return Status.NOT_JUDGED
    if not up + down + unknown:
        return Status.NOT_JUDGED
    if not up + down:
        return Status.NOT_PROVEN
    best = Fraction(up + unknown + ahead, up + down + unknown + ahead) * 100
    if best < target:
        return Status.MISSED
    if ahead:
        return None
    whole = up + down + unknown
    lower, coverage = Fraction(up, whole) * 100, 1 - Fraction(unknown, whole)
    return Status.MET if lower >= target and coverage >= agreed else Status.NOT_PROVEN


def test_every_small_uptime() -> None:
    for up, down, unknown, ahead in product(range(0, 21, 2), range(4), range(4), (0, 3)):
        for target, agreed in product(TARGETS, COVERAGES):
            tally = UptimeTally(up, down, unknown, maintenance=2)
            kpi = uptime_kpi("C1", tally, target, agreed, PERIOD, 105 if ahead else 200, ahead)
            expected = expected_uptime(up, down, unknown, ahead, target, agreed)
            assert expected is None or kpi.status is expected, (up, down, unknown, ahead, target, agreed)
            if expected is None:
                assert kpi.status in (Status.MET, Status.AT_RISK, Status.NOT_PROVEN)
            if up + down:
                whole = up + down + unknown
                assert kpi.exact == (Fraction(100 * up, whole), Fraction(100 * (up + unknown), whole))
            else:
                assert kpi.exact is None


@given(
    st.integers(0, 60), st.integers(0, 20), st.integers(0, 20), st.integers(1, 20), st.integers(0, 20),
    st.integers(0, 100),
)  # fmt: skip
def test_uptime_that_is_missed_while_open_is_missed_at_the_end(
    up: int, down: int, unknown: int, ahead: int, later_down: int, percent: int
) -> None:
    """And what is not missed yet can still be reached: had all that was and is unknown been up."""
    later_down = min(later_down, ahead)
    target, agreed = Fraction(percent), Fraction(99, 100)
    now = uptime_kpi("C1", UptimeTally(up, down, unknown), target, agreed, PERIOD, 105, ahead)
    end = UptimeTally(up + ahead - later_down, down + later_down, unknown)
    if now.status is Status.MISSED:
        assert uptime_kpi("C1", end, target, agreed, PERIOD, 200).status is Status.MISSED
    elif up + down:
        best = UptimeTally(up + unknown + ahead, down)
        assert uptime_kpi("C1", best, target, agreed, PERIOD, 200).status is Status.MET


@pytest.mark.parametrize(
    ("down", "unknown", "status", "why"),
    [
        (0, 0, Status.MET, Why.TARGET_REACHED),
        (7, 0, Status.MET, Why.TARGET_REACHED),
        (8, 0, Status.AT_RISK, Why.BUDGET_RUNNING_OUT),
        (10, 0, Status.AT_RISK, Why.CAN_RECOVER),
        (11, 0, Status.MISSED, Why.TARGET_MISSED),
        (0, 10, Status.NOT_PROVEN, Why.LOW_COVERAGE),
        (4, 6, Status.NOT_PROVEN, Why.TARGET_BETWEEN_BOUNDS),
    ],
)
def test_the_budget_of_an_open_month(down: int, unknown: int, status: Status, why: Why) -> None:
    """1,000 units of which 900 are over; 99 % may lose 10 of them, three quarters of that is 7.5."""
    tally = UptimeTally(900 - down - unknown, down, unknown)
    kpi = uptime_kpi("C1", tally, Fraction(99), Fraction(99, 100), PERIOD, 105, remaining=100)
    assert (kpi.status, kpi.reason.code) == (status, why)


def test_missed_whatever_the_coverage() -> None:
    kpi = uptime_kpi("C1", UptimeTally(0, 5, 95), Fraction(96), Fraction(99, 100), PERIOD, 200)
    assert kpi.status is Status.MISSED
    assert (kpi.lower, kpi.upper, kpi.beside["coverage"]) == (0, 95, 0.05)


def test_nothing_measured_is_neither_nothing_nor_everything() -> None:
    kpi = uptime_kpi("C1", UptimeTally(unknown=100), Fraction(99), Fraction(99, 100), PERIOD, 200)
    assert (kpi.exact, kpi.value, kpi.status, kpi.reason.code) == (None, None, Status.NOT_PROVEN, Why.NO_DATA)
    no_peak = uptime_kpi("C2", UptimeTally(), Fraction(99), Fraction(99, 100), PERIOD, 200)
    assert (no_peak.exact, no_peak.status, no_peak.reason.code) == (None, Status.NOT_JUDGED, Why.NOTHING_TO_AVERAGE)
    ahead = uptime_kpi("C1", UptimeTally(), Fraction(99), Fraction(99, 100), PERIOD, 100, 10)
    assert (ahead.status, ahead.reason.code) == (Status.NOT_JUDGED, Why.NOT_BEGUN)


def test_beside_uptime_stand_gross_excluded_and_the_worst_location() -> None:
    tally, excluded = UptimeTally(90, 5, 0, 5), UptimeTally(down=5)
    worst = ("ams-1", UptimeTally(80, 20))
    kpi = uptime_kpi("C1", tally, Fraction(90), Fraction(99, 100), PERIOD, 200, 0, excluded, 3, worst)
    assert kpi.exact == (Fraction(9000, 95), Fraction(9000, 95))
    assert kpi.evidence_count == 3
    beside = kpi.beside
    assert (beside["gross_lower"], beside["with_excluded_lower"]) == (90, 90)
    assert (beside["worst_location"], beside["worst_lower"], beside["worst_upper"]) == ("ams-1", 80, 80)
    assert [beside[key] for key in ("up", "down", "unknown", "maintenance")] == [90, 5, 0, 5]


MARCH = month(AMSTERDAM, 2026, 3)


def graded(target: str | None, as_of: str, *audits: tuple[str, str], grace: int = 0) -> Kpi:
    rows = [
        Audit(
            f"auditor {n}",
            "all",
            frozenset({"mail"}),
            at(signed),
            expiry(AMSTERDAM, at(signed), grace),
            Fraction(grade),
        )
        for n, (signed, grade) in enumerate(audits)
    ]
    goal = None if target is None else Fraction(target)
    return grade_kpi(rows, "mail", goal, MARCH, at(as_of))


@pytest.mark.parametrize(
    ("as_of", "audits", "grade", "status", "why"),
    [
        ("2026-05-01 00:00", [("2026-03-10 12:00", "7.8")], 7.8, Status.MET, Why.TARGET_REACHED),
        ("2026-05-01 00:00", [("2026-03-10 12:00", "7.0")], 7.0, Status.MET, Why.TARGET_REACHED),
        ("2026-05-01 00:00", [("2026-03-10 12:00", "6.9")], 6.9, Status.MISSED, Why.TARGET_MISSED),
        ("2026-05-01 00:00", [("2025-11-10 12:00", "8"), ("2026-01-10 12:00", "6")], 6,
         Status.MISSED, Why.TARGET_MISSED),
        ("2026-05-01 00:00", [("2025-09-20 12:00", "8")], None, Status.NOT_PROVEN, Why.NO_VALID_GRADE),
        ("2026-05-01 00:00", [("2026-04-01 00:00", "8")], None, Status.NOT_PROVEN, Why.NO_VALID_GRADE),
        ("2026-05-01 00:00", [], None, Status.NOT_PROVEN, Why.NO_VALID_GRADE),
        ("2026-03-10 00:00", [("2025-09-20 12:00", "8")], 8, Status.AT_RISK, Why.GRADE_EXPIRES),
        ("2026-03-10 12:00", [("2026-03-10 12:00", "8")], 8, Status.MET, Why.TARGET_REACHED),
        ("2026-03-01 00:00", [("2026-02-10 12:00", "8")], None, Status.NOT_JUDGED, Why.NOT_BEGUN),
    ],
)  # fmt: skip
def test_the_grade_valid_at_the_end_of_march(
    as_of: str, audits: list[tuple[str, str]], grade: float | None, status: Status, why: Why
) -> None:
    kpi = graded("7", as_of, *audits)
    assert (kpi.value, kpi.status, kpi.reason.code) == (grade, status, why)


def test_an_expired_grade_is_not_the_old_figure_and_says_when_it_expired() -> None:
    kpi = graded("7", "2026-05-01 00:00", ("2025-09-20 12:00", "8"))
    assert (kpi.value, kpi.reason.data) == (None, {"expired_at": at("2026-03-20 12:00")})
    assert graded("7", "2026-05-01 00:00", ("2025-09-20 12:00", "8"), grace=30).value == 8
    never = graded("7", "2026-05-01 00:00")
    assert never.reason.data == {"expired_at": None}
    assert graded(None, "2026-05-01 00:00", ("2026-03-20 12:00", "8")).status is Status.NOT_JUDGED


def test_instants_beside_are_in_microseconds() -> None:
    kpi = graded("7", "2026-05-01 00:00", ("2026-03-20 12:00", "8"))
    assert kpi.beside == {"audits": 1, "expires_at": at("2026-09-20 12:00")}
    assert (DAY, HOUR, MINUTE) == (24 * HOUR, 60 * MINUTE, 60 * SECOND)
