"""What is probed, and from where. Durations are seconds."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from baken.record.catalogue import reads as catalogue
from baken.record.monitors import flows, reads
from baken.record.monitors.models import Location as LocationRow
from baken.record.monitors.models import Monitor as Row
from baken.record.people import reads as people
from baken.record.people.access import NotFound, Permission
from baken.show.api.access import ApiRequest, needs
from baken.show.api.schemas import Code, Input, Line, MaybeLine, Moment, Page, Paging, page

READ, WRITE, CATALOGUE = Permission.READ_MONITORS, Permission.WRITE_MONITORS, Permission.READ_CATALOGUE
router = Router(tags=["Monitors"])

TIMES = ("interval", "tolerance", "timeout", "confirm_after", "quiet")
MILLISECONDS = 1_000
LONGEST = 2_000_000
Seconds = Annotated[float, Field(ge=0, le=LONGEST, examples=[30.0])]
Url = Annotated[str, StringConstraints(max_length=2_000), Field(examples=["https://cloud.example.org/health"])]
PublicKey = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$"),
    Field(description="the 32 bytes of an Ed25519 public key, base64", examples=["A" * 43 + "="]),
]


class Judging(Input):
    """How an address is asked and judged; what is not given stays as it is, or as the default.

    The service is down when `quorum` of the reporting locations see it down (0: a majority), unknown when fewer
    than `minimum_reporting` report. A run of failures is confirmed after `confirm_after`; outages less than `quiet`
    apart make one incident.
    """

    method: Literal["GET", "HEAD", "POST"] = "GET"
    interval: Annotated[float, Field(ge=0.2, le=86_400)] = 30.0
    tolerance: Seconds = 15.0
    timeout: Annotated[float, Field(gt=0, le=300)] = 10.0
    expect_status: Annotated[str, StringConstraints(max_length=64), Field(examples=["200-299,404"])] = "200-399"
    expect_text: MaybeLine = ""
    follow_redirects: bool = True
    verify_tls: bool = True
    quorum: int = Field(0, ge=0, le=1_000)
    minimum_reporting: int = Field(1, ge=1, le=1_000)
    confirm_after: Seconds = 60.0
    quiet: Seconds = 300.0

    def columns(self) -> dict[str, Any]:
        """What was given, as the record has it: whole milliseconds."""
        given = self.model_dump(exclude_unset=True, exclude_none=True, exclude={"service"})
        return {name: round(value * MILLISECONDS) if name in TIMES else value for name, value in given.items()}


class NewMonitor(Judging):
    """An address of a service."""

    service: Code
    name: Line = Field(examples=["Front page"])
    url: Url


class ChangedMonitor(Judging):
    """What changes."""

    name: Line | None = Field(None, examples=["Front page"])
    url: Url | None = None


class Monitor(Schema):
    """An address of a service that every location asks. Without `monitors:write` the URL lacks user and query."""

    id: UUID
    service: str = Field(examples=["cloud"])
    name: str = Field(examples=["Front page"])
    url: str = Field(examples=["https://cloud.example.org/health"])
    method: str = Field(examples=["GET"])
    interval: float = Field(examples=[30.0])
    tolerance: float = Field(examples=[15.0])
    timeout: float = Field(examples=[10.0])
    expect_status: str = Field(examples=["200-399"])
    expect_text: str = Field(examples=[""])
    follow_redirects: bool
    verify_tls: bool
    quorum: int = Field(examples=[0])
    minimum_reporting: int
    confirm_after: float = Field(examples=[60.0])
    quiet: float = Field(examples=[300.0])
    created_at: Moment


class Trouble(Schema):
    """What keeps a location from giving results of a monitor; of any, when `monitor` is null."""

    monitor: UUID | None
    reason: str = Field(examples=["blocked"])
    detail: str = Field(examples=[""])
    since: Moment

    @staticmethod
    def resolve_monitor(row: Any) -> UUID | None:
        """Its id."""
        found: UUID | None = row.monitor_id
        return found


class Location(Schema):
    """A place that is probed from. `acknowledged` is the number of the last result it delivered."""

    code: str = Field(examples=["ams-1"])
    name: str = Field(examples=["Amsterdam"])
    public_key: str = Field(examples=["A" * 43 + "="])
    acknowledged: int
    last_seen: Moment | None
    created_at: Moment
    revoked_at: Moment | None = Field(examples=[None])
    troubles: list[Trouble]


class NewLocation(Input):
    """A place and the public half of its key; `baken probe` makes the pair and keeps the other half."""

    code: Code = Field(examples=["ams-1"])
    name: MaybeLine = Field("", examples=["Amsterdam"])
    public_key: PublicKey


class NewKey(Input):
    """Another key of the same location."""

    public_key: PublicKey


@router.get("/monitors", response=Page[Monitor], **needs("List monitors", READ, CATALOGUE))
def listing(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """The running monitors of all services that the caller may know of."""
    found = page(reads.monitors(request.auth), paging)
    return {**found, "items": [_told(request, row) for row in found["items"]]}


@router.post("/monitors", response={201: Monitor}, **needs("Add a monitor", WRITE, CATALOGUE, answers=(404,)))
def add(request: ApiRequest, data: NewMonitor) -> Mapping[str, Any]:
    """Start to measure an address of a service, from every location."""
    service = catalogue.service(request.auth, data.service)
    return _told(request, flows.add_monitor(request.auth, service=service, **data.columns()))


@router.get("/monitors/{id}", response=Monitor, **needs("Read a monitor", READ, CATALOGUE))
def read(request: ApiRequest, id: UUID) -> Mapping[str, Any]:
    """One running monitor."""
    return _told(request, reads.monitor(request.auth, id))


@router.patch("/monitors/{id}", response=Monitor, **needs("Change a monitor", WRITE))
def change(request: ApiRequest, id: UUID, data: ChangedMonitor) -> Mapping[str, Any]:
    """Measure differently from now on; what was seen stays as it was judged."""
    return _told(request, flows.change_monitor(request.auth, id, **data.columns()))


@router.post("/monitors/{id}/ending", response={204: None}, **needs("Stop a monitor", WRITE))
def stop(request: ApiRequest, id: UUID) -> None:
    """Measure no longer. Until now it counts as it was seen."""
    flows.stop_monitor(request.auth, id)


@router.get("/locations", response=Page[Location], **needs("List locations", WRITE))
def locations(request: ApiRequest, paging: Query[Paging]) -> Mapping[str, Any]:
    """The places that are probed from, with what keeps them from giving results."""
    return page(reads.locations(request.auth), paging)


@router.post("/locations", response={201: Location}, **needs("Add a location", WRITE, answers=(409,)))
def add_location(request: ApiRequest, data: NewLocation) -> LocationRow:
    """A place to probe from, known by its public key."""
    provider = people.provider()
    if provider is None:
        raise NotFound("There is no provider yet; finish the first-run setup.")
    return flows.add_location(request.auth, provider=provider, **data.model_dump())


@router.put("/locations/{code}/key", response=Location, **needs("Replace the key of a location", WRITE))
def replace_key(request: ApiRequest, code: Code, data: NewKey) -> LocationRow:
    """The old key opens nothing any more; a revoked location may report again."""
    flows.replace_key(request.auth, code, data.public_key)
    return reads.location(request.auth, code)


@router.post("/locations/{code}/revocation", response={201: Location}, **needs("Revoke a location", WRITE))
def revoke(request: ApiRequest, code: Code) -> LocationRow:
    """Take no more results from a location; what it saw stays."""
    flows.revoke_location(request.auth, code)
    return reads.location(request.auth, code)


def _told(request: ApiRequest, row: Row) -> dict[str, Any]:
    """A monitor with its durations in seconds; a URL may hold a secret, which is for whoever configures it."""
    told = {name: getattr(row, name) for name in Monitor.model_fields if name != "service"}
    url = row.url if request.auth.may(WRITE) else row.address
    return {**told, "url": url, "service": row.service.code, **{name: told[name] / MILLISECONDS for name in TIMES}}
