"""An export: a ZIP file with a JSON document for each kind of record, made while it is sent.

Nothing of it lies in memory or on a disk as a whole. Rows are read in order of their id, some at a time, and no
transaction is kept open over it. `manifest.json` comes last: what was written, how much, and its SHA-256. Whoever finds
no manifest has half an export.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from baken.record.complaints.models import Complaint
from baken.record.incidents.models import Incident
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import files, unopened
from baken.record.orgs.erasure import Rule, Whose, carried, of
from baken.record.orgs.keys import KeysErased
from baken.record.orgs.models import File
from baken.record.people.access import actor_of
from baken.record.people.models import ApiToken
from baken.record.privacy.readme import README
from baken.record.privacy.rules import RULES

FORMAT = "baken-export-1"
AT_ONCE = 200


class _Sink:
    """Takes what the ZIP writes, until it is taken from there."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, piece: bytes) -> int:
        self._held += piece
        return len(piece)

    def flush(self) -> None:
        """Nothing lies anywhere else."""

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


class _Archive:
    """The ZIP under way, and what was written of it."""

    def __init__(self, at: datetime) -> None:
        self.sink, self.written = _Sink(), list[dict[str, Any]]()
        self._zip = zipfile.ZipFile(self.sink, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]
        self._moment = at.timetuple()[:6]

    def add(self, path: str, pieces: Iterable[bytes], **told: Any) -> Iterator[bytes]:
        """One file of it, from its pieces. told: what the manifest says of it besides."""
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(path, self._moment)
        info.compress_type = zipfile.ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=True) as entry:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                entry.write(piece)
                yield self.sink.take()
        self.written.append({"path": path, "bytes": size, "sha256": digest.hexdigest(), **told})
        yield self.sink.take()

    def end(self) -> bytes:
        """What is left of it."""
        self._zip.close()
        return self.sink.take()


def pieces(whose: Whose, at: datetime) -> Iterator[bytes]:
    """The bytes of the export of a person or an organisation."""
    archive = _Archive(at)
    yield from archive.add("README.txt", [README.encode()])
    for rule in RULES:
        if rule.document and (shown := _shown(rule, whose)) is not None:
            columns = (whose.person and rule.written) or rule.columns
            yield from archive.add(f"{rule.document}.json", _document(_rows(shown), columns))
    yield from archive.add("ledger.json", _lines(_facts(whose)))
    for file in _files(whose):
        yield from archive.add(_path(file), _content(file), file=str(file.id))
    of_whom = {"person": str(whose.person)} if whose.person else {"organisation": str(whose.organisation)}
    manifest = {"format": FORMAT, "of": of_whom, "made": at.isoformat(), "files": archive.written}
    yield from archive.add("manifest.json", [json.dumps(manifest, indent=1).encode()])
    yield archive.end()


def _shown(rule: Rule, whose: Whose) -> QuerySet[Any] | None:
    """What is exported of a model: what is a person's own or they wrote, or what an organisation may see of its own."""
    if whose.person and rule.writer:
        return rule.model._base_manager.filter(**{rule.writer: whose.person})
    rows = of(rule, whose)
    if rows is None or whose.person is None:
        return rows if rows is None else rows.filter(rule.shown)
    return _files_of(whose) if rule.model is File else rows


def _files_of(whose: Whose) -> QuerySet[File]:
    """What a person sent, and what came with their words though another sent it for them."""
    theirs = Q(by=whose.person)
    for rule in RULES:
        if rule.carries:
            theirs |= Q(id__in=carried(rule, whose))
    return File.objects.filter(theirs, kept_at__isnull=False)


def _document(rows: Iterable[Any], columns: tuple[str, ...]) -> Iterator[bytes]:
    return _lines(_told(row, columns) for row in rows)


def _told(row: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    """As far as it can be read: words in the place of what is damaged."""
    with unopened.showing():
        return {column: getattr(row, column) for column in columns}


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A JSON list with a row on each line."""
    before = b"[\n"
    for row in rows:
        yield before + json.dumps(row, default=_plain, ensure_ascii=False).encode()
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"


def _plain(value: Any) -> str:
    """What JSON has no kind of its own for."""
    return _TEXT[type(value)](value)


_TEXT: dict[type, Callable[[Any], str]] = {datetime: datetime.isoformat, date: date.isoformat, UUID: str}


def _rows(rows: QuerySet[Any]) -> Iterator[Any]:
    """All of them, some at a time, whatever happens to them meanwhile."""
    last: Any = None
    while True:
        batch = list((rows.filter(pk__gt=last) if last is not None else rows).order_by("pk")[:AT_ONCE])
        yield from batch
        if len(batch) < AT_ONCE:
            return
        last = batch[-1].pk


def _files(whose: Whose) -> Iterator[File]:
    rows = _shown(next(rule for rule in RULES if rule.model is File), whose)
    return _rows(rows) if rows is not None else iter(())


def _path(file: File) -> str:
    with unopened.showing():
        safe = re.sub(r"[^\w.-]+", "_", file.name).strip("._") or "file"
    return f"files/{file.id}/{safe[-100:]}"


def _content(file: File) -> Iterator[bytes]:
    """As far as it can be read: a damaged one does not keep the rest from being exported, its digest tells."""
    try:
        yield from files.chunks(file)
    except (files.Damaged, KeysErased):
        return


def _facts(whose: Whose) -> Iterator[dict[str, Any]]:
    """What the ledger says of them: what they did, and what others did to them, their tokens and what they reported."""
    if whose.person is None:
        for row in _rows(LedgerFact.objects.filter(organisation_id=whose.organisation)):
            yield _fact(row, row.actor)
        return
    tokens = list(ApiToken.objects.filter(user_id=whose.person).values_list("id", flat=True))
    own = {actor_of(whose.person), *(f"token:{id}" for id in tokens)}
    streams = [whose.person, *tokens]
    for model in (Incident, Complaint):
        streams += model._default_manager.filter(reporter_id=whose.person).values_list("id", flat=True)
    about = LedgerFact.objects.filter(stream_id__in=streams)
    for row in _rows(about):
        yield _fact(row, row.actor if row.actor in own else "")
    for row in _rows(LedgerFact.objects.filter(actor__in=own).exclude(stream_id__in=streams)):
        yield _fact(row, row.actor)


def _fact(row: LedgerFact, actor: str) -> dict[str, Any]:
    return {
        "position": row.position, "stream": f"{row.stream_kind}:{row.stream_id}", "seq": row.seq, "kind": row.kind,
        "at": row.at, "recorded": row.recorded, "actor": actor, "data": row.data,
    }  # fmt: skip
