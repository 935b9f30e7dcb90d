"""The fourteen KPIs of a service and a period, and the records behind each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from ninja import Query, Router, Schema
from pydantic import Field

from baken.domain.facts import IncidentClass, Priority
from baken.domain.instants import to_datetime
from baken.domain.kpis import Status
from baken.record.audits.models import Audit
from baken.record.complaints.models import Complaint
from baken.record.people.access import Permission
from baken.record.reports import reads
from baken.record.reports.reads import IncidentEvidence
from baken.record.reports.suspicions import suspicions
from baken.record.reports.uptimes import OutageEvidence
from baken.record.reports.wire import kpi_to_wire, to_wire
from baken.show.api.access import ApiRequest, needs
from baken.show.api.periods import Asked, scope_of
from baken.show.api.schemas import Code, Moment, Number, Paging, seconds
from baken.show.api.services import Outage
from baken.show.api.terms import KpiCode

READ, CATALOGUE = Permission.READ_KPIS, Permission.READ_CATALOGUE
router = Router(tags=["KPIs"])


class AskedOf(Asked):
    """The same of one service."""

    service: Code = Field(description="code of the service")


class Kpi(Schema):
    """A KPI of a period. `value` is the lower, proven bound where `lower` and `upper` differ; null: nothing is known.

    `reason` says why the status is what it is: a `code`, and plain values. `beside` are further figures by name.
    """

    value: float | int | None = Field(examples=[99.97])
    lower: float | int | None = Field(examples=[99.97])
    upper: float | int | None = Field(examples=[99.98])
    unit: str = Field(examples=["%"])
    target: float | int | None = Field(examples=[99.9])
    status: Status
    reason: dict[str, Any] = Field(examples=[{"code": "target_reached"}])
    evidence_count: int = Field(examples=[1])
    beside: dict[str, Any] = Field(examples=[{"coverage": 0.9999}])


class Reported(Schema):
    """Incidents received: counted, and left out with the reasons."""

    received: int = Field(examples=[12])
    counted: int = Field(examples=[11])
    by_monitor: int = Field(examples=[2])
    left_out: dict[str, int] = Field(examples=[{"duplicate": 1}])


class Backlog(Schema):
    """Open incidents: at the start, in, out, at the end."""

    at_start: int = Field(examples=[3])
    came_in: int = Field(examples=[11])
    went_out: int = Field(examples=[12])
    at_end: int = Field(examples=[2])


class Report(Schema):
    """The KPIs of a service, as `baken kpi --json` gives them. `customer` null: the service as a whole."""

    service: str = Field(examples=["cloud"])
    customer: str | None = Field(examples=[None])
    begin: str = Field(alias="from", examples=["2026-02-28T23:00:00Z"])
    end: str = Field(alias="to", examples=["2026-03-31T22:00:00Z"])
    zone: str = Field(examples=["Europe/Amsterdam"])
    as_of: str = Field(examples=["2026-04-01T09:00:00Z"])
    agreement_version: int = Field(examples=[1])
    kpis: dict[str, Kpi] = Field(description="C1 to C9 and D1 to D5")
    factors: dict[str, Status] = Field(examples=[{"cloud.available": "met"}])
    reported: Reported
    backlog: Backlog


class CountedIncident(Schema):
    """An incident behind a KPI, with the instants that put it there; some may lie ahead."""

    number: Number
    customer: str = Field(examples=["acme"])
    subject: str = Field(
        description="empty for a customer when it befell the service as a whole",
        examples=["The web shop does not answer"],
    )
    priority: Priority
    classes: list[IncidentClass]
    reported: Moment
    resolved_at: Moment | None
    response_due: Moment | None
    response_breached_at: Moment | None
    resolution_due: Moment | None
    resolution_breached_at: Moment | None
    exclusion: str | None = Field(description="the cause that the customer consented to leave out", examples=[None])


class ValidGrade(Schema):
    """An audit whose grade is valid; the lowest counts. Without a name: the auditor was erased."""

    number: Number
    auditor: str = Field(examples=["Secura Audits"])
    signed_by: Literal["auditor", "provider"] = Field(description="provider: entered for an auditor")
    grade: float = Field(examples=[7.8])
    signed_off_at: Moment


class CountedComplaint(Schema):
    """A complaint that was lodged in the period."""

    number: Number
    customer: str = Field(examples=["acme"])
    subject: str = Field(examples=["Nobody answers the telephone"])
    lodged: Moment
    outcome: str | None


class Evidence(Schema):
    """The records behind a KPI: `rows` from number `offset` on, of `total`, which adds up to the KPI.

    `kind` says what the rows are. `excluded` are incidents that the customer consented to leave out. `suspected` are
    security incidents beside C8 that nobody has judged yet; they do not count.
    """

    code: KpiCode
    kind: Literal["incidents", "outages", "audits", "complaints"]
    kpi: Kpi
    total: int = Field(examples=[1])
    rows: list[CountedIncident | Outage | ValidGrade | CountedComplaint]
    excluded: list[CountedIncident | Outage] = Field(examples=[[]])
    suspected: list[CountedIncident] = Field(examples=[[]])


@router.get("/kpis", response=Report, by_alias=True, **needs("Read the KPIs", READ, CATALOGUE, answers=(404,)))
def kpis(request: ApiRequest, asked: Query[AskedOf]) -> Mapping[str, Any]:
    """All fourteen KPIs and seven success factors of a period, computed now from what is recorded."""
    return to_wire(reads.report(request.auth, scope_of(request.auth, asked.service, asked)))


@router.get("/kpis/{code}/evidence", response=Evidence, **needs("Read the evidence", READ, CATALOGUE))
def evidence(request: ApiRequest, code: KpiCode, asked: Query[AskedOf], paging: Query[Paging]) -> Mapping[str, Any]:
    """The records behind one KPI of a period. The list adds up to the number."""
    scope = scope_of(request.auth, asked.service, asked)
    found = reads.evidence(request.auth, scope, code, first=paging.offset, limit=paging.limit)
    return {
        "code": code,
        "kind": found.kind,
        "kpi": kpi_to_wire(found.kpi),
        "total": found.total,
        "rows": [_row(row) for row in found.rows],
        "excluded": [_row(row) for row in found.excluded],
        "suspected": [_incident(row) for row in suspicions(request.auth, scope).unjudged] if code == "C8" else [],
    }


def _row(row: Any) -> Schema:
    if isinstance(row, IncidentEvidence):
        return _incident(row)
    if isinstance(row, OutageEvidence):
        end, down = row.outage.end, seconds(row.within) or 0.0
        return Outage(start=to_datetime(row.outage.start), end=_moment(end), down=down, reason=row.outage.reason)
    if isinstance(row, Audit):
        assert row.grade is not None and row.signed_off_at is not None  # a grade that is valid was signed off
        return ValidGrade(
            number=row.number, auditor=row.auditor, signed_by="auditor" if row.signed_by_auditor else "provider",
            grade=row.grade / 10, signed_off_at=row.signed_off_at,
        )  # fmt: skip
    return _complaint(row)


def _incident(row: IncidentEvidence) -> CountedIncident:
    incident, attribution = row.incident, row.attribution
    instants = (
        "resolved_at", "response_due", "response_breached_at", "resolution_due", "resolution_breached_at",
    )  # fmt: skip
    return CountedIncident(
        number=incident.number,
        customer=incident.organisation.code,
        subject=incident.subject,
        priority=attribution.priority,
        classes=sorted(attribution.classes),
        reported=to_datetime(attribution.reported),
        exclusion=attribution.exclusion,
        **{name: _moment(getattr(attribution, name)) for name in instants},
    )


def _complaint(row: Complaint) -> CountedComplaint:
    return CountedComplaint(
        number=row.number, customer=row.organisation.code, subject=row.subject, lodged=row.lodged,
        outcome=row.outcome or None,
    )  # fmt: skip


def _moment(instant: int | None) -> datetime | None:
    return None if instant is None else to_datetime(instant)
