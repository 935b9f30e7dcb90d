"""Keeping files: stored whole with their digest, checked on every read."""

import hashlib
import mimetypes
from datetime import datetime

from baken.record.orgs.models import File, Organisation

LARGEST = 25 * 1024 * 1024
"""Largest file, in bytes."""


class FileError(ValueError):
    """The file cannot be kept; the message says why and what to do."""


class Damaged(Exception):
    """A stored file is not what was stored: its digest differs."""


def keep(organisation: Organisation, *, name: str, content: bytes, at: datetime) -> File:
    """Store a file for an organisation. Raises FileError when it is empty or larger than `LARGEST`."""
    if not content:
        raise FileError("file: it is empty; choose the file again")
    if len(content) > LARGEST:
        raise FileError(f"file: at most {LARGEST // 1024 // 1024} MB; this one is {len(content) // 1024 // 1024} MB")
    short = name.replace("\\", "/").rsplit("/", 1)[-1].strip()[:200] or "file"
    return File.objects.create(
        organisation=organisation, name=short, content=content, size=len(content), created_at=at,
        media_type=mimetypes.guess_type(short)[0] or "application/octet-stream",
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip


def content(file: File) -> bytes:
    """The bytes of a file. Raises Damaged when they are not what was stored."""
    stored = bytes(file.content)
    if hashlib.sha256(stored).hexdigest() != file.sha256:
        raise Damaged(f"file {file.id}: its content changed since it was stored")
    return stored
