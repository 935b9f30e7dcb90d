"""Wrapping every key anew, after the root key got a new version.

Each key is one row and one short transaction, and its row says by which version it is wrapped. So it can be stopped at
any point and goes on with what is left; until then the root key opens what either version wrapped.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from baken.record.orgs import indexkeys, keys, spreading
from baken.record.orgs.models import IndexKey, WrappingKey
from baken.record.orgs.rotation import Progress


@dataclass(frozen=True, slots=True)
class Other:
    """What else the root key wraps. under: names of the versions that do. again: wrap it with the present one.

    verify: as `keys.verify`.
    """

    under: Callable[[], Iterable[str]]
    again: Callable[[], None]
    verify: Callable[[keys.Root, type[Exception]], Iterable[tuple[str, str]]]


_others: list[Other] = []


def register(other: Other) -> None:
    """Something else that is wrapped; each app says so of its own when it is loaded."""
    _others.append(other)


def under() -> Counter[str]:
    """How many keys each version of the root key wraps, by its name."""
    wrapping = WrappingKey.objects.filter(destroyed=False).values_list("root", flat=True)
    others = [name for other in _others for name in other.under()]
    return Counter([*wrapping, *IndexKey.objects.values_list("root", flat=True), *others])


def verify(root: keys.Root, refused: type[Exception]) -> Iterator[tuple[str, str]]:
    """As `keys.verify`, of everything that the root key wraps."""
    yield from keys.verify(root, refused)
    yield from indexkeys.verify(root, refused)
    for other in _others:
        yield from other.verify(root, refused)


def rewrap_all(progress: Callable[[Progress], None]) -> None:
    """Wrap with the present version of the root key whatever another one wraps. Raises what reaching it raises."""
    name = keys.root().name
    spreading.wait_for_transactions()  # one that began before may be wrapping with the old version
    total = sum(count for root, count in under().items() if root != name)
    done = 0
    for other in _others:
        if wrapped := [root for root in other.under() if root != name]:
            other.again()
            done += len(wrapped)
    for held in WrappingKey.objects.filter(destroyed=False).exclude(root=name).values_list("pk", flat=True):
        _wrapping_key(held)
        done += 1
        progress(Progress(done, total))
    for held in IndexKey.objects.exclude(root=name).values_list("pk", flat=True):
        _index_key(held)
        done += 1
        progress(Progress(done, total))


@transaction.atomic
def _wrapping_key(pk: UUID) -> None:
    held = WrappingKey.objects.select_for_update().filter(pk=pk, destroyed=False).first()
    if held is not None:
        keys.wrap(held, keys.unwrap(held, keys.root()))
        held.save(update_fields=["wrapped", "root"])


@transaction.atomic
def _index_key(pk: UUID) -> None:
    held = IndexKey.objects.select_for_update().filter(pk=pk).first()
    if held is not None:
        indexkeys.wrap(held, indexkeys.unwrap(held, keys.root()))
        held.save(update_fields=["wrapped", "root"])
