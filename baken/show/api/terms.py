"""The terms of an agreement in plain form: hours as hh:mm, durations in seconds. What is read can be sent back."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, StringConstraints, WithJsonSchema

from baken.domain.agreements import Basis, MaintenanceTerms, ResponseCounts, Target, Terms
from baken.domain.calendars import CalendarRule, DatedWindows, Window
from baken.domain.facts import Priority
from baken.domain.instants import DAY, SECOND
from baken.show.api.schemas import Day, Input, Zone, seconds

MIDNIGHT = 1440
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Seconds = Annotated[float, Field(ge=0, le=10 * 366 * DAY // SECOND, examples=[3600.0])]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"), Field(examples=["08:00"])]
KpiCode = Literal["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "D1", "D2", "D3", "D4", "D5"]
_number_in_json = PlainSerializer(lambda value: int(value) if value == int(value) else float(value), return_type=float)
Figure = Annotated[
    Decimal, Field(ge=0, le=10**9, decimal_places=6), _number_in_json, WithJsonSchema({"type": "number", "minimum": 0})
]
Share = Annotated[
    Decimal,
    Field(gt=0, le=1, decimal_places=6),
    _number_in_json,
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1, "examples": [0.99]}),
]


class Hours(Input):
    """From opening to closing. A closing that is not later than the opening is on the next day."""

    opens: Clock
    closes: Clock = Field(examples=["18:00"])

    def minutes(self) -> tuple[int, int]:
        """Minutes after midnight."""
        opens, closes = _minutes(self.opens), _minutes(self.closes)
        return opens, closes if closes > opens else closes + MIDNIGHT

    @classmethod
    def of(cls, opens: int, closes: int, **more: Any) -> Any:
        """The hours between these minutes."""
        return cls(opens=_clock(opens), closes=_clock(closes if closes <= MIDNIGHT else closes - MIDNIGHT), **more)


class WeeklyHours(Hours):
    """The same every week."""

    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class DatedHours(Input):
    """What holds on one date instead; no hours: closed."""

    date: Day
    hours: list[Hours] = Field([], max_length=24)


class WorkingTime(Input):
    """Weekly hours on a zone's wall clock, without the public holidays of a country or a part of it."""

    zone: Zone
    weekly: list[WeeklyHours] = Field(min_length=1, max_length=168)
    holidays: Annotated[str, StringConstraints(max_length=16), Field(examples=["NL"])] = ""
    exceptions: list[DatedHours] = Field([], max_length=1_000, examples=[[]])

    def to_domain(self) -> CalendarRule:
        """Raises CalendarError."""
        return CalendarRule(
            self.zone,
            tuple(Window(WEEKDAYS.index(hours.day), *hours.minutes()) for hours in self.weekly),
            self.holidays,
            tuple(DatedWindows(one.date, tuple(hours.minutes() for hours in one.hours)) for one in self.exceptions),
        )

    @classmethod
    def of(cls, rule: CalendarRule) -> "WorkingTime":
        """The plain form of a calendar."""
        return cls(
            zone=rule.zone,
            weekly=[WeeklyHours.of(one.opens, one.closes, day=WEEKDAYS[one.weekday]) for one in rule.windows],
            holidays=rule.holidays,
            exceptions=[
                DatedHours(date=one.day, hours=[Hours.of(*pair) for pair in one.windows]) for one in rule.exceptions
            ],
        )


class AgreedTimes(Input):
    """Within which an incident is responded to and resolved; null: nothing was agreed."""

    response: Seconds | None
    resolution: Seconds | None = Field(examples=[14400.0])
    basis: Basis = Basis.WORKING


class ServiceHours(Input):
    """When the clocks run, per priority."""

    high: WorkingTime
    medium: WorkingTime
    low: WorkingTime


class Targets(Input):
    """Agreed times, per priority."""

    high: AgreedTimes
    medium: AgreedTimes
    low: AgreedTimes


class AgreedMaintenance(Input):
    """When announced work is left out of the uptime; without windows never."""

    windows: WorkingTime | None = None
    notice: Seconds = 0
    monthly_maximum: Seconds = 0


class AgreedTerms(Input):
    """One version of what was agreed.

    `coverage` is the share of time that has to be measured. KPI targets are a percentage (C1, C2), seconds (C6),
    a grade (C9) or a count.
    """

    zone: Zone
    service_hours: ServiceHours
    peak: WorkingTime
    targets: Targets
    response_counts: ResponseCounts = ResponseCounts.REPLY
    supplier_stops_clock: bool = False
    maintenance: AgreedMaintenance = AgreedMaintenance()
    kpi_targets: dict[KpiCode, Figure] = Field({}, examples=[{"C1": 99.9, "C3": 0}])
    coverage: Share = Decimal("0.99")
    drill_every: Seconds | None = Field(None, examples=[7776000.0])
    audit_grace_days: int = Field(0, ge=0, le=366)
    complaint_acknowledge: Seconds = Field(5 * DAY // SECOND)

    def to_domain(self) -> Terms:
        """The value that clocks and KPIs work with. Raises AgreementError and CalendarError."""
        hours, windows = self.service_hours, self.maintenance.windows
        return Terms(
            zone=self.zone,
            service_hours={priority: getattr(hours, priority).to_domain() for priority in Priority},
            peak=self.peak.to_domain(),
            targets={priority: _target(getattr(self.targets, priority)) for priority in Priority},
            response_counts=self.response_counts,
            supplier_stops_clock=self.supplier_stops_clock,
            maintenance=MaintenanceTerms(
                windows=windows.to_domain() if windows else None,
                notice=_microseconds(self.maintenance.notice),
                monthly_maximum=_microseconds(self.maintenance.monthly_maximum),
            ),
            kpi_targets={code: Fraction(value) for code, value in self.kpi_targets.items()},
            coverage=Fraction(self.coverage),
            drill_every=None if self.drill_every is None else _microseconds(self.drill_every),
            audit_grace_days=self.audit_grace_days,
            complaint_acknowledge=_microseconds(self.complaint_acknowledge),
        )


def plain(terms: Terms) -> dict[str, Any]:
    """Terms in plain form, as `AgreedTerms` takes them."""
    windows = terms.maintenance.windows
    return {
        "zone": terms.zone,
        "service_hours": _by_priority({key: WorkingTime.of(rule) for key, rule in terms.service_hours.items()}),
        "peak": WorkingTime.of(terms.peak),
        "targets": _by_priority({key: _times(target) for key, target in terms.targets.items()}),
        "response_counts": terms.response_counts,
        "supplier_stops_clock": terms.supplier_stops_clock,
        "maintenance": {
            "windows": WorkingTime.of(windows) if windows else None,
            "notice": seconds(terms.maintenance.notice),
            "monthly_maximum": seconds(terms.maintenance.monthly_maximum),
        },
        "kpi_targets": {code: _number(value) for code, value in terms.kpi_targets.items()},
        "coverage": _number(terms.coverage),
        "drill_every": seconds(terms.drill_every),
        "audit_grace_days": terms.audit_grace_days,
        "complaint_acknowledge": seconds(terms.complaint_acknowledge),
    }


def _by_priority(values: Mapping[Priority, Any]) -> dict[str, Any]:
    return {priority.value: values[priority] for priority in Priority}


def _times(target: Target) -> dict[str, Any]:
    return {
        "response": seconds(target.response),
        "resolution": seconds(target.resolution),
        "basis": target.basis,
    }


def _target(times: AgreedTimes) -> Target:
    response, resolution = (
        None if value is None else _microseconds(value) for value in (times.response, times.resolution)
    )
    return Target(response, resolution, times.basis)


def _number(value: Fraction) -> float | int:
    return int(value) if value.denominator == 1 else value.numerator / value.denominator


def _microseconds(duration: float) -> int:
    return round(duration * SECOND)


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
