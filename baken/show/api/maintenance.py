"""Planned work, as announced to customers."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from baken.record.catalogue import flows, reads
from baken.record.catalogue.models import Maintenance as Row
from baken.record.people.access import Permission
from baken.show.api.access import ApiRequest, needs
from baken.show.api.schemas import Code, Input, Instant, Moment, Page, Paging, page

READ, WRITE = Permission.READ_CATALOGUE, Permission.WRITE_CATALOGUE
router = Router(tags=["Maintenance"])

Reason = Annotated[str, StringConstraints(max_length=2_000), Field(examples=["New disks."])]


class Maintenance(Schema):
    """Planned work. Whether it counts as maintenance is for each agreement to say."""

    id: UUID
    service: str = Field(examples=["cloud"])
    reason: Reason
    announced_at: Moment
    starts: Moment
    ends: Moment
    cancelled_at: Moment | None = Field(examples=[None])

    @staticmethod
    def resolve_service(row: Row) -> str:
        """Its code."""
        return row.service.code


class Filter(Schema):
    """What is listed."""

    service: Code | None = Field(None, description="code of the service")


class Announcement(Input):
    """What will be done when."""

    service: Code
    starts: Instant
    ends: Instant = Field(examples=["2026-03-02T11:30:00+01:00"])
    reason: Reason = ""


@router.get("/maintenance", response=Page[Maintenance], **needs("List maintenance", READ, answers=(404,)))
def listing(request: ApiRequest, asked: Query[Filter], paging: Query[Paging]) -> Mapping[str, Any]:
    """Announced work, latest first, of one service or of all that the caller may know of."""
    found = reads.service(request.auth, asked.service) if asked.service else None
    return page(reads.maintenance(request.auth, found.id if found else None), paging)


@router.post("/maintenance", response={201: Maintenance}, **needs("Announce maintenance", WRITE, READ, answers=(404,)))
def announce(request: ApiRequest, data: Announcement) -> Row:
    """Announce planned work; only work that is not over."""
    service = reads.service(request.auth, data.service)
    return flows.announce_maintenance(
        request.auth, service=service, starts=data.starts, ends=data.ends, reason=data.reason
    )


@router.post("/maintenance/{id}/cancellation", response={204: None}, **needs("Call maintenance off", WRITE))
def cancel(request: ApiRequest, id: UUID) -> None:
    """Call planned work off; what was already done stays as it was seen."""
    flows.cancel_maintenance(request.auth, id)
