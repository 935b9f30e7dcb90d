"""Services, what was agreed about them, and when they were down."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import Field

from baken.domain.instants import to_datetime
from baken.domain.wall_clock import day_start
from baken.record.catalogue import flows, reads
from baken.record.catalogue.models import Agreement as AgreementRow
from baken.record.catalogue.models import AgreementVersion
from baken.record.catalogue.models import Service as Row
from baken.record.catalogue.reads import InForce
from baken.record.people import reads as people
from baken.record.people.access import NotFound, Permission
from baken.record.reports import reads as reports
from baken.record.reports.uptimes import OutageEvidence
from baken.show.api.access import ApiRequest, needs
from baken.show.api.periods import Asked, scope_of
from baken.show.api.schemas import Code, Day, Input, Line, Moment, Page, Paging, page, seconds
from baken.show.api.terms import AgreedTerms, plain

READ, WRITE = Permission.READ_CATALOGUE, Permission.WRITE_CATALOGUE
router = Router(tags=["Services"])

Description = Annotated[str, Field(max_length=2_000, examples=["Where customers keep their files."])]


class Service(Schema):
    """Something the provider runs for customers and made promises about."""

    code: str = Field(examples=["cloud"])
    name: str = Field(examples=["Cloud"])
    description: Description
    created_at: Moment


class NewService(Input):
    """A service with its base agreement."""

    code: Code
    name: Line = Field(examples=["Cloud"])
    description: Description = ""
    valid_from: Day = Field(description="the first day of the base agreement, in its zone")
    terms: AgreedTerms
    intake_open: bool = Field(True, description="false when only an import will speak for its incidents")


class Version(Schema):
    """One version of an agreement, in force until the next."""

    version: int = Field(examples=[1])
    valid_from: Moment
    terms: AgreedTerms


class Agreement(Schema):
    """What was agreed with a customer, or as the base agreement with everybody."""

    id: UUID
    customer: str | None = Field(description="null: the base agreement", examples=[None])
    versions: list[Version]


class NewVersion(Input):
    """New terms from the start of a month ahead; with a customer who is new to the service from any day."""

    customer: Code | None = Field(None, description="null: the base agreement", examples=[None])
    valid_from: Day = Field(description="a day in the zone of the terms")
    terms: AgreedTerms


class Outage(Schema):
    """An outage of the service; what was agreed as maintenance is none."""

    start: Moment
    end: Moment | None = Field(description="null while it lasts")
    down: float = Field(description="seconds of it, within the period, that it was seen down", examples=[240.0])
    reason: str | None = Field(description="of the first check that failed", examples=["timeout"])


@router.get("/services", response=Page[Service], **needs("List services", READ))
def listing(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """Every service for the provider's people, those they use for a customer."""
    return page(reads.services(request.auth), paging)


@router.post("/services", response={201: Service}, **needs("Add a service", WRITE, READ, answers=(409,)))
def add(request: ApiRequest, data: NewService) -> Row:
    """A service with its base agreement. Its intake of incidents and complaints opens now."""
    provider = people.provider()
    if provider is None:
        raise NotFound("There is no provider yet; finish the first-run setup.")
    terms = data.terms.to_domain()
    return flows.add_service(
        request.auth,
        provider=provider,
        code=data.code,
        name=data.name,
        description=data.description,
        terms=terms,
        valid_from=to_datetime(day_start(terms.zone, data.valid_from)),
        intake_open=data.intake_open,
    )


@router.get("/services/{code}", response=Service, **needs("Read a service", READ))
def read(request: ApiRequest, code: Code) -> Row:
    """One service."""
    return reads.service(request.auth, code)


@router.get("/services/{code}/agreements", response=list[Agreement], **needs("Read what was agreed", READ))
def agreements(request: ApiRequest, code: Code) -> Sequence[Mapping[str, Any]]:
    """Every agreement about a service with all its versions; for a customer the one that holds for them."""
    service = reads.service(request.auth, code)
    return [_agreement(row) for row in reads.agreements(request.auth, service.id)]


@router.post(
    "/services/{code}/agreements", response={201: Version}, **needs("Agree on new terms", WRITE, READ, answers=(409,))
)
def agree(request: ApiRequest, code: Code, data: NewVersion) -> Mapping[str, Any]:
    """A new version of the base agreement or of a customer's own. What was agreed before stays as it was."""
    terms = data.terms.to_domain()
    row: AgreementVersion = flows.agree(
        request.auth,
        service=reads.service(request.auth, code),
        organisation=people.customer(request.auth, data.customer) if data.customer else None,
        terms=terms,
        valid_from=to_datetime(day_start(terms.zone, data.valid_from)),
    )
    return _version(reads.version(row.agreement_id, row.version))


@router.get("/services/{code}/outages", response=list[Outage], **needs("Read the outages", Permission.READ_KPIS, READ))
def outages(request: ApiRequest, code: Code, asked: Query[Asked]) -> Sequence[Mapping[str, Any]]:
    """The outages in a period, in order, as the quorum of locations saw them."""
    scope = scope_of(request.auth, code, asked)
    return [_outage(row) for row in reports.uptimes(request.auth, scope).outages("C1", scope.period)]


def _agreement(row: AgreementRow) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "customer": None if row.base else row.organisation.code,
        "versions": [_version(held) for held in reads.history(row)],
    }


def _version(held: InForce) -> Mapping[str, Any]:
    return {"version": held.version, "valid_from": held.valid_from, "terms": plain(held.terms)}


def _outage(row: OutageEvidence) -> Mapping[str, Any]:
    return {
        "start": to_datetime(row.outage.start),
        "end": None if row.outage.end is None else to_datetime(row.outage.end),
        "down": seconds(row.within),
        "reason": row.outage.reason,
    }
