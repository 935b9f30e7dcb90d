"""Looking after the files that are kept: checked in turn, moved to another place, and what nobody took swept away."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from baken.record.orgs import files, places
from baken.record.orgs.arriving import remove
from baken.record.orgs.keys import KeysErased
from baken.record.orgs.models import File, FilePart, Rotation

ARRIVING = timedelta(days=1)
"""How long a file that nobody took may still be on its way."""
AT_ONCE = 500


class Busy(Exception):
    """The keys of this organisation are being renewed; move its files when that is done."""


def sweep(at: datetime) -> int:
    """Remove files that were not taken within a day, and objects whose file is gone; how many that were.

    Raises StoreUnreachable.
    """
    stale = list(File.objects.filter(kept_at=None, created_at__lt=at - ARRIVING)[:AT_ONCE])
    for file in stale:
        remove(file)
    orphans = _orphans()
    for part in orphans:
        places.OBJECTS.remove_object(part.object)
        part.delete()
    return len(stale) + len(orphans)


def kept() -> QuerySet[File]:
    """The files that are there, those first that were not verified for longest."""
    return File.objects.exclude(kept_at=None).order_by(F("verified_at").asc(nulls_first=True), "id")


def verify(file: File, at: datetime) -> bool:
    """Read all of a file; whether it is what was stored. What was erased has nothing left to be verified.

    Damage is noted for detection, once. Raises StoreUnreachable.
    """
    try:
        for _ in files.chunks(file):
            pass
    except files.Gone:
        return True
    except (files.Damaged, KeysErased) as problem:
        File.objects.filter(id=file.id).update(verified_at=at)  # others have their turn
        return isinstance(problem, KeysErased)
    File.objects.filter(id=file.id).update(verified_at=at)
    return True


def move(file: File, to: str) -> bool:
    """Copy a file to another place, checked on its way, and forget it where it was; False when it is damaged.

    It can be read all the time. Interrupted, it is where it was, and can be moved again. Raises StoreUnreachable, and
    Busy while the keys of its organisation are being renewed.
    """
    with places.only_one(file.organisation_id):
        if Rotation.objects.filter(organisation_id=file.organisation_id).exists():
            raise Busy(str(Busy.__doc__))
        target, source = places.PLACES[to], places.PLACES[file.place]
        target.remove(file.id)  # what an interrupted move left
        batch: list[places.Piece] = []
        try:
            for piece in files.pieces(file):
                batch.append(piece)
                if len(batch) == target.batch or piece.last:
                    target.put(file, batch)
                    batch = []
        except files.Damaged:
            target.remove(file.id)
            return False
        moved = _switch(file, to)
        (source if moved else target).remove(file.id)
        return True


@transaction.atomic
def _switch(file: File, to: str) -> bool:
    """Where it is now, for whoever reads it from here on; False when it was released meanwhile."""
    return File.objects.filter(id=file.id, place=file.place).exclude(kept_at=None).update(place=to) == 1


def _orphans() -> list[FilePart]:
    return list(FilePart.objects.exclude(file__in=File.objects.values("id"))[:AT_ONCE])
