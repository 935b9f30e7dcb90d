"""Asking the API as somebody of the cast."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from baken.record.orgs.models import Organisation
from baken.record.people import flows
from baken.record.people.access import ALLOWED, Permission, Role
from baken.record.people.models import User
from tests.conftest import Cast, another_auditor

BASE = "/api/v1"


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers, and the body as JSON where it is that."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None

    def expect(self, status: int) -> Any:
        """The body, if the status is this one."""
        assert self.status == status, f"{self.status}: {self.content[:2_000].decode(errors='replace')}"
        return self.body


@dataclass(frozen=True)
class Asker:
    """Somebody with a token, or nobody."""

    token: str | None

    def ask(self, method: str, path: str, body: Any = None, *, content: bytes | None = None, **headers: str) -> Answer:
        """One request. `body` becomes JSON; `content` is sent as it is; underscores in names of headers are hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        media_type = sent.pop("content-type", "application/json")
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        raw = content if content is not None else b"" if body is None else json.dumps(body).encode()
        answer = Client(raise_request_exception=False).generic(method, BASE + path, raw, media_type, headers=sent)
        return Answer(answer.status_code, dict(answer.headers.items()), answer.getvalue())

    def get(self, path: str, **headers: str) -> Any:
        """The body of a GET that is answered."""
        return self.ask("GET", path, **headers).expect(200)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """The body of a POST that made something."""
        return self.ask("POST", path, body, **headers).expect(201)

    def put(self, path: str, body: Any) -> Any:
        """The body of a PUT that is answered."""
        return self.ask("PUT", path, body).expect(200)

    def patch(self, path: str, body: Any) -> Any:
        """The body of a PATCH that is answered."""
        return self.ask("PATCH", path, body).expect(200)

    def problem(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str | None]:
        """Status and field of an answer that is a problem."""
        answer = self.ask(method, path, body, **headers)
        assert answer.headers["Content-Type"] == "application/problem+json", answer
        assert answer.body["status"] == answer.status
        return answer.status, answer.body.get("field")


NOBODY = Asker(None)


def with_token(
    cast: Cast,
    organisation: Organisation,
    role: Role,
    user: User | None = None,
    scopes: frozenset[Permission] | None = None,
) -> Asker:
    """Somebody with a new token, with all that its role may or only these scopes."""
    _row, secret = flows.add_token(
        cast.program, organisation=organisation, name="tests", role=role, user=user,
        scopes=ALLOWED[role] if scopes is None else scopes,
    )  # fmt: skip
    return Asker(secret)


@dataclass(frozen=True)
class Askers:
    """The cast with tokens, and two machines: one of the customer, one of the desk."""

    alice: Asker
    bob: Asker
    bea: Asker
    mona: Asker
    adam: Asker
    audrey: Asker
    eve: Asker  # another auditor
    stranger: Asker
    gateway: Asker
    robot: Asker


def askers(cast: Cast) -> Askers:
    """A token for everybody."""
    provider, customer = cast.provider, cast.customer
    return Askers(
        alice=with_token(cast, customer, Role.CUSTOMER, cast.alice.user),
        bob=with_token(cast, provider, Role.AGENT, cast.bob.user),
        bea=with_token(cast, provider, Role.AGENT, cast.bea.user),
        mona=with_token(cast, provider, Role.MANAGER, cast.mona.user),
        adam=with_token(cast, provider, Role.ADMINISTRATOR, cast.adam.user),
        audrey=with_token(cast, provider, Role.AUDITOR, cast.audrey.user),
        eve=with_token(cast, provider, Role.AUDITOR, another_auditor(cast).user),
        stranger=with_token(cast, cast.stranger_organisation, Role.CUSTOMER, cast.stranger.user),
        gateway=with_token(cast, customer, Role.CUSTOMER),
        robot=with_token(cast, provider, Role.AGENT),
    )
