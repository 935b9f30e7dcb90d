"""Recomputes every KPI from the ledger alone and compares it, bit for bit, with what the live tables give.

1. The progress of measuring is put on the ledger, so that it says what was seen until now.
2. In a schema of its own the tables are made anew, empty.
3. In one snapshot of the database every report is computed from the live tables and the ledger is copied.
4. In the new schema everything is folded from that copy, and the same reports are computed again.
5. The schema is dropped; that of a replay which was killed, by the next one.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from baken.domain.instants import to_datetime, to_us
from baken.record.audits import project as audits
from baken.record.catalogue import project as catalogue
from baken.record.catalogue.models import Service
from baken.record.clocks import flows as clocks
from baken.record.complaints import project as complaints
from baken.record.incidents import project as incidents
from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.monitors import flows as monitoring
from baken.record.monitors import project as monitors
from baken.record.orgs.models import Organisation
from baken.record.people.access import program
from baken.record.recovery import flows as recovery
from baken.record.reports import reads
from baken.run.migrating import bring_up_to_date, owner

Say = Callable[[str], None]

SCHEMA = "baken_replay"
ADVISORY = 0x7265706C6179  # "replay"
REPLAY = program("replay")
BATCH = 2_000
FOLDS = {
    "organisation": catalogue.organisations,
    "service": catalogue.services,
    "agreement": catalogue.agreements,
    "subscription": catalogue.subscriptions,
    "location": monitors.locations,
    "monitor": monitors.monitors,
    "sight": monitors.sights,
    "incident": incidents.refold,
    "complaint": complaints.refold,
    "audit": audits.audits,
    "review": audits.reviews,
    "drill": recovery.refold,
}
"""How the rows of each kind of stream come to be, those that others refer to first."""
COPY = """
INSERT INTO {schema}.ledger_ledgerfact ({columns}) OVERRIDING SYSTEM VALUE
SELECT {columns} FROM ledger_ledgerfact WHERE stream_kind <> 'look'
"""
"""Who looked at what says nothing about what happened."""


class ReplayError(Exception):
    """The replay cannot be made; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """One report: a service, all customers or one, and the month that begins on `first`."""

    service: UUID
    customer: UUID | None
    first: date
    name: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What the ledger says otherwise than the live tables. `what`: a KPI's code, `reported` or `backlog`."""

    place: str
    what: str
    live: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many reports, KPIs and facts were compared, and what differs."""

    facts: int
    reports: int
    kpis: int
    differences: list[Difference]


def replay(say: Say) -> Outcome:
    """Do it, for every service, for each of its customers, for every month since its first fact. Raises ReplayError."""
    monitoring.note_progress(REPLAY)
    while clocks.catch_up():
        pass
    as_of = to_us(clock.now())
    with _schema(say):
        live, facts = _live(as_of, say)
        with _inside(connection):
            _rebuild(say)
            say(f"computing {len(live)} reports again")
            again = {place: figures(place, as_of) for place in live}
    differences = [found for place in live for found in _compare(place, live[place], again[place])]
    return Outcome(facts, len(live), sum(len(figures) for figures in live.values()), differences)


@contextmanager
def _schema(say: Say) -> Iterator[None]:
    """An empty schema with all tables, dropped at the end; one replay at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY])
        if not cursor.fetchone()[0]:
            raise ReplayError("another replay is running; wait for it to end")
        try:
            _drop()
            _command(f"CREATE SCHEMA {SCHEMA}")
            say("making empty tables")
            with _inside(owner()), _inside(connection):
                bring_up_to_date(lambda said: None)
            yield
        finally:
            _drop()
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY])


def _drop() -> None:
    _command(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _command(statement: str) -> None:
    with owner().cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def _inside(of: BaseDatabaseWrapper) -> Iterator[None]:
    """Every table that a connection names is the one in the new schema; none of the live ones can be reached."""
    with of.cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('search_path', %s, false)", [SCHEMA])
        try:
            yield
        finally:
            cursor.execute("SELECT set_config('search_path', %s, false)", [before])


def _live(as_of: int, say: Say) -> tuple[dict[Place, dict[str, str]], int]:
    """Every report from the live tables, and the number of facts copied in the same snapshot."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        wanted = list(places(as_of))
        say(f"computing {len(wanted)} reports from the live tables")
        live = {place: figures(place, as_of) for place in wanted}
        columns = ", ".join(field.attname for field in LedgerFact._meta.concrete_fields)
        cursor.execute(COPY.format(schema=SCHEMA, columns=columns))
        return live, cursor.rowcount


def places(as_of: int) -> Iterator[Place]:
    """Every report there can be, from the month of a service's first fact to that of `as_of`."""
    for service in Service.objects.order_by("created_at"):
        began = LedgerFact.objects.filter(kind="incident.reported", data__service=str(service.id))
        first = min([service.created_at, *began.order_by("at").values_list("at", flat=True)[:1]])
        users = Organisation.objects.filter(subscriptions__service=service).distinct().order_by("created_at")
        for customer in (None, *users):
            whose = customer.code if customer else "all"
            for month in _months(first, to_datetime(as_of)):
                name = f"{service.code} {whose} {month:%Y-%m}"
                yield Place(service.id, customer.id if customer else None, month, name)


def _months(first: datetime, last: datetime) -> Iterator[date]:
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        yield date(year, month, 1)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def figures(place: Place, as_of: int) -> dict[str, str]:
    """Every figure of a report, exactly: fractions, instants, reasons and what stands beside."""
    service = Service.objects.get(id=place.service)
    customer = Organisation.objects.get(id=place.customer) if place.customer else None
    after = date(place.first.year + place.first.month // 12, place.first.month % 12 + 1, 1)
    scope = reads.scope(REPLAY, service=service, customer=customer, date_from=place.first, date_to=after, as_of=as_of)
    report = reads.report(REPLAY, scope)
    found = {**report.kpis, "reported": report.reported, "backlog": report.backlog}
    return {what: exactly(value) for what, value in found.items()}


def exactly(value: Any) -> str:
    """A value in full, equal for equal values: the order of a mapping says nothing."""
    if is_dataclass(value):
        inside = (f"{field.name}={exactly(getattr(value, field.name))}" for field in fields(value))
        return f"{type(value).__name__}({', '.join(inside)})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(sorted(f'{key}: {exactly(item)}' for key, item in value.items()))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(exactly, value))}]"
    return repr(value)


def _rebuild(say: Say) -> None:
    for kind, fold in FOLDS.items():
        streams = LedgerFact.objects.filter(stream_kind=kind, seq=1).order_by("position")
        ids = list(streams.values_list("stream_id", flat=True))
        say(f"folding {len(ids)} streams of kind {kind}")
        with transaction.atomic():  # of one kind together, since they may refer to each other
            for first in range(0, len(ids), BATCH):
                fold(ids[first : first + BATCH])
    while clocks.catch_up():
        pass


def _compare(place: Place, live: dict[str, str], again: dict[str, str]) -> Iterator[Difference]:
    for what, value in live.items():
        if value != again[what]:
            yield Difference(place.name, what, value, again[what])
