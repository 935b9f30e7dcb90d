"""Bodies of requests pass through: small ones are read before, others when the view does, none into a file."""

import asyncio
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.asgi import ASGIRequest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse, UnreadablePostError

from baken.run import bodies
from baken.run.bodies import LITTLE, RATE, SMALL, Pages, Turns, largest
from baken.show.api.parsing import read_within

PIECE = 1 << 20


@pytest.fixture(autouse=True)
def no_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)


class Talk:
    """One request to an application whose view is `look`; `given` counts the bytes that were asked of the server."""

    def __init__(self, look: Any) -> None:
        class Looking(Pages):
            def get_response(self, request: HttpRequest) -> HttpResponse:
                answer: HttpResponse = look(request)
                return answer

        self._application, self.given = Looking(), 0

    def send(self, size: int, *, breaks_off: bool = False) -> tuple[int, bytes]:
        return asyncio.run(self._talk(size, breaks_off))

    async def _talk(self, size: int, breaks_off: bool) -> tuple[int, bytes]:
        scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/", "query_string": b"",
                 "headers": [(b"content-type", b"application/octet-stream")]}  # fmt: skip
        left, sent = size, list[dict[str, Any]]()

        async def receive() -> dict[str, Any]:
            nonlocal left
            if breaks_off and left < size // 2:
                return {"type": "http.disconnect"}
            piece = min(left, PIECE)
            left -= piece
            self.given += piece
            if not piece and size:
                await asyncio.sleep(3600)  # the other side stays
            return {"type": "http.request", "body": b"x" * piece, "more_body": bool(left)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._application(scope, receive, send)
        if not sent:
            return 0, b""
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def test_small_bodies_are_read_before_the_view() -> None:
    seen: list[Any] = []

    def look(request: ASGIRequest) -> HttpResponse:
        seen.append((type(request._stream).__name__, len(request.body)))
        return HttpResponse(b"taken")

    assert Talk(look).send(SMALL) == (200, b"taken")
    assert seen == [("BytesIO", SMALL)]


@pytest.mark.django_db
def test_a_large_body_comes_as_it_is_read() -> None:
    talk: Talk
    asked = []

    def look(request: ASGIRequest) -> HttpResponse:
        read = 0
        while piece := request.read(64 * 1024):
            read += len(piece)
            asked.append(talk.given - read)
        return HttpResponse(str(read))

    talk = Talk(look)
    assert talk.send(20 * PIECE) == (200, str(20 * PIECE).encode())
    assert max(asked) <= PIECE + SMALL, "no more is asked for than one piece ahead"


@pytest.mark.django_db
def test_what_is_not_read_is_drained_before_the_answer() -> None:
    def look(request: Any) -> HttpResponse:
        request.receives = None  # as for somebody who may send files there
        return HttpResponse(b"no", status=403)

    talk = Talk(look)
    assert talk.send(20 * PIECE) == (403, b"no")
    assert talk.given == 20 * PIECE


@pytest.mark.django_db
def test_of_a_stranger_only_a_little_is_drained() -> None:
    talk = Talk(lambda request: HttpResponse(b"no", status=403))
    assert talk.send(20 * PIECE) == (403, b"no")
    assert talk.given == LITTLE


@pytest.mark.django_db
def test_the_connection_is_given_back_before_the_rest_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def look(request: Any) -> HttpResponse:
        connection.ensure_connection()
        return HttpResponse(b"no", status=403)

    async def drain(self: bodies.Body) -> None:
        seen.append(await sync_to_async(lambda: connection.connection)())

    monkeypatch.setattr(bodies.Body, "drain_a_little", drain)
    assert Talk(look).send(20 * PIECE) == (403, b"no")
    assert seen == [None]


@pytest.mark.django_db
def test_more_than_the_limit_is_refused_to_whoever_reads_it(settings: Any) -> None:
    settings.BAKEN_FILE_LIMIT = 1
    caught: list[int] = []

    def look(request: ASGIRequest) -> HttpResponse:
        read = 0
        try:
            while piece := request.read(64 * 1024):
                read += len(piece)
        except RequestDataTooBig:
            caught.append(read)
        return HttpResponse(b"no", status=413)

    assert Talk(look).send(largest() + 1)[0] == 413
    assert caught[0] <= largest()
    assert Talk(look).send(largest())[0] == 413
    assert len(caught) == 1


@pytest.mark.django_db
def test_what_is_no_file_is_not_read_without_a_limit() -> None:
    def look(request: ASGIRequest) -> HttpResponse:
        with pytest.raises(RequestDataTooBig):
            _ = request.body
        return HttpResponse(b"", status=413)

    assert Talk(look).send(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)[0] == 413


@pytest.mark.django_db
def test_what_has_a_limit_of_its_own_is_read_up_to_that() -> None:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1_000
    sizes: list[tuple[bool, int]] = []

    def look(request: ASGIRequest) -> HttpResponse:
        sizes.append((read_within(request, most), len(request.body)))
        return HttpResponse(b"yes")

    for size in (most, most + 1):
        assert Talk(look).send(size)[0] == 200
    assert sizes == [(True, most), (False, most + 1)]


@pytest.mark.django_db
def test_a_sender_who_goes_away_is_an_error_of_the_read() -> None:
    seen: list[Exception] = []

    def look(request: ASGIRequest) -> HttpResponse:
        try:
            while request.read(64 * 1024):
                pass
        except UnreadablePostError as error:
            seen.append(error)
        return HttpResponse(b"")

    Talk(look).send(20 * PIECE, breaks_off=True)
    assert len(seen) == 1


@pytest.mark.django_db
def test_a_silent_sender_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)

    async def talk() -> None:
        receive = asyncio.Queue[Any]()
        await receive.put({"type": "http.request", "body": b"x" * (SMALL + 1), "more_body": True})
        body = await Pages().read_body(bodies.Turns(receive.get))
        with pytest.raises(OSError, match="went away"):
            await sync_to_async(lambda: body.read(2 * SMALL))()

    asyncio.run(talk())


def test_a_drip_does_not_renew_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.2)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def flow() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x" * RATE, "more_body": True}

    async def takes(turns: Turns, times: int) -> None:
        for _ in range(times):
            await turns.take()

    with pytest.raises(TimeoutError):
        asyncio.run(takes(Turns(drip), 100))
    asyncio.run(takes(Turns(flow), 100))


class Long:
    """A long answer, each piece of which is asked of the database; and what became of it when the network stalled."""

    def __init__(self, pieces: int, size: int) -> None:
        self.pieces, self.size, self.made, self.used = pieces, size, 0, list[BaseDatabaseWrapper]()
        self.gone = asyncio.Event()

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.pieces):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            self.used.append(connections["default"])  # that of the thread which makes the answer
            self.made += 1
            yield b"x" * self.size

    def pages(self) -> Pages:
        """An application that gives it, unless its reader has too many."""

        class Streaming(Pages):
            def get_response(_self, request: HttpRequest) -> HttpResponse:
                if request.hoarding:  # type: ignore[attr-defined]
                    return HttpResponse(b"Too many files", status=503)
                connection.ensure_connection()
                return StreamingHttpResponse(iter(self))  # type: ignore[return-value]

        return Streaming()

    async def send(self, taken: int, *, pages: Pages | None = None, reader: str = "") -> list[dict[str, Any]]:
        """To somebody who takes so many of the messages and no more; those."""
        sent = list[dict[str, Any]]()

        async def receive() -> dict[str, Any]:
            if asked:
                await self.gone.wait()
                return {"type": "http.disconnect"}
            asked.append(1)
            return {"type": "http.request"}

        async def send(message: dict[str, Any]) -> None:
            if len(sent) == taken:
                await asyncio.sleep(3600)
            sent.append(message)

        asked = list[int]()
        scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "query_string": b"",
                 "headers": [(b"authorization", reader.encode())]}  # fmt: skip
        await (pages or self.pages())(scope, receive, send)
        return sent


@pytest.mark.django_db
def test_an_answer_is_made_as_it_is_sent_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    long = Long(100, bodies.FETCHED // 2)

    async def look() -> None:
        task = asyncio.create_task(long.send(taken=2))
        while not long.made or long.used[0].connection is not None:  # it hangs here when a connection is kept
            await asyncio.sleep(0.01)
        assert not task.done()
        task.cancel()

    asyncio.run(asyncio.wait_for(look(), 30))
    assert long.made == 2


@pytest.mark.django_db
def test_who_does_not_take_an_answer_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)
    long = Long(100, bodies.FETCHED // 2)
    sent = asyncio.run(asyncio.wait_for(long.send(taken=10), 30))
    assert 0 < long.made < 100
    assert all(message.get("more_body", True) for message in sent), "it does not look like the end"


@pytest.mark.django_db
def test_one_reader_has_only_so_many_answers_on_their_way() -> None:
    long = Long(3, 10)

    async def look() -> None:
        pages = long.pages()
        stalled = [asyncio.create_task(long.send(1, pages=pages, reader="one")) for _ in range(bodies.TAKEN)]
        while pages._taken["one"] < bodies.TAKEN:
            await asyncio.sleep(0.01)
        refused = await long.send(-1, pages=pages, reader="one")
        assert (refused[0]["status"], refused[1]["body"]) == (503, b"Too many files")
        assert (await long.send(-1, pages=pages, reader="another"))[0]["status"] == 200
        long.gone.set()
        await asyncio.gather(*stalled)
        long.gone.clear()
        assert (await long.send(-1, pages=pages, reader="one"))[0]["status"] == 200
        assert not +pages._taken, "nobody is counted any more"

    asyncio.run(asyncio.wait_for(look(), 30))


@pytest.mark.django_db
def test_a_whole_answer_comes_whole() -> None:
    sent = asyncio.run(Long(5, bodies.FETCHED // 2 + 1).send(taken=-1))
    assert sum(len(message.get("body", b"")) for message in sent) == 5 * (bodies.FETCHED // 2 + 1)
    assert not sent[-1].get("more_body", False)


def test_the_guard_of_these_tests_bites() -> None:
    with tempfile.SpooledTemporaryFile(max_size=10) as file, pytest.raises(AssertionError, match="temporary file"):
        file.write(b"x" * 11)
