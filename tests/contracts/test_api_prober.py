"""The hub as a prober sees it: the real one and the one of the prober's own tests behave alike."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from django.test import Client, RequestFactory

from baken.reach.prober import signing
from baken.reach.prober.checks import Assignment, Check, Result
from baken.reach.prober.hub import ASSIGNMENT, RESULTS, HubClient, HubRefused, SequenceGap
from baken.record.ledger import clock
from baken.record.monitors import flows, reads
from baken.record.monitors.flows import MonitorError
from baken.record.monitors.models import Location, Monitor, Sight, StateChange
from baken.show.api import prober
from tests.conftest import Cast
from tests.flows.prober_world import Hub

PRIVATE, PUBLIC = signing.generate_key()
KEY = signing.load_key(PRIVATE)
URL = "https://service.example/health?deep=yes"
COMMITS = pytest.mark.django_db(transaction=True)
TROUBLE: dict[str, str | None] = {"monitor": None, "reason": "spool full", "detail": "no room"}


def now() -> int:
    return time.time_ns() // 1_000


@dataclass
class Side:
    """A hub with one check, and what it took in."""

    url: str
    monitor: str
    check: Check
    taken: Callable[[], list[int]]
    problems: Callable[[], list[dict[str, str | None]]]

    def client(self, key: Ed25519PrivateKey = KEY, code: str = "ams") -> HubClient:
        return HubClient(self.url, code, key)


@pytest.fixture(params=["the prober's", "the real one"])
def hub(request: pytest.FixtureRequest) -> Iterator[Side]:
    build = _fake if request.param == "the prober's" else _real
    yield from build(request)


def _fake(request: pytest.FixtureRequest) -> Iterator[Side]:
    monitor = str(uuid4())
    check = _expected(monitor)
    server = Hub(PUBLIC, [check])
    yield Side(server.url, monitor, check, lambda: [row.sequence for row in server.results], lambda: server.problems)
    server.stop()


def _real(request: pytest.FixtureRequest) -> Iterator[Side]:
    cast, url = request.getfixturevalue("cast"), request.getfixturevalue("live_server").url
    location, monitor = ams(cast), watched(cast)
    yield Side(url, str(monitor.id), _expected(str(monitor.id)), lambda: stored(location), lambda: troubles(location))


def ams(cast: Cast) -> Location:
    return flows.add_location(cast.adam.caller, provider=cast.provider, code="ams", name="Amsterdam", public_key=PUBLIC)


def watched(cast: Cast, **options: Any) -> Monitor:
    chosen = {"interval": 1_500, "timeout": 500, "expect_status": "200,204-299", "expect_text": "ok"} | options
    return flows.add_monitor(cast.adam.caller, service=cast.service, name="Site", url=URL, **chosen)


def _expected(monitor: str) -> Check:
    return Check(monitor, URL, 1.5, 0.5, expect_status=((200, 200), (204, 299)), expect_text="ok")


def stored(location: Location) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequence FROM monitors_result WHERE location_id = %s ORDER BY 1", [location.id])
        return [sequence for (sequence,) in cursor.fetchall()]


def troubles(location: Location) -> list[dict[str, str | None]]:
    rows = Location.objects.get(id=location.id).troubles.all()
    return [
        {"monitor": str(row.monitor_id) if row.monitor_id else None, "reason": row.reason, "detail": row.detail}
        for row in rows
    ]


def seen(monitor: str, first: int, last: int, outcome: Any = "up") -> list[Result]:
    start = now() - 1_000_000
    reason: Any = "ok" if outcome == "up" else "timeout"
    return [Result(monitor, n, start + n * 1_000, 250, outcome, reason, None) for n in range(first, last + 1)]


@COMMITS
def test_an_assignment_is_the_checks_and_the_same_one_is_not_sent_twice(hub: Side) -> None:
    client = hub.client()
    assignment = client.assignment(None)
    assert assignment is not None
    assert (assignment.checks, assignment.rejected) == ((hub.check,), {})
    assert (assignment.allow_private, assignment.acknowledged) == (True, 0)
    assert client.assignment(assignment.version) is None
    client.deliver(seen(hub.monitor, 1, 2), None)
    again = client.assignment("another")
    assert again is not None
    assert (again.version, again.acknowledged) == (assignment.version, 2)


@COMMITS
def test_results_are_taken_in_order_and_once(hub: Side) -> None:
    client = hub.client()
    assert client.deliver(seen(hub.monitor, 1, 3), None) == 3
    assert client.deliver(seen(hub.monitor, 1, 3), None) == 3
    assert client.deliver(seen(hub.monitor, 2, 5), None) == 5
    assert client.deliver([], None) == 5
    assert hub.taken() == [1, 2, 3, 4, 5]


@COMMITS
def test_a_gap_names_the_number_to_send_from(hub: Side) -> None:
    client = hub.client()
    client.deliver(seen(hub.monitor, 1, 2), None)
    with pytest.raises(SequenceGap) as gap:
        client.deliver(seen(hub.monitor, 5, 6), None)
    assert (gap.value.expected, hub.taken()) == (3, [1, 2])


@COMMITS
def test_problems_stand_until_others_are_told(hub: Side) -> None:
    client = hub.client()
    blocked = {"monitor": hub.monitor, "reason": "blocked", "detail": ""}
    client.deliver([], [TROUBLE, blocked])
    client.deliver(seen(hub.monitor, 1, 1), None)
    assert hub.problems() == [TROUBLE, blocked]
    client.deliver([], [blocked])
    assert hub.problems() == [blocked]
    client.deliver([], [])
    assert hub.problems() == []


@COMMITS
def test_another_key_is_refused(hub: Side) -> None:
    stranger = hub.client(signing.load_key(signing.generate_key()[0]))
    for attempt in (lambda: stranger.assignment(None), lambda: stranger.deliver(seen(hub.monitor, 1, 1), None)):
        with pytest.raises(HubRefused):
            attempt()
    assert hub.taken() == []


@dataclass(frozen=True)
class Signed:
    """A request of a prober, to be taken apart."""

    method: str
    path: str
    body: bytes = b""
    code: str = "ams"
    timestamp: str = ""
    signature: str | None = None

    def send(self, client: Client) -> Any:
        timestamp = self.timestamp or str(now())
        signature = self.signature
        if signature is None:
            signature = signing.sign(KEY, self.method, self.path, int(timestamp), self.body)
        headers = {"Baken-Location": self.code, "Baken-Timestamp": timestamp, "Baken-Signature": signature}
        return client.generic(self.method, self.path, self.body, "application/json", headers=headers)


def delivery(results: Sequence[Any], problems: Any = None, location: str = "ams") -> Signed:
    message: dict[str, Any] = {"location": location, "results": results}
    return Signed(
        "POST", RESULTS, json.dumps(message if problems is None else message | {"problems": problems}).encode()
    )


@pytest.fixture
def location(cast: Cast) -> Iterator[Location]:
    """The location of the cast, at the time of the machine: requests carry it."""
    made = ams(cast)
    with clock.at(datetime.now(UTC)):
        yield made


MINUTE = 60_000_000


@pytest.mark.parametrize(
    ("offset", "status"),
    [(-6 * MINUTE, 401), (6 * MINUTE, 401), (-4 * MINUTE, 200), (4 * MINUTE, 200), (-2_000_000_000_000_000, 401)],
)
def test_a_request_that_is_not_of_this_moment_is_refused(
    location: Location, client: Client, offset: int, status: int
) -> None:
    request = Signed("GET", ASSIGNMENT, timestamp=str(abs(now() + offset)))
    assert request.send(client).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        {"code": "rtm"}, {"code": "AMS\x00"}, {"code": ""}, {"timestamp": "soon", "signature": "x"},
        {"timestamp": "-1", "signature": "x"}, {"signature": ""}, {"signature": "é"}, {"signature": "AAAA"},
    ],
)  # fmt: skip
def test_a_request_that_is_not_signed_by_the_location_is_refused(
    location: Location, client: Client, change: dict[str, str]
) -> None:
    answer = replace(Signed("GET", ASSIGNMENT), **change).send(client)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:baken:problem:unauthenticated")


def test_the_connection_is_the_hubs_only_once_the_signature_is_checked(location: Location) -> None:
    def actor() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('baken.actor', true)")
            return cursor.fetchone()[0] or ""

    before, timestamp = actor(), str(now())
    for key, after in ((Ed25519PrivateKey.generate(), before), (KEY, prober.HUB.actor)):
        signature = signing.sign(key, "GET", ASSIGNMENT, int(timestamp), b"")
        headers = {"Baken-Location": "ams", "Baken-Timestamp": timestamp, "Baken-Signature": signature}
        prober.Signed()._signed(RequestFactory().get(ASSIGNMENT, headers=headers))
        assert actor() == after


def test_what_was_signed_cannot_be_exchanged(location: Location, client: Client) -> None:
    timestamp = now()
    signature = signing.sign(KEY, "POST", RESULTS, timestamp, b"{}")
    for other in (
        Signed("POST", RESULTS, b"{ }", timestamp=str(timestamp), signature=signature),
        Signed("POST", RESULTS, b"{}", timestamp=str(timestamp + 1), signature=signature),
        Signed("GET", ASSIGNMENT, b"{}", timestamp=str(timestamp), signature=signature),
    ):
        assert other.send(client).status_code == 401


def test_a_revoked_location_is_refused(cast: Cast, location: Location, client: Client) -> None:
    flows.revoke_location(cast.adam.caller, "ams")
    assert Signed("GET", ASSIGNMENT).send(client).status_code == 401


def test_a_request_sent_again_doubles_nothing(cast: Cast, location: Location, client: Client) -> None:
    monitor = str(watched(cast).id)
    first = replace(delivery(seen(monitor, 1, 3, "down"), [TROUBLE]), timestamp=str(now() - MINUTE))
    assert first.send(client).json() == {"acknowledged": 3}
    assert delivery(seen(monitor, 4, 5), []).send(client).json() == {"acknowledged": 5}
    assert first.send(client).json() == {"acknowledged": 5}
    assert (stored(location), troubles(location)) == ([1, 2, 3, 4, 5], [])
    assert [change.state for change in StateChange.objects.order_by("at")] == ["down", "up"]


def test_a_problem_that_lasts_keeps_its_beginning(cast: Cast, location: Location, client: Client) -> None:
    blocked = {"monitor": str(watched(cast).id), "reason": "blocked", "detail": "private"}
    gone = {"monitor": str(uuid4()), "reason": "blocked", "detail": ""}
    delivery([], [blocked, gone]).send(client)
    since = location.troubles.get().since
    with clock.at(clock.now() + timedelta(minutes=1)):
        delivery([], [TROUBLE, blocked]).send(client)
    assert [(row.reason, row.since == since) for row in location.troubles.all()] == [
        ("blocked", True), ("spool full", False),
    ]  # fmt: skip
    assert [row.reason for row in reads.locations(cast.adam.caller)[0].troubles.all()] == ["blocked", "spool full"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (0, "no-uuid"), (1, 0), (1, -1), (1, 2**63), (2, -1), (2, 2**63), (3, -5), (4, "sideways"), (5, ""),
        (5, "a\x00b"), (5, "x" * 40), (6, 99), (6, 600), (1, None), (1, 1.5),
    ],
)  # fmt: skip
def test_a_result_that_cannot_be_is_refused_and_says_why(
    cast: Cast, location: Location, client: Client, column: int, value: Any
) -> None:
    result: list[Any] = list(seen(str(watched(cast).id), 1, 1)[0])
    result[column] = value
    answer = delivery([result]).send(client)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert answer.json()["field"].startswith("results.0.")
    assert stored(location) == []


def test_results_of_the_future_are_refused_and_those_from_before_the_location_passed_over(
    cast: Cast, location: Location, client: Client
) -> None:
    monitor = str(watched(cast).id)
    ahead = seen(monitor, 1, 1)[0]._replace(started=now() + 10 * MINUTE)
    answer = delivery([ahead]).send(client)
    assert (answer.status_code, answer.json()["field"]) == (422, "started")
    early = ahead._replace(started=1_000_000)  # a machine that woke up in 1970
    assert delivery([early, *seen(monitor, 2, 2)]).send(client).json() == {"acknowledged": 2}
    assert stored(location) == [2]
    assert (Sight.objects.count(), StateChange.objects.count()) == (1, 1)


def test_other_bodies_are_refused(location: Location, client: Client) -> None:
    for body, status in [(b"", 422), (b"[]", 422), (b"{", 400), (b"\xff", 400), (b"{}", 422), (b"null", 422)]:
        answer = Signed("POST", RESULTS, body).send(client)
        assert (answer.status_code, body) == (status, body)
        assert answer.headers["Content-Type"] == "application/problem+json"
    answer = delivery([], location="rtm").send(client)
    assert (answer.status_code, answer.json()["field"]) == (422, "location")
    big = Signed("POST", RESULTS, b" " * 10_000_000).send(client)
    assert (big.status_code, big.json()["type"]) == (413, "urn:baken:problem:too-large")


def test_a_stopped_monitor_is_assigned_no_longer(cast: Cast, location: Location, client: Client) -> None:
    monitor = watched(cast)
    before = Signed("GET", ASSIGNMENT).send(client)
    assert before.headers["ETag"] == f'"{before.json()["version"]}"'
    flows.stop_monitor(cast.adam.caller, monitor.id)
    after = Signed("GET", ASSIGNMENT).send(client).json()
    assert (after["checks"], after["version"] != before.json()["version"]) == ([], True)
    assert delivery(seen(str(monitor.id), 1, 1)).send(client).json() == {"acknowledged": 1}


@pytest.mark.parametrize(
    "options",
    [
        {"interval": 200}, {"interval": 199}, {"interval": 86_400_000}, {"interval": 86_400_001}, {"timeout": 0},
        {"timeout": 1}, {"timeout": 300_000}, {"timeout": 300_001}, {"method": "HEAD"},
        {"method": "HEAD", "expect_text": ""},
        {"method": "PUT"}, {"expect_status": "100-599"}, {"expect_status": "99"}, {"expect_status": "500-200"},
        {"expect_status": "600"}, {"url": "https://münchen.example/"},
        {"url": "https://example.org:99999/"}, {"url": "ftp://example.org/"}, {"url": "https:///x"},
        {"url": "https://a b.example/"}, {"url": "https://[x"}, {"url": "https://example.org/%20"},
    ],
)  # fmt: skip
def test_a_monitor_that_is_taken_can_be_run(
    cast: Cast, location: Location, client: Client, options: dict[str, Any]
) -> None:
    """What the record refuses and what a prober refuses are the same."""
    wanted: dict[str, Any] = {"url": URL, "interval": 30_000, "timeout": 500, "expect_text": "ok"} | options
    try:
        flows.add_monitor(cast.adam.caller, service=cast.service, name="Site", **wanted)
    except MonitorError as refused:
        assert str(refused).partition(":")[0] in wanted
        status = wanted.pop("expect_status", "200-399").split("-")
        with pytest.raises(ValueError, match=": "):
            Check(
                id="m", **wanted | {"interval": wanted["interval"] / 1_000, "timeout": wanted["timeout"] / 1_000},
                expect_status=((int(status[0]), int(status[-1])),),
            )  # fmt: skip
    else:
        (check,) = Signed("GET", ASSIGNMENT).send(client).json()["checks"]
        assert Check.from_wire(check).to_wire() == check


def test_a_monitor_from_before_the_rules_is_sent_for_the_prober_to_name(
    cast: Cast, location: Location, client: Client
) -> None:
    Monitor.objects.filter(id=watched(cast).id).update(timeout=900_000)
    assignment = Assignment.from_text(Signed("GET", ASSIGNMENT).send(client).content.decode())
    assert list(assignment.rejected.values()) == ["timeout: must be more than 0 and at most 300 seconds"]
