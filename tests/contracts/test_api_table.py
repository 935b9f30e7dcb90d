"""Every operation of the API, asked by everybody: who gets what.

Each row of `api_table` is an operation with a body that does it, and the answers for a customer, a stranger (a customer
of another organisation), an agent, the manager, an administrator, the auditor who was invited and another who was not.
Whoever has no token gets 401. An operation without a row fails, so a new one is not forgotten.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.db import transaction
from django.urls import get_resolver
from pytest_django import Settings

from baken.record.people.access import Permission, Role
from baken.show.api.application import api
from baken.show.api.document import operations
from tests.conftest import Cast
from tests.contracts.api_table import FILE, MULTIPART, OTHERS, TABLE, WHO
from tests.contracts.api_world import make_world
from tests.contracts.asking import BASE, NOBODY, Answer, Asker, Askers, with_token
from tests.page_table import addresses, is_operation

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


def offered() -> list[str]:
    """Every operation that is answered, described or not."""
    return [
        f"{method} {path}"
        for router in api._get_bound_routers()
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    ]


def permitted(operation: str) -> tuple[str, int]:
    """Somebody who gets what they ask for, and the answer."""
    answers = dict(zip(WHO, map(int, TABLE[operation].answers.split()), strict=True))
    return next((who, status) for who, status in answers.items() if status < 300)


def by_role(ask: Askers) -> dict[str, Asker]:
    return dict(zip(WHO, (ask.alice, ask.stranger, ask.bob, ask.mona, ask.adam, ask.audrey, ask.eve), strict=True))


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
    text = re.sub(r'"{(\w+)}"', lambda match: world[match[1]] if world[match[1]].isdigit() else match[0], text)
    return re.sub(r"{(\w+)}", lambda match: world[match[1]], text)


def test_every_operation_has_a_row(db: None) -> None:
    rows = sorted(map(shape, [*TABLE, *OTHERS]))
    assert sorted(map(shape, offered())) == rows
    assert sorted(map(shape, described())) == rows, "and none is hidden"
    routes = [route for _, route, one in addresses(get_resolver()) if is_operation(one)]
    found = [re.sub(r"<[^>]*>", "{}", route.removeprefix(BASE.removeprefix("/"))) for route in routes]
    assert sorted(found) == sorted(row.split(" ")[1] for row in rows), "and nobody else's is among the addresses"


def test_who_gets_what(ask: Askers, world: World) -> None:
    found = {}
    for operation in TABLE:
        answers = [request(asker, operation, world).status for asker in by_role(ask).values()]
        found[operation] = " ".join(map(str, answers))
    assert found == {operation: row.answers for operation, row in TABLE.items()}


def test_an_auditors_token_that_is_no_persons_was_invited_to_nothing(cast: Cast, ask: Askers, world: World) -> None:
    machine = with_token(cast, cast.provider, Role.AUDITOR)
    for operation, row in TABLE.items():
        *_, invited, other = map(int, row.answers.split())
        if invited != 403:
            assert request(machine, operation, world).status == other, operation


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
    (b'{"x": NaN}', 400), (b"[" * 100_000, 422), (b'{"a": ' * 500 + b"1" + b"}" * 500, 422),
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


MENDED = "POST /alerts/{alert_source}"
"""What an attacker has a tool say is mended instead of refused."""


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
            if operation == MENDED and where != ("level",):
                assert answer.status == 200, where
            else:
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


def test_a_body_of_unknown_length_has_the_same_limit(ask: Askers, settings: Settings) -> None:
    settings.BAKEN_LIMITS = dict.fromkeys(settings.BAKEN_LIMITS, 0)  # counted in another thread, it would stay
    status, body = in_chunks([b"x" * 1_000_000] * 3)
    assert (status, json.loads(body)["type"]) == (413, "urn:baken:problem:too-large")
    assert in_chunks([b"{", b"}"])[0] == 401
