"""Files: sealed in chunks, and given back only when they are what was stored."""

import secrets
import tracemalloc
from datetime import UTC, datetime

import pytest
from django.db import connection

from baken.record.orgs import files, keys, rotation, spreading
from baken.record.orgs.arriving import CHUNK, FileError, largest
from baken.record.orgs.files import Damaged
from baken.record.orgs.models import File, FileChunk
from baken.record.orgs.sealing import version_of
from tests.conftest import Cast

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def kept(cast: Cast, content: bytes) -> File:
    return files.keep(cast.customer, name="a.bin", content=content, at=NOW)


def stored(file: File) -> list[bytes]:
    """The chunks as the database holds them."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT content FROM orgs_filechunk WHERE file_id = %s ORDER BY "index"', [file.id])
        return [bytes(content) for (content,) in cursor.fetchall()]


def change(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount > 0


def refused(file: File) -> None:
    with pytest.raises(Damaged):
        files.content(file)


@pytest.mark.parametrize(
    ("size", "count"),
    [(1, 1), (CHUNK - 1, 1), (CHUNK, 1), (CHUNK + 1, 2), (16 * CHUNK, 16), (17 * CHUNK, 17), (5_000_000, 77)],
)
def test_what_was_kept_is_given_back(cast: Cast, size: int, count: int) -> None:
    content = secrets.token_bytes(size - 1) + b"\x00"  # padding must not take a NUL at the end along
    file = kept(cast, content)
    assert files.content(file) == b"".join(files.chunks(file)) == content
    assert [len(piece) for piece in files.chunks(file)] == [
        *[CHUNK] * (count - 1), size - (count - 1) * CHUNK,
    ]  # fmt: skip
    assert len(stored(file)) == count
    if size >= 32:
        assert not any(content[:32] in piece or content[-32:] in piece for piece in stored(file))


def test_an_empty_file_and_one_that_is_too_large_are_refused(cast: Cast) -> None:
    with pytest.raises(FileError, match="empty"):
        kept(cast, b"")
    with pytest.raises(FileError, match="at most 25 MB"):
        kept(cast, bytes(largest() + 1))
    assert not FileChunk.objects.exists()


def test_reading_holds_a_few_chunks_at_a_time(cast: Cast) -> None:
    file = kept(cast, secrets.token_bytes(100 * CHUNK))
    tracemalloc.start()
    assert sum(len(piece) for piece in files.chunks(file)) == file.size
    assert tracemalloc.get_traced_memory()[1] < 60 * CHUNK
    tracemalloc.stop()


def test_chunks_that_changed_places_do_not_open(cast: Cast) -> None:
    file = kept(cast, secrets.token_bytes(3 * CHUNK))
    change('UPDATE orgs_filechunk SET "index" = "index" + 10 WHERE file_id = %s', file.id)
    change(
        'UPDATE orgs_filechunk SET "index" = CASE "index" WHEN 10 THEN 1 WHEN 11 THEN 0 ELSE 2 END WHERE file_id = %s',
        file.id,
    )
    refused(file)


def test_a_chunk_of_another_file_does_not_open(cast: Cast) -> None:
    file, other = kept(cast, b"one"), kept(cast, b"one")
    change("UPDATE orgs_filechunk SET content = %s WHERE file_id = %s", stored(other)[0], file.id)
    refused(file)
    assert files.content(other) == b"one"


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_missing_chunk_is_noticed(cast: Cast, index: int) -> None:
    file = kept(cast, secrets.token_bytes(3 * CHUNK))
    change('DELETE FROM orgs_filechunk WHERE file_id = %s AND "index" = %s', file.id, index)
    refused(file)


def test_a_file_cannot_be_cut_off_even_when_everything_about_it_is_adapted(cast: Cast) -> None:
    content = secrets.token_bytes(2 * CHUNK)
    file, short = kept(cast, content), kept(cast, content[:CHUNK])
    change('DELETE FROM orgs_filechunk WHERE file_id = %s AND "index" = 1', file.id)
    change("UPDATE orgs_filechunk SET last = true WHERE file_id = %s", file.id)
    change("UPDATE orgs_file SET size = %s, sha256 = %s WHERE id = %s", CHUNK, short.sha256, file.id)
    refused(File.objects.get(id=file.id))


@pytest.mark.parametrize("at", [0, 1, 5, 100, -1])
def test_a_changed_byte_is_noticed(cast: Cast, at: int) -> None:
    file = kept(cast, secrets.token_bytes(1_000))
    changed = bytearray(stored(file)[0])
    changed[at] ^= 1
    change("UPDATE orgs_filechunk SET content = %s WHERE file_id = %s", bytes(changed), file.id)
    refused(file)


def test_another_digest_is_noticed(cast: Cast) -> None:
    file = kept(cast, b"one")
    change("UPDATE orgs_file SET sha256 = %s WHERE id = %s", kept(cast, b"two").sha256, file.id)
    refused(File.objects.get(id=file.id))


@pytest.mark.django_db(transaction=True)
def test_rotation_seals_chunks_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "FRESH", 0.2)
    monkeypatch.setattr(spreading, "MARGIN", 0.1)
    keys.forget_all()
    content = secrets.token_bytes(70 * CHUNK)
    file = kept(cast, content)
    assert {version_of(piece) for piece in stored(file)} == {1}
    rotation.rotate(cast.customer.id, lambda seen: None)
    keys.forget_all()
    assert {version_of(piece) for piece in stored(file)} == {2}
    assert files.content(file) == content
