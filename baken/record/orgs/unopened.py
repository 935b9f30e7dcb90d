"""What this process could not open of what is sealed: noted until somebody writes it down, and what is shown instead.

Whoever reads is in the middle of something, perhaps in a transaction that will be rolled back. So it is only noted
here, in memory, and `take` is called where nothing is under way: after a request, and by the worker.

Whoever only shows something goes on, with words in the place of the text: one damaged value closes no list. Whoever
changes something does not: a flow has a transaction, and inside it what does not open raises.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import NamedTuple
from uuid import UUID

from django.db import connection

MOST = 1_000
"""How many are noted until they are taken; what is damaged beyond that is found again later."""


class Unopened(NamedTuple):
    """Where it is. row: its id in hexadecimal."""

    organisation: UUID
    table: str
    column: str
    row: str


class Unread(str):
    """Words in the place of a text that does not open. They are shown, and never kept."""


class Showing(NamedTuple):
    """Something is shown. words: what stands in the place of a text. inside: of how many transactions that is."""

    words: Callable[[], str]
    inside: int


WORDS = "(cannot be read: it was changed in the database)"
_showing: ContextVar[Showing | None] = ContextVar("showing", default=None)
_noted: dict[Unopened, None] = {}
_lock = Lock()


def note(organisation: UUID, table: str, column: str, row: bytes) -> None:
    """A value did not open."""
    with _lock:
        if len(_noted) < MOST:
            _noted[Unopened(organisation, table, column, row.hex())] = None


def noted() -> list[Unopened]:
    """What was noted since it was taken the last time."""
    with _lock:
        return list(_noted)


def take() -> list[Unopened]:
    """What was noted since the last time."""
    with _lock:
        taken = list(_noted)
        _noted.clear()
    return taken


@contextmanager
def showing(words: Callable[[], str] = lambda: WORDS) -> Iterator[None]:
    """What is read inside is only shown, but for what is read in a transaction that begins there."""
    token = _showing.set(Showing(words, _transactions()))
    try:
        yield
    finally:
        _showing.reset(token)


def instead() -> Unread | None:
    """What is shown of a text that does not open; None where something may be changed by it."""
    shown = _showing.get()
    return Unread(shown.words()) if shown is not None and _transactions() == shown.inside else None


def stands_for_another(text: object) -> bool:
    """Whether this is what was shown instead of a text: it came back from a form."""
    shown = _showing.get()
    return isinstance(text, str) and text.strip() in {WORDS, shown.words() if shown else WORDS}


def _transactions() -> int:
    return len(connection.atomic_blocks)
