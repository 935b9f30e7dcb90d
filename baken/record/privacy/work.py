"""Erasing what has a tombstone: at once what keeps people out and makes text unreadable, then row after row.

1. In one transaction with its tombstone, or again after an older backup was restored: sessions and tokens end, names
go, an organisation's keys are destroyed, and the ledger says that it happened.
2. Then every table is walked by the rules of its app, in batches of one transaction each. What is left to do can be
seen in the rows, so that this goes on wherever it was killed, and does nothing where nothing is left.
3. The tombstone says that it is finished.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.models import Subscription
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs import erasure as orgs
from baken.record.orgs.erasure import Whose, erase_some, left, not_done
from baken.record.orgs.models import Organisation
from baken.record.people import erasure as people
from baken.record.people.access import program
from baken.record.people.models import User
from baken.record.privacy import tombstones
from baken.record.privacy.models import Tombstone
from baken.record.privacy.rules import RULES

log = logging.getLogger("baken.privacy")
ERASURE = program("erasure")
Progress = Callable[[Tombstone], None]


def replay(progress: Progress | None = None) -> int:
    """Make sure that who was erased is: what a start does. How many came back with an older backup, or were unfinished.

    Raises TombstoneError when the list cannot be trusted.
    """
    tombstones.settle()
    return erase_who_is_back(progress) + work_off(progress)


def erase_who_is_back(progress: Progress | None = None) -> int:
    """Erase again whoever is not as their tombstone says; how many they are. It looks through every table."""
    found = list(_back_again())
    for row in found:
        erase(row, progress)
    return len(found)


def work_off(progress: Progress | None = None) -> int:
    """Finish every erasure that is not; how many there were. What the list's file lacks is written down first."""
    settle()
    found = list(Tombstone.objects.filter(finished_at=None))
    for row in found:
        erase(row, progress)
    return len(found)


def settle() -> None:
    """Write down what the list's file lacks, or say in the log why that does not work.

    Erasing goes on meanwhile: nobody would be helped by waiting.
    """
    try:
        if not tombstones.written_down():
            tombstones.settle()
    except (tombstones.TombstoneError, OSError) as error:
        log.error("the list of who was erased is not written down: %s", error)


def erase_all_again(progress: Progress | None = None, also: Path | None = None) -> int:
    """Erase everybody on the list once more, whatever the database says of it; how many they are.

    also: another file of this installation, whose erasures are added to the list first. Raises TombstoneError.
    """
    tombstones.settle()
    for stone in tombstones.listed(also) if also else ():
        tombstones.add(stone.kind, UUID(stone.subject), UUID(stone.organisation), datetime.fromisoformat(stone.at))
    tombstones.settle()
    rows = list(Tombstone.objects.order_by("number"))
    for row in rows:
        erase(row, progress)
    return len(rows)


def erase(row: Tombstone, progress: Progress | None = None) -> None:
    """Erase one of the list to the end. Whoever comes second waits, and finds nothing left."""
    with _alone(row):
        take_effect(row, "erasure")
        _walk(row, progress)


def _walk(row: Tombstone, progress: Progress | None) -> None:
    whose = whose_of(row)
    total = sum(rows.count() for rule in RULES if (rows := left(rule, whose)) is not None)
    Tombstone.objects.filter(id=row.id).update(total=F("done") + total, finished_at=None)
    for rule in RULES:
        while done := erase_some(rule, whose):
            Tombstone.objects.filter(id=row.id).update(done=F("done") + done)
            if progress:
                row.refresh_from_db()
                progress(row)
    Tombstone.objects.filter(id=row.id).update(finished_at=clock.now(), total=F("done"))
    row.refresh_from_db()


@transaction.atomic
def take_effect(row: Tombstone, actor: str) -> None:
    """What has to be so at once, and is again when it is done again."""
    if row.kind == Tombstone.Kind.PERSON:
        _nobody(row, actor)
    else:
        _unreadable(row, actor)


def whose_of(row: Tombstone) -> Whose:
    """Whose rows a tombstone is about."""
    return Whose(row.organisation_id, row.subject if row.kind == Tombstone.Kind.PERSON else None)


@contextmanager
def _alone(row: Tombstone) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('erasure/' || %s, 0))", [str(row.id)])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('erasure/' || %s, 0))", [str(row.id)])


def _nobody(row: Tombstone, actor: str) -> None:
    if not User.objects.select_for_update().filter(id=row.subject).exists():
        return
    people.lock_out([row.subject], row.at)
    _write_down(row, Stream("person", row.subject, row.organisation_id), actor)


def _unreadable(row: Tombstone, actor: str) -> None:
    known = Organisation.objects.select_for_update().filter(id=row.subject)
    if known.exists():
        known.update(erased_at=row.at)
        people.lock_out_organisation(row.subject, row.at)
        for held in Subscription.objects.filter(organisation_id=row.subject, until=None):
            catalogue.unsubscribe(ERASURE, held.id)
        _write_down(row, Stream("organisation", row.subject, row.organisation_id), actor)
    orgs.destroy_keys(row.subject)


def _write_down(row: Tombstone, stream: Stream, actor: str) -> None:
    """On the ledger, unless it says so already."""
    kind = f"{row.kind}.erased"
    if not any(fact.kind == kind for fact in ledger.of_stream(stream.id)):
        append(stream, [Entry(kind, row.at, {"tombstone": row.number})], actor=actor)


def _back_again() -> Iterable[Tombstone]:
    """Those who are not as erased as their tombstones say."""
    finished = Tombstone.objects.exclude(finished_at=None)
    back = set[UUID]()
    for kind in Tombstone.Kind:
        if listed := list(finished.filter(kind=kind).values_list("subject", flat=True)):
            of_people = kind is Tombstone.Kind.PERSON
            back.update(people.not_erased(listed) if of_people else _readable(listed))
            for rule in RULES:
                back |= not_done(rule, listed, people=of_people)
    return finished.filter(subject__in=back)


def _readable(organisations: list[UUID]) -> list[UUID]:
    living = Organisation.objects.filter(id__in=organisations, erased_at=None).values_list("id", flat=True)
    return [*living, *orgs.with_keys(organisations)]
