"""Wrapping every key anew, after the root key got a new version.

Each key is one row and one short transaction, and its row says by which version it is wrapped. So it can be stopped at
any point and goes on with what is left; until then the root key opens what either version wrapped.
"""

from collections import Counter
from collections.abc import Callable

from django.db import transaction

from baken.record.orgs import indexkeys, keys, spreading
from baken.record.orgs.models import IndexKey, WrappingKey
from baken.record.orgs.rotation import Progress


def under() -> Counter[str]:
    """How many keys each version of the root key wraps, by its name."""
    wrapping = WrappingKey.objects.filter(destroyed=False).values_list("root", flat=True)
    return Counter([*wrapping, *IndexKey.objects.values_list("root", flat=True)])


def rewrap_all(progress: Callable[[Progress], None]) -> None:
    """Wrap with the present version of the root key whatever another one wraps. Raises what reaching it raises."""
    name = keys.root().name
    spreading.wait_for_transactions()  # one that began before may be wrapping with the old version
    total = sum(count for root, count in under().items() if root != name)
    done = 0
    for held in WrappingKey.objects.filter(destroyed=False).exclude(root=name).values_list("pk", flat=True):
        _wrapping_key(held)
        done += 1
        progress(Progress(done, total))
    for held in IndexKey.objects.exclude(root=name).values_list("pk", flat=True):
        _index_key(held)
        done += 1
        progress(Progress(done, total))


@transaction.atomic
def _wrapping_key(pk: object) -> None:
    held = WrappingKey.objects.select_for_update().filter(pk=pk, destroyed=False).first()
    if held is not None:
        keys.wrap(held, keys.unwrap(held, keys.root()))
        held.save(update_fields=["wrapped", "root"])


@transaction.atomic
def _index_key(pk: object) -> None:
    held = IndexKey.objects.select_for_update().filter(pk=pk).first()
    if held is not None:
        indexkeys.wrap(held, indexkeys.unwrap(held, keys.root()))
        held.save(update_fields=["wrapped", "root"])
