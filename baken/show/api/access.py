"""Who asks: the caller behind a token, and what an operation needs of them."""

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from baken.record.orgs.models import Organisation
from baken.record.people import honey
from baken.record.people.access import Caller, NotFound, Permission
from baken.record.people.acting import say
from baken.record.people.network import address_of
from baken.record.people.reads import caller_of_token
from baken.show.api import limiting
from baken.show.api.schemas import CODE

Receives = Callable[[HttpRequest, Caller], tuple[Organisation, str]]


class ApiRequest(HttpRequest):
    """A request as the operations see it."""

    auth: Caller


class Token(HttpBearer):
    """`Authorization: Bearer baken_…`, a token that an administrator made."""

    openapi_bearerFormat = "baken_…"
    limited = True
    """Whether the buckets of tokens and addresses count it; else the operation has a limit of its own."""

    def __init__(self, *permissions: Permission, receives: Receives | None = None, reads: bool = False) -> None:
        super().__init__()
        self._permissions, self._receives, self._reads = permissions, receives, reads

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """The caller behind the token, who has every permission that is needed. Raises Forbidden, TooOften."""
        caller = caller_of_token(token) if re.fullmatch(r"baken_[A-Za-z0-9_-]{20,100}", token) else None
        if caller is None:  # before anything is counted: who tried too many tokens is told no more, but still noticed
            honey.try_token(token, address=address_of(request.META), device=request.headers.get("User-Agent", ""))
        if self.limited:
            limiting.count(request, "address")
        if caller is None:
            limiting.count(request, "failures")
            return None
        request.auth = caller  # type: ignore[attr-defined]  # so that the log names whom it refuses from here on
        if self.limited:
            reads = self._reads or request.method in ("GET", "HEAD")
            limiting.count(request, "reads" if reads else "writes", caller.actor)
        for permission in self._permissions:
            caller.require(permission)
        say(caller)
        if (receives := self._receives) is not None:
            request.receives = lambda asked: (caller, *receives(asked, caller))  # type: ignore[attr-defined]
        return caller


def number_in(request: HttpRequest) -> int:
    """The number in the address, before the operation is called. Raises NotFound when it is none."""
    match = request.resolver_match
    number = str(match.kwargs["number"]) if match else ""
    if not number.isascii() or not number.isdigit():
        raise NotFound("There is no such record.")
    return int(number)


def code_in(request: HttpRequest, name: str) -> str:
    """The code in the address, likewise. Raises NotFound when it is none."""
    match = request.resolver_match
    code = str(match.kwargs[name]) if match else ""
    if not re.fullmatch(CODE, code):
        raise NotFound("There is no such record.")
    return code


def needs(
    summary: str,
    *permissions: Permission,
    answers: tuple[int, ...] = (),
    receives: Receives | None = None,
    reads: bool = False,
) -> dict[str, Any]:
    """What an operation is called, what it needs, and which errors it answers besides those that follow from its form.

    receives: whose files these are that are sent to it, and of what kind; without it none are taken.
    reads: it is posted and changes nothing, so it is counted as reading.
    Arguments for ninja's decorators: the token is checked, and the document says the same.
    """
    told = {"x-permissions": [permission.value for permission in permissions], "x-answers": list(answers)}
    return {"summary": summary, "auth": Token(*permissions, receives=receives, reads=reads), "openapi_extra": told}
