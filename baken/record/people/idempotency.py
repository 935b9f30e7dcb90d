"""Requests that may be sent again without doing anything twice."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction

from baken.record.ledger import clock
from baken.record.orgs import indexkeys
from baken.record.orgs.search import all_standing_for
from baken.record.people.access import Caller, Conflict
from baken.record.people.models import IdempotencyKey

KEPT = timedelta(days=7)
"""How long a key is known."""


@transaction.atomic
def once(caller: Caller, *, key: str, request: bytes, create: Callable[[], int]) -> tuple[int, bool]:
    """The number of what `create` makes, and whether it had been made before.

    The caller's `key` stands for this `request`. The same key again, also at the same moment, gives the same number
    and makes nothing; when `create` fails the key is free. Raises Conflict for a key of another request.
    """
    indexkeys.hold()  # so that the same request at the same moment is known by the same version of the key
    codes, digests = all_standing_for("idempotency", key.encode()), all_standing_for("request", request)
    row = IdempotencyKey.objects.filter(actor=caller.actor, key__in=codes[1:]).first()
    fresh = row is None
    if row is None:
        row, fresh = IdempotencyKey.objects.get_or_create(
            actor=caller.actor, key=codes[0], defaults={"request": digests[0], "created_at": clock.now()}
        )
    if row.request not in digests:
        raise Conflict("This Idempotency-Key was used for another request; choose a new one.")
    if fresh:
        row.number = create()
        row.save(update_fields=["number"])
        _forget_old(caller)
    return row.number, not fresh


def _forget_old(caller: Caller) -> None:
    old = IdempotencyKey.objects.filter(actor=caller.actor, created_at__lt=clock.now() - KEPT)
    ids = list(old.select_for_update(skip_locked=True).values_list("id", flat=True)[:100])
    IdempotencyKey.objects.filter(id__in=ids).delete()
