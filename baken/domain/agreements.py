"""What was agreed: the terms that clocks and KPIs are judged by.

Terms are one immutable version of an agreement. An incident is judged by the version that held when it was
reported; a period's targets by the version that held when the period began.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from baken.domain.calendars import CalendarRule
from baken.domain.facts import Priority
from baken.domain.instants import DAY, HOUR, SECOND
from baken.domain.zones import zone


class AgreementError(ValueError):
    """The terms do not hold together; the message names the field and the remedy."""


class Basis(StrEnum):
    """Working time runs inside service hours only; elapsed time always runs."""

    WORKING = "working"
    ELAPSED = "elapsed"


class ResponseCounts(StrEnum):
    """What counts as the response: a message the customer can see, or a person taking the incident on."""

    REPLY = "reply"
    PICKUP = "pickup"


@dataclass(frozen=True, slots=True)
class Target:
    """Agreed times of one priority, in microseconds; None means that nothing was agreed."""

    response: int | None
    resolution: int | None
    basis: Basis = Basis.WORKING

    def __post_init__(self) -> None:
        for name in ("response", "resolution"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise AgreementError(f"{name} target: give a time longer than zero, or leave it empty")


@dataclass(frozen=True, slots=True)
class MaintenanceTerms:
    """When maintenance may be left out of uptime. Without windows there is none: the promise is 24/7."""

    windows: CalendarRule | None = None
    notice: int = 0
    monthly_maximum: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of an agreement.

    service_hours: a calendar per priority (all three). peak: the peak hours. kpi_targets: KPI code -> target; for
    C1, C2 a percentage, C6 seconds, C9 a grade, else a count. coverage: the agreed share of time measured.
    drill_every: the longest time between two restore drills in microseconds, None when none was agreed.
    audit_grace_days: days that an audit grade stays valid beyond its six months.
    complaint_acknowledge: elapsed microseconds within which a complaint is acknowledged.
    """

    zone: str
    service_hours: Mapping[Priority, CalendarRule]
    peak: CalendarRule
    targets: Mapping[Priority, Target]
    response_counts: ResponseCounts = ResponseCounts.REPLY
    supplier_stops_clock: bool = False
    maintenance: MaintenanceTerms = field(default_factory=MaintenanceTerms)
    kpi_targets: Mapping[str, Fraction] = field(default_factory=dict)
    coverage: Fraction = Fraction(99, 100)
    drill_every: int | None = None
    audit_grace_days: int = 0
    complaint_acknowledge: int = 5 * DAY

    def __post_init__(self) -> None:
        zone(self.zone)
        for priority in Priority:
            if priority not in self.service_hours:
                raise AgreementError(f"service hours: choose a calendar for priority {priority}")
            if priority not in self.targets:
                raise AgreementError(f"targets: give a response and a resolution time for priority {priority}")
        if not 0 < self.coverage <= 1:
            raise AgreementError("coverage: give a share above 0 and at most 100 %")

    def to_codes(self) -> dict[str, Any]:
        """Plain integers and strings for the ledger; `from_codes` gives back an equal value."""
        return {
            "zone": self.zone,
            "service_hours": {p.value: self.service_hours[p].to_codes() for p in Priority},
            "peak": self.peak.to_codes(),
            "targets": {
                p.value: [self.targets[p].response, self.targets[p].resolution, self.targets[p].basis.value]
                for p in Priority
            },
            "response_counts": self.response_counts.value,
            "supplier_stops_clock": self.supplier_stops_clock,
            "maintenance": {
                "windows": self.maintenance.windows.to_codes() if self.maintenance.windows else None,
                "notice": self.maintenance.notice,
                "monthly_maximum": self.maintenance.monthly_maximum,
            },
            "kpi_targets": {code: str(value) for code, value in sorted(self.kpi_targets.items())},
            "coverage": str(self.coverage),
            "drill_every": self.drill_every,
            "audit_grace_days": self.audit_grace_days,
            "complaint_acknowledge": self.complaint_acknowledge,
        }

    @classmethod
    def from_codes(cls, codes: Mapping[str, Any]) -> "Terms":
        """The terms written by `to_codes`."""
        windows = codes["maintenance"]["windows"]
        return cls(
            zone=codes["zone"],
            service_hours={Priority(p): CalendarRule.from_codes(c) for p, c in codes["service_hours"].items()},
            peak=CalendarRule.from_codes(codes["peak"]),
            targets={Priority(p): Target(t[0], t[1], Basis(t[2])) for p, t in codes["targets"].items()},
            response_counts=ResponseCounts(codes["response_counts"]),
            supplier_stops_clock=codes["supplier_stops_clock"],
            maintenance=MaintenanceTerms(
                windows=CalendarRule.from_codes(windows) if windows else None,
                notice=codes["maintenance"]["notice"],
                monthly_maximum=codes["maintenance"]["monthly_maximum"],
            ),
            kpi_targets={code: Fraction(value) for code, value in codes["kpi_targets"].items()},
            coverage=Fraction(codes["coverage"]),
            drill_every=codes["drill_every"],
            audit_grace_days=codes["audit_grace_days"],
            complaint_acknowledge=codes["complaint_acknowledge"],
        )


DEFAULT_KPI_TARGETS: Mapping[str, Fraction] = {
    "C1": Fraction("99.9"),
    "C2": Fraction("99.95"),
    "C3": Fraction(0),
    "C4": Fraction(5),
    "C5": Fraction(10),
    "C6": Fraction(8 * HOUR, SECOND),
    "C7": Fraction(0),
    "C8": Fraction(0),
    "C9": Fraction("7.0"),
    "D1": Fraction(0),
    "D2": Fraction(0),
    "D3": Fraction(0),
    "D4": Fraction(0),
    "D5": Fraction(3),
}
"""What a new agreement proposes; every one of them is the customer's to change."""


def default_terms(zone_name: str, holidays: str = "") -> Terms:
    """The agreement a new service starts with: office hours, high priority round the clock, peak hours 09–17.

    zone_name: IANA zone of the agreement. holidays: country code for `holidays`, empty for none.
    """
    office = CalendarRule.weekly(zone_name, opens="08:00", closes="18:00", holidays=holidays)
    always = CalendarRule.always(zone_name)
    return Terms(
        zone=zone_name,
        service_hours={Priority.HIGH: always, Priority.MEDIUM: office, Priority.LOW: office},
        peak=CalendarRule.weekly(zone_name, opens="09:00", closes="17:00", holidays=holidays),
        targets={
            Priority.HIGH: Target(HOUR, 4 * HOUR),
            Priority.MEDIUM: Target(4 * HOUR, 20 * HOUR),
            Priority.LOW: Target(10 * HOUR, 50 * HOUR),
        },
        kpi_targets=DEFAULT_KPI_TARGETS,
    )
