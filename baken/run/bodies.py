"""Bodies of requests and answers pass through, a little at a time: none is held in memory, none is put on a disk.

Django reads a whole request before it looks at it, into a temporary file when it is large, and a whole answer from an
ordinary iterator before it sends any of it. Here a request's body is asked for from the server when the view reads it,
and an answer's next pieces when the ones before were taken by the network. The network itself holds the other side
back.

A view that reads a large body keeps a connection to the database while it does. So only a few of them arrive at a time,
fewer than there are connections, each not slower than a least rate, and what the view did not want is read when the
connection has been given back. Before that, and while a small body comes, a slow sender costs some KB and no
connection.

An answer keeps no connection at all while it is sent. The view gives its own back, and whatever fetches more of a long
answer has one for as long as that takes; so who does not take what they asked for holds up nobody. Nor do they for
ever: an answer has the same least rate as a body.
"""

import asyncio
import io
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import IO, Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted, RequestDataTooBig
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Waited = TypeVar("Waited")

SMALL = 256 * 1024
"""Bodies up to this size, nearly all of them, are read before the view is called: it needs no turns for that."""
PATIENCE = 60.0
"""Seconds for which the other side is waited for, all waits together; what it sends or takes gives some back."""
RATE = 20_000
"""Bytes that give back a second: whoever is slower for long has used up the patience."""
AT_ONCE = 5
"""Large bodies that views of one process may be reading: fewer than there are connections in its pool."""
QUEUED = 3.0
"""Seconds for which another one waits for its turn, before it is told to come again."""
DRAINED = 1024 * 1024 * 1024
"""Bytes of a refused body that are read and forgotten, because a browser shows no answer before it sent everything."""
LITTLE = 4 * 1024 * 1024
"""The same for somebody who could not have sent a file there."""
LINGERING = 10.0
"""And the seconds that it may take them."""
TAKEN = 10
"""Streamed answers that may be on their way to one reader from one process: each of them costs memory and a thread."""
FETCHED = 1024 * 1024
"""Bytes of a streamed answer that are fetched at once, before the connection to the database is given back."""
BESIDE = 4 * 1024 * 1024
"""Bytes in a request besides its largest file."""


def largest() -> int:
    """The size of the largest request, in bytes."""
    return int(settings.BAKEN_FILE_LIMIT) * 1024 * 1024 + BESIDE


class Patience:
    """How long the other side may still keep us waiting: shorter by each wait, longer by what it moved."""

    def __init__(self) -> None:
        self._left = PATIENCE

    async def wait(self, awaited: Awaitable[Waited]) -> Waited:
        """What was awaited. Raises TimeoutError when it does not come in time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._left):
                return await awaited
        finally:
            self._left -= loop.time() - began

    def moved(self, size: int) -> None:
        """So many bytes came or went."""
        self._left = min(PATIENCE, self._left + size / RATE)


class Turns:
    """What the server has to tell of one request. Whoever waits for its end hears it after the body was read."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read = asyncio.Event()
        self._patience = Patience()
        self.ended = False

    async def __call__(self) -> Message:
        """What comes after the body: that the other side is gone."""
        await self._read.wait()
        return await self._receive()

    async def take(self) -> bytes:
        """More of the body. Raises RequestAborted when its sender is gone, TimeoutError when it comes too slowly."""
        message = await self._patience.wait(self._receive())
        if message["type"] == "http.disconnect":
            self._end()
            raise RequestAborted
        if not message.get("more_body", False):
            self._end()
        piece: bytes = message.get("body", b"")
        self._patience.moved(len(piece))
        return piece

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

    async def drain(self, most: int) -> None:
        """Read what nobody wants, so that the other side hears the answer; up to a limit of bytes."""
        self._at_hand = b""
        while not self._turns.ended and self._size < most:
            try:
                self._size += len(await self._turns.take())
            except (RequestAborted, TimeoutError):
                return

    async def drain_a_little(self) -> None:
        """The same for somebody who had no reason to send so much."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGERING):
                await self.drain(LITTLE)

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

    A request above `largest()` is refused by whoever reads it, in that reader's words: RequestDataTooBig. What the
    view's side may know of a request: `large`; `crowded` when too many large ones are being read already, and
    `hoarding` when its reader has too many answers on their way.
    """

    def __init__(self) -> None:
        super().__init__()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._taken = Counter[str]()

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

    def load_middleware(self, is_async: bool = False) -> None:
        """Everything between request and answer is done in one thread, which gives back its connection after it.

        Django would make the page for an exception in a thread of the whole process, and that keeps its connection.
        """
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of that thread. It may be long on its way: no connection is kept for that."""
        return await sync_to_async(self._answer)(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            connections.close_all()

    def create_request(self, scope: Any, body_file: IO[bytes]) -> Any:
        """The request, which knows whether its body is large."""
        request: Any
        request, refusal = super().create_request(scope, body_file)
        if request is not None:
            request.large, request.crowded = isinstance(body_file, io.BufferedReader), False
            request.hoarding = False
        return request, refusal

    async def run_get_response(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, once the other side can hear it; read from a plain iterator piece by piece."""
        body = cast(Any, request)._stream
        if isinstance(body, io.BufferedReader):
            response = await self._when_it_is_its_turn(request)
            if not response.streaming:
                await _drain(request, cast(Body, body.raw))
        else:
            response = await super().run_get_response(request)
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            return await self._on_its_way(request, response)
        return response

    async def _on_its_way(self, request: Any, response: StreamingHttpResponse) -> HttpResponseBase:
        """A long answer, unless its reader has too many already."""
        reader = request.headers.get("Authorization") or request.COOKIES.get(settings.SESSION_COOKIE_NAME) or "nobody"
        if self._taken[reader] >= TAKEN:
            await sync_to_async(response.close)()
            request.hoarding = True
            return await super().run_get_response(request)
        self._taken[reader] += 1
        response.streaming_content = _one_by_one(iter(response))
        cast(Any, response).reader = reader
        return response

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        """Send it as fast as it is taken. Who takes it too slowly counts as gone: it is broken off."""
        patience = Patience()

        async def send_patiently(message: Message) -> None:
            try:
                await patience.wait(send(message))
            except TimeoutError as stall:
                raise asyncio.CancelledError from stall  # as when the other side has gone away
            patience.moved(len(message.get("body", b"")))

        try:
            await super().send_response(response, send_patiently)
        finally:
            if reader := getattr(response, "reader", None):
                self._taken -= Counter([reader])

    async def _when_it_is_its_turn(self, request: Any) -> HttpResponseBase:
        try:
            await asyncio.wait_for(self._places.acquire(), QUEUED)
        except TimeoutError:
            request.crowded = True
            return await super().run_get_response(request)
        try:
            return await super().run_get_response(request)
        finally:
            self._places.release()


async def _drain(request: HttpRequest, body: Body) -> None:
    """Hear out who sends more than was wanted."""
    if hasattr(request, "receives"):  # known to us, at a page that takes files: only this one is too large
        await body.drain(DRAINED)
    else:
        await body.drain_a_little()


async def _one_by_one(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces, some of them fetched when it is their turn, in the thread where the view ran."""
    fetch = sync_to_async(_some)
    while some := await fetch(pieces):
        while some:
            yield some.popleft()


def _some(pieces: Iterator[bytes]) -> deque[bytes]:
    """The next of them, none at the end. What they were fetched with is for others while the network takes them."""
    fetched, size = deque[bytes](), 0
    try:
        while size < FETCHED and (piece := next(pieces, None)) is not None:
            if piece:
                fetched.append(piece)
                size += len(piece)
    finally:
        connections.close_all()
    return fetched
