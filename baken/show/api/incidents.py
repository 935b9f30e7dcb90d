"""Incidents: reporting and reading them, what was said, and what the ledger holds."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from baken.domain.facts import IncidentClass, Origin, Outcome, Priority, Waiting
from baken.record.catalogue import reads as catalogue
from baken.record.clocks.reads import ordered_by_time_left
from baken.record.incidents import flows, reads
from baken.record.incidents.models import Incident as Row
from baken.record.incidents.models import Message as MessageRow
from baken.record.ledger.models import LedgerFact
from baken.record.orgs.search import MOST_FOUND, MOST_WANTED
from baken.record.people import reads as people
from baken.record.people.access import Caller, Permission
from baken.show.api.access import ApiRequest, needs
from baken.show.api.idempotency import IdempotencyKey, made
from baken.show.api.schemas import (
    Attachment,
    Blank,
    Code,
    Input,
    Instant,
    Line,
    MaybeText,
    Moment,
    Number,
    Page,
    Paging,
    Person,
    Said,
    page,
)

READ, REPORT = Permission.READ_INCIDENTS, Permission.REPORT_INCIDENTS
router = Router(tags=["Incidents"])

Status = Literal["new", "open", "waiting", "resolved", "closed"]
Level = Annotated[Literal[1, 2, 3], Field(description="1 is most, 3 is least", examples=[2])]
Classes = Annotated[list[IncidentClass], Field(min_length=1, max_length=4, examples=[["availability"]])]


class Incident(Schema):
    """An incident as it is now. `duplicate_of` and `outage` are numbers of other incidents."""

    number: Number
    service: str = Field(examples=["cloud"])
    customer: str = Field(examples=["acme"])
    subject: str = Field(examples=["The web shop does not answer"])
    status: Status
    origin: Origin
    classes: list[IncidentClass] = Field(examples=[["availability"]])
    classes_confirmed: bool
    impact: Level
    urgency: Level
    priority: Priority
    waiting_on: Annotated[Waiting | None, Blank]
    outcome: Annotated[Outcome | None, Blank] = Field(description="why it counts no longer", examples=[None])
    duplicate_of: Number | None = Field(examples=[None])
    outage: Number | None = Field(examples=[None])
    reported: Moment
    responded_at: Moment | None
    resolved_at: Moment | None = Field(examples=[None])
    restored_at: Moment | None = Field(examples=[None])
    not_restorable_at: Moment | None = Field(examples=[None])
    break_in_confirmed_at: Moment | None = Field(examples=[None])
    break_in_rejected_at: Moment | None = Field(examples=[None])
    updated_at: Moment
    reporter: Person | None
    assignee: Person | None

    @staticmethod
    def resolve_service(row: Row) -> str:
        """Its code."""
        return row.service.code

    @staticmethod
    def resolve_customer(row: Row) -> str:
        """Its code."""
        return row.organisation.code

    @staticmethod
    def resolve_duplicate_of(row: Row) -> int | None:
        """The number of the incident that stays."""
        return row.survivor.number if row.survivor else None

    @staticmethod
    def resolve_outage(row: Row) -> int | None:
        """The number of the incident that a monitor opened."""
        return row.outage.number if row.outage else None


WORDS = (
    "a number, or words that its subject and messages hold all of; #12 is the number alone. Not looked for are words "
    f"of one letter, and those after the first {MOST_WANTED} words. When more incidents hold them, the newest "
    f"{MOST_FOUND} are looked at, of the customer if one is given; the newest {reads.MOST_NARROWED} when status, "
    "priority, class or service is given"
)


class Filters(Schema):
    """Which of them; what is not given may be anything. Give a name several times for either of its values."""

    status: list[Status] = Field([], description="where it stands")
    priority: list[Priority] = Field([], description="how urgent it is")
    classes: list[IncidentClass] = Field([], alias="class", description="what it touches, among other things")
    service: Code | None = Field(None, description="code of its service")
    customer: Code | None = Field(None, description="code of its customer")
    order: Literal["newest", "time-left"] = Field(
        "newest", description="time-left: by the next deadline, soonest first"
    )


class Wanted(Filters, Paging, Input):
    """What is searched for, and which of it; what is not given may be anything."""

    words: Line = Field(description=WORDS, examples=["printer fire"])


class NewIncident(Input):
    """A new incident. A customer's token reports for its own organisation, now; the desk names the customer."""

    service: Code
    customer: Code | None = Field(None, examples=["acme"])
    subject: Line = Field(examples=["The web shop does not answer"])
    body: MaybeText = Field("", examples=["Since nine this morning: error 502 on every page."])
    impact: Level = 2
    urgency: Level = 2
    classes: Classes = [IncidentClass.OTHER]
    reported: Instant | None = Field(None, description="when the message arrived or the call began; now if not given")


class Message(Schema):
    """Something said. `incident` differs from the one asked for when it was said on a duplicate of it."""

    id: UUID
    incident: Number
    kind: Literal["report", "reply", "call", "note", "reason"]
    visible: bool = Field(description="whether the customer can read it")
    author: Person | None = Field(description="null for a machine")
    body: str = Field(examples=["We are looking into it."])
    created_at: Moment
    attachments: list[Attachment]

    @staticmethod
    def resolve_incident(row: MessageRow) -> int:
        """Its number."""
        return row.incident.number


class Fact(Schema):
    """A fact on the ledger: codes and times only, chained to the fact before it by `hash`."""

    seq: Number
    kind: str = Field(examples=["incident.reported"])
    at: Moment = Field(description="when it happened")
    recorded: Moment = Field(description="when it was written down")
    actor: str = Field(examples=["user:018f3b5e-7c1a-7cc2-9f3e-2b7d5a1c9e40"])
    data: dict[str, Any] = Field(examples=[{"way": "reply"}])
    hash: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])

    @staticmethod
    def resolve_hash(row: LedgerFact) -> str:
        """Hexadecimal."""
        return bytes(row.hash).hex()


@router.get("/incidents", response=Page[Incident], **needs("List incidents", READ, answers=(404,)))
def listing(request: ApiRequest, filters: Query[Filters], paging: Query[Paging]) -> Mapping[str, Any]:
    """Every incident that the caller may see: all of them for the desk, their own for a customer."""
    return _listed(request.auth, filters, paging)


@router.post(
    "/incidents/search", response=Page[Incident], **needs("Search incidents", READ, answers=(404,), reads=True)
)
def search(request: ApiRequest, data: Wanted) -> Mapping[str, Any]:
    """The incidents of the list that hold these words. It changes nothing, and counts as reading.

    Words are posted, because they may be a name: an address is kept in logs.
    """
    return _listed(request.auth, data, data, data.words)


def _listed(caller: Caller, filters: Filters, paging: Paging, words: str = "") -> Mapping[str, Any]:
    rows = reads.listed(
        caller,
        reads.Wanted(
            statuses=filters.status,
            priorities=filters.priority,
            classes=filters.classes,
            service=catalogue.service(caller, filters.service) if filters.service else None,
            customer=people.organisation(caller, filters.customer) if filters.customer else None,
        ),
        words,
    ).select_related("survivor", "outage")
    return page(ordered_by_time_left(rows) if filters.order == "time-left" else rows, paging)


@router.post(
    "/incidents",
    response={201: Incident},
    **needs("Report an incident", REPORT, READ, Permission.READ_CATALOGUE, answers=(404, 409)),
)
def report(
    request: ApiRequest, response: HttpResponse, data: NewIncident, idempotency_key: IdempotencyKey = None
) -> Row:
    """A new incident, of origin `api`. With an Idempotency-Key it is safe to send again.

    A request that was answered before gives the same incident, and the header `Idempotency-Replayed: true`.
    """
    caller = request.auth

    def create() -> int:
        given = data.model_dump(exclude={"service", "customer"})
        organisation, service = people.organisation(caller, data.customer), catalogue.service(caller, data.service)
        return flows.report(caller, organisation=organisation, service=service, origin=Origin.API, **given).number

    return reads.incident(caller, made(request, response, idempotency_key, create))


@router.get("/incidents/{number}", response=Incident, **needs("Read an incident", READ))
def read(request: ApiRequest, number: Number) -> Row:
    """One incident as it is now."""
    return reads.incident(request.auth, number)


@router.get("/incidents/{number}/messages", response=Page[Message], **needs("Read what was said", READ))
def messages(request: ApiRequest, number: Number, paging: Query[Paging]) -> Mapping[str, Any]:
    """The conversation, oldest first, with that of its duplicates. A customer reads what is meant for them."""
    return page(reads.conversation(request.auth, reads.incident(request.auth, number)), paging)


@router.post(
    "/incidents/{number}/answers",
    response={201: Incident},
    **needs("Say what the customer says", REPORT, READ, answers=(409,)),
)
def answer(request: ApiRequest, number: Number, data: Said) -> Row:
    """The customer writes: waiting for them ends, and a resolved incident is open again."""
    return flows.answer(request.auth, number, body=data.body)


@router.get(
    "/incidents/{number}/facts",
    response=list[Fact],
    **needs("Read the facts", Permission.WORK_INCIDENTS, READ),
)
def facts(request: ApiRequest, number: Number) -> Sequence[LedgerFact]:
    """What the ledger holds of an incident, in order of recording, for the desk."""
    return reads.history(request.auth, reads.incident(request.auth, number))
