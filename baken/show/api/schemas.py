"""What operations have in common: instants, codes, numbers, people, pages."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from baken.domain.instants import EARLIEST, END, SECOND, to_iso, to_us
from baken.domain.zones import zone
from baken.record.orgs.fields import LINE, TEXT


def _possible_instant(moment: datetime) -> datetime:
    if not EARLIEST <= moment < END:
        raise ValueError("give an instant from 1970 up to 2199")
    return moment


def _possible_day(day: date) -> date:
    if not EARLIEST.date() <= day < END.date():
        raise ValueError("give a date from 1970 up to 2199")
    return day


def _known_zone(name: str) -> str:
    zone(name)
    return name


_INSTANT = {"type": "string", "format": "date-time", "examples": ["2026-03-02T09:30:00+01:00"]}
Instant = Annotated[AwareDatetime, AfterValidator(_possible_instant), WithJsonSchema(_INSTANT)]
"""An instant that is given: ISO 8601 with its offset or Z."""
Day = Annotated[date, AfterValidator(_possible_day), Field(examples=["2026-03-01"])]
Moment = Annotated[
    datetime,
    PlainSerializer(lambda moment: to_iso(to_us(moment)), return_type=str),
    WithJsonSchema(_INSTANT | {"examples": ["2026-03-02T08:30:00Z"]}),
]
"""An instant that is told: ISO 8601 in UTC, microseconds only when there are any."""
CODE = r"^[A-Za-z0-9_-]{1,64}$"
Code = Annotated[str, StringConstraints(pattern=CODE), Field(examples=["cloud"])]
Zone = Annotated[
    str, StringConstraints(max_length=64), AfterValidator(_known_zone), Field(examples=["Europe/Amsterdam"])
]
Number = Annotated[int, Field(ge=1, lt=2**63, examples=[1042])]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LINE)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT)]
MaybeLine = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LINE)]
MaybeText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=TEXT)]
Blank = BeforeValidator(lambda value: value or None)
"""Where a column holds an empty code, null is told."""


class Input(Schema):
    """A body; a member that is not known is refused, so that a slip of the pen is noticed."""

    model_config = ConfigDict(extra="forbid")


class Said(Input):
    """What is said."""

    body: Text = Field(examples=["It answers again."])


class Reason(Input):
    """Why."""

    reason: Text = Field(examples=["It happened again an hour later."])


class Person(Schema):
    """Somebody, by name."""

    id: UUID
    name: str = Field(examples=["Bea de Boer"])

    @staticmethod
    def resolve_name(user: Any) -> str:
        """The name, or the address of somebody without one."""
        return str(user)


class Attachment(Schema):
    """A file that came with what was said."""

    id: UUID
    name: str = Field(alias="file.name", examples=["screen.png"])
    media_type: str = Field(alias="file.media_type", description="told by its first bytes", examples=["image/png"])
    size: int = Field(alias="file.size", description="bytes", examples=[48213])
    sha256: str = Field(
        alias="file.sha256", examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
    )


class Sending(Input):
    """What is said with the files."""

    body: MaybeText = Field("", description="the text; empty when the files say it all", examples=["See the picture."])
    visible: bool = Field(True, description="for the desk: false keeps it among colleagues")


Item = TypeVar("Item")


class Page(Schema, Generic[Item]):
    """Part of a list: at most `limit` items from number `offset` on, of `total`."""

    items: list[Item]
    total: int = Field(examples=[1])
    limit: int = Field(examples=[50])
    offset: int = Field(examples=[0])


class Paging(Schema):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=200, description="how many at most")
    offset: int = Field(0, ge=0, le=10_000_000, description="how many to skip")


def page(rows: QuerySet[Any], paging: Paging) -> Mapping[str, Any]:
    """One page of a list, for an operation that answers `Page`."""
    part = list(rows[paging.offset : paging.offset + paging.limit])
    return {"items": part, "total": rows.count(), "limit": paging.limit, "offset": paging.offset}


def seconds(duration: int | None) -> float | None:
    """Seconds of a duration in microseconds."""
    return None if duration is None else duration / SECOND
