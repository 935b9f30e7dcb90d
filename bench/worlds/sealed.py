"""Many sealed messages: customers with incidents, messages and search tokens, written as fast as rows go in.

Rows are sealed and tokens made by the product's own code, and copied in. What a database checks row by row is taken
away before and put back after, which checks it at once.

    python -m bench.worlds.sealed PART PARTS INCIDENTS TOKENS    writes so many incidents of every PARTS-th customer
"""

import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

import psycopg

from bench.worlds.database import ROOT, ready
from bench.worlds.writing import Writer

MESSAGES = 4
"""Messages of an incident, one of which the desk alone reads."""
AT_ONCE = 500
START = datetime(2024, 1, 1, tzinfo=UTC)
TABLES = ("orgs_searchtoken", "incidents_message", "incidents_incident")


def customers(count: int) -> None:
    """A provider with a service, an agent and that many customers with a person each. Nothing when they are there."""
    from baken.domain.agreements import default_terms
    from baken.record.catalogue import flows as catalogue
    from baken.record.people import flows as people
    from baken.record.people.access import Role, program
    from baken.record.people.reads import provider

    if provider():
        return
    me = program("bench")
    owner = catalogue.add_organisation(me, code="provider", name="Provider", kind="provider", language="nl", zone="UTC")
    service = catalogue.add_service(
        me, provider=owner, code="desk", name="Desk", terms=default_terms("UTC"), valid_from=START
    )
    people.add_user(me, organisation=owner, email="bob@provider.example", name="Bob", roles=[Role.AGENT])
    for number in range(count):
        customer = catalogue.add_organisation(
            me, code=f"c{number}", name=f"Customer {number}", kind="customer", language="nl", zone="UTC"
        )
        catalogue.subscribe(me, service=service, organisation=customer, since=START)
        people.add_user(
            me, organisation=customer, email=f"alice@c{number}.example", name="Alice", roles=[Role.CUSTOMER]
        )


def build(messages: int, admin: str, processes: int = 2, *, tokens: bool = True) -> float:
    """So many messages in all, spread over the customers evenly; the seconds it took.

    admin: the address of whoever owns everything. tokens: whether they can be searched.
    """
    from baken.record.incidents.models import Message
    from baken.record.people.access import Role
    from baken.record.people.models import Membership

    count = Membership.objects.filter(role=Role.CUSTOMER.value).count()
    if Message.objects.count() >= messages:
        return 0.0
    began = time.perf_counter()
    each = -(-messages // count // MESSAGES)
    with _unchecked(admin):
        program = [sys.executable, "-m", "bench.worlds.sealed"]
        parts = [
            subprocess.Popen([*program, *map(str, (n, processes, each, int(tokens)))], cwd=ROOT)
            for n in range(processes)
        ]
        if any([part.wait() for part in parts]):  # noqa: C419  all of them have to end
            sys.exit("the messages could not be written")
    return time.perf_counter() - began


@contextmanager
def _unchecked(admin: str) -> Iterator[None]:
    """Without indexes and constraints on the tables, which are made again in the end, exactly as they were."""
    constraints = """
        SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype IN ('p', 'u', 'f') AND (conrelid::regclass::text = ANY(%(tables)s) OR
              confrelid::regclass::text = ANY(%(tables)s)) ORDER BY contype = 'f', conname
    """
    indexes = """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid::regclass::text = ANY(%(tables)s)
    """
    with psycopg.connect(admin, autocommit=True) as connection:
        held = connection.execute(constraints, {"tables": list(TABLES)}).fetchall()
        for table, name, _ in reversed(held):
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        made = connection.execute(indexes, {"tables": list(TABLES)}).fetchall()
        for name, _ in made:
            connection.execute(f"DROP INDEX {name}")
        yield
        connection.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in made:
            connection.execute(definition)
        for table, name, definition in held:
            connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        connection.execute("VACUUM (ANALYZE, FREEZE)")


def write(part: int, parts: int, incidents: int, tokens: int) -> None:
    """The incidents of every `parts`-th customer, beginning with number `part`."""
    from baken.record.catalogue.models import Agreement
    from baken.record.orgs.models import Organisation

    writer, agreement = Writer(part), Agreement.objects.get()
    owners = list(Organisation.objects.filter(kind="customer").order_by("created_at").values_list("id", flat=True))
    for place, owner in list(enumerate(owners))[part::parts]:
        index = _Index(owner) if tokens else None
        for first in range(0, incidents, AT_ONCE):
            numbers = range(place * incidents + first, place * incidents + min(incidents, first + AT_ONCE))
            _write(writer, agreement, owner, numbers, index)


def _write(writer: Writer, agreement: Any, owner: UUID, numbers: range, index: "_Index | None") -> None:
    from baken.record.incidents.models import Incident, Message
    from baken.record.incidents.reads import DESK, EVERYBODY
    from baken.record.orgs import bulk

    rows, said = [], []
    for number in numbers:
        at = START + timedelta(minutes=number % 1_000_000)
        row = Incident(
            organisation_id=owner, number=number + 1, service_id=agreement.service_id, agreement=agreement,
            agreement_version=1, status="open", origin="customer", classes=["other"], impact=2, urgency=2,
            priority="medium", reported=at, updated_at=at, subject=writer.subject(),
        )  # fmt: skip
        rows.append(row)
        messages = [
            Message(
                organisation_id=owner, incident_id=row.id, kind="reply" if nth else "note", visible=bool(nth),
                actor="program:bench", body=with_sum(writer.message()), created_at=at,
            )
            for nth in range(MESSAGES)
        ]  # fmt: skip
        said += messages
        if index:
            index.add(DESK, row.id, [message.body for message in messages if not message.visible])
            index.add(EVERYBODY, row.id, [row.subject, *(message.body for message in messages if message.visible)])
    bulk.insert(rows)
    bulk.insert(said)
    if index:
        index.flush()


def with_sum(text: str) -> str:
    """The text with its checksum as its last word, so that a change of it can be told."""
    return f"{text} {crc32(text.encode()):08x}"


class _Index:
    """Tokens of one organisation's incidents, as PostgreSQL's binary COPY takes them."""

    def __init__(self, owner: UUID) -> None:
        from baken.record.orgs import indexkeys

        self._owner, self._version = owner, indexkeys.versions().primary
        self._head = struct.pack(">hi16si", 5, 16, owner.bytes, 4)
        self._known: dict[str, list[bytes]] = {}
        self._rows: dict[bytes, None] = {}

    def add(self, scope: str, record: UUID, texts: list[str]) -> None:
        from baken.record.orgs import search

        name = scope.encode()
        tail = struct.pack(f">ihi{len(name)}si16s", 2, self._version, len(name), name, 16, record.bytes)
        for text in texts:
            for word in search.words(text):
                for token in self._known.get(word) or self._learn(word):
                    self._rows[self._head + token + tail] = None

    def _learn(self, word: str) -> list[bytes]:
        from baken.record.orgs import search

        made = {search.token(self._owner, stem, self._version) for stem in search.stems(word)}
        self._known[word] = [struct.pack(">i", token) for token in sorted(made)]
        return self._known[word]

    def flush(self) -> None:
        from django.db import connections

        columns = "organisation_id, token, version, scope, record"
        statement = f"COPY orgs_searchtoken ({columns}) FROM STDIN (FORMAT BINARY)"
        with connections["owner"].cursor() as cursor, cursor.copy(statement) as copy:  # policies allow no COPY
            copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
            copy.write(b"".join(self._rows))
            copy.write(b"\xff\xff")
        self._rows.clear()


if __name__ == "__main__":
    ready()
    write(*map(int, sys.argv[1:]))
