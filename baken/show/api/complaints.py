"""Complaints: lodged by customers, handled by the service manager."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from baken.record.catalogue import reads as catalogue
from baken.record.complaints import flows, reads
from baken.record.complaints.models import Complaint as Row
from baken.record.complaints.models import Remark as RemarkRow
from baken.record.people import reads as people
from baken.record.people.access import Permission
from baken.show.api.access import ApiRequest, needs
from baken.show.api.idempotency import IdempotencyKey, made
from baken.show.api.schemas import (
    Attachment,
    Blank,
    Code,
    Input,
    Instant,
    Line,
    Moment,
    Number,
    Page,
    Paging,
    Person,
    Said,
    Text,
    page,
)

FILE, HANDLE = Permission.FILE_COMPLAINTS, Permission.HANDLE_COMPLAINTS
router = Router(tags=["Complaints"])

Outcome = Literal["upheld", "partly_upheld", "not_upheld", "withdrawn"]


class Complaint(Schema):
    """A complaint as it is now. It counts in the period in which it was lodged, upheld or not."""

    number: Number
    service: str = Field(examples=["cloud"])
    customer: str = Field(examples=["acme"])
    subject: str = Field(examples=["Nobody answers the telephone"])
    incidents: list[Number] = Field(description="numbers of the incidents it refers to")
    lodged: Moment
    acknowledge_by: Moment
    acknowledged_at: Moment | None
    outcome: Annotated[Outcome | None, Blank] = Field(examples=[None])
    decided_at: Moment | None = Field(examples=[None])
    left_out: Annotated[Literal["test", "spam", "duplicate"] | None, Blank] = Field(examples=[None])
    reporter: Person | None

    @staticmethod
    def resolve_service(row: Row) -> str:
        """Its code."""
        return row.service.code

    @staticmethod
    def resolve_customer(row: Row) -> str:
        """Its code."""
        return row.organisation.code


class NewComplaint(Input):
    """A new complaint. A customer's token complains for its own organisation, now; the manager names the customer."""

    service: Code
    customer: Code | None = Field(None, examples=["acme"])
    subject: Line = Field(examples=["Nobody answers the telephone"])
    body: Text = Field(examples=["I waited for an hour on Monday, and again on Tuesday."])
    incidents: list[Number] = Field([], max_length=100)
    lodged: Instant | None = Field(None, description="when it was received; now if not given")


class Remark(Schema):
    """Something said about a complaint."""

    id: UUID
    visible: bool = Field(description="whether the customer can read it")
    author: Person | None = Field(description="null for a machine")
    body: str = Field(examples=["We have added a second line."])
    created_at: Moment
    attachments: list[Attachment]


class Remarking(Said):
    """A remark of the manager."""

    visible: bool = Field(description="for the customer to read, or for the file only")


class Decision(Said):
    """The outcome, with the reasons that the customer reads."""

    outcome: Outcome


class Exclusion(Input):
    """Why it counts nowhere."""

    outcome: Literal["test", "spam", "duplicate"]
    reason: Text = Field(examples=["The same as complaint 12."])


@router.get("/complaints", response=Page[Complaint], **needs("List complaints", FILE))
def listing(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """The customer's own, latest first; all of them for whoever has `complaints:handle`."""
    return page(reads.visible(request.auth), paging)


@router.post(
    "/complaints",
    response={201: Complaint},
    **needs("Lodge a complaint", FILE, Permission.READ_CATALOGUE, answers=(404, 409)),
)
def lodge(
    request: ApiRequest, response: HttpResponse, data: NewComplaint, idempotency_key: IdempotencyKey = None
) -> Row:
    """A new complaint, for the service manager. With an Idempotency-Key it is safe to send again.

    A request that was answered before gives the same complaint, and the header `Idempotency-Replayed: true`.
    """
    caller = request.auth

    def create() -> int:
        given = data.model_dump(exclude={"service", "customer"})
        organisation, service = people.organisation(caller, data.customer), catalogue.service(caller, data.service)
        return flows.lodge(caller, organisation=organisation, service=service, **given).number

    return reads.complaint(caller, made(request, response, idempotency_key, create))


@router.get("/complaints/{number}", response=Complaint, **needs("Read a complaint", FILE))
def read(request: ApiRequest, number: Number) -> Row:
    """One complaint as it is now."""
    return reads.complaint(request.auth, number)


@router.get("/complaints/{number}/remarks", response=Page[Remark], **needs("Read what was said", FILE))
def remarks(request: ApiRequest, number: Number, paging: Query[Paging]) -> Mapping[str, Any]:
    """What was said, oldest first. A customer reads what is meant for them."""
    return page(reads.conversation(request.auth, reads.complaint(request.auth, number)), paging)


@router.post("/complaints/{number}/remarks", response={201: Remark}, **needs("Say something", HANDLE))
def remark(request: ApiRequest, number: Number, data: Remarking) -> RemarkRow:
    """The manager says something, to the customer or for the file."""
    return flows.remark(request.auth, number, body=data.body, visible_to_customer=data.visible)


@router.post("/complaints/{number}/answers", response={201: Remark}, **needs("Say what the customer says", FILE))
def answer(request: ApiRequest, number: Number, data: Said) -> RemarkRow:
    """The customer adds something."""
    return flows.answer(request.auth, number, body=data.body)


@router.post(
    "/complaints/{number}/acknowledgement",
    response={201: Complaint},
    **needs("Acknowledge a complaint", HANDLE, answers=(409,)),
)
def acknowledgement(request: ApiRequest, number: Number, data: Said) -> Row:
    """The manager tells the customer that the complaint is being looked at."""
    return flows.acknowledge(request.auth, number, body=data.body)


@router.post(
    "/complaints/{number}/outcome",
    response={201: Complaint},
    **needs("Decide on a complaint", HANDLE, answers=(409,)),
)
def outcome(request: ApiRequest, number: Number, data: Decision) -> Row:
    """The outcome; it is decided once. A complaint that nobody acknowledged yet is acknowledged with it."""
    return flows.decide(request.auth, number, outcome=data.outcome, body=data.body)


@router.post(
    "/complaints/{number}/exclusion",
    response={201: Complaint},
    **needs("Leave a complaint out", HANDLE, answers=(409,)),
)
def exclusion(request: ApiRequest, number: Number, data: Exclusion) -> Row:
    """A test, spam, or a duplicate of another complaint counts nowhere."""
    return flows.leave_out(request.auth, number, outcome=data.outcome, reason=data.reason)
