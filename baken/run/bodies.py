"""Bodies of requests stay in memory. Django would put a large one into a temporary file, readable as it was sent."""

from collections.abc import Awaitable, Callable, Mapping
from typing import IO, Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Pages(ASGIHandler):
    """Django's ASGI application, which refuses a body of more than `FILE_UPLOAD_MAX_MEMORY_SIZE` bytes with 413."""

    async def read_body(self, receive: Receive) -> IO[bytes]:
        """The body; of one that is too large, nothing is kept beyond the limit."""
        size = 0

        async def limited() -> Mapping[str, Any]:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return {**message, "body": b""} if size > settings.FILE_UPLOAD_MAX_MEMORY_SIZE else message

        body: Any = await super().read_body(limited)
        body.too_large = size > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        kept: IO[bytes] = body
        return kept

    def create_request(self, scope: Any, body_file: Any) -> Any:
        """The request, or the refusal."""
        if body_file.too_large:
            return None, HttpResponse("This is larger than any request may be.", status=413, content_type="text/plain")
        return super().create_request(scope, body_file)
