"""The connection says for whom it asks: as which role of the database, for which organisation, as whom.

The policies in `record.policies` answer to that. What is said holds for the connection until something else is said, or
the transaction in which it was said is rolled back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection
from psycopg.pq import TransactionStatus

from baken.record import policies
from baken.record.people.access import Caller, Role

SAY = """
WITH before AS MATERIALIZED (
    SELECT current_setting('role') AS role, current_setting('baken.organisation', true) AS organisation,
        current_setting('baken.actor', true) AS actor, current_setting('baken.person', true) AS person
)
SELECT role, organisation, actor, person, set_config('role', %s, false),
    set_config('baken.organisation', %s, false), set_config('baken.actor', %s, false),
    set_config('baken.person', %s, false)
FROM before
"""
"""One round trip says for whom it is from here on, and learns for whom it was."""
Said = tuple[str, str, str, str]
Piece = TypeVar("Piece")


def role_of(caller: Caller) -> str:
    """The role of the database in which a caller's rows are found."""
    if caller.everything:
        return policies.PROGRAM
    if caller.staff:
        return policies.STAFF
    if Role.CUSTOMER in caller.roles:
        return policies.CUSTOMER
    return policies.AUDITOR if Role.AUDITOR in caller.roles else policies.DOOR


def say(caller: Caller) -> None:
    """From here on this connection asks for `caller`."""
    _say(_said(caller))


@contextmanager
def acting(caller: Caller) -> Iterator[None]:
    """For what is inside, the connection asks for `caller`; afterwards for whom it did before."""
    before = _say(_said(caller))
    try:
        yield
    finally:
        if not _broken():
            _say(before)


def step_by_step(caller: Caller, pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The same pieces, each made while the connection asks for `caller`; not in between, when others may use it."""
    while True:
        with acting(caller):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def fall_silent() -> None:
    """This connection asks for whom it did when it was opened."""
    if not _broken():
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE; RESET baken.organisation; RESET baken.actor; RESET baken.person; DISCARD TEMP")


def _said(caller: Caller) -> Said:
    return role_of(caller), str(caller.organisation or ""), caller.actor, str(caller.user or "")


def _say(said: Said) -> Said:
    """Gives what was said before."""
    with connection.cursor() as cursor:
        cursor.execute(SAY, said)
        before: Said = cursor.fetchone()[:4]
        return before


def _broken() -> bool:
    """Whether the transaction has failed: rolling it back takes back what was said in it, and nothing else can."""
    inside = connection.connection
    return inside is None or inside.closed or inside.info.transaction_status == TransactionStatus.INERROR
