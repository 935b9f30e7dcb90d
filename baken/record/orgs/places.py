"""Where the sealed pieces of files lie: in PostgreSQL, or in an object store that speaks S3.

Both hold the same bytes, so that moving a file is copying them. In PostgreSQL each piece is a row. In an object store
`Objects.batch` pieces in a row make one object, whose name is random: it tells nothing of file or owner.
"""

import secrets
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction

from baken.record.orgs import opened, sealing
from baken.record.orgs.fields import ChunkField, Sealed
from baken.record.orgs.keys import UnknownKey
from baken.record.orgs.models import File, FileChunk, FilePart

CHUNK = 64 * 1024
"""Bytes of one piece; the last one of a file is shorter."""
_HEAD = struct.Struct(">I?I")
_CONTENT: Any = FileChunk._meta.get_field("content")
assert isinstance(_CONTENT, ChunkField)


class StoreUnreachable(Exception):
    """The object store with the files does not answer; try again in some minutes."""


class StoreUnset(StoreUnreachable):
    """Files lie in an object store that no setting names; set BAKEN_S3_BUCKET and what goes with it, and try again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A sealed piece, its index in the file, and whether it is the last one."""

    index: int
    last: bool
    sealed: bytes


class Place(Protocol):
    """A place for sealed pieces. batch: how many are put there at once, the last time fewer."""

    batch: int

    def put(self, file: File, pieces: Sequence[Piece]) -> None: ...
    def get(self, file: File, start: int, stop: int) -> Iterator[Piece]: ...
    def remove(self, file: UUID) -> None: ...


class Postgres:
    """In rows of the database, so that one backup and one replica hold everything."""

    batch = 16

    def put(self, file: File, pieces: Sequence[Piece]) -> None:
        """Keep these pieces, by COPY."""
        rows = [
            FileChunk(
                organisation_id=file.organisation_id, file_id=file.id, index=piece.index, last=piece.last,
                content=Sealed(piece.sealed),
            )
            for piece in pieces
        ]  # fmt: skip
        FileChunk.objects.bulk_create(rows)

    def get(self, file: File, start: int, stop: int) -> Iterator[Piece]:
        """The pieces from `start` up to `stop` that are there, a batch at a time."""
        for first in range(start, stop, self.batch):
            rows = FileChunk.objects.filter(file_id=file.id, index__gte=first, index__lt=min(stop, first + self.batch))
            for index, last, content in rows.order_by("index").values_list("index", "last", "content"):
                yield Piece(index, last, bytes(content))

    def remove(self, file: UUID) -> None:
        """Forget every piece of a file."""
        FileChunk.objects.filter(file_id=file).delete()


class Objects:
    """In objects of the store that `settings.STORAGES["files"]` names, about 4 MiB each. Raises StoreUnreachable."""

    batch = 64

    def put(self, file: File, pieces: Sequence[Piece]) -> None:
        """Keep these pieces as one object."""
        name = secrets.token_hex(16)
        version = min(sealing.version_of(piece.sealed) for piece in pieces)
        with transaction.atomic():  # a rotation of keys waits for it, and finds the row
            FilePart.objects.create(
                organisation_id=file.organisation_id, file=file.id, index=pieces[0].index // self.batch, object=name,
                version=version,
            )  # fmt: skip
            self._write(name, pieces)

    def replace(self, part: FilePart, pieces: Sequence[Piece], version: int) -> None:
        """Put the same pieces, sealed anew, into another object; whoever reads the old one meanwhile looks again."""
        name = secrets.token_hex(16)
        self._write(name, pieces)
        replaced = FilePart.objects.filter(id=part.id).update(object=name, version=version)
        self.remove_object(part.object if replaced else name)

    def get(self, file: File, start: int, stop: int) -> Iterator[Piece]:
        """The pieces from `start` up to `stop` that are there, an object at a time."""
        parts = FilePart.objects.filter(file=file.id, index__gte=start // self.batch, index__lt=-(-stop // self.batch))
        for part in parts.order_by("index"):
            yield from (piece for piece in self.pieces(part) if start <= piece.index < stop)

    def pieces(self, part: FilePart) -> Iterator[Piece]:
        """What one object holds; nothing when it is not there."""
        content = memoryview(self._read(part.object))
        while len(content) > _HEAD.size:
            index, last, length = _HEAD.unpack_from(content)
            yield Piece(index, last, bytes(content[_HEAD.size : _HEAD.size + length]))
            content = content[_HEAD.size + length :]

    def remove(self, file: UUID) -> None:
        """Forget every piece of a file: first the object, then the row that names it."""
        for part in FilePart.objects.filter(file=file):
            self.remove_object(part.object)
            part.delete()

    def remove_object(self, name: str) -> None:
        """Forget one object; it may be gone already."""
        with _reaching():
            storages["files"].delete(name)

    def ask(self) -> None:
        """Ask the store for an object that it does not have. Raises StoreUnreachable when that is refused, too."""
        with _reaching():
            storages["files"].exists("0" * 32)

    def _write(self, name: str, pieces: Sequence[Piece]) -> None:
        content = b"".join(_HEAD.pack(piece.index, piece.last, len(piece.sealed)) + piece.sealed for piece in pieces)
        with _reaching():
            storages["files"].save(name, ContentFile(content))

    def _read(self, name: str) -> bytes:
        with _reaching():
            try:
                with storages["files"].open(name) as held:
                    content: bytes = held.read()
                    return content
            except FileNotFoundError:
                return b""


OBJECTS = Objects()
PLACES: dict[str, Place] = {File.Place.POSTGRES: Postgres(), File.Place.S3: OBJECTS}


def chosen() -> str:
    """The name of the place where new files go, by `settings.BAKEN_FILES`."""
    name: str = settings.BAKEN_FILES
    return name


def seal(file: File, index: int, last: bool, content: bytes, version: int | None = None) -> Piece:
    """A piece, sealed for its place in the file under a version of its organisation's key; else the present one."""
    return Piece(index, last, _CONTENT.seal(_row(file, index, last), content, version))


def unseal(file: File, piece: Piece) -> bytes:
    """What was sealed. Raises Unsealable, UnknownKey, KeysErased."""
    content = sealing.unseal(piece.sealed, _CONTENT.place(_row(file, piece.index, piece.last)))
    opened.note(file.organisation_id, "file", file.id.bytes)
    return content


def _row(file: File, index: int, last: bool) -> FileChunk:
    return FileChunk(organisation_id=file.organisation_id, file_id=file.id, index=index, last=last)


@contextmanager
def only_one(organisation: UUID) -> Iterator[None]:
    """Renewing keys and moving files of one organisation wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('pieces/' || %s, 0))", [str(organisation)])
        try:
            yield
        finally:
            if connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended('pieces/' || %s, 0))", [str(organisation)])


def seal_parts_again(organisation: UUID, version: int) -> list[File]:
    """Seal what lies in objects with this version of the key: each gets a new object, then the old one is forgotten.

    An object stays as it is unless all of it opens, and nothing is missing and nothing added. Gives the files of those
    that stay. Raises StoreUnreachable, KeysErased; it goes on where it was.
    """
    old = FilePart.objects.filter(organisation_id=organisation, version__lt=version).order_by("id")
    left: dict[UUID, File] = {}
    while part := old.exclude(id__in=left).first():
        file = File.objects.filter(id=part.file).first()
        if file is None:
            part.version = version  # nobody reads it any more; it is swept away
            part.save(update_fields=["version"])
            continue
        try:
            contents = [(piece, unseal(file, piece)) for piece in _all_of(file, part)]
        except (sealing.Unsealable, UnknownKey):
            if FilePart.objects.filter(id=part.id, object=part.object).exists():  # else it was swept away meanwhile
                left[part.id] = file
            continue
        pieces = [seal(file, piece.index, piece.last, content, version) for piece, content in contents]
        OBJECTS.replace(part, pieces, version)
    return list({file.id: file for file in left.values()}.values())


def _all_of(file: File, part: FilePart) -> list[Piece]:
    """The pieces in one object. Raises Unsealable unless they are those that belong there, and all of them.

    How many there are of a file that is still arriving, only its last piece tells.
    """
    pieces = list(OBJECTS.pieces(part))
    first = part.index * OBJECTS.batch
    last = -(-file.size // CHUNK) - 1 if file.sha256 else next((it.index for it in pieces if it.last), None)
    stop = first + OBJECTS.batch if last is None else min(first + OBJECTS.batch, last + 1)
    if [(it.index, it.last) for it in pieces] != [
        (index, index == last) for index in range(first, max(first + 1, stop))
    ]:
        raise sealing.Unsealable(f"file {file.id}: part {part.index} is not what was put there")
    return pieces


def incomplete(organisation: UUID) -> list[File]:
    """The files of an organisation of which the database misses rows: pieces, or parts that name objects."""
    return list(File.objects.raw(INCOMPLETE, [organisation, CHUNK, OBJECTS.batch * CHUNK]))


INCOMPLETE = """
SELECT * FROM orgs_file AS kept WHERE organisation_id = %s AND kept_at IS NOT NULL AND CASE place
    WHEN 'postgres' THEN (SELECT count(*) FROM orgs_filechunk WHERE file_id = kept.id) <> ceil(size / %s::numeric)
    ELSE (SELECT count(*) FROM orgs_filepart WHERE file = kept.id) <> ceil(size / %s::numeric)
END ORDER BY id
"""


@contextmanager
def _reaching() -> Iterator[None]:
    """Whatever keeps the store from answering is one error. Its libraries are imported where it is used alone."""
    if "files" not in settings.STORAGES:
        raise StoreUnset(str(StoreUnset.__doc__))
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise StoreUnreachable(str(StoreUnreachable.__doc__)) from error
