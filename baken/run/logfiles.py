"""What processes wrote into their logs, record by record, from a place on; also across files that were set aside.

A record begins a line, and what is indented below belongs to it, as `baken.run.lines` writes it.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from baken.reach.syslog import AUTHPRIV, LOCAL0, NOTICE, SEVERITIES, Message

CHUNK = 500_000
"""Bytes that are read at a time; a record that is longer comes in pieces."""
KNOWN_BY = 256
"""Bytes at the beginning of a file that tell it from a later one that got its number."""
SETTLING = 1.0
"""Seconds in which more lines may come for the last record."""
RECORD = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([A-Z]+) (\S+) (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a log was read: the file's number and the digest of its beginning, and the bytes that were read of it."""

    file: int
    beginning: str
    offset: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What follows a place, and the place after it.

    more: there is more to read at once. lost: the file of the former place was removed before it was read.
    """

    messages: list[Message]
    place: Place
    more: bool
    lost: bool


class Log:
    """The log at `path` with those that were set aside as `path.1` and so on, which is the youngest of them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def after(self, place: Place | None, *, settling: float = SETTLING) -> Batch | None:
        """The next records after a place, or from the very beginning; None when there is no log."""
        with ExitStack() as opened:
            files = self._files(opened)
            if not files:
                return None
            found = _find(files, place)
            at, offset = (0, 0) if found is None else (found, place.offset if place else 0)
            while os.fstat(files[at].fileno()).st_size <= offset and at + 1 < len(files):
                at, offset = at + 1, 0
            data, full = _whole(files[at], offset, at + 1 == len(files), settling)
            messages = [_message(self.path.stem, record) for record in _records(data) if record.strip()]
            here = Place(_number(files[at]), _beginning(files[at], offset + len(data)), offset + len(data))
            return Batch(messages, here, full or at + 1 < len(files), bool(place) and found is None)

    def behind(self, place: Place | None) -> int:
        """Bytes after a place."""
        with ExitStack() as opened:
            files = self._files(opened)
            found = _find(files, place)
            sizes = [os.fstat(file.fileno()).st_size for file in files[found or 0 :]]
            return max(0, sum(sizes) - (place.offset if place and found is not None else 0))

    def _files(self, opened: ExitStack) -> list[BinaryIO]:
        """All of them, the oldest first. Looked for from the youngest on: what is set aside meanwhile is met later."""
        aside = sorted(self.path.parent.glob(f"{self.path.name}.[0-9]*"), key=lambda path: int(path.suffix[1:]))
        found: dict[int, BinaryIO] = {}
        for path in (self.path, *aside):
            try:
                file = opened.enter_context(path.open("rb"))
            except FileNotFoundError:
                continue
            found.setdefault(_number(file), file)
        return list(reversed(found.values()))


def _find(files: list[BinaryIO], place: Place | None) -> int | None:
    for index, file in enumerate(files) if place else ():
        if place and _number(file) == place.file and _beginning(file, place.offset) == place.beginning:
            return index
    return None


def _number(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_ino


def _beginning(file: BinaryIO, offset: int) -> str:
    return sha256(os.pread(file.fileno(), min(offset, KNOWN_BY), 0)).hexdigest()


def _whole(file: BinaryIO, offset: int, youngest: bool, settling: float) -> tuple[bytes, bool]:
    """The records that are complete, which all are where nobody writes any more; and whether more is there to read."""
    data = os.pread(file.fileno(), CHUNK, offset)
    full = len(data) == CHUNK
    if not full and not youngest:
        return data, False
    lines = data[: data.rfind(b"\n") + 1]
    if full or 0 <= time.time() - os.fstat(file.fileno()).st_mtime < settling:
        lines = b"".join(list(_records(lines))[:-1])
    return lines or (data if full else b""), full


def _records(data: bytes) -> Iterator[bytes]:
    record = b""
    for line in re.findall(rb"[^\n]*\n|[^\n]+", data):
        if record and not line.startswith((b" ", b"\t")):
            yield record
            record = b""
        record += line
    if record:
        yield record


def _message(process: str, record: bytes) -> Message:
    text = record.decode(errors="replace").rstrip()
    if not (told := RECORD.fullmatch(text)):
        return Message(process, text)
    at, severity, kind, said = told.groups()
    facility = AUTHPRIV if kind == "baken.security" else LOCAL0
    return Message(process, said, SEVERITIES.get(severity, NOTICE), facility, at, kind)
