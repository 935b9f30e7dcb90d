"""Files: kept sealed in pieces, and checked against their digest whenever all of one is read.

The digest is that of the whole content and stays readable: it is what a sign-off signs, and anybody can compute it
again who has the file. How a file gets here is in `orgs.arriving`, where its pieces lie in `orgs.places`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import transaction

from baken.record.orgs import places, sealing
from baken.record.orgs.arriving import AT_ONCE, CHUNK, Arrival, FileError, note_fault, remove
from baken.record.orgs.keys import UnknownKey
from baken.record.orgs.models import File, FileFault, Organisation

EAGER = 16 * CHUNK
"""Up to this size a file is checked as a whole before anything of it is given."""


class Damaged(Exception):
    """A stored file is not what was stored: a piece is missing, changed or out of its place."""


class Gone(Damaged):
    """A file was taken away while it was read."""


def receive(
    organisation: Organisation, *, name: str, content: bytes, at: datetime, kind: str = File.Kind.ATTACHMENT
) -> File:
    """A file that is here in one piece, not kept yet. Raises FileError."""
    arrival = Arrival(organisation.id, name=name, kind=kind, at=at)
    try:
        arrival.write(content)
        return arrival.finish()
    except BaseException:
        arrival.abandon()
        raise


@transaction.atomic
def take(file: File, organisation: Organisation, *, kind: str, at: datetime, visible: bool = True) -> File:
    """Keep a file that has arrived, in the transaction that refers to it: now it is there. Raises FileError.

    visible: whether the organisation's own people find it.
    """
    found = File.objects.select_for_update().filter(id=file.id, kept_at=None, organisation=organisation, kind=kind)
    held = found.exclude(sha256="").first()
    if held is None:
        raise FileError("file: it is no longer there; choose the file again")
    held.kept_at = held.verified_at = at
    held.visible = visible
    held.save(update_fields=["kept_at", "verified_at", "visible"])
    return held


@transaction.atomic
def take_all(sent: Sequence[File], organisation: Organisation, *, at: datetime, visible: bool) -> list[File]:
    """Keep what was sent with one message, all of it or nothing. Raises FileError."""
    if len(sent) > AT_ONCE:
        raise FileError(f"file: at most {AT_ONCE} files at once; send the others after these")
    return [take(file, organisation, kind=File.Kind.ATTACHMENT, at=at, visible=visible) for file in sent]


def release(file: File) -> None:
    """Nothing refers to a file any more: it is there for nobody, and is swept away."""
    File.objects.filter(id=file.id).update(kept_at=None)


def abandon(id: UUID) -> None:
    """Remove a file that arrived and was not taken."""
    file = File.objects.filter(id=id, kept_at=None).first()
    if file is not None:
        remove(file)


@transaction.atomic
def keep(organisation: Organisation, *, name: str, content: bytes, at: datetime) -> File:
    """Keep content that is in memory, as a file. Raises FileError."""
    file = receive(organisation, name=name, content=content, at=at)
    return take(file, organisation, kind=file.kind, at=at)


def chunks(file: File, first: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The content of a file from byte `first` up to `end`, piece by piece.

    Raises Damaged where it is not what was stored: at once for a piece that was changed, moved or is missing, after
    the last one for the digest of the whole, when all of it was asked for. The damage is noted for whoever follows
    that. Raises KeysErased, StoreUnreachable.
    """
    end = file.size if end is None else min(end, file.size)
    whole = (first, end) == (0, file.size)
    digest = hashlib.sha256()
    with _noting(file):
        for piece, content in _opened(file, first // CHUNK, -(-end // CHUNK)):
            if whole:
                digest.update(content)
            offset = piece.index * CHUNK
            yield content[max(0, first - offset) : end - offset]
        if whole and digest.hexdigest() != file.sha256:
            raise Damaged(f"file {file.id}: its content does not fit its digest")


def pieces(file: File) -> Iterator[places.Piece]:
    """A file as it is kept, each piece opened on its way; else as `chunks`, of which it raises the same."""
    digest = hashlib.sha256()
    with _noting(file):
        for piece, content in _opened(file, 0, -(-file.size // CHUNK)):
            digest.update(content)
            yield piece
        if digest.hexdigest() != file.sha256:
            raise Damaged(f"file {file.id}: its content does not fit its digest")


@contextmanager
def _noting(file: File) -> Iterator[None]:
    try:
        yield
    except Gone:
        raise
    except Damaged:
        note_fault(file, FileFault.Kind.DAMAGED)
        raise


def content(file: File) -> bytes:
    """The whole content of a file, checked before anything of it is given. Raises what `chunks` raises."""
    return b"".join(chunks(file))


def _opened(file: File, start: int, stop: int) -> Iterator[tuple[places.Piece, bytes]]:
    """The pieces, opened. One whose key went while it lay here was sealed anew meanwhile: it is fetched again, once."""
    again = -1
    while start < stop:
        for piece in _in_order(file, start, stop, -(-file.size // CHUNK)):
            try:
                opened = places.unseal(file, piece)
            except UnknownKey as error:
                if again == start:
                    raise Damaged(f"file {file.id}: piece {start} has a key that there is not") from error
                again = start
                break
            except sealing.Unsealable as error:
                raise Damaged(f"file {file.id}: piece {start} was changed or is not in its place") from error
            if len(opened) != (file.size - start * CHUNK if piece.last else CHUNK):
                raise Damaged(f"file {file.id}: piece {start} is not as long as it was")
            yield piece, opened
            start += 1


def _in_order(file: File, start: int, stop: int, count: int) -> Iterator[places.Piece]:
    """The sealed pieces without a gap, wherever they lie: a file may be moved or sealed again while it is read.

    So what is not there is looked for once more.
    """
    place, expected, stuck = file.place, start, -1
    while expected < stop:
        for piece in places.PLACES[place].get(file, expected, stop):
            if (piece.index, piece.last) != (expected, expected == count - 1):
                break
            yield piece
            expected += 1
        if expected < stop:
            now = File.objects.filter(id=file.id).values_list("place", "kept_at").first()
            if now is None or (now[1] is None and file.kept_at is not None):
                raise Gone(f"file {file.id}: {Gone.__doc__}")
            if (now[0], expected) == (place, stuck):
                raise Damaged(f"file {file.id}: pieces are missing")
            place, stuck = now[0], expected
