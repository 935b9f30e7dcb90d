"""A file on its way in: looked at, sent through the virus scanner and sealed piece by piece, as it comes.

At no moment more than a few pieces of it are in memory, and what is not sealed is never on a disk. Until somebody takes
the whole of it (`files.take`), it is there for nobody.
"""

import errno
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from baken.domain.media import Family, contradicts, ending_of, recognise
from baken.record.orgs import keys, places
from baken.record.orgs.models import File, FileFault

log = logging.getLogger(__name__)

CHUNK = places.CHUNK
"""Bytes of one piece; the last one of a file is shorter."""
MEGABYTE = 1024 * 1024
AT_ONCE = 10
"""Files in one request, or with one message."""
PER_HOUR = 100
"""Files that one person may send in an hour."""
REPORT = frozenset({Family.DOCUMENT, Family.IMAGE, Family.TEXT})


class FileError(ValueError):
    """The file cannot be kept; the message says why and what to do."""


class TooLarge(FileError):
    """The file is larger than files of its kind may be."""


class Scan(Protocol):
    """A virus scan of one stream. It raises OSError when the scanner does not answer, EFBIG when it takes no more."""

    def send(self, piece: bytes) -> None: ...
    def result(self) -> str: ...
    def close(self) -> None: ...


class Arrival:
    """One file on its way in: `write` what comes, then `finish`; or else `abandon`.

    organisation: whose it is, by id. by: id of the person or token that sends it; None for the program itself. visible:
    whether the organisation's people may find it before it is taken. All raise FileError, with which it is over:
    abandon it then.
    """

    def __init__(
        self,
        organisation: UUID,
        *,
        name: str,
        at: datetime,
        kind: str = File.Kind.ATTACHMENT,
        by: UUID | None = None,
        visible: bool = True,
    ) -> None:
        told = "".join(filter(str.isprintable, name))  # no end of a header, and nothing that turns the name round
        short = told.replace("\\", "/").rsplit("/", 1)[-1].strip()[:200] or "file"
        self.file = File(
            organisation_id=organisation, kind=kind, name=short, visible=visible, by=by, created_at=at,
            place=places.chosen(),
        )  # fmt: skip
        self._digest, self._buffer, self._pending = hashlib.sha256(), bytearray(), list[bytes]()
        self._stored, self._scan = 0, _Watched()
        self._place = places.PLACES[self.file.place]

    def write(self, content: bytes) -> None:
        """The next bytes."""
        self.file.size += len(content)
        if self.file.size > largest():
            raise TooLarge(f"file: at most {largest() // MEGABYTE} MB; send a smaller version of it")
        self._buffer += content
        while len(self._buffer) > CHUNK:  # the very last piece is known by what does not follow, so one is held back
            self._next(bytes(self._buffer[:CHUNK]))
            del self._buffer[:CHUNK]
            if len(self._pending) == self._place.batch:
                self._store(last=False)

    def finish(self) -> File:
        """All of it came: it is checked, and waits to be taken."""
        if not self.file.size:
            raise FileError("file: it is empty; choose the file again")
        self._next(bytes(self._buffer))
        self._buffer.clear()
        if found := self._scan.result():
            self._infected(found)
        self._store(last=True)
        self.file.sha256 = self._digest.hexdigest()
        self.file.save(update_fields=["size", "sha256"])
        return self.file

    def abandon(self) -> None:
        """Keep nothing of it. The row without content stays until it is swept, and counts for the limit per hour."""
        self._scan.close()
        if not self.file._state.adding:
            self._place.remove(self.file.id)

    def _next(self, piece: bytes) -> None:
        """One more piece: the first one tells what the file is."""
        if self.file._state.adding:
            self._look_at(piece)
            with transaction.atomic():
                self._count()
                self.file.save(force_insert=True)
        self._digest.update(piece)
        self._scan.send(piece)
        self._pending.append(piece)

    def _count(self) -> None:
        """It is one of so many in an hour, also when others of the same sender come at this moment."""
        if self.file.by is None:
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('files/' || %s, 0))", [str(self.file.by)])
        since = self.file.created_at - timedelta(hours=1)
        if File.objects.filter(by=self.file.by, created_at__gt=since).count() >= PER_HOUR:
            raise FileError(f"file: at most {PER_HOUR} files in an hour; try again later")

    def _look_at(self, head: bytes) -> None:
        self.file.media_type, family = recognise(head, self.file.name)
        if family is Family.PROGRAM:
            raise FileError("file: programs and scripts are not taken; put what is needed into a document")
        if self.file.kind == File.Kind.REPORT and family not in REPORT:
            raise FileError(
                "file: a report is a PDF, an OpenDocument or Office file, plain text or an image; save it as PDF"
            )
        if contradicts(head, self.file.name):
            raise FileError(
                f"file: its name ends in .{ending_of(self.file.name)}, but that is not what it is; "
                "give it the right name, or send another file"
            )

    def _infected(self, found: str) -> None:
        note_fault(self.file, FileFault.Kind.INFECTED)
        raise FileError(f"file: the virus scanner found {found} in it, so it was not kept; send a clean one")

    def _store(self, *, last: bool) -> None:
        """Seal what is pending and put it into its place, in one transaction: until it ends the key stays."""
        count = len(self._pending)
        try:
            with transaction.atomic():
                held = keys.hold([self.file.organisation_id]).get(self.file.organisation_id)
                pieces = [
                    places.seal(
                        self.file, self._stored + number, last and number == count - 1, content, held and held.version
                    )
                    for number, content in enumerate(self._pending)
                ]
                self._place.put(self.file, pieces)
        except places.StoreUnreachable as error:
            log.error("a file could not be stored: %s", error)
            raise FileError("file: the store for files does not answer; try again in some minutes") from error
        self._stored += count
        self._pending.clear()


class _Watched:
    """The scan of one file, if there is a scanner. One that does not answer ends the arrival, or is done without."""

    def __init__(self) -> None:
        self._scan: Scan | None = None
        self._begun = False

    def send(self, piece: bytes) -> None:
        if not self._begun:
            self._begun = True
            self._scan = self._try(settings.BAKEN_SCANNER)
        if (scan := self._scan) is not None:
            self._try(lambda: scan.send(piece))

    def result(self) -> str:
        found = self._try(self._scan.result) if self._scan is not None else ""
        self.close()
        return found or ""

    def close(self) -> None:
        if self._scan is not None:
            self._scan.close()
            self._scan = None

    def _try(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except OSError as error:
            self.close()
            if error.errno == errno.EFBIG:
                raise FileError("file: it is larger than the virus scanner takes; ask the administrator") from error
            log.error("the virus scanner cannot be asked: %s", error)
            if settings.BAKEN_SCANNER_MAY_FAIL:
                return None
            raise FileError("file: the virus scanner does not answer; try again in some minutes") from error


def note_fault(file: File, kind: str) -> None:
    """Note that something is wrong with a file, once; detection follows these notes."""
    fault = FileFault(organisation_id=file.organisation_id, file=file.id, kind=kind, by=file.by)
    FileFault.objects.bulk_create([fault], ignore_conflicts=True)


def largest() -> int:
    """The size of the largest file that is taken, in bytes."""
    return int(settings.BAKEN_FILE_LIMIT) * MEGABYTE


def remove(file: File) -> None:
    """Remove a file that nothing refers to: what it held, then its row. Raises StoreUnreachable.

    Django would look for what refers to it, in tables that whoever sent it may not delete from; the database looks too.
    """
    places.PLACES[file.place].remove(file.id)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM orgs_file WHERE id = %s", [file.id])
