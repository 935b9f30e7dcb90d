"""Errors as problem details (RFC 9457): a type to branch on, a sentence to read, and the field to mend."""

import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as Invalid
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from psycopg.errors import UniqueViolation
from psycopg_pool import PoolTimeout

from baken.record.orgs.arriving import TooLarge
from baken.record.orgs.files import Damaged
from baken.record.orgs.keys import UnknownKey
from baken.record.orgs.places import StoreUnreachable
from baken.record.orgs.sealing import Unsealable
from baken.record.people.access import Conflict, Forbidden, NotFound
from baken.record.people.limits import TooOften

AGAIN = 30
"""Seconds after which it is worth another try when something does not answer."""
log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPES: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read: its body is not JSON, or not the form it should have."),
    401: ("unauthenticated", "There is no valid token; for a prober, no valid signature."),
    403: ("forbidden", "The token is valid, but its role or its scopes do not allow this."),
    404: ("not-found", "There is no such record, or it is not yours to see."),
    405: ("not-allowed", "This address has no such method; the Allow header names those it has."),
    409: ("conflict", "The record is not in the state that this change starts from; look at it again."),
    413: ("too-large", "The body is larger than this address takes."),
    422: ("invalid", "A value does not fit; `field` names it and `detail` says what to do."),
    429: ("too-many", "Too many requests in a short time; the Retry-After header says when to try again."),
    500: ("internal", "A defect of ours. The log of the server has the details, under the time of the request."),
    503: ("unavailable", "The database does not answer in time; try again."),
}
"""Status -> the last part of `type`, and what it means."""


def problem(status: int, detail: str = "", **members: Any) -> HttpResponse:
    """The answer for an error; without a `detail` the general meaning of the status."""
    code, meaning = TYPES[status]
    body = {
        "type": f"urn:baken:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or meaning,
        **members,
    }
    response = JsonResponse(body, status=status, content_type=MEDIA_TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="baken"'
    if status == 503:
        response.headers["Retry-After"] = str(AGAIN)
    return response


def add_handlers(api: NinjaAPI) -> None:
    """Answer every exception of the house with a problem; anything else is logged and told as `internal`."""
    answers: Mapping[type[Exception], Callable[[Any], HttpResponse]] = {
        Forbidden: lambda exc: problem(403, str(exc)),
        NotFound: lambda exc: problem(404, str(exc)),
        Http404: lambda exc: problem(404),
        Conflict: lambda exc: problem(409, str(exc)),
        TooOften: _too_often,
        RequestDataTooBig: lambda exc: problem(413),
        TooLarge: lambda exc: problem(413, str(exc)),
        Damaged: lambda exc: problem(409, "The stored file is not the one that was attached."),
        Unsealable: _unread,
        UnknownKey: _unread,
        StoreUnreachable: lambda exc: problem(503, str(exc)),
        MultiPartParserError: lambda exc: problem(400),
        HttpError: _unreadable,
        ValidationError: _misfit,
        Invalid: _unfit,
        ValueError: _refused,
        IntegrityError: _clash,
        OperationalError: _unavailable,
        InterfaceError: _unavailable,
        PoolTimeout: _unavailable,
        ConnectionError: _keyless,
        Exception: _defect,
    }
    for exception, answer in answers.items():
        api.add_exception_handler(exception, _handler(answer))


def _too_often(exc: TooOften) -> HttpResponse:
    response = problem(429, str(exc), **{"violated-policies": [exc.standing.policy]})
    response.headers["Retry-After"] = str(exc.wait)
    return response


def _handler(answer: Callable[[Any], HttpResponse]) -> Callable[[HttpRequest, Any], HttpResponse]:
    return lambda request, exc: answer(exc)


def _unreadable(exc: HttpError) -> HttpResponse:
    """No token, or a body that is no JSON. What the parser itself found unfit comes as the cause of the latter."""
    return _misfit(exc.__cause__) if isinstance(exc.__cause__, ValidationError) else problem(exc.status_code)


def _unfit(exc: Invalid) -> HttpResponse:
    """What a column cannot hold."""
    fields = exc.message_dict if hasattr(exc, "error_dict") else {"body": exc.messages}
    field, messages = next(iter(fields.items()))
    return _about(field, " ".join(messages))


def _about(field: str, remedy: str, **members: Any) -> HttpResponse:
    return problem(422, f"{field}: {remedy}", field=field, remedy=remedy, **members)


def _refused(exc: ValueError) -> HttpResponse:
    """What a flow refused, as `field: remedy`. A ValueError that is not of the house is a defect."""
    if not type(exc).__module__.startswith("baken."):
        return _defect(exc)
    field, colon, remedy = str(exc).partition(": ")
    return _about(field.replace(" ", "_"), remedy) if colon else problem(422, str(exc))


def _misfit(exc: ValidationError) -> HttpResponse:
    """What the description of the operation refuses. An address that cannot exist is one that does not."""
    if any(error["loc"][0] == "path" for error in exc.errors):
        return problem(404)
    errors = misfits(exc.errors)
    return _about(errors[0]["field"], errors[0]["detail"], errors=errors)


def misfits(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What does not fit, as it is told: each field, and what is wrong with it."""
    return [{"field": _field(error["loc"]), "detail": _sentence(error)} for error in errors]


def _field(loc: tuple[str | int, ...]) -> str:
    """`expect_status` for ("body", "data", "expect_status"): without where it was read and the argument's name."""
    inner = loc[2:] if len(loc) > 2 else loc[1:]
    return ".".join(str(part) for part in inner) or "body"


def _sentence(error: Mapping[str, Any]) -> str:
    return str(error["msg"]).removeprefix("Value error, ")


def _clash(exc: IntegrityError) -> HttpResponse:
    """Two wanted the same name at the same moment; any other breach of a constraint is a defect."""
    if isinstance(exc.__cause__, UniqueViolation):
        return problem(409, "Something of the same name was made at this moment; look at it, then try again.")
    return _defect(exc)


def _unavailable(exc: Exception) -> HttpResponse:
    log.warning("the database does not answer: %s", exc)
    return problem(503)


def _unread(exc: Exception) -> HttpResponse:
    """Noted where it was read, so it becomes an incident."""
    return problem(409, "A text that this needs was changed in the database and cannot be read; nothing was done.")


def _keyless(exc: Exception) -> HttpResponse:
    """Whoever keeps the root key is away."""
    log.warning("the keys are not to be had: %s", exc)
    return problem(503, "The vault with the keys does not answer in time; try again.")


def _defect(exc: Exception) -> HttpResponse:
    log.error("an operation of the API failed", exc_info=exc)
    return problem(500)
