"""Answers to requests: none is sent before it is written down what it shows, and to whom."""

from collections.abc import AsyncIterator, Iterator
from functools import partial

from asgiref.sync import sync_to_async
from django.http import HttpResponseBase, StreamingHttpResponse

from baken.record.looks import flows
from baken.record.orgs import opened
from baken.record.orgs.opened import Notes
from baken.record.people.access import Caller


def written_down(
    caller: Caller | None, notes: Notes, answer: HttpResponseBase, *, door: str, page: str
) -> HttpResponseBase:
    """The answer, once what was opened for it is on the ledger; of a streamed one, what each part of it shows.

    An answer that leads elsewhere or has no body shows nothing.
    """
    write = partial(flows.write, caller, notes, door=door, page=page)
    if isinstance(answer, StreamingHttpResponse):
        write()
        parts = answer.streaming_content
        answer.streaming_content = _later(parts, notes, write) if answer.is_async else _parts(parts, notes, write)  # type: ignore[arg-type]
    elif getattr(answer, "content", b"") and not 300 <= answer.status_code < 400:
        write()
    return answer


def _parts(parts: Iterator[bytes], notes: Notes, write: partial[None]) -> Iterator[bytes]:
    while True:
        with opened.noting(notes):
            part = next(parts, None)
        write()
        if part is None:
            return
        yield part


async def _later(parts: AsyncIterator[bytes], notes: Notes, write: partial[None]) -> AsyncIterator[bytes]:
    while True:
        with opened.noting(notes):
            part = await anext(parts, None)
        if notes.rows or notes.searched:
            await sync_to_async(write)()
        if part is None:
            return
        yield part
