"""The ledger: appended to, chained, never changed."""

import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, connections, transaction

from baken.record.ledger import clock, reads
from baken.record.ledger.flows import Entry, NotACode, Stream, append, append_many
from baken.record.ledger.models import LedgerFact
from baken.run.supervisor import wait_until
from tests.databases import owning

AT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def _stream() -> Stream:
    return Stream("incident", uuid4(), uuid4())


@pytest.mark.django_db
def test_facts_of_a_stream_are_numbered_and_chained() -> None:
    stream = _stream()
    append(stream, [Entry("a", AT), Entry("b", AT, {"n": 1, "list": ["x", None, True]})], actor="test")
    append(stream, [Entry("c", AT)], actor="test")
    assert [fact.kind for fact in reads.of_stream(stream.id)] == ["a", "b", "c"]
    rows = list(LedgerFact.objects.filter(stream_id=stream.id).order_by("seq"))
    assert [bytes(row.previous) for row in rows[1:]] == [bytes(row.hash) for row in rows[:-1]]
    assert list(reads.verify()) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_ledgerfact SET actor = 'somebody'",
        "DELETE FROM ledger_ledgerfact",
        "TRUNCATE ledger_ledgerfact CASCADE",
        "SET LOCAL session_replication_role = replica; DELETE FROM ledger_ledgerfact",
    ],
)
def test_the_database_refuses_to_change_history(statement: str) -> None:
    append(_stream(), [Entry("a", AT)], actor="test")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic(), owning() as cursor:
        cursor.execute(statement)
    assert LedgerFact.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "'b'"),
        ("at", "at + interval '1 microsecond'"),
        ("recorded", "recorded + interval '1 microsecond'"),
        ("actor", "'somebody'"),
        ("data", "'{\"n\": 2}'"),
        ("organisation_id", "gen_random_uuid()"),
    ],
)
def test_a_changed_column_breaks_the_chain(column: str, value: str) -> None:
    stream = _stream()
    append(stream, [Entry("a", AT, {"n": 1}), Entry("b", AT)], actor="test")
    with owning() as cursor:
        cursor.execute("ALTER TABLE ledger_ledgerfact DISABLE TRIGGER ledger_append_only")
        cursor.execute(f"UPDATE ledger_ledgerfact SET {column} = {value} WHERE seq = 1")
    assert [broken.seq for broken in reads.verify()] == [1]


@pytest.mark.django_db
def test_text_and_floats_are_no_codes() -> None:
    with pytest.raises(NotACode, match="float"):
        append(_stream(), [Entry("a", AT, {"value": 0.1})], actor="test")
    assert not LedgerFact.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_one_stream_take_turns() -> None:
    stream = _stream()

    def write() -> None:
        for _ in range(20):
            append(stream, [Entry("a", AT)], actor="test")
        connections.close_all()

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [fact.seq for fact in reads.of_stream(stream.id)] == list(range(1, 41))
    assert list(reads.verify()) == []


@pytest.mark.django_db(transaction=True)
def test_a_follower_never_reads_past_a_fact_that_commits_late() -> None:
    slow, fast = _stream(), _stream()
    written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with transaction.atomic():
            append(slow, [Entry("slow", AT)], actor="test")
            written.set()
            may_commit.wait(10)
        connections.close_all()

    thread = threading.Thread(target=slow_writer)
    thread.start()
    written.wait(10)
    append(fast, [Entry("fast", AT)], actor="test")
    assert reads.safe_after(["incident"], 0) == [], "the later position is visible, and must not be read past"
    assert reads.streams_after(["incident"], 0) == {fast.id}, "a page folds it live all the same"
    may_commit.set()
    thread.join()
    # Tests beside this one write in the same server, and a follower waits for them as well.
    assert wait_until(lambda: [id for _, id in reads.safe_after(["incident"], 0)] == [slow.id, fast.id], 60)


@pytest.mark.django_db
def test_many_streams_at_once_equal_one_by_one() -> None:
    together, apart = _stream(), _stream()
    entries = [Entry("a", AT), Entry("b", AT)]
    with clock.at(AT):
        append_many([(together, entries), (together, entries)], actor="test")
        append(apart, entries, actor="test")
        append(apart, entries, actor="test")
    assert reads.of_stream(together.id) == reads.of_stream(apart.id)
    assert list(reads.verify()) == []
