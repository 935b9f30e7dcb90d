"""Replacing the index key: everything that is looked up by is made anew, while people go on looking things up.

1. A new version is made, and an `IndexRotation` row says so. 2. When every process looks by both versions, the new one
becomes primary: what is written from now on is made with it. 3. When every process writes with it, each kind of record
is walked in order of id, in batches of one transaction each; the row says how far. 4. What a transaction from before
that wrote with the old version is swept up. 5. The old version is not looked by any more.

Killed at any point it goes on where it was. Nothing is ever not found: whoever looks, looks by both versions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models.functions import Now

from baken.record.orgs import indexkeys, spreading
from baken.record.orgs.models import IndexKey, IndexRotation
from baken.record.orgs.rotation import Progress

BATCH = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record that is looked up by codes or tokens.

    again: make those of some records anew, given by their ids; in a transaction. Others may write meanwhile.
    """

    model: type[models.Model]
    again: Callable[[Sequence[UUID]], None]
    tokens: bool = False

    @property
    def code(self) -> str:
        """Its place in the order."""
        return self.model._meta.label

    def rows(self) -> "models.QuerySet[Any]":
        return self.model._default_manager.order_by("pk")


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """A kind of record to be made anew; each app says so of its own when it is loaded."""
    _kinds[kind.code] = kind


def rotate(progress: Callable[[Progress], None]) -> None:
    """Replace the index key, going on with a replacement that was interrupted."""
    rotation = _begun()
    if rotation.switched_at is None:
        spreading.wait(rotation.began_at)
        _switch(rotation)
    assert rotation.switched_at is not None
    spreading.wait(rotation.switched_at)
    indexkeys.forget_all()
    kinds = [_kinds[code] for code in sorted(_kinds)]
    total = sum(kind.rows().count() for kind in kinds)
    done = 0
    for kind in kinds:
        done = _walk(rotation, kind, done, lambda done: progress(Progress(done, total)))
    _sweep(rotation.version)
    _finish(rotation)


def pending() -> bool:
    """Whether a rotation was interrupted."""
    return IndexRotation.objects.exists()


@transaction.atomic
def _begun() -> IndexRotation:
    indexkeys.hold_alone()
    held = IndexRotation.objects.first()
    if held is None:
        held = IndexRotation(version=indexkeys.add_version(primary=False))
        held.save(force_insert=True)
        transaction.on_commit(indexkeys.forget_all)
    return held


@transaction.atomic
def _switch(rotation: IndexRotation) -> None:
    indexkeys.hold_alone()
    IndexKey.objects.filter(primary=True).update(primary=False)
    IndexKey.objects.filter(version=rotation.version).update(primary=True)
    IndexRotation.objects.filter(id=rotation.id).update(switched_at=Now())
    rotation.refresh_from_db()
    transaction.on_commit(indexkeys.forget_all)


def _walk(rotation: IndexRotation, kind: Kind, before: int, tell: Callable[[int], None]) -> int:
    """One kind of record from where the rotation is; how many are done with it, those of earlier kinds included."""
    if rotation.table > kind.code:
        return before + kind.rows().count()
    if rotation.table < kind.code:
        rotation.table, rotation.last, rotation.done = kind.code, None, 0
    while True:
        with transaction.atomic():
            rows = kind.rows() if rotation.last is None else kind.rows().filter(pk__gt=rotation.last)
            ids = list(rows.values_list("pk", flat=True)[:BATCH])
            if not ids:
                return before + rotation.done
            kind.again(ids)
            rotation.last, rotation.done = ids[-1], rotation.done + len(ids)
            rotation.save(update_fields=["table", "last", "done"])
        tell(before + rotation.done)


def _sweep(version: int) -> None:
    """Records with a token of another version; each is of some kind, or gone, and then its tokens go too."""
    while records := _stale(version):
        with transaction.atomic():
            for kind in _kinds.values():
                if kind.tokens:
                    kind.again(records)


def _stale(version: int) -> list[UUID]:
    stale = "SELECT record FROM orgs_searchtoken WHERE version <> %s LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT record FROM ({stale}) AS stale", [version, BATCH])  # noqa: S608  our own text
        return [record for (record,) in cursor.fetchall()]


@transaction.atomic
def _finish(rotation: IndexRotation) -> None:
    indexkeys.hold_alone()
    IndexKey.objects.filter(primary=False, replaced_at=None).update(replaced_at=Now())
    rotation.delete()
    transaction.on_commit(indexkeys.forget_all)
