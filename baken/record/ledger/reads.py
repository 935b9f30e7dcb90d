"""Reading facts back, and proving that nobody touched them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from baken.domain.facts import Fact
from baken.domain.instants import to_us
from baken.record.ledger.flows import GENESIS, Entry, Stream, fact_hash
from baken.record.ledger.models import LedgerFact


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a stream's chain stops adding up."""

    stream_kind: str
    stream_id: UUID
    seq: int


def as_fact(row: LedgerFact) -> Fact:
    """The pure value of a stored fact."""
    return Fact(row.seq, row.kind, to_us(row.at), to_us(row.recorded), row.data)


def of_stream(stream_id: UUID) -> list[Fact]:
    """All facts of one stream, in order of recording."""
    return [as_fact(row) for row in rows_of_stream(stream_id)]


def rows_of_stream(stream_id: UUID) -> QuerySet[LedgerFact]:
    """The stored facts of one stream, in order of recording: who wrote each down as well."""
    return LedgerFact.objects.filter(stream_id=stream_id).order_by("seq")


def of_streams(ids: Iterable[UUID]) -> dict[UUID, list[Fact]]:
    """The facts of many streams, each in order of recording."""
    facts: dict[UUID, list[Fact]] = {}
    rows = LedgerFact.objects.filter(stream_id__in=list(ids)).order_by("stream_id", "seq")
    for stream_id, seq, kind, at, recorded, data in rows.values_list(
        "stream_id", "seq", "kind", "at", "recorded", "data"
    ):
        facts.setdefault(stream_id, []).append(Fact(seq, kind, to_us(at), to_us(recorded), data))
    return facts


def owners(ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Which organisation each stream belongs to."""
    rows = LedgerFact.objects.filter(stream_id__in=list(ids), seq=1)
    return dict(rows.values_list("stream_id", "organisation_id"))


SAFE = """
SELECT position, stream_id FROM ledger_ledgerfact
WHERE stream_kind = ANY(%s) AND position > %s AND written_by < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY position LIMIT %s
"""

BEHIND = "SELECT DISTINCT stream_id FROM ledger_ledgerfact WHERE stream_kind = ANY(%s) AND position > %s"


def safe_after(kinds: list[str], position: int, limit: int = 10_000) -> list[tuple[int, UUID]]:
    """(position, stream) of the next facts that a follower may read past.

    Positions are handed out before transactions commit, so a later position can become visible first. Only facts
    of transactions older than every running one are safe: nothing can appear before them any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(SAFE, [kinds, position, limit])
        return list(cursor.fetchall())


def streams_after(kinds: list[str], position: int) -> set[UUID]:
    """Streams with visible facts beyond `position`: what a page folds live."""
    with connection.cursor() as cursor:
        cursor.execute(BEHIND, [kinds, position])
        return {row[0] for row in cursor.fetchall()}


def verify(since: datetime | None = None) -> Iterator[Broken]:
    """Walk every stream (those touched `since`, when given) and give each place where the chain is broken."""
    rows = LedgerFact.objects.order_by("stream_id", "seq")
    if since:
        touched = LedgerFact.objects.filter(recorded__gte=since).values("stream_id")
        rows = rows.filter(stream_id__in=touched)
    stream_id, seq, previous = None, 0, GENESIS
    for row in rows.iterator(chunk_size=5_000):
        if row.stream_id != stream_id:
            stream_id, seq, previous = row.stream_id, 0, GENESIS
        seq += 1
        stream = Stream(row.stream_kind, row.stream_id, row.organisation_id)
        entry = Entry(row.kind, row.at, row.data)
        expected = fact_hash(previous, stream, seq, entry, row.recorded, row.actor)
        if row.seq != seq or bytes(row.previous) != previous or bytes(row.hash) != expected:
            yield Broken(row.stream_kind, row.stream_id, row.seq)
        previous = bytes(row.hash)
