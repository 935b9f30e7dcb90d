"""The log as a file: CSV, gzipped or not, streamed row by row.

The rows of an incident belong together, in order. A row that cannot be read is rejected and the others count; a file
that cannot be read as a whole raises LogError.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import IO, TextIO, cast

from baken.domain.histories import History
from baken.reach.servicenow.mapping import happenings
from baken.reach.servicenow.rows import Reading, Row, Rows, Unreadable

LONGEST_LINE = 1_000_000
"""Longest line that can be part of a log, in characters."""
GZIP = b"\x1f\x8b"


class LogError(ValueError):
    """The file as a whole cannot be read as such a log; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be read: the line it begins on, counted from 1 for the header, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What a log holds: rows that can be read, incidents, the first and last report (microseconds), and the rest."""

    rows: int
    incidents: int
    first: int
    last: int
    rejects: tuple[Reject, ...]


def survey(path: Path, reading: Reading) -> Survey:
    """Read the log from end to end without keeping it. Raises LogError when it cannot be imported."""
    rejects: list[Reject] = []
    count = incidents = last = 0
    first = reading.latest
    for rows in _incidents(path, reading, rejects.append):
        count += len(rows)
        incidents += 1
        first, last = min(first, rows[-1].opened), max(last, rows[-1].opened)
    if not incidents:
        raise LogError(f"{path.name}: {_nothing(rejects)}")
    return Survey(count, incidents, first, last, tuple(rejects))


def histories(path: Path, reading: Reading, reject: Callable[[Reject], None]) -> Iterator[History]:
    """The incidents of a log in the order of the file; `reject` hears of rows that cannot be read. Raises LogError."""
    for rows in _incidents(path, reading, reject):
        last = rows[-1]
        yield History(last.number, last.subject, happenings(rows, reading.classes), len(rows))


def _incidents(path: Path, reading: Reading, reject: Callable[[Reject], None]) -> Iterator[list[Row]]:
    """The rows of one incident after the other."""
    seen: set[str] = set()
    for number, group in groupby(_rows(path, reading, reject), key=attrgetter("number")):
        rows = list(group)
        if number in seen:
            raise LogError(
                f"line {rows[0].line}: more rows of incident {number}, apart from those above; "
                "sort the log by number and order of update"
            )
        seen.add(number)
        yield rows


def _rows(path: Path, reading: Reading, reject: Callable[[Reject], None]) -> Iterator[Row]:
    with _opened(path) as file:
        numbered = _numbered(file)
        reader = _header(path, next(numbered, None), reading)
        for line, fields in numbered:
            try:
                yield reader.read(line, fields)
            except Unreadable as error:
                reject(Reject(line, str(error)))


def _header(path: Path, found: tuple[int, list[str]] | None, reading: Reading) -> Rows:
    if found is None:
        raise LogError(f"{path.name}: the file is empty; export the log with its header")
    header = [name.strip() for name in found[1]]
    if missing := [name for name in Rows.NEEDED if name not in header]:
        raise LogError(f"line {found[0]}: the header has no column {', '.join(missing)}; export the log with them")
    return Rows(header, reading)


def _numbered(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Each row of fields with the number of the line on which it begins; empty lines are none."""
    reader = csv.reader(_lines(file), strict=True)
    begins = 1
    try:
        for fields in reader:
            if fields:
                yield begins, fields
            begins = reader.line_num + 1
    except csv.Error as error:
        raise LogError(f"line {begins}: not CSV from here on ({error}); look for a quote that is not closed") from error
    except UnicodeDecodeError as error:
        raise LogError(f"after line {begins - 1}: not UTF-8; export the log again in UTF-8") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise LogError(f"after line {begins - 1}: the compressed file is damaged; copy it again") from error


def _lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise LogError(f"line {number}: longer than {LONGEST_LINE:,} characters; this is no incident log")
        yield line


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        plain = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw
        with io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text:
            yield text


def _nothing(rejects: list[Reject]) -> str:
    if rejects:
        return f"not one row can be read; the first is line {rejects[0].line}: {rejects[0].reason}"
    return "there are no rows below the header"
