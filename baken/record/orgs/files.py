"""Keeping files: sealed in chunks, and checked against their digest on every read.

The digest is that of the whole content and stays readable: it is what a sign-off signs, and anybody can compute it
again who has the file.
"""

import hashlib
import mimetypes
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from baken.record.orgs import bulk, sealing
from baken.record.orgs.keys import UnknownKey
from baken.record.orgs.models import File, FileChunk, Organisation

LARGEST = 25 * 1024 * 1024
"""Largest file, in bytes."""
CHUNK = 64 * 1024
"""Bytes of one chunk; the last one of a file is shorter."""
AT_ONCE = 16
"""Chunks that are in memory at the same time, when reading and writing."""


class FileError(ValueError):
    """The file cannot be kept; the message says why and what to do."""


class Damaged(Exception):
    """A stored file is not what was stored: a chunk is missing, changed or out of its place."""


@transaction.atomic
def keep(organisation: Organisation, *, name: str, content: bytes, at: datetime) -> File:
    """Store a file for an organisation. Raises FileError when it is empty or larger than `LARGEST`."""
    if not content:
        raise FileError("file: it is empty; choose the file again")
    if len(content) > LARGEST:
        raise FileError(f"file: at most {LARGEST // 1024 // 1024} MB; this one is {len(content) // 1024 // 1024} MB")
    short = name.replace("\\", "/").rsplit("/", 1)[-1].strip()[:200] or "file"
    file = File.objects.create(
        organisation=organisation, name=short, size=len(content), created_at=at,
        media_type=mimetypes.guess_type(short)[0] or "application/octet-stream",
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    for start in range(0, len(content), CHUNK * AT_ONCE):
        bulk.insert(_chunks(file, content, range(start, min(len(content), start + CHUNK * AT_ONCE), CHUNK)))
    return file


def _chunks(file: File, content: bytes, starts: range) -> list[FileChunk]:
    return [
        FileChunk(
            organisation_id=file.organisation_id, file=file, index=start // CHUNK,
            last=start + CHUNK >= len(content), content=content[start : start + CHUNK],
        )
        for start in starts
    ]  # fmt: skip


def chunks(file: File) -> Iterator[bytes]:
    """The content of a file, piece by piece.

    Raises Damaged where it is not what was stored: at once for a chunk that was changed, moved or is missing, after
    the last one for the digest of the whole. Raises KeysErased.
    """
    digest, count = hashlib.sha256(), -(-file.size // CHUNK)
    for start in range(0, count, AT_ONCE):
        rows = file.chunks.filter(index__gte=start, index__lt=min(count, start + AT_ONCE)).order_by("index")
        wanted = range(start, min(count, start + AT_ONCE))
        if [(row.index, row.last) for row in rows] != [(index, index == count - 1) for index in wanted]:
            raise Damaged(f"file {file.id}: chunks are missing")
        for row in rows:
            piece = _opened(row)
            digest.update(piece)
            yield piece
    if digest.hexdigest() != file.sha256:
        raise Damaged(f"file {file.id}: its content does not fit its digest")


def content(file: File) -> bytes:
    """The whole content of a file, checked before anything of it is given. Raises Damaged, KeysErased."""
    return b"".join(chunks(file))


def _opened(row: FileChunk) -> bytes:
    try:
        piece: bytes = row.content
    except (sealing.Unsealable, UnknownKey) as error:
        raise Damaged(f"file {row.file_id}: chunk {row.index} was changed or is not in its place") from error
    return piece
