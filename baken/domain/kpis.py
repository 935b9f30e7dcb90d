"""The fourteen KPIs, the seven success factors, statuses and figures. See docs/algorithms/kpis.md.

Values are exact until they are shown: integers and fractions, and at most one rounding, at the end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any


class Status(StrEnum):
    """How a value stands to its target."""

    MET = "met"
    MISSED = "missed"
    NOT_PROVEN = "not_proven"
    NOT_JUDGED = "not_judged"
    AT_RISK = "at_risk"


class Unit(StrEnum):
    """What a value counts in. A percentage is a number up to 100; a duration is in seconds."""

    PERCENT = "%"
    COUNT = "count"
    SECONDS = "seconds"
    GRADE = "grade"


class Why(StrEnum):
    """Why a KPI has its status. The comment names the keys of `Reason.data`; the interface has the words."""

    NOT_BEGUN = "not_begun"  # the period lies ahead
    NO_TARGET = "no_target"
    NO_DATA = "no_data"  # gaps
    PARTLY_COVERED = "partly_covered"  # gaps: [start, end] pairs, microseconds
    NOTHING_TO_AVERAGE = "nothing_to_average"
    TARGET_REACHED = "target_reached"
    TARGET_MISSED = "target_missed"
    CAN_RECOVER = "can_recover"  # past the target so far; the rest of the period can make it good
    ONE_MORE_MISSES = "one_more_misses"  # the count is at its target
    CLOCKS_RUNNING_OUT = "clocks_running_out"  # clocks: how many
    BUDGET_RUNNING_OUT = "budget_running_out"  # over three quarters of the time that may be lost is lost
    LOW_COVERAGE = "low_coverage"  # coverage: a share
    TARGET_BETWEEN_BOUNDS = "target_between_bounds"
    OVERDUE = "overdue"  # what: codes of what should have been done
    NO_VALID_GRADE = "no_valid_grade"  # expired_at: microseconds, or None if there never was one
    GRADE_EXPIRES = "grade_expires"  # expires_at: microseconds


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a status is what it is: a code, and plain values for the sentence about it."""

    code: Why
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a KPI is. higher: whether a higher value is better."""

    unit: Unit
    higher: bool
    factor: str


FACTORS: Mapping[str, tuple[str, ...]] = {
    "cloud.available": ("C1", "C2"),
    "cloud.everywhere": ("C3", "C4", "C5", "C6"),
    "cloud.backed_up": ("C7",),
    "cloud.confidential": ("C8", "C9"),
    "desk.responds": ("D1", "D2"),
    "desk.resolves": ("D3", "D4"),
    "desk.reachable": ("D5",),
}
"""The critical success factors and their KPIs."""

_UNITS = {"C1": Unit.PERCENT, "C2": Unit.PERCENT, "C6": Unit.SECONDS, "C9": Unit.GRADE}

KPIS: Mapping[str, Definition] = {
    code: Definition(
        unit=_UNITS.get(code, Unit.COUNT),
        higher=_UNITS.get(code) in (Unit.PERCENT, Unit.GRADE),
        factor=factor,
    )
    for factor, codes in FACTORS.items()
    for code in codes
}

_FROM_WORST = (Status.MISSED, Status.NOT_PROVEN, Status.AT_RISK, Status.MET)
_PLACES = {Unit.PERCENT: 2, Unit.COUNT: 0, Unit.SECONDS: 0, Unit.GRADE: 1}
_ENDS: Mapping[Unit, tuple[int, ...]] = {Unit.PERCENT: (0, 100)}
_MOST_PLACES = 60  # enough for any measured value; a target of 1/3, met exactly, has no last decimal


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI of a period: bounds, target and status, with what stands beside it.

    exact: the lower and upper bound in the KPI's unit, equal but for C1 and C2; None when nothing is known.
    evidence_count: the number of records behind it. beside: further plain values by name; instants and
    durations in microseconds.
    """

    code: str
    exact: tuple[Fraction, Fraction] | None
    target: Fraction | None
    status: Status
    reason: Reason
    evidence_count: int = 0
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unit(self) -> Unit:
        """What `value` counts in."""
        return KPIS[self.code].unit

    @property
    def value(self) -> float | int | None:
        """The value for presentation; the lower bound, which is proven, where there is a pair."""
        return self.lower

    @property
    def lower(self) -> float | int | None:
        """The lower bound, correctly rounded to a float, an integer for counts."""
        return None if self.exact is None else plain(self.exact[0], self.unit)

    @property
    def upper(self) -> float | int | None:
        """The upper bound, as `lower`."""
        return None if self.exact is None else plain(self.exact[1], self.unit)


def plain(value: Fraction, unit: Unit) -> float | int:
    """An exact value as a number for presentation, by one correctly rounded division."""
    return int(value) if unit is Unit.COUNT else value.numerator / value.denominator


def worst(statuses: Iterable[Status]) -> Status:
    """The status of a success factor: the worst of its KPIs, of which those not judged are neutral."""
    found = set(statuses)
    return next((status for status in _FROM_WORST if status in found), Status.NOT_JUDGED)


def display(value: Fraction | int, target: Fraction | int | None, unit: Unit) -> Decimal:
    """The value rounded for people, never across its target and never onto it.

    It has the usual number of decimals of its unit, or as many more as it takes to stay on its side: 99.949 %
    is not shown as 99.95 % when that is the target. A percentage is also never rounded onto 0 or 100, which
    would say that there was nothing. Half is rounded to even.
    """
    exact = Fraction(value)
    marks = [mark for mark in (target, *_ENDS.get(unit, ())) if mark is not None]
    places = _PLACES[unit]
    while places < _MOST_PLACES:
        shown = Fraction(_rounded(exact, places))
        if all(_side(shown, mark) == _side(exact, mark) for mark in marks):
            break
        places += 1
    return _rounded(exact, places)


def _rounded(value: Fraction, places: int) -> Decimal:
    return Decimal(f"{round(value * 10**places)}E-{places}")


def _side(value: Fraction, target: Fraction | int) -> int:
    return (value > target) - (value < target)
