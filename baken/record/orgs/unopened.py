"""What this process could not open of what is sealed, until somebody writes it down.

Whoever reads is in the middle of something, perhaps in a transaction that will be rolled back. So it is only noted
here, in memory, and `take` is called where nothing is under way: after a request, and by the worker.
"""

from threading import Lock
from typing import NamedTuple
from uuid import UUID

MOST = 1_000
"""How many are noted until they are taken; what is damaged beyond that is found again later."""


class Unopened(NamedTuple):
    """Where it is. row: its id in hexadecimal."""

    organisation: UUID
    table: str
    column: str
    row: str


_noted: dict[Unopened, None] = {}
_lock = Lock()


def note(organisation: UUID, table: str, column: str, row: bytes) -> None:
    """A value did not open."""
    with _lock:
        if len(_noted) < MOST:
            _noted[Unopened(organisation, table, column, row.hex())] = None


def take() -> list[Unopened]:
    """What was noted since the last time."""
    with _lock:
        taken = list(_noted)
        _noted.clear()
    return taken
