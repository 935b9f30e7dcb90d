"""Proofs that nothing happened: security reviews, and restore drills."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from baken.record.audits import flows as audits
from baken.record.audits import reads as audit_reads
from baken.record.audits.models import SecurityReview as ReviewRow
from baken.record.catalogue import reads as catalogue
from baken.record.people.access import Permission
from baken.record.recovery import flows as recovery
from baken.record.recovery.models import Drill as DrillRow
from baken.show.api.access import ApiRequest, needs
from baken.show.api.schemas import Code, Input, Instant, Moment, Page, Paging, Person, Reason, page

WRITE, CATALOGUE, CORRECT = Permission.WRITE_DRILLS, Permission.READ_CATALOGUE, Permission.CORRECT_FACTS
router = Router(tags=["Reviews and drills"])

Remarks = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=10_000), Field(examples=["No sign of a break-in."])
]


class SecurityReview(Schema):
    """Somebody looked for break-ins from `began` up to `ended`, so that none found means none."""

    id: UUID
    service: str = Field(examples=["cloud"])
    began: Moment
    ended: Moment
    reviewer: Person | None
    remarks: Remarks
    recorded: Moment
    retracted_at: Moment | None = Field(description="when it was said to be a mistake", examples=[None])
    reason: str = Field(description="why it was retracted", examples=[""])

    @staticmethod
    def resolve_service(row: ReviewRow) -> str:
        """Its code."""
        return row.service.code


class NewReview(Input):
    """Which time was looked at."""

    service: Code
    began: Instant
    ended: Instant = Field(examples=["2026-04-01T00:00:00+02:00"])
    remarks: Remarks = ""


class Drill(Schema):
    """A restore drill, and whether the data came back."""

    id: UUID
    service: str = Field(examples=["cloud"])
    finished: Moment
    outcome: Literal["passed", "failed"]
    remarks: Remarks = Field(examples=["Restored in 14 minutes."])
    retracted_at: Moment | None = Field(description="when it was said to be a mistake", examples=[None])
    reason: str = Field(description="why it was retracted", examples=[""])

    @staticmethod
    def resolve_service(row: DrillRow) -> str:
        """Its code."""
        return row.service.code


class NewDrill(Input):
    """A drill that is over. A failed one opens an integrity incident."""

    service: Code
    finished: Instant
    outcome: Literal["passed", "failed"]
    remarks: Remarks = Field("", examples=["Restored in 14 minutes."])


@router.get("/security-reviews", response=Page[SecurityReview], **needs("List security reviews", WRITE))
def reviews(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """Security reviews, the latest first."""
    return page(audit_reads.reviews(request.auth), paging)


@router.post(
    "/security-reviews",
    response={201: SecurityReview},
    **needs("Record a security review", WRITE, CATALOGUE, answers=(404,)),
)
def review(request: ApiRequest, data: NewReview) -> ReviewRow:
    """Without a review of the period, no break-in found is not proven. What was found is an incident of its own."""
    service = catalogue.service(request.auth, data.service)
    given = data.model_dump(exclude={"service"})
    return audits.record_review(request.auth, service=service, **given)


@router.post(
    "/security-reviews/{id}/retraction",
    response={201: SecurityReview},
    **needs("Retract a security review", CORRECT, WRITE, answers=(409,)),
)
def retract_review(request: ApiRequest, id: UUID, data: Reason) -> ReviewRow:
    """It was recorded wrongly. It stays readable, and C8 no longer rests on it."""
    return audits.retract_review(request.auth, id, reason=data.reason)


@router.get("/restore-drills", response=Page[Drill], **needs("List restore drills", WRITE))
def drills(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """Restore drills, the latest first."""
    return page(recovery.drills(request.auth), paging)


@router.post(
    "/restore-drills", response={201: Drill}, **needs("Record a restore drill", WRITE, CATALOGUE, answers=(404,))
)
def drill(request: ApiRequest, data: NewDrill) -> DrillRow:
    """A backup is proven by restoring it."""
    service = catalogue.service(request.auth, data.service)
    return recovery.record(request.auth, service=service, **data.model_dump(exclude={"service"}))


@router.post(
    "/restore-drills/{id}/retraction",
    response={201: Drill},
    **needs("Retract a restore drill", CORRECT, WRITE, answers=(409,)),
)
def retract_drill(request: ApiRequest, id: UUID, data: Reason) -> DrillRow:
    """It was recorded wrongly. It stays readable, and proves nothing; an incident that it opened is left out apart."""
    return recovery.retract(request.auth, id, reason=data.reason)
