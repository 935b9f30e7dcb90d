"""Writing looks down: one fact for what a page, an operation or a command showed."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from django.db import transaction

from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.looks import project
from baken.record.looks.models import Look
from baken.record.orgs.opened import Notes
from baken.record.people.access import Caller, Role
from baken.record.people.reads import provider

JOINED = timedelta(minutes=5)
"""A look at the same record, or at the same list of the same customer, counts once within this time."""
NOT_THEIRS = frozenset({"organisation", "draft"})
"""A customer's name, which the provider gave it, and what a reader was writing themself."""


class Seen(NamedTuple):
    """What was seen of a customer: one record by its number or id, or (`record` empty) a list of so many."""

    organisation: UUID
    kind: str
    record: str
    number: int


def write(caller: Caller | None, notes: Notes, *, door: str, page: str) -> None:
    """Append one fact with what was opened of customers, and none when that is nothing.

    Whoever shows something calls this before it is shown: what cannot be written down may not be seen. Customers leave
    no trace when they read what is theirs, and nobody can read what is another's. Notes are emptied.
    """
    if caller is not None and (notes.rows or notes.searched) and _answers_for_it(caller):
        _write(caller, notes, door, page)
    notes.rows.clear()
    notes.searched.clear()


def _answers_for_it(caller: Caller) -> bool:
    if caller.everything or caller.staff:
        return True
    return bool(caller.roles) and Role.CUSTOMER not in caller.roles


def _write(caller: Caller, notes: Notes, door: str, page: str) -> None:
    house = caller.organisation or _provider()
    if house is None:
        return  # before the first-run setup there are no customers
    now = clock.now()
    seen = _seen(notes, house)
    if not notes.searched:
        seen = _fresh(caller, seen, page, now)
        if not seen:
            return
    person = str(caller.user) if caller.user else ""
    data = {
        "door": door,
        "page": page,
        "person": person,
        "seen": [[str(one.organisation), *one[1:]] for one in seen],
        "found": _found(notes.searched),
    }
    entry = Entry("look", now, data)
    with transaction.atomic():
        append(Stream("look", uuid5(house, caller.actor), house), [entry], actor=caller.actor)
        Look.objects.bulk_create(project.rows(entry, caller.actor))


def _provider() -> UUID | None:
    found = provider()
    return found.id if found else None


def _found(searched: Sequence[Callable[[], int]]) -> int | None:
    return sum(count() for count in searched) if searched else None


def _seen(notes: Notes, house: UUID) -> list[Seen]:
    """By customer: the records that were asked for one by one; else a list of what there was most of."""
    counts: dict[UUID, Counter[str]] = {}
    for organisation, kind, _row in notes.rows:
        if organisation != house and kind not in NOT_THEIRS:
            counts.setdefault(organisation, Counter())[kind] += 1
    found = []
    for organisation, kinds in sorted(counts.items()):
        named = [
            Seen(organisation, kind, name, kinds.total()) for owner, kind, name in notes.about if owner == organisation
        ]
        main = max(kinds, key=lambda kind: (kind != "user", kinds[kind], kind))  # what people are named beside
        found += named or [Seen(organisation, main, "", kinds[main])]
    return found


def _fresh(caller: Caller, seen: Sequence[Seen], page: str, now: datetime) -> list[Seen]:
    """Without what the same reader looked at a moment ago: a record anywhere, a list on the same page."""
    if not seen:
        return []
    rows = Look.objects.filter(reader=caller.actor, at__gt=now - JOINED, at__lte=now, found=None)
    known = {
        (organisation, kind, record, "" if record else where)
        for organisation, kind, record, where in rows.values_list("organisation_id", "kind", "record", "page")
    }
    return [one for one in seen if (*one[:3], "" if one.record else page) not in known]
