"""Turns at the worker's routines: one worker at a time, no sooner than it is due, and everybody can see when it ran."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from baken.record.detection.models import Routine
from baken.record.ledger import clock


def take_turn(name: str, every: timedelta, work: Callable[[], object]) -> bool:
    """Do `work` if it is due, `every` after it last ended well, and nobody else is at it; whether it was done.

    Not in a transaction: work may take its own, and others wait for none. What `work` raises is noted and raised.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"routine:{name}"])
        if not cursor.fetchone()[0]:
            return False
        try:
            return _due(name, every) and _noted(name, work)
        finally:
            if connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"routine:{name}"])


def _due(name: str, every: timedelta) -> bool:
    row, _ = Routine.objects.get_or_create(name=name)
    return row.ended is None or row.ended + every <= clock.now()


def _noted(name: str, work: Callable[[], object]) -> bool:
    row = Routine.objects.filter(name=name)
    try:
        work()
    except Exception:
        if connection.is_usable():
            row.filter(failing_since=None).update(failing_since=clock.now())
        raise
    row.update(ended=clock.now(), failing_since=None)
    return True
