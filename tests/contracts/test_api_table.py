"""Every operation of the API, asked by everybody: who gets what.

Each row is an operation with a body that does it, and the answers for a customer, a stranger (a customer of another
organisation), an agent, the manager, an administrator and the auditor who was invited. Whoever has no token gets 401.
An operation without a row fails, so a new one is not forgotten.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.db import transaction

from baken.domain.agreements import default_terms
from baken.record.people.access import Permission, Role
from baken.show.api.application import api
from baken.show.api.document import operations
from baken.show.api.terms import AgreedTerms, plain
from tests.conftest import Cast
from tests.contracts.api_world import KEY, make_world
from tests.contracts.asking import BASE, NOBODY, Answer, Asker, Askers, with_token

TERMS = AgreedTerms.model_validate(plain(default_terms("Europe/Amsterdam"))).model_dump(mode="json")
PERIOD = "service=cloud&from=2026-03-01&to=2026-04-01"
MARCH = {"service": "cloud", "from": "2026-03-01", "to": "2026-04-01"}
MULTIPART = 'multipart/form-data; boundary="b"'
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF\r\n--b--\r\n'


@dataclass(frozen=True)
class Row:
    """The answers, in the order of `WHO`; `query` and `body` make the request one that is done.

    shows: it tells the provider's people what a customer wrote or who they are, so a look at it is written down.
    """

    answers: str
    body: Any = None
    query: str = ""
    shows: bool = False


WHO = ("customer", "stranger", "agent", "manager", "administrator", "auditor")


def row(answers: str, body: Any = None, query: str = "", *, shows: bool = False) -> Row:
    return Row(answers, body, query, shows)


SAID = {"body": "Something."}
WHY = {"reason": "It is so."}
TABLE: dict[str, Row] = {
    "GET /token": row("200 200 200 200 200 200"),
    "GET /incidents": row("200 200 200 200 200 403", shows=True),
    "POST /incidents": row(
        "201 404 201 201 201 403", {"service": "cloud", "customer": "customer", "subject": "Down"}, shows=True
    ),
    "GET /incidents/{number}": row("200 404 200 200 200 403", shows=True),
    "GET /incidents/{waiting}/messages": row("200 404 200 200 200 403", shows=True),
    "POST /incidents/{number}/answers": row("201 404 201 201 201 403", SAID, shows=True),
    "GET /incidents/{number}/facts": row("403 403 200 200 200 403"),
    "POST /incidents/{number}/replies": row("403 403 201 201 201 403", SAID, shows=True),
    "POST /incidents/{number}/notes": row("403 403 201 201 201 403", SAID, shows=True),
    "POST /incidents/{number}/calls": row("403 403 201 201 201 403", SAID, shows=True),
    "POST /incidents/{number}/pickup": row("403 403 201 201 201 403", {}, shows=True),
    "PUT /incidents/{number}/assignee": row("403 403 200 200 200 403", {"user": None}, shows=True),
    "POST /incidents/{number}/waiting": row(
        "403 403 201 201 201 403", {"on": "customer", "question": "Why?"}, shows=True
    ),
    "POST /incidents/{waiting}/resumption": row("403 403 201 201 201 403", shows=True),
    "POST /incidents/{number}/resolution": row("403 403 201 201 201 403", SAID, shows=True),
    "POST /incidents/{resolved}/reopening": row("201 404 201 201 201 403", WHY, shows=True),
    "POST /incidents/{resolved}/closure": row("403 403 201 201 201 403", shows=True),
    "PUT /incidents/{number}/priority": row("403 403 200 200 200 403", WHY | {"impact": 1, "urgency": 1}, shows=True),
    "PUT /incidents/{number}/classes": row("403 403 200 200 200 403", WHY | {"classes": ["other"]}, shows=True),
    "POST /incidents/{number}/classes/confirmation": row("403 403 201 201 201 403", shows=True),
    "POST /incidents/{number}/outcome": row("201 404 201 201 201 403", WHY | {"outcome": "withdrawn"}, shows=True),
    "POST /incidents/{left_out}/readmission": row("403 403 201 201 201 403", WHY, shows=True),
    "POST /incidents/{number}/merge": row("403 403 201 201 201 403", {"into": "{waiting}"}, shows=True),
    "POST /incidents/{number}/outage": row("403 403 201 201 201 403", {"outage": "{outage}"}, shows=True),
    "POST /incidents/{number}/consent": row(
        "403 403 403 201 403 403", {"cause": "force_majeure", "consent": "Alice agreed."}, shows=True
    ),
    "POST /incidents/{resolved}/facts/{seq}/retraction": row("403 403 403 201 403 403", WHY, shows=True),
    "POST /incidents/{number}/restoration": row("403 403 201 201 201 403", WHY | {"restored": True}, shows=True),
    "POST /incidents/{number}/break-in": row("403 403 403 201 403 403", WHY | {"confirmed": True}, shows=True),
    "GET /incidents/{number}/authority-reports": row("403 403 200 200 200 403"),
    "POST /incidents/{number}/authority-reports": row(
        "403 403 403 201 403 403",
        {"step": "early_warning", "sent": "2026-04-10T08:00:00Z", "reference": "CSIRT-4711"},
        shows=True,
    ),
    "GET /incidents/{number}/clocks": row("200 404 200 200 200 403"),
    "GET /incidents/{number}/clocks/{name}": row("200 404 200 200 200 403"),
    "GET /complaints": row("200 200 403 200 403 403", shows=True),
    "POST /complaints": row(
        "201 404 403 201 403 403", {"service": "cloud", "customer": "customer", "subject": "Slow"} | SAID, shows=True
    ),
    "GET /complaints/{complaint}": row("200 404 403 200 403 403", shows=True),
    "GET /complaints/{complaint}/remarks": row("200 404 403 200 403 403", shows=True),
    "POST /complaints/{complaint}/remarks": row("403 403 403 201 403 403", SAID | {"visible": True}),
    "POST /complaints/{complaint}/answers": row("201 404 403 201 403 403", SAID),
    "POST /complaints/{complaint}/acknowledgement": row("403 403 403 201 403 403", SAID, shows=True),
    "POST /complaints/{complaint}/outcome": row("403 403 403 201 403 403", SAID | {"outcome": "upheld"}, shows=True),
    "POST /complaints/{complaint}/exclusion": row("403 403 403 201 403 403", WHY | {"outcome": "test"}, shows=True),
    "GET /services": row("200 200 200 200 200 403"),
    "POST /services": row(
        "403 403 403 403 201 403", {"code": "mail", "name": "Mail", "valid_from": "2026-01-01", "terms": TERMS}
    ),
    "GET /services/{service}": row("200 404 200 200 200 403"),
    "GET /services/{service}/agreements": row("200 404 200 200 200 403"),
    "POST /services/{service}/agreements": row("403 403 403 403 201 403", {"valid_from": "2026-05-01", "terms": TERMS}),
    "GET /services/{service}/outages": row("200 404 200 200 200 403", query="from=2026-03-01&to=2026-04-01"),
    "GET /customers": row("403 403 200 200 200 403"),
    "POST /customers": row("403 403 403 403 201 403", {"code": "acme", "name": "Acme"}),
    "GET /customers/{customer}": row("200 404 200 200 200 403"),
    "GET /customers/{customer}/subscriptions": row("403 403 403 403 200 403"),
    "POST /customers/{customer}/subscriptions": row(
        "403 403 403 403 201 403", {"service": "other", "since": "2026-04-01T00:00:00Z"}
    ),
    "POST /subscriptions/{subscription}/ending": row("403 403 403 403 204 403"),
    "GET /agents": row("403 403 200 200 200 403"),
    "GET /maintenance": row("200 404 200 200 200 403", query="service=cloud"),
    "POST /maintenance": row(
        "403 403 403 403 201 403",
        {"service": "cloud", "starts": "2026-04-11T00:00:00Z", "ends": "2026-04-11T02:00:00Z"},
    ),
    "POST /maintenance/{maintenance}/cancellation": row("403 403 403 403 204 403"),
    "GET /monitors": row("200 200 200 200 200 403"),
    "POST /monitors": row(
        "403 403 403 403 201 403", {"service": "cloud", "name": "Front", "url": "https://cloud.example/"}
    ),
    "GET /monitors/{monitor}": row("200 404 200 200 200 403"),
    "PATCH /monitors/{monitor}": row("403 403 403 403 200 403", {"interval": 60}),
    "POST /monitors/{monitor}/ending": row("403 403 403 403 204 403"),
    "GET /locations": row("403 403 403 403 200 403"),
    "POST /locations": row("403 403 403 403 201 403", {"code": "rtm-1", "public_key": KEY}),
    "PUT /locations/{location}/key": row("403 403 403 403 200 403", {"public_key": KEY}),
    "POST /locations/{location}/revocation": row("403 403 403 403 201 403"),
    "GET /kpis": row("200 404 200 200 200 403", query=PERIOD),
    "GET /kpis/{kpi}/evidence": row("200 404 200 200 200 403", query=PERIOD),
    "GET /reports": row("200 200 200 200 200 403"),
    "POST /reports": row("403 403 403 201 403 403", MARCH | {"customer": "customer"}, shows=True),
    "GET /reports/{report}": row("404 404 200 200 200 403"),
    "GET /reports/{report}/correction": row("404 404 200 200 200 403"),
    "GET /improvements": row("200 404 200 200 200 403", query=PERIOD),
    "POST /improvements": row(
        "403 403 403 201 403 403",
        MARCH | {"kpi": "C1", "cause": "A disk.", "action": "Warn.", "owner": "Us", "due": "2026-05-01"},
    ),
    "GET /looks": row("200 200 403 200 200 403"),
    "POST /people/{somebody}/export": row("403 403 403 403 200 403", shows=True),
    "POST /people/{somebody}/erasure": row("403 403 403 403 201 403", {"confirmation": "gone@empty.example"}),
    "POST /customers/{empty}/export": row("403 403 403 403 200 403", shows=True),
    "POST /customers/{empty}/erasure": row("403 403 403 403 201 403", {"confirmation": "empty"}),
    "GET /erasures": row("403 403 403 403 200 403"),
    "GET /erasures/{erasure}": row("403 403 403 403 200 403"),
    "GET /audits": row("403 403 403 200 200 200"),
    "POST /audits": row(
        "403 403 403 201 403 403", {"services": ["cloud"], "period_from": "2026-03-01", "period_to": "2026-03-02"}
    ),
    "GET /audits/{audit}": row("403 403 403 200 200 200"),
    "PATCH /audits/{audit}": row("403 403 403 200 403 200", {"method": "Interviews."}),
    "POST /audits/{audit}/report": row("403 403 403 201 403 201", FILE),
    "GET /audits/{audit}/report": row("403 403 403 200 200 200"),
    "GET /audits/{audit}/findings": row("403 403 403 200 200 200"),
    "POST /audits/{audit}/findings": row("403 403 403 201 403 201", {"title": "Old TLS", "severity": "low"}),
    "POST /findings/{finding}/closure": row("403 403 403 201 403 201", {"evidence": "Scanned again."}),
    "POST /audits/{audit}/sign-off": row("403 403 403 403 403 201", {"grade": 7.8}),
    "POST /alerts/{alert_source}": row("403 403 403 403 200 403", {"rule": "Port scan", "level": "high"}),
    "GET /alert-sources": row("403 403 403 200 200 403"),
    "POST /alert-sources": row("403 403 403 403 201 403", {"code": "ids", "tool": "generic", "service": "cloud"}),
    "GET /alert-sources/{alert_source}": row("403 403 403 200 200 403"),
    "PATCH /alert-sources/{alert_source}": row("403 403 403 403 200 403", {"minimum": "high"}),
    "GET /alert-groups": row("403 403 403 200 200 403"),
    "GET /security-reviews": row("403 403 403 200 200 403"),
    "POST /security-reviews": row(
        "403 403 403 201 201 403",
        {"service": "cloud", "began": "2026-03-01T00:00:00Z", "ended": "2026-04-01T00:00:00Z"},
    ),
    "GET /restore-drills": row("403 403 403 200 200 403"),
    "POST /restore-drills": row(
        "403 403 403 201 201 403", {"service": "cloud", "finished": "2026-04-01T00:00:00Z", "outcome": "passed"}
    ),
}
"""What stands in braces is one of the world's names, which say more than those of the addresses."""

OTHERS = {"GET /health", "GET /prober/assignment", "POST /prober/results"}
"""Answered without a token; see the tests of health and of probers."""

World = dict[str, str]


@pytest.fixture
def world(cast: Cast, ask: Askers) -> World:
    """A record of every kind, made by people at the time of the test."""
    return make_world(cast)


def shape(operation: str) -> str:
    """The same for paths that differ in the names of their parts alone."""
    return re.sub(r"{[^}]*}", "{}", operation)


def described() -> dict[str, dict[str, Any]]:
    """Every operation of the document, by method and path."""
    found = operations(api.get_openapi_schema())
    return {f"{method} {path.removeprefix(BASE)}": operation for path, method, operation in found}


def permitted(operation: str) -> tuple[str, int]:
    """Somebody who gets what they ask for, and the answer."""
    answers = dict(zip(WHO, map(int, TABLE[operation].answers.split()), strict=True))
    return next((who, status) for who, status in answers.items() if status < 300)


def by_role(ask: Askers) -> dict[str, Asker]:
    return dict(zip(WHO, (ask.alice, ask.stranger, ask.bob, ask.mona, ask.adam, ask.audrey), strict=True))


def request(asker: Asker, operation: str, world: World, *, keep: bool = False, **change: Any) -> Answer:
    """Ask for an operation, and take back what it did unless it is to be kept."""
    row = TABLE[operation]
    method, path = operation.split(" ")
    body = json.loads(_filled(json.dumps(row.body), world)) if isinstance(row.body, dict) else None
    given: dict[str, Any] = {"body": body}
    if row.body == FILE:
        given = {"content": FILE, "content_type": MULTIPART}
    with transaction.atomic():
        answer = asker.ask(method, _filled(path, world) + f"?{row.query}", **given | change)
        transaction.set_rollback(not keep)
    return answer


def _filled(text: str, world: World) -> str:
    """With the world's values for what stands in braces; a number that is a whole string becomes one."""
    text = re.sub(r'"{(\w+)}"', lambda match: world[match[1]], text)
    return re.sub(r"{(\w+)}", lambda match: world[match[1]], text)


def test_every_operation_has_a_row(db: None) -> None:
    assert {shape(name) for name in described()} == {shape(name) for name in [*TABLE, *OTHERS]}


def test_who_gets_what(ask: Askers, world: World) -> None:
    found = {}
    for operation in TABLE:
        answers = [request(asker, operation, world).status for asker in by_role(ask).values()]
        found[operation] = " ".join(map(str, answers))
    assert found == {operation: row.answers for operation, row in TABLE.items()}


def test_without_a_valid_token_nobody_gets_anything(ask: Askers, world: World) -> None:
    for operation in TABLE:
        answer = request(NOBODY, operation, world)
        assert (answer.status, answer.body["type"]) == (401, "urn:baken:problem:unauthenticated"), operation
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for token in ("", "baken_" + "x" * 43, "Bearer", "baken_\x00", "é" * 40, f"{ask.bob.token}x"):
        assert Asker(token).ask("GET", "/incidents").status == 401, token
    assert ask.bob.ask("GET", "/incidents").status == 200


def test_a_session_is_no_token(cast: Cast, ask: Askers, client: Any) -> None:
    client.force_login(cast.mona.user)
    assert client.get(f"{BASE}/incidents").status_code == 401


def _scoped(cast: Cast, who: str, scopes: list[str]) -> Asker:
    owners = {
        "customer": (cast.customer, cast.alice), "agent": (cast.provider, cast.bob),
        "manager": (cast.provider, cast.mona), "administrator": (cast.provider, cast.adam),
        "auditor": (cast.provider, cast.audrey),
    }  # fmt: skip
    organisation, person = owners[who]
    return with_token(cast, organisation, Role(who), person.user, frozenset(Permission(scope) for scope in scopes))


def test_the_permissions_that_are_named_are_those_that_are_needed(cast: Cast, ask: Askers, world: World) -> None:
    needed = {shape(name): operation["x-permissions"] for name, operation in described().items()}
    for operation in TABLE:
        permissions = needed[shape(operation)]
        who, status = permitted(operation)
        if "incidents:report" in permissions and who != "customer":
            who = "customer"
        if permissions:
            assert request(_scoped(cast, who, permissions), operation, world).status == status, operation
        for missing in permissions if len(permissions) > 1 else []:
            rest = [permission for permission in permissions if permission != missing]
            answer = request(_scoped(cast, who, rest), operation, world)
            assert (answer.status, missing in answer.body["detail"]) == (403, True), (operation, missing)


def _with_parts() -> Iterator[tuple[str, str]]:
    for operation in TABLE:
        yield from ((operation, name) for name in re.findall(r"{(\w+)}", operation))


def test_what_is_not_there_is_not_found(ask: Askers, world: World) -> None:
    for operation, name in _with_parts():
        asker = by_role(ask)[permitted(operation)[0]]
        absent = "999999" if world[name].isdigit() else str(uuid4()) if len(world[name]) == 36 else "nothing"
        # A fact that is not there is a matter of its incident: 422.
        for wrong in ("%00", "9" * 300, "a'b\"c%20d%C3%A9", *([] if name == "seq" else [absent])):
            answer = request(asker, operation, world | {name: wrong})
            told = answer.headers["Content-Type"]
            assert (answer.status, told) == (404, "application/problem+json"), (operation, name, wrong)


def _with_body() -> list[str]:
    return [operation for operation, row in TABLE.items() if isinstance(row.body, dict)]


NO_BODIES = [
    (b"", 422), (b"{", 400), (b"\xff\xfe", 400), (b"[]", 422), (b"null", 422), (b"1", 422), (b'"x"', 422),
    (b'{"x": NaN}', 400), (b"[" * 100_000, 400), (b'{"a": ' * 500 + b"1" + b"}" * 500, 422),
    (b'{"\\u0000": 1}', 422), (b'{"a": "\\ud800"}', 422), (b'{"a": ' + b"9" * 5_000 + b"}", 400),
    (b" " * 10_000_000, 413),
]  # fmt: skip


def test_bodies_that_are_none(ask: Askers, world: World) -> None:
    for operation in _with_body():
        asker = by_role(ask)[permitted(operation)[0]]
        for content, status in NO_BODIES:
            answer = request(asker, operation, world, content=content)
            told = answer.headers["Content-Type"]
            assert (answer.status, told) == (status, "application/problem+json"), (operation, content[:20])
            assert b"Traceback" not in answer.content


def _changed(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """A body with each of its texts in turn replaced by one with a NUL, and where it is."""
    if isinstance(body, str):
        yield path, body + "\x00"
    elif isinstance(body, dict):
        for name, part in body.items():
            yield from ((where, {**body, name: other}) for where, other in _changed(part, (*path, name)))
    elif isinstance(body, list):
        for index, part in enumerate(body[:2]):
            changed = _changed(part, (*path, index))
            yield from ((where, [*body[:index], other, *body[index + 1 :]]) for where, other in changed)


def test_no_text_can_hold_nul(ask: Askers, world: World) -> None:
    for operation in _with_body():
        asker = by_role(ask)[permitted(operation)[0]]
        filled = json.loads(_filled(json.dumps(TABLE[operation].body), world))
        for where, body in _changed(filled):
            answer = request(asker, operation, world, body=body)
            assert (answer.status, answer.body["field"]) == (422, ".".join(map(str, where))), (operation, where)


def test_a_member_that_is_not_known_is_refused(ask: Askers, world: World) -> None:
    for operation in _with_body():
        asker = by_role(ask)[permitted(operation)[0]]
        filled = json.loads(_filled(json.dumps(TABLE[operation].body), world))
        answer = request(asker, operation, world, body=filled | {"colour": "red"})
        assert (answer.status, answer.body["field"]) == (422, "colour"), operation


def test_other_methods_and_addresses(ask: Askers) -> None:
    answer = ask.bob.ask("DELETE", "/incidents")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")
    assert answer.body["type"] == "urn:baken:problem:not-allowed"
    assert ask.bob.problem("GET", "/nothing/here") == (404, None)
    head = ask.bob.ask("HEAD", "/incidents")
    assert (head.status, head.content) == (200, b"")
    assert NOBODY.ask("HEAD", "/health").status == 200


def in_chunks(chunks: list[bytes]) -> tuple[int, bytes]:
    """Status and body of a report that is sent in chunks, without saying how long it will be."""
    headers = [(b"host", b"testserver"), (b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": f"{BASE}/prober/results", "headers": headers,
        "query_string": b"",
    }  # fmt: skip

    async def send() -> tuple[int, bytes]:
        talk = ApplicationCommunicator(get_asgi_application(), scope)
        for chunk in chunks:
            await talk.send_input({"type": "http.request", "body": chunk, "more_body": True})
        await talk.send_input({"type": "http.request"})
        start = await talk.receive_output(10)
        return start["status"], (await talk.receive_output(10))["body"]

    return async_to_sync(send)()


def test_a_body_of_unknown_length_has_the_same_limit(ask: Askers) -> None:
    status, body = in_chunks([b"x" * 1_000_000] * 3)
    assert (status, json.loads(body)["type"]) == (413, "urn:baken:problem:too-large")
    assert in_chunks([b"{", b"}"])[0] == 401
