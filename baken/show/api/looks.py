"""Who of the provider looked at which customer's data, and when."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import Field

from baken.record.looks import reads
from baken.record.people import reads as people
from baken.record.people.access import Permission
from baken.show.api.access import ApiRequest, needs
from baken.show.api.schemas import Blank, Code, Instant, Moment, Number, Page, Paging, page

router = Router(tags=["Who looked"])


class Look(Schema):
    """Somebody of the provider was shown data of a customer: one record, or a list of `count` with `record` null.

    The same record, or a list of the same records, again within five minutes is not told again. `kind` names them as
    the ledger does: `incident`, `complaint`, `snapshot` (a sealed report), `file`, `user`, `export`.
    """

    at: Moment
    reader: str = Field(
        description="as facts on the ledger name them", examples=["user:018f3b5e-7c1a-7cc2-9f3e-2b7d5a1c9e40"]
    )
    name: str | None = Field(description="of a person; of a machine's token to the provider", examples=["Bea de Boer"])
    person: UUID | None = Field(description="null for a machine")
    customer: str = Field(examples=["acme"])
    door: Literal["web", "api", "command"]
    page: str = Field(description="of the web, operation of the API, or command", examples=["incident"])
    kind: str = Field(examples=["incident"])
    record: Annotated[str | None, Blank] = Field(description="its number or id", examples=["1042"])
    count: int = Field(examples=[4])
    found: int | None = Field(description="how many a search found, words not told", examples=[None])


class Narrowing(Schema):
    """Which looks; what is not given may be anything."""

    customer: Code | None = Field(None, description="code of the customer whose data it was")
    person: UUID | None = Field(None, description="who looked")
    incident: Number | None = Field(None, description="number of an incident")
    since: Instant | None = Field(None, description="from this instant on")
    until: Instant | None = Field(None, description="before this instant")


@router.get("/looks", response=Page[Look], **needs("List who looked", Permission.READ_LOOKS, answers=(404,)))
def listing(request: ApiRequest, filters: Query[Narrowing], paging: Query[Paging]) -> Mapping[str, Any]:
    """The latest first: at the customer's own data; at everybody's for the manager and the administrator."""
    caller = request.auth
    given = filters.model_dump()
    given["customer"] = people.customer(caller, filters.customer) if filters.customer else None
    part = page(reads.listed(caller, **given), paging)
    names = reads.names(caller, part["items"])
    return {**part, "items": [_told(row, names.get(row.reader)) for row in part["items"]]}


def _told(row: Any, name: str | None) -> dict[str, Any]:
    columns = ("at", "reader", "person", "door", "page", "kind", "record", "count", "found")
    return {**{column: getattr(row, column) for column in columns}, "customer": row.organisation.code, "name": name}
