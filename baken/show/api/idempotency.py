"""Requests that make something and may be sent again."""

from collections.abc import Callable
from typing import Annotated

from django.http import HttpResponse
from ninja import Header

from baken.record.people.idempotency import once
from baken.show.api.access import ApiRequest

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Of your choice. The same request with the same key, within seven days, makes nothing more.",
    ),
]


def made(request: ApiRequest, response: HttpResponse, key: str | None, create: Callable[[], int]) -> int:
    """The number of what the request makes, or made when it was sent before with this key.

    The header `Idempotency-Replayed` says the latter. Raises Conflict for a key of another request.
    """
    if key is None:
        return create()
    number, before = once(request.auth, key=key, request=request.path.encode() + request.body, create=create)
    if before:
        response.headers["Idempotency-Replayed"] = "true"
    return number
