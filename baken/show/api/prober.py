"""The two addresses of a prober: what to check, and what it saw. Requests are signed, see docs/how-to/run-a-prober.md.

A request that is sent again changes nothing: results are taken once by their number, problems by their time.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import parse_etags, quote_etag
from ninja import Router, Schema
from ninja.security.base import AuthBase
from pydantic import Field, StringConstraints

from baken.domain.instants import MINUTE, to_datetime, to_us
from baken.reach.prober import signing
from baken.reach.prober.checks import Check, CheckError
from baken.record.ledger import clock
from baken.record.monitors import flows, reads
from baken.record.monitors.models import Location, Monitor
from baken.record.orgs.unopened import Unread
from baken.record.people.access import program
from baken.record.people.acting import acting, say
from baken.show.api import limiting
from baken.show.api.problems import problem

OLDEST = 5 * MINUTE
"""How far the clocks of prober and hub may be apart; an older request is refused."""

HUB = program("hub")
router = Router(tags=["Prober"])

Big = Annotated[int, Field(ge=0, lt=2**63)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9 _-]{0,31}$")]


class Signed(AuthBase):
    """`Baken-Location`, `Baken-Timestamp` (Unix microseconds) and `Baken-Signature` (Ed25519, base64)."""

    openapi_type = "apiKey"
    openapi_in = "header"
    openapi_name = "Baken-Signature"

    def __call__(self, request: HttpRequest) -> Location | None:
        """The location that signed this request in the last five minutes; None for any other request.

        What a prober saw is never lost with what others ask: a location is counted by itself. Raises TooOften.
        """
        if (location := self._signed(request)) is None:
            limiting.count(request, "failures")
            return None
        limiting.count(request, "probers", location.code)
        return location

    def _signed(self, request: HttpRequest) -> Location | None:
        code, timestamp = request.headers.get("Baken-Location", ""), request.headers.get("Baken-Timestamp", "")
        signature = request.headers.get("Baken-Signature", "")
        if not re.fullmatch(r"[a-z0-9-]{1,64}", code) or not re.fullmatch(r"[0-9]{1,18}", timestamp):
            return None
        if abs(to_us(clock.now()) - int(timestamp)) > OLDEST:
            return None
        with acting(HUB):
            location = reads.location_by_code(code)
        if location is None or request.method is None:
            return None
        signed = (request.method, request.path_info, int(timestamp), request.body)
        if not signing.verify(location.public_key, *signed, signature):
            return None
        say(HUB)
        return location


class ProberRequest(HttpRequest):
    """A request as these operations see it."""

    auth: Location


EXAMPLE = ["018f3b5e-7c1a-7cc2-9f3e-2b7d5a1c9e40", 18, 1772440200000000, 41250, "up", "ok", 200]


class Seen(NamedTuple):
    """One result: instants and durations in microseconds."""

    monitor: UUID
    sequence: Annotated[int, Field(ge=1, lt=2**63)]
    started: Big
    duration: Big
    outcome: Literal["up", "down"]
    reason: Word
    status: Annotated[int, Field(ge=100, le=599)] | None


class ProberProblem(Schema):
    """Why there are no results of a monitor; of any, when `monitor` is null."""

    monitor: UUID | None
    reason: Word
    detail: Annotated[str, StringConstraints(max_length=2_000)] = ""


class Delivery(Schema):
    """Results in order of their numbers; the problems of this moment, left out while they stay the same."""

    location: str = Field(examples=["ams-1"])
    results: list[Seen] = Field(max_length=10_000, examples=[[EXAMPLE]])
    problems: list[ProberProblem] | None = Field(None, max_length=10_000)


HEADERS = [
    {"in": "header", "name": name, "required": True, "schema": {"type": "string"}, "description": meaning}
    for name, meaning in (("Baken-Location", "code of the location"), ("Baken-Timestamp", "Unix microseconds"))
]
CONDITION = {
    "in": "header", "name": "If-None-Match", "required": False, "schema": {"type": "string"},
    "description": "the ETag of the assignment that is known",
}  # fmt: skip


def _answer(status: int, meaning: str, seen: Mapping[str, Any] | None) -> dict[int, Any]:
    content = {"content": {"application/json": {"schema": {"type": "object"}, "example": seen}}} if seen else {}
    return {status: {"description": meaning, **content}}


ASSIGNMENT = {
    "version": "9f86d081884c7d659a2feaa0c55ad015", "allow_private": True, "acknowledged": 17,
    "checks": [Check("018f3b5e-7c1a-7cc2-9f3e-2b7d5a1c9e40", "https://cloud.example.org/", 30.0, 10.0).to_wire()],
}  # fmt: skip


@router.get(
    "/prober/assignment",
    auth=Signed(),
    summary="What to check",
    openapi_extra={
        "parameters": [*HEADERS, CONDITION],
        "responses": {**_answer(200, "The assignment", ASSIGNMENT), **_answer(304, "It is still the same", None)},
    },
)
def assignment(request: ProberRequest) -> HttpResponse:
    """The checks of a location, with intervals and timeouts in seconds, and the highest result the hub has.

    `version` changes with what is asked and is the ETag: with If-None-Match an unchanged assignment answers 304.
    """
    asked = {"allow_private": settings.BAKEN_ALLOW_PRIVATE, "checks": [_check(row) for row in reads.to_probe()]}
    version = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]
    etag = quote_etag(version)
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=304, headers={"ETag": etag})
    body = {"version": version, **asked, "acknowledged": request.auth.acknowledged}
    return JsonResponse(body, headers={"ETag": etag, "Cache-Control": "no-store"})


@router.post(
    "/prober/results",
    auth=Signed(),
    summary="What was seen",
    openapi_extra={
        "parameters": HEADERS,
        "x-answers": [409],
        "responses": _answer(200, "How far the hub is", {"acknowledged": 18}),
    },
)
def results(request: ProberRequest, delivery: Delivery) -> HttpResponse:
    """Takes results, in order and once, and answers the highest number the hub has.

    Answers 409 with `expected` when results before these are missing: send from that number.
    """
    if delivery.location != request.auth.code:
        return problem(422, "location: give the one that signs", field="location", remedy="give the one that signs")
    if delivery.problems is not None:
        told = [flows.Told(row.monitor, row.reason, row.detail) for row in delivery.problems]
        flows.tell_problems(request.auth, told, at=to_datetime(int(request.headers["Baken-Timestamp"])))
    try:
        acknowledged = flows.accept(request.auth, [flows.Result(*row) for row in delivery.results])
    except flows.Gap as gap:
        return problem(409, str(gap), expected=gap.expected)
    return JsonResponse({"acknowledged": acknowledged})


def _check(monitor: Monitor) -> dict[str, Any]:
    """A monitor as a prober takes it. One it cannot run is sent as it is: the prober names the problem.

    So is one of which something does not open: words stand in the place of its address, and the others are measured.
    """
    url, expect_text = monitor.url, monitor.expect_text
    if isinstance(expect_text, Unread):
        url, expect_text = expect_text, ""
    asked: dict[str, Any] = {
        "id": str(monitor.id),
        "url": url,
        "interval": monitor.interval / 1_000,
        "timeout": monitor.timeout / 1_000,
        "method": monitor.method,
        "expect_status": tuple(_span(part) for part in monitor.expect_status.split(",")),
        "expect_text": expect_text or None,
        "follow_redirects": monitor.follow_redirects,
        "verify_tls": monitor.verify_tls,
    }
    try:
        return Check(**asked).to_wire()
    except CheckError:
        return asked


def _span(written: str) -> tuple[int, int]:
    low, _, high = written.partition("-")
    return int(low), int(high or low)
