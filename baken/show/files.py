"""Files in and out of the web process, for pages and API alike. Neither holds more than a few pieces of one.

In: `Sealing` is Django's only upload handler. It asks the view where a file goes before anything of it is kept, and
seals it as it comes. Out: `download` answers with the whole of a file or the range that was asked for.
"""

import logging
import re
from collections.abc import Callable, Iterable
from itertools import chain, islice
from typing import Any, TypeVar, cast
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from baken.record.ledger import clock
from baken.record.orgs import files, opened
from baken.record.orgs.arriving import AT_ONCE, CHUNK, Arrival, FileError
from baken.record.orgs.models import File, Organisation
from baken.record.orgs.places import StoreUnreachable
from baken.record.people.access import Caller, Conflict, Forbidden, NotFound
from baken.record.people.acting import acting
from baken.record.people.reads import Unnamed

log = logging.getLogger(__name__)

PLAIN = frozenset({"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})
"""Types that are named when a file is handed out; a browser could run some of the others."""
RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
Destination = Callable[[HttpRequest], tuple[Caller, Organisation, str]]
View = TypeVar("View", bound=Callable[..., Any])
Refusal = FileError | Conflict | Forbidden | NotFound


class Received(UploadedFile):  # type: ignore[type-arg]
    """A file that was sent: sealed already, or refused."""

    def __init__(self, name: str, size: int, file: File | None, refusal: Refusal | None) -> None:
        super().__init__(name=name, content_type=file.media_type if file else "", size=size)
        self._file, self._refusal = file, refusal

    @property
    def digest(self) -> str:
        """SHA-256 of what arrived, in hex; empty for what was refused."""
        return self._file.sha256 if self._file is not None else ""

    def arrived(self) -> File:
        """What arrived, to be taken by a flow. Raises what it was refused with: FileError, NotFound, Conflict."""
        if self._refusal is not None:
            raise self._refusal
        assert self._file is not None
        return self._file


def arrived(sent: Any) -> File:
    """What was sent, to be taken by a flow. Raises what `Received.arrived` raises."""
    assert isinstance(sent, Received)
    return sent.arrived()


def all_arrived(sent: Iterable[Any]) -> list[File]:
    """What was sent with one message, to be taken by its flow. Raises what the first one was refused with, by name."""
    found = []
    for one in sent:
        try:
            found.append(arrived(one))
        except FileError as refusal:
            reason = str(refusal).removeprefix("file: ")
            raise type(refusal)(f"file: “{one.name}”: {reason}") from refusal
    return found


def takes_files(destination: Callable[..., tuple[Caller, Organisation, str]]) -> Callable[[View], View]:
    """A page that files can be sent to. destination: called as the page is; see `Sealing`."""

    def around(view: View) -> View:
        view.receives = destination  # type: ignore[attr-defined]  # middleware.Uploads looks for it
        return view

    return around


class Sealing(FileUploadHandler):
    """Seals each file as it arrives, for where the view says that it goes; a view that takes no files gets none.

    A view says so by `receives(request)`: its caller, the organisation and the kind of file, or the reason against it.
    What is refused is read to its end, so that the answer arrives, and kept nowhere.
    """

    chunk_size = CHUNK

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._caller: Caller | None = None
        self._arrival: Arrival | None = None
        self._refusal: Refusal | None = None
        self._arrived: list[UUID] = []
        self._count = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Where does it go?"""
        super().new_file(*args, **kwargs)
        self._arrival = self._refusal = None
        self._count += 1
        request = cast(HttpRequest, self.request)
        receives: Destination | None = getattr(request, "receives", None)
        if receives is None:
            raise SkipFile
        self._try(lambda: self._begin(request, receives))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """More of it."""
        if (arrival := self._arrival) is not None:
            self._try(lambda: arrival.write(raw_data))

    def file_complete(self, file_size: int) -> Received:
        """All of it was sent."""
        file = self._try(self._arrival.finish) if self._arrival is not None else None
        self._arrival = None
        if file is not None:
            self._arrived.append(file.id)
        return Received(self.file_name or "", file_size, file, self._refusal)

    def let_go(self) -> None:
        """The request is over: what did not arrive whole, and what no flow took, is removed."""
        if self._caller is not None:
            with acting(self._caller):
                self._abandon()
                for id in self._arrived:
                    files.abandon(id)

    def _begin(self, request: HttpRequest, receives: Destination) -> None:
        if self._count > AT_ONCE:
            raise FileError(f"file: at most {AT_ONCE} files at once; send the others after these")
        try:
            self._caller, organisation, kind = receives(request)
        except Unnamed as error:
            raise FileError(str(error)) from error
        self._arrival = Arrival(
            organisation.id, name=self.file_name or "", kind=kind, at=clock.now(), by=_sender(self._caller),
            visible=not self._caller.staff,
        )  # fmt: skip

    def _try(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except (FileError, Conflict, Forbidden, NotFound) as refusal:
            self._refusal = refusal
            self._abandon()
        except BaseException:
            self._abandon()
            raise
        return None

    def _abandon(self) -> None:
        if (arrival := self._arrival) is not None:
            self._arrival = None
            arrival.abandon()


def let_go(request: HttpRequest) -> None:
    """Remove what was sent with a request that is over, and is nobody's. What cannot be removed is swept up later."""
    for handler in request.__dict__.get("_upload_handlers", ()):
        try:
            handler.let_go()
        except (DatabaseError, StoreUnreachable):
            log.warning("a file that nobody took is left to be swept up")


def _sender(caller: Caller) -> UUID | None:
    """The person who sends it, or the token."""
    _kind, _colon, id = caller.actor.partition(":")
    try:
        return caller.user or UUID(id)
    except ValueError:
        return None


def download(request: HttpRequest, file: File) -> HttpResponse:
    """A file, to be saved and never shown by the browser: the whole of it, or the one range that was asked for.

    Its beginning is checked before anything is answered. What turns out damaged after that breaks the connection off,
    so that nobody takes half a file for the whole. Raises Damaged, StoreUnreachable, KeysErased.
    """
    opened.about(file.organisation_id, "file", file.id)
    if f'"{file.sha256}"' in (tag.strip().removeprefix("W/") for tag in _header(request, "If-None-Match").split(",")):
        return _headed(HttpResponse(status=304), file)
    wanted = _range(request, file)
    if wanted is None:
        return _headed(_streamed(request, file, 0, file.size, status=200), file)
    first, end = wanted
    if first >= end:
        refused = HttpResponse(status=416)
        refused.headers["Content-Range"] = f"bytes */{file.size}"
        return _headed(refused, file)
    part = _streamed(request, file, first, end, status=206)
    part.headers["Content-Range"] = f"bytes {first}-{end - 1}/{file.size}"
    return _headed(part, file)


def _streamed(request: HttpRequest, file: File, first: int, end: int, *, status: int) -> StreamingHttpResponse:
    pieces = files.chunks(file, first, end)
    beginning = [] if request.method == "HEAD" else list(islice(pieces, files.EAGER // CHUNK + 1))
    rest = iter(()) if request.method == "HEAD" else pieces
    response = StreamingHttpResponse(chain(beginning, rest), status=status)
    response.headers["Content-Length"] = str(end - first)
    return response


def _headed(response: HttpResponseBase, file: File) -> HttpResponse:
    named = file.media_type if file.media_type in PLAIN else "application/octet-stream"
    headers = {
        "Content-Type": named,
        "Content-Disposition": content_disposition_header(True, file.name) or "attachment",
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Accept-Ranges": "bytes",
        "ETag": f'"{file.sha256}"',
    }
    for name, value in headers.items():
        response.headers[name] = value
    return cast(HttpResponse, response)  # what streams is an answer to all who only pass it on


def _range(request: HttpRequest, file: File) -> tuple[int, int] | None:
    """First byte and end of the range that was asked for; None for the whole. Empty when it lies outside the file."""
    condition = _header(request, "If-Range").strip()
    match = RANGE.fullmatch(_header(request, "Range").strip())
    if match is None or match.groups() == ("", "") or (condition and condition != f'"{file.sha256}"'):
        return None
    first, last = match.groups()
    if not first:
        return max(0, file.size - int(last)), file.size
    end = min(file.size, int(last) + 1) if last else file.size
    return (int(first), end) if int(first) < end or int(first) >= file.size else None


def _header(request: HttpRequest, name: str) -> str:
    return request.headers.get(name) or ""
