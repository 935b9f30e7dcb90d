"""Appending facts."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from baken.domain.facts import Fact
from baken.domain.instants import to_us
from baken.record.ledger import clock

GENESIS = bytes(32)
"""What the first fact of a stream is chained to."""


class LedgerError(Exception):
    """The ledger refused a fact."""


class NotACode(LedgerError):
    """Ledger data holds text, numbers that are not whole, or another value that is not a code."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The history of one thing: which kind, whose, and its id."""

    kind: str
    id: UUID
    organisation: UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact about to be appended: its kind, when it happened (aware), and its codes.

    For a history that is written afterwards: `recorded` is when it was written down, `actor` who did it; None for now,
    and for whoever appends.
    """

    kind: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    recorded: datetime | None = None
    actor: str | None = None


INSERT = """
INSERT INTO ledger_ledgerfact
    (organisation_id, stream_kind, stream_id, seq, kind, at, recorded, actor, data, previous, hash)
SELECT organisation, stream_kind, stream, seq, kind, at, recorded, actor, data::jsonb, previous, hash
FROM unnest(
    %s::uuid[], %s::text[], %s::uuid[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[],
    %s::text[], %s::bytea[], %s::bytea[]
) WITH ORDINALITY AS fact
    (organisation, stream_kind, stream, seq, kind, at, recorded, actor, data, previous, hash, place)
ORDER BY place
"""
"""One statement for any number of facts; COPY is not allowed where policies hold."""

HEADS = """
SELECT wanted.id, head.seq, head.hash
FROM unnest(%s::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT seq, hash FROM ledger_ledgerfact WHERE stream_id = wanted.id ORDER BY seq DESC LIMIT 1
) AS head
"""

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(id::text, 0)) FROM unnest(%s::uuid[]) AS wanted (id) ORDER BY id"


def append(stream: Stream, entries: Sequence[Entry], *, actor: str) -> list[Fact]:
    """Append `entries` to one stream, in the caller's transaction, and give back the facts.

    actor: a code such as `user:<id>`, `token:<id>`, `import:servicenow`, `monitor`. Raises NotACode.
    """
    return append_many([(stream, entries)], actor=actor)[stream.id]


def append_many(
    batches: Iterable[tuple[Stream, Sequence[Entry]]], *, actor: str, recorded: datetime | None = None
) -> dict[UUID, list[Fact]]:
    """Append to many streams at once. Streams are locked in order of id, so that two writers cannot deadlock."""
    batches = list(batches)
    recorded = recorded or clock.now()
    facts: dict[UUID, list[Fact]] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        heads = _lock_and_read_heads(cursor, [stream.id for stream, _ in batches])
        rows = []
        for stream, entries in batches:
            head = heads.get(stream.id, (0, GENESIS))
            appended = facts.setdefault(stream.id, [])
            for entry in entries:
                written = entry.recorded or recorded
                row, head = _chained(stream, entry, written, entry.actor or actor, head)
                rows.append(row)
                appended.append(Fact(head[0], entry.kind, to_us(entry.at), to_us(written), entry.data))
            heads[stream.id] = head
        if rows:
            cursor.execute(INSERT, [list(column) for column in zip(*rows, strict=True)])
    return {id: appended for id, appended in facts.items() if appended}


def only_writer(stream_id: UUID) -> None:
    """Keep others from appending to a stream until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [[stream_id]])


def fact_hash(previous: bytes, stream: Stream, seq: int, entry: Entry, recorded: datetime, actor: str) -> bytes:
    """SHA-256 over the previous hash and the canonical form of one fact.

    Canonical form: a JSON array without spaces, object keys sorted, instants as whole microseconds. Anyone can
    compute it again from the stored columns, in any language.
    """
    return _hash(previous, stream, seq, entry, recorded, actor, _canonical(_codes(entry.data)))


def _hash(previous: bytes, stream: Stream, seq: int, entry: Entry, recorded: datetime, actor: str, data: str) -> bytes:
    fields = [
        stream.kind, str(stream.id), str(stream.organisation), seq, entry.kind,
        to_us(entry.at), to_us(recorded), actor,
    ]  # fmt: skip
    return hashlib.sha256(previous + f"{_canonical(fields)[:-1]},{data}]".encode()).digest()


def _chained(
    stream: Stream, entry: Entry, recorded: datetime, actor: str, head: tuple[int, bytes]
) -> tuple[list[Any], tuple[int, bytes]]:
    """The row of the next fact, and the head of the stream after it."""
    seq, previous = head[0] + 1, head[1]
    data = _canonical(_codes(entry.data))
    digest = _hash(previous, stream, seq, entry, recorded, actor, data)
    row = [
        str(stream.organisation), stream.kind, str(stream.id), seq, entry.kind, entry.at, recorded, actor,
        data, previous, digest,
    ]  # fmt: skip
    return row, (seq, digest)


def _lock_and_read_heads(cursor: Any, ids: list[UUID]) -> dict[UUID, tuple[int, bytes]]:
    cursor.execute(LOCK, [ids])
    cursor.execute(HEADS, [ids])
    return {id: (seq, bytes(head)) for id, seq, head in cursor.fetchall()}


def _codes(value: Any) -> Any:
    """The value itself when it is made of codes alone; a float would not survive jsonb bit for bit."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _codes(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_codes(item) for item in value]
    raise NotACode(f"ledger data cannot hold {type(value).__name__}: use a code, a whole number or an ISO date")


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode
