"""Exports and erasures of people and customers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from baken.record.people.access import Permission
from baken.record.privacy import flows, reads
from baken.record.privacy.models import Tombstone
from baken.show.api.access import ApiRequest, needs
from baken.show.api.schemas import Code, Input, Line, Moment, Number, Page, Paging, page

PEOPLE = Permission.WRITE_PEOPLE
router = Router(tags=["Exports and erasures"])


class Confirmation(Input):
    """What is erased, said once more: the e-mail address of a person, the code of a customer."""

    confirmation: Line = Field(examples=["alice@customer.example"])


class Erasure(Schema):
    """That somebody was erased, and how far that is: `done` of `total` rows; `finished_at` is null until all are.

    `kind` is `person` or `organisation`, `subject` the id of it.
    """

    number: int = Field(examples=[1])
    kind: str = Field(examples=["person"])
    subject: UUID
    at: Moment
    done: int = Field(examples=[120])
    total: int = Field(examples=[120])
    finished_at: Moment | None = Field(examples=[None])


@router.post("/people/{id}/export", **needs("Export a person", PEOPLE))
def export_person(request: ApiRequest, id: UUID) -> HttpResponse:
    """A ZIP file with all that is a person's own, made while it is sent; `manifest.json` comes last."""
    return _sent(flows.export_person(request.auth, id))


@router.post("/people/{id}/erasure", response={201: Erasure}, **needs("Erase a person", PEOPLE, answers=(409,)))
def erase_person(request: ApiRequest, id: UUID, data: Confirmation) -> Tombstone:
    """Erase a person for good: at once they cannot sign in and have no name; their texts follow."""
    return flows.erase_person(request.auth, id, confirmation=data.confirmation)


@router.post("/customers/{code}/export", **needs("Export a customer", PEOPLE))
def export_customer(request: ApiRequest, code: Code) -> HttpResponse:
    """A ZIP file with all that is a customer's and that it may see itself; `manifest.json` comes last."""
    return _sent(flows.export_organisation(request.auth, code))


@router.post("/customers/{code}/erasure", response={201: Erasure}, **needs("Erase a customer", PEOPLE, answers=(409,)))
def erase_customer(request: ApiRequest, code: Code, data: Confirmation) -> Tombstone:
    """Erase a customer for good: at once its people are out and its keys destroyed; its rows follow.

    Answers 409 while incidents of it are open or complaints undecided.
    """
    return flows.erase_organisation(request.auth, code, confirmation=data.confirmation)


@router.get("/erasures", response=Page[Erasure], **needs("List erasures", PEOPLE))
def erasures(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """Everybody who was erased, the latest first."""
    return page(reads.erasures(request.auth), paging)


@router.get("/erasures/{number}", response=Erasure, **needs("Read how far an erasure is", PEOPLE))
def erasure(request: ApiRequest, number: Number) -> Tombstone:
    """One erasure."""
    return reads.erasure(request.auth, number)


def _sent(export: flows.Export) -> HttpResponse:
    response = StreamingHttpResponse(export.pieces, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{export.name}"'
    return response  # type: ignore[return-value]  # a streamed one is no HttpResponse to the checker alone
