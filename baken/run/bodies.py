"""Bodies of requests and answers pass through, a little at a time: none is held in memory, none is put on a disk.

Django reads a whole request before it looks at it, into a temporary file when it is large, and a whole answer from an
ordinary iterator before it sends any of it. Here a request's body is asked for from the server when the view reads it,
and an answer's next piece when the one before it was taken by the network. So a slow reader or writer costs a thread
and some KB, and the network itself holds the other side back.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import IO, Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted, RequestDataTooBig
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

SMALL = 256 * 1024
"""Bodies up to this size, nearly all of them, are read before the view is called: it needs no turns for that."""
STALLED = 60.0
"""Seconds that a sender may be silent in the middle of a body."""
DRAINED = 1024 * 1024 * 1024
"""Bytes of a refused body that are read and forgotten, because a browser shows no answer before it sent everything."""
BESIDE = 4 * 1024 * 1024
"""Bytes in a request besides its largest file."""


def largest() -> int:
    """The size of the largest request, in bytes."""
    return int(settings.BAKEN_FILE_LIMIT) * 1024 * 1024 + BESIDE


class Turns:
    """What the server has to tell of one request. Whoever waits for its end hears it after the body was read."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read = asyncio.Event()
        self.ended = False

    async def __call__(self) -> Message:
        """What comes after the body: that the other side is gone."""
        await self._read.wait()
        return await self._receive()

    async def take(self) -> bytes:
        """More of the body. Raises RequestAborted when its sender is gone, TimeoutError when nothing comes."""
        message = await asyncio.wait_for(self._receive(), STALLED)
        if message["type"] == "http.disconnect":
            self._end()
            raise RequestAborted
        if not message.get("more_body", False):
            self._end()
        return message.get("body", b"")  # type: ignore[no-any-return]

    def _end(self) -> None:
        self.ended = True
        self._read.set()


class Body(io.RawIOBase):
    """A body that is still coming, as a file for the thread that the view runs in."""

    def __init__(self, turns: Turns, beginning: bytes) -> None:
        self._turns, self._at_hand = turns, beginning
        self._loop = asyncio.get_running_loop()
        self._size = len(beginning)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes. Raises RequestDataTooBig, and OSError when there will be no more of it."""
        while not self._at_hand and not self._turns.ended:
            self._at_hand = asyncio.run_coroutine_threadsafe(self._more(), self._loop).result()
        count = min(len(buffer), len(self._at_hand))
        buffer[:count], self._at_hand = self._at_hand[:count], self._at_hand[count:]
        return count

    def readall(self) -> bytes:
        """All of it at once, which only what is no file may be. Raises RequestDataTooBig."""
        most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        found = bytearray()
        while piece := self.read(io.DEFAULT_BUFFER_SIZE):
            found += piece
            if len(found) > most:
                raise RequestDataTooBig
        return bytes(found)

    async def drain(self) -> None:
        """Read what nobody wants, so that the other side hears the answer; up to a limit."""
        self._at_hand = b""
        while not self._turns.ended and self._size < DRAINED:
            try:
                self._size += len(await self._turns.take())
            except (RequestAborted, TimeoutError):
                return

    async def _more(self) -> bytes:
        try:
            piece = await self._turns.take()
        except (RequestAborted, TimeoutError) as problem:
            raise OSError("the sender of this request went away in the middle of it") from problem
        self._size += len(piece)
        if self._size > largest():
            raise RequestDataTooBig
        return piece


class Pages(ASGIHandler):
    """Django's ASGI application, with bodies that pass through.

    A request above `largest()` is refused by whoever reads it, in that reader's words: RequestDataTooBig.
    """

    async def handle(self, scope: Any, receive: Receive, send: Any) -> None:
        """One request."""
        await super().handle(scope, Turns(receive), send)

    async def read_body(self, receive: Receive) -> IO[bytes]:
        """The body when it is small, else what it can be read from."""
        turns, beginning = cast(Turns, receive), b""
        try:
            while not turns.ended and len(beginning) <= SMALL:
                beginning += await turns.take()
        except TimeoutError as silence:
            raise RequestAborted from silence
        if turns.ended:
            return io.BytesIO(beginning)
        return io.BufferedReader(Body(turns, beginning), SMALL)

    async def run_get_response(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, once the other side can hear it; read from a plain iterator piece by piece."""
        response: HttpResponseBase = await super().run_get_response(request)
        body = cast(Any, request)._stream
        if isinstance(body, io.BufferedReader):
            await cast(Body, body.raw).drain()
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = _one_by_one(iter(response))
        return response


async def _one_by_one(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, each fetched when it is its turn, in the thread where the view ran."""
    fetch = sync_to_async(lambda: next(pieces, None))
    while (piece := await fetch()) is not None:
        yield piece

