"""Writing looks down: one fact for what a page, an operation or a command showed."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
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
"""A look at the same record, or at a list of the same records on the same page, counts once within this time."""
NOT_THEIRS = frozenset({"organisation", "draft"})
"""A customer's name, which the provider gave it, and what a reader was writing themself."""


class Seen(NamedTuple):
    """What was seen of a customer: one record by its number or id, or (`record` empty) a list of so many.

    shown: a digest of what it is: of a record its name, of a list the page and every record on it.
    """

    organisation: UUID
    kind: str
    record: str
    number: int
    shown: str


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
    seen = _seen(notes, house, page)
    if not notes.searched:
        seen = _fresh(caller, seen, now)
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


def _seen(notes: Notes, house: UUID, page: str) -> list[Seen]:
    """By customer: the records that were asked for one by one, with the list they stand in; else the list alone."""
    opened: dict[UUID, dict[str, set[bytes]]] = {}
    for organisation, kind, row in notes.rows:
        if organisation != house and kind not in NOT_THEIRS:
            opened.setdefault(organisation, {}).setdefault(kind, set()).add(row)
    found = []
    for organisation, rows in sorted(opened.items()):
        named = [(kind, name) for owner, kind, name in notes.about if owner in (organisation, None)]
        found += _records(organisation, rows, named) + _lists(organisation, rows, named, page)
    return found


def _records(organisation: UUID, rows: dict[str, set[bytes]], named: Iterable[tuple[str, str]]) -> list[Seen]:
    number = sum(map(len, rows.values()))
    return [Seen(organisation, kind, name, number, _digest(kind, name)) for kind, name in named]


def _lists(organisation: UUID, rows: dict[str, set[bytes]], named: Sequence[tuple[str, str]], page: str) -> list[Seen]:
    """What there was most of, where no record was asked for; else those of its kind that stood beside it."""
    if named:
        asked = Counter(kind for kind, _name in named)
        lists = {kind: rows[kind] for kind in sorted(asked) if len(rows.get(kind, ())) > asked[kind]}
    else:
        main = max(rows, key=lambda kind: (kind != "user", len(rows[kind]), kind))  # what people are named beside
        lists = {main: set().union(*rows.values())}
    return [Seen(organisation, kind, "", len(rows[kind]), _digest(page, kind, *ids)) for kind, ids in lists.items()]


def _digest(*what: str | bytes) -> str:
    """Stands for what was shown: nothing else has the same. Ids may come in any order."""
    parts = sorted(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest() for part in what)
    return hashlib.sha256(b"".join(parts)).hexdigest()[:32]


def _fresh(caller: Caller, seen: Sequence[Seen], now: datetime) -> list[Seen]:
    """Without what the same reader was shown just so a moment ago."""
    if not seen:
        return []
    rows = Look.objects.filter(reader=caller.actor, shown__in={one.shown for one in seen}, found=None)
    known = set(rows.filter(at__gt=now - JOINED, at__lte=now).values_list("organisation_id", "shown"))
    return [one for one in seen if (one.organisation, one.shown) not in known]
