"""Alerts of security tools, and where they may come from."""

import base64
import binascii
import logging
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from ninja import Body, Query, Router, Schema
from pydantic import Field, StringConstraints

from baken.domain.alerts import Level
from baken.record.catalogue import reads as catalogue
from baken.record.detection import alerts, sources
from baken.record.detection.models import AlertGroup, AlertSource
from baken.record.people.access import Permission
from baken.show.api import alert_formats, limiting
from baken.show.api.access import ApiRequest, Token, code_in, needs
from baken.show.api.parsing import read_within
from baken.show.api.problems import misfits
from baken.show.api.schemas import Code, Input, MaybeLine, Moment, Page, Paging, page

READ, WRITE, SEND = Permission.READ_ALERTS, Permission.WRITE_MONITORS, Permission.WRITE_ALERTS
CATALOGUE = Permission.READ_CATALOGUE
LARGEST = 5_000_000
"""Bytes of one request. More than others have: what attackers did comes with it, and how much that is they decide."""
log = logging.getLogger(__name__)
router = Router(tags=["Alerts"])

NewCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$"), Field(examples=["falco-production"])]
Window = Annotated[
    int,
    Field(ge=sources.SHORTEST, le=sources.LONGEST, description="seconds in which alerts belong together"),
]
EXAMPLE = {"rule": "Shell in a container", "host": "web-1", "level": "high", "text": "bash was started by www-data."}


class SourceToken(Token):
    """The same token, also as the password of HTTP Basic: some tools can set an address but no header."""

    limited = False  # counted by token and source: what security tools see is not lost with what others ask

    def __call__(self, request: HttpRequest) -> Any:
        """The caller behind the token, from either form of the header.

        Whether the source takes anything is looked at here, before the body is read: tokens that alert lie on many
        machines. Raises NotFound, Conflict, TooOften and RequestDataTooBig.
        """
        if (caller := self._caller(request)) is not None:
            source = code_in(request, "source")
            sources.open_to(caller, source)
            limiting.count(request, "alerts", f"{caller.actor}/{source}")
            request.of_outsiders = True  # type: ignore[attr-defined]  # the parser mends what it would refuse
            if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST or not read_within(request, LARGEST):
                raise RequestDataTooBig
        return caller

    def _caller(self, request: HttpRequest) -> Any:
        kind, _, rest = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return super().__call__(request)
        return self.authenticate(request, _password(rest))


def _password(coded: str) -> str:
    try:
        return base64.b64decode(coded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


class Source(Schema):
    """A tool that may alert. Its alerts go to `/alerts/{code}`; from `minimum` on they open incidents of `service`."""

    code: str = Field(examples=["falco-production"])
    tool: AlertSource.Tool
    name: str = Field(examples=["Falco on the production cluster"])
    service: str = Field(examples=["cloud"])
    minimum: Level
    window: int = Field(examples=[3600])
    active: bool
    created_at: Moment
    last_seen: Moment | None
    incidents: int = Field(examples=[2])
    signals: int = Field(examples=[40])

    @staticmethod
    def resolve_service(row: AlertSource) -> str:
        """Its code."""
        return row.service.code


class NewSource(Input):
    """A tool that may alert from now on."""

    code: NewCode
    tool: AlertSource.Tool = Field(examples=["falco"])
    service: Code
    name: MaybeLine = Field("", examples=["Falco on the production cluster"])
    minimum: Level = Level.MEDIUM
    window: Window = 3_600


class ChangedSource(Input):
    """What changes; it holds for alerts that come from now on."""

    service: Code | None = None
    name: MaybeLine | None = Field(None, examples=["Falco on the production cluster"])
    minimum: Level | None = None
    window: Window | None = None
    active: bool | None = None


class Group(Schema):
    """Alerts of one rule and host that came close together. `incident` null: not grave enough, only counted."""

    id: UUID
    source: str = Field(examples=["falco-production"])
    rule: str = Field(examples=["Terminal shell in container"])
    host: str = Field(examples=["web-1"])
    title: str = Field(examples=["Terminal shell in container"])
    level: Level
    count: int = Field(examples=[12])
    began: Moment
    last_at: Moment
    incident: int | None = Field(examples=[1042])

    @staticmethod
    def resolve_source(row: AlertGroup) -> str:
        """Its code."""
        return row.source.code

    @staticmethod
    def resolve_incident(row: AlertGroup) -> int | None:
        """Its number."""
        return row.incident.number if row.incident else None


class Unread(Schema):
    """What does not fit of an alert. `field` begins with which one of the list it is, from 0."""

    field: str = Field(examples=["3.rule.level"])
    detail: str = Field(examples=["Field required"])


class Taken(Schema):
    """What became of the alerts: new ones, those that were known, and of the new ones those below the minimum.

    `unread` says what does not fit of those in a list that were not kept.
    """

    new: int = Field(examples=[1])
    known: int = Field(examples=[0])
    signals: int = Field(examples=[0])
    incidents: list[int] = Field(examples=[[1042]])
    unread: list[Unread] = Field(examples=[[]])


def _sending(summary: str) -> dict[str, Any]:
    return needs(summary, SEND, answers=(409, 429)) | {"auth": SourceToken(SEND)}


@router.post("/alerts/{source}", response=Taken, **_sending("Send alerts"))
def send(
    request: ApiRequest, source: Code, data: Annotated[dict[str, Any] | list[Any], Body(examples=[EXAMPLE])]
) -> Any:
    """Alerts as the source's tool sends them: one, or a list. They are kept before this answers, each once.

    docs/how-to has the configuration of each tool. At most 5 MB; 429 with Retry-After when a token sends too often.
    Of a list what fits is kept, and `unread` names what does not. Text is shown with the numbers of characters that
    cannot be stored, and cut where it is too long.
    """
    read, unread = alert_formats.read(sources.tool_of(request.auth, source), data)
    taken = alerts.take(request.auth, source, read)
    if unread:
        log.warning("of what came from alert source %s not everything could be read: %s misfits", source, len(unread))
    return {
        "new": taken.new, "known": taken.known, "signals": taken.signals, "incidents": sorted(taken.incidents),
        "unread": misfits(unread),
    }  # fmt: skip


@router.get("/alert-sources", response=Page[Source], **needs("List alert sources", READ))
def listing(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """Alert sources, the oldest first."""
    return page(sources.sources(request.auth), paging)


@router.post(
    "/alert-sources",
    response={201: Source},
    **needs("Add an alert source", WRITE, READ, CATALOGUE, answers=(404,)),
)
def add(request: ApiRequest, data: NewSource) -> AlertSource:
    """Its tool needs a token with `alerts:write`."""
    given = data.model_dump(exclude={"service"})
    made = sources.add_source(request.auth, service=catalogue.service(request.auth, data.service), **given)
    return sources.source(request.auth, made.code)


@router.get("/alert-sources/{source}", response=Source, **needs("Read an alert source", READ))
def one(request: ApiRequest, source: Code) -> AlertSource:
    """One alert source."""
    return sources.source(request.auth, source)


@router.patch(
    "/alert-sources/{source}", response=Source, **needs("Change an alert source", WRITE, READ, CATALOGUE)
)  # fmt: skip
def change(request: ApiRequest, source: Code, data: ChangedSource) -> AlertSource:
    """What is not given stays as it is. With `active` false it is answered 409."""
    given = data.model_dump(exclude_unset=True, exclude_none=True)
    if "service" in given:
        given["service"] = catalogue.service(request.auth, given["service"])
    sources.change_source(request.auth, source, **given)
    return sources.source(request.auth, source)


class AskedFor(Paging):
    """Of one source, or of all."""

    source: Code | None = Field(None, description="code of the alert source")
    only: Literal["incidents", "signals"] | None = Field(None, description="what became an incident, or what did not")


@router.get("/alert-groups", response=Page[Group], **needs("List what was alerted", READ))
def groups(request: ApiRequest, asked: Query[AskedFor]) -> Mapping[str, Any]:
    """Alerts by what belongs together, the latest first."""
    rows = sources.groups(request.auth, asked.source)
    if asked.only:
        rows = rows.filter(incident__isnull=asked.only == "signals")
    return page(rows, asked)
