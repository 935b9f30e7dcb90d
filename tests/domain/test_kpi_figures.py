"""Factors, and how a value is shown: never across its target, never onto it."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.agreements import DEFAULT_KPI_TARGETS
from baken.domain.kpis import FACTORS, KPIS, Kpi, Reason, Status, Unit, Why, display, plain, worst

values = st.fractions(min_value=0, max_value=200, max_denominator=10**9)
targets = st.decimals(min_value=0, max_value=200, places=3).map(Fraction)
PLACES = {Unit.PERCENT: 2, Unit.COUNT: 0, Unit.SECONDS: 0, Unit.GRADE: 1}


def side(value: Fraction, target: Fraction) -> str:
    return "above" if value > target else "under" if value < target else "at"


def same_side(shown: Fraction, value: Fraction, target: Fraction, unit: Unit) -> bool:
    """Of the target, and for a percentage of its two ends as well."""
    marks = [target, *([Fraction(0), Fraction(100)] if unit is Unit.PERCENT else [])]
    return all(side(shown, mark) == side(value, mark) for mark in marks)


@given(values | targets, targets, st.sampled_from(Unit))
def test_a_shown_value_stands_on_its_own_side_of_the_target(value: Fraction, target: Fraction, unit: Unit) -> None:
    for near in (value, target, target + Fraction(1, 10**9), target - Fraction(1, 10**9)):
        assert same_side(Fraction(display(near, target, unit)), near, target, unit)


@given(values | targets, targets, st.sampled_from(Unit))
def test_no_more_decimals_than_that_takes(value: Fraction, target: Fraction, unit: Unit) -> None:
    places = -int(display(value, target, unit).as_tuple().exponent)
    assert places >= PLACES[unit]
    for fewer in range(PLACES[unit], places):
        assert not same_side(round(value, fewer), value, target, unit)


@given(values, st.sampled_from(Unit))
def test_without_a_target_it_is_plainly_rounded(value: Fraction, unit: Unit) -> None:
    if unit is not Unit.PERCENT or 1 < value < 99:
        assert Fraction(display(value, None, unit)) == round(value, PLACES[unit])


@pytest.mark.parametrize(
    ("value", "target", "unit", "shown"),
    [
        (Fraction("99.949"), Fraction("99.95"), Unit.PERCENT, "99.949"),
        (Fraction("99.95"), Fraction("99.95"), Unit.PERCENT, "99.95"),
        (Fraction("99.950001"), Fraction("99.95"), Unit.PERCENT, "99.950001"),
        (Fraction("99.9951"), Fraction("99.9"), Unit.PERCENT, "99.995"),
        (Fraction("99.994"), Fraction("99.9"), Unit.PERCENT, "99.99"),
        (Fraction("99.9999"), None, Unit.PERCENT, "99.9999"),
        (Fraction("0.001"), None, Unit.PERCENT, "0.001"),
        (Fraction(100), Fraction("99.9"), Unit.PERCENT, "100.00"),
        (Fraction("99.9999"), Fraction(100), Unit.PERCENT, "99.9999"),
        (Fraction(3), Fraction(3), Unit.COUNT, "3"),
        (Fraction(86_399_999_999, 3_000_000), Fraction(28_800), Unit.SECONDS, "28799.9999997"),
        (Fraction("6.96"), Fraction(7), Unit.GRADE, "6.96"),
    ],
)
def test_examples(value: Fraction, target: Fraction | None, unit: Unit, shown: str) -> None:
    assert str(display(value, target, unit)) == shown


def test_a_target_without_a_last_decimal_met_exactly_ends_all_the_same() -> None:
    assert round(display(Fraction(200, 3), Fraction(200, 3), Unit.PERCENT), 4) == Decimal("66.6667")


def naive_worst(statuses: Sequence[Status]) -> Status:
    if Status.MISSED in statuses:
        return Status.MISSED
    if Status.NOT_PROVEN in statuses:
        return Status.NOT_PROVEN
    if Status.AT_RISK in statuses:
        return Status.AT_RISK
    return Status.MET if Status.MET in statuses else Status.NOT_JUDGED


@pytest.mark.parametrize("size", [0, 1, 2, 4])
def test_a_factor_takes_the_worst_of_its_kpis(size: int) -> None:
    for statuses in product(Status, repeat=size):
        assert worst(statuses) is naive_worst(statuses)


def test_fourteen_kpis_of_seven_factors() -> None:
    assert len(FACTORS) == 7
    assert list(KPIS) == [*(f"C{n}" for n in range(1, 10)), *(f"D{n}" for n in range(1, 6))]
    assert [code for code, kpi in KPIS.items() if kpi.higher] == ["C1", "C2", "C9"]
    assert set(DEFAULT_KPI_TARGETS) == set(KPIS)


def test_a_value_for_presentation_is_rounded_once() -> None:
    kpi = Kpi("C1", (Fraction(200, 3), Fraction(100)), None, Status.NOT_JUDGED, Reason(Why.NO_TARGET))
    assert (kpi.value, kpi.lower, kpi.upper) == (200 / 3, 200 / 3, 100.0)
    assert kpi.unit is Unit.PERCENT
    count = Kpi("D1", (Fraction(3), Fraction(3)), None, Status.NOT_JUDGED, Reason(Why.NO_TARGET))
    assert (count.value, type(count.value)) == (3, int)
    assert Kpi("D1", None, None, Status.NOT_JUDGED, Reason(Why.NO_DATA)).value is None
    assert plain(Fraction(1, 3), Unit.SECONDS) == 1 / 3
