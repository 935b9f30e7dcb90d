"""Sealed reports: what was promised and what was kept, frozen; and what was done about what was not."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from baken.record.ledger import clock
from baken.record.people.access import Permission
from baken.record.reports import flows, sealed
from baken.record.reports.models import Improvement as ImprovementRow
from baken.record.reports.models import Snapshot as Row
from baken.record.reports.sealed import Difference
from baken.show.api.access import ApiRequest, needs
from baken.show.api.kpis import AskedOf
from baken.show.api.periods import Asked, scope_of
from baken.show.api.schemas import Code, Day, Input, Line, Moment, Page, Paging, Person, page
from baken.show.api.terms import KpiCode

READ, SEAL, CATALOGUE = Permission.READ_KPIS, Permission.SEAL_REPORTS, Permission.READ_CATALOGUE
router = Router(tags=["Reports"])

Told = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]


class Sealed(Schema):
    """A sealed report. `digest` is the SHA-256 of its content's canonical form, and is on the ledger."""

    id: UUID
    service: str = Field(examples=["cloud"])
    customer: str | None = Field(examples=[None])
    period_from: Moment
    period_to: Moment
    as_of: Moment
    digest: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    sealed_at: Moment
    sealed_by: Person | None

    @staticmethod
    def resolve_service(row: Row) -> str:
        """Its code."""
        return row.service.code

    @staticmethod
    def resolve_customer(row: Row) -> str | None:
        """Its code; null for the service as a whole."""
        return row.customer.code if row.customer else None


class InFull(Sealed):
    """The same with its content: the report, the evidence, the improvements and every version that was used.

    `content` is null when the customer that it was sealed for was erased; the digest stays.
    """

    content: dict[str, Any] | None = Field(
        examples=[{"report": {}, "evidence": {}, "improvements": [], "versions": {}}]
    )

    @staticmethod
    def resolve_content(row: Row) -> dict[str, Any] | None:
        """Null when it is gone."""
        return row.content or None


class Correction(Schema):
    """A figure of a sealed report that comes out otherwise now."""

    code: KpiCode
    field: str = Field(examples=["value"])
    sealed: Any = Field(examples=[2])
    now: Any = Field(examples=[3])


class Period(Input):
    """A period of whole days in the zone of the agreement, for all customers or for one."""

    service: Code
    first: Day = Field(alias="from", description="the first day")
    last: Day = Field(alias="to", description="the day after the last", examples=["2026-04-01"])
    customer: Code | None = Field(None, examples=[None])

    def asked(self) -> Asked:
        """The same, as of now."""
        return Asked.model_validate({"from": self.first, "to": self.last, "customer": self.customer})


class NewImprovement(Period):
    """What will be done about a KPI that was missed or not proven."""

    kpi: KpiCode
    cause: Told = Field(examples=["A disk was full."])
    action: Told = Field(examples=["Warn at 80 %."])
    owner: Line = Field(examples=["Platform team"])
    due: Day


class Improvement(Schema):
    """What will be done, by whom, and when."""

    kpi: str = Field(examples=["C1"])
    cause: str = Field(examples=["A disk was full."])
    action: str = Field(examples=["Warn at 80 %."])
    owner: str = Field(examples=["Platform team"])
    due: Day


@router.get("/reports", response=Page[Sealed], **needs("List sealed reports", READ))
def listing(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """Sealed reports, the latest period first; a customer sees those made for them."""
    return page(sealed.snapshots(request.auth), paging)


@router.post("/reports", response={201: InFull}, **needs("Seal a report", SEAL, READ, CATALOGUE, answers=(404, 409)))
def seal(request: ApiRequest, data: Period) -> Row:
    """Freeze the KPIs of a closed period with their evidence. Nothing changes a sealed report afterwards.

    Answers 422 while anything is missing: classes that nobody confirmed, or improvements of KPIs that need one.
    """
    return flows.seal(request.auth, scope_of(request.auth, data.service, data.asked()))


@router.get("/reports/{id}", response=InFull, **needs("Read a sealed report", READ))
def read(request: ApiRequest, id: UUID) -> Row:
    """One sealed report in full."""
    return sealed.snapshot(request.auth, id)


@router.get("/reports/{id}/correction", response=list[Correction], **needs("Compare with now", READ, CATALOGUE))
def correction(request: ApiRequest, id: UUID) -> Sequence[Difference]:
    """Where the figures differ when they are computed again now; empty when nothing changed."""
    return sealed.correction(request.auth, sealed.snapshot(request.auth, id), clock.now())


@router.get("/improvements", response=list[Improvement], **needs("List improvements", READ, CATALOGUE, answers=(404,)))
def improvements(request: ApiRequest, asked: Query[AskedOf]) -> Sequence[ImprovementRow]:
    """What was written down for a period, by KPI."""
    return list(sealed.improvements(request.auth, scope_of(request.auth, asked.service, asked)))


@router.post(
    "/improvements", response={201: Improvement}, **needs("Improve", SEAL, READ, CATALOGUE, answers=(404, 409))
)
def improve(request: ApiRequest, data: NewImprovement) -> ImprovementRow:
    """Cause, action, owner and date for a KPI that was missed or not proven; saying it again replaces it.

    Answers 409 once the period is sealed.
    """
    scope = scope_of(request.auth, data.service, data.asked())
    told = {name: getattr(data, name) for name in ("cause", "action", "owner", "due")}
    return flows.improve(request.auth, scope, data.kpi, **told)
