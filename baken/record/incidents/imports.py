"""Bringing in the history of another desk, in batches that are each written whole or not at all.

An incident is known by its key at the other desk, and what was written of it by a digest. So an import can be killed
and run again, and run twice it makes no doubles: a history that says the same is left alone, and one that says
something else is corrected by further facts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify

from baken.domain.agreements import ResponseCounts, default_terms
from baken.domain.facts import Kind, Origin
from baken.domain.histories import Happening, History
from baken.domain.instants import to_datetime
from baken.domain.periods import PeriodKind, containing
from baken.domain.zones import zone as known_zone
from baken.record.catalogue import flows as catalogue
from baken.record.catalogue import reads
from baken.record.catalogue.models import IntakeSpan, Service, Subscription
from baken.record.incidents import past, project
from baken.record.incidents.handling import rename
from baken.record.incidents.models import Imported, Incident
from baken.record.incidents.past import Past
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append_many
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import bulk
from baken.record.orgs.models import Organisation
from baken.record.people.access import Caller, Permission
from baken.record.people.reads import provider

_Fact = TypeVar("_Fact", Entry, LedgerFact)

BATCH = 500
"""Incidents in one transaction: each holds an advisory lock until the end of it."""


class ImportRefused(ValueError):
    """The import does not fit what is here; the message names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an import goes: the service, the customer whose incidents they are, and the code of the other desk."""

    service: Service
    customer: Organisation
    source: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Incidents by what an import did with them, and the rows of the log they rest on."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.rows + other.rows,
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
        )


@transaction.atomic
def prepare(caller: Caller, *, service: str, customer: str, zone: str, source: str, first: datetime) -> Target:
    """The service and the customer of these names, made where they are missing.

    A new service gets the default agreement in `zone`, in force from the month of the `first` report, by which taking
    an incident on is the response, and no intake but what the import declares. Raises ImportRefused, UnknownZone.
    """
    caller.require(Permission.WRITE_CATALOGUE)
    held = Service.objects.filter(code=_code("service", service)).first()
    held = held or _new_service(caller, service, zone, first)
    owner = _organisation(caller, customer, Organisation.Kind.CUSTOMER, zone)
    if owner.kind != Organisation.Kind.CUSTOMER:
        raise ImportRefused(f"customer: {owner.code} is the provider; name the customer whose incidents these are")
    if not Subscription.objects.filter(service=held, organisation=owner, until=None).exists():
        catalogue.subscribe(caller, service=held, organisation=owner, since=first)
    return Target(held, owner, source)


def bring_in(
    caller: Caller, target: Target, histories: Iterable[History], *, progress: Callable[[Counts], None]
) -> Counts:
    """Write histories batch by batch; `progress` hears of each that is durable. Gives the sum. Raises ImportRefused."""
    total = Counts()
    for batch in _batches(histories):
        counts = write(caller, target, batch)
        progress(counts)
        total += counts
    return total


@transaction.atomic
def write(caller: Caller, target: Target, histories: Sequence[History]) -> Counts:
    """Write one batch: facts, rows and what is remembered of where they came from. Two imports take turns."""
    caller.require(Permission.WRITE_CATALOGUE)
    Service.objects.select_for_update(no_key=True).get(id=target.service.id)
    known = _known(target, histories)
    new = [history for history in histories if history.key not in known]
    changed = [(known[h.key], h) for h in histories if h.key in known and known[h.key].digest != h.digest()]
    _add(caller, target, new)
    _correct(caller, target, changed)
    return Counts(
        rows=sum(history.rows for history in histories),
        new=len(new),
        changed=len(changed),
        unchanged=len(histories) - len(new) - len(changed),
    )


def declare(caller: Caller, target: Target, *, began: datetime, ended: datetime) -> None:
    """Say that the import holds every incident reported in [began, ended), so that none in it means none."""
    what = IntakeSpan.What.INCIDENTS
    catalogue.declare_intake(caller, target.service, what=what, source=target.source, began=began, ended=ended)


def response_counts(target: Target) -> ResponseCounts:
    """What the agreement in force now counts as the response: a log of pickups is worth nothing where replies count."""
    return reads.held_at(target.service.id, target.customer.id, clock.now()).terms.response_counts


def _batches(histories: Iterable[History]) -> Iterator[list[History]]:
    remaining = iter(histories)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _new_service(caller: Caller, name: str, zone: str, first: datetime) -> Service:
    month = containing(zone, PeriodKind.MONTH, first.astimezone(known_zone(zone)).date())
    return catalogue.add_service(
        caller,
        provider=provider() or _organisation(caller, "Provider", Organisation.Kind.PROVIDER, zone),
        code=_code("service", name),
        name=name,
        terms=replace(default_terms(zone), response_counts=ResponseCounts.PICKUP),
        valid_from=to_datetime(month.start),
        intake_open=False,
    )


def _organisation(caller: Caller, name: str, kind: str, zone: str) -> Organisation:
    code = _code("customer", name)
    found = Organisation.objects.filter(code=code).first()
    return found or catalogue.add_organisation(caller, code=code, name=name, kind=kind, language="en", zone=zone)


def _code(field: str, name: str) -> str:
    code = slugify(name)[:64]
    if not code:
        raise ImportRefused(f"{field}: {name!r} holds no letter or digit; give it a name")
    return code


def _known(target: Target, histories: Sequence[History]) -> dict[str, Imported]:
    keys = [history.key for history in histories]
    rows = Imported.objects.filter(service=target.service, source=target.source, key__in=keys)
    known = {row.key: row for row in rows.select_related("organisation")}
    for row in known.values():
        if row.organisation_id != target.customer.id:
            raise ImportRefused(
                f"customer: incident {row.key} was imported for {row.organisation.code}; name that customer again"
            )
    return known


def _add(caller: Caller, target: Target, histories: Sequence[History]) -> None:
    service, customer = target.service.id, target.customer.id
    rows = past.write(
        [Past(service, customer, it.subject, [_entry(told) for told in it.happenings]) for it in histories],
        actor=caller.actor,
    )
    bulk.insert([
        Imported(
            organisation_id=customer, service_id=service, source=target.source, key=history.key,
            digest=history.digest(), incident_id=row.id,
        )
        for history, row in zip(histories, rows, strict=True)
    ])  # fmt: skip


def _entry(told: Happening) -> Entry:
    given = {"origin": Origin.IMPORT.value} if told.kind is Kind.REPORTED else {}
    return Entry(told.kind.value, to_datetime(told.at), {**told.data, **given})


def _correct(caller: Caller, target: Target, changed: Sequence[tuple[Imported, History]]) -> None:
    """Append what makes incidents say what their log says now. What people did to them here stays."""
    if not changed:
        return
    stored = _stored({row.incident_id for row, _ in changed})
    batches = []
    for row, history in changed:
        entries = _corrections(stored[row.incident_id], history, caller.actor)
        batches.append((Stream("incident", row.incident_id, row.organisation_id), entries))
        row.digest = history.digest()
    append_many(batches, actor=caller.actor)
    project.refold(row.incident_id for row, _ in changed)
    incidents = Incident.objects.in_bulk([row.incident_id for row, _ in changed])
    for row, history in changed:
        rename(incidents[row.incident_id], history.subject)
    Imported.objects.bulk_update([row for row, _ in changed], ["digest"])


def _stored(ids: set[UUID]) -> dict[UUID, list[LedgerFact]]:
    stored: dict[UUID, list[LedgerFact]] = {}
    for fact in LedgerFact.objects.filter(stream_id__in=ids).order_by("stream_id", "seq"):
        stored.setdefault(fact.stream_id, []).append(fact)
    return stored


def _corrections(stored: Sequence[LedgerFact], history: History, actor: str) -> list[Entry]:
    """Retractions of what the log does not say any more, and what it says now.

    Facts of one instant keep their order: when they differ, all of them are written again. What a person retracted
    here stays retracted.
    """
    report = {name: stored[0].data[name] for name in past.GIVEN}
    wanted = [past.completed(entry, report) for entry in map(_entry, history.happenings)]
    retracted = {fact.data["seq"]: fact.actor for fact in stored if fact.kind == Kind.RETRACTED}
    own = [fact for fact in stored if fact.actor == actor and fact.kind != Kind.RETRACTED]
    waived = [_said(fact) for fact in own if retracted.get(fact.seq, actor) != actor]
    before = _by_instant(fact for fact in own if fact.seq not in retracted)
    after = _by_instant(entry for entry in wanted if _said(entry) not in waived)
    now = clock.now()
    entries: list[Entry] = []
    for at in sorted(before.keys() | after.keys()):
        wrong, right = before.get(at, []), after.get(at, [])
        if [_said(fact) for fact in wrong] != [_said(entry) for entry in right]:
            entries += [Entry(Kind.RETRACTED.value, now, {"seq": fact.seq}) for fact in wrong]
            entries += right
    return entries


def _said(fact: Entry | LedgerFact) -> tuple[str, datetime, Mapping[str, Any]]:
    return fact.kind, fact.at, fact.data


def _by_instant(facts: Iterable[_Fact]) -> dict[datetime, list[_Fact]]:
    grouped: dict[datetime, list[_Fact]] = defaultdict(list)
    for fact in facts:
        grouped[fact.at].append(fact)
    return grouped
