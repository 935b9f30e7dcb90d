"""The list of tombstones: who was erased and when, signed, in the database and in a file beside it.

A database that is restored from an older backup has the erased back in it. The file does not go back with it: what it
has more is what has to be erased again. So each is made to hold what the other one has, at every start.

The file begins with a line about the key: an Ed25519 key, wrapped by the root key. Every further line is a tombstone,
with the digest of the one before and a signature. Lines that were changed, left out or put in do not fit, and then
nothing is started. What cannot be seen is a file that lost its end while the database went back behind that as well.
"""

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction

from baken.record.orgs import keys
from baken.record.privacy.models import SigningKey, Tombstone

FORMAT = "baken-tombstones-1"
_CONTEXT = b"baken/tombstones"
FIRST = "0" * 64


class TombstoneError(Exception):
    """The list of who was erased cannot be used; the message says what is wrong with it and what to do."""


@dataclass(frozen=True, slots=True)
class Stone:
    """One tombstone as it is signed and written down. at: ISO 8601, UTC."""

    number: int
    kind: str
    subject: str
    organisation: str
    at: str
    previous: str
    signature: str = ""

    def signed(self) -> bytes:
        """What the signature is over."""
        held = [FORMAT, self.number, self.kind, self.subject, self.organisation, self.at, self.previous]
        return json.dumps(held, separators=(",", ":")).encode()

    def digest(self) -> str:
        """What the next one is chained to."""
        return hashlib.sha256(self.signed() + self.signature.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class List:
    """What a file holds: the wrapped key, the tombstones, and how many bytes of it are whole lines."""

    key: bytes
    stones: Sequence[Stone]
    size: int


def place() -> Path:
    """Where the file is."""
    return Path(settings.BAKEN_TOMBSTONES)


@transaction.atomic
def add(kind: str, subject: UUID, organisation: UUID, at: datetime) -> Tombstone:
    """A new tombstone at the end of the list in the database; the same one again when there is one already."""
    _lock()
    held = Tombstone.objects.filter(kind=kind, subject=subject).first()
    if held is not None:
        return held
    last = Tombstone.objects.order_by("-number").first()
    number, previous = (last.number + 1, _stone(last).digest()) if last else (1, FIRST)
    at = at.astimezone(UTC)
    stone = Stone(number, kind, str(subject), str(organisation), at.isoformat(), previous)
    signature = base64.b64encode(_opened(_wrapped() or _made()).sign(stone.signed())).decode()
    return Tombstone.objects.create(
        number=number, kind=kind, subject=subject, organisation_id=organisation, at=at, previous=previous,
        signature=signature,
    )  # fmt: skip


def settle() -> None:
    """Let database and file hold the same list. Raises TombstoneError when they contradict each other, or are changed.

    Doing it again changes nothing. Nothing is written while nobody was ever erased.
    """
    with transaction.atomic():
        _lock()
        wrapped, rows = _wrapped(), [_stone(row) for row in Tombstone.objects.order_by("number")]
        if wrapped is None and not place().exists():
            return
        with _file() as file:
            held = _read(file)
            if not wrapped and not held.key:
                return
            _agree(wrapped, held)
            if wrapped:
                _verified(wrapped, rows, "the database")
            for mine, other in zip(rows, held.stones, strict=False):
                if mine != other:
                    raise TombstoneError(
                        f"{place()}: tombstone {mine.number} is another one than in the database. {REMEDY}"
                    )
            _take_over(wrapped, held, len(rows))
            _write(file, held, wrapped or held.key, rows[len(held.stones) :])


REMEDY = (
    "Put the right file back. To erase again who is in another file as well, move that one away and name it: "
    "baken erase replay FILE"
)


def written_down() -> bool:
    """Whether the file has as many tombstones as the database; a kill between the two leaves some out."""
    held = place().read_bytes().count(b"\n") - 1 if place().exists() else 0
    return max(held, 0) == Tombstone.objects.count()


def listed(path: Path) -> list[Stone]:
    """The tombstones of another file of this installation. Raises TombstoneError."""
    with path.open("rb") as file:
        return list(_read(file).stones)


def check_place() -> None:
    """The file can be written. Raises TombstoneError."""
    with _file():
        pass


def public_key() -> bytes:
    """By which anybody can check the signatures; empty while nobody was ever erased."""
    wrapped = _wrapped()
    return _opened(wrapped).public_key().public_bytes_raw() if wrapped else b""


def wrapped_by() -> list[str]:
    """The name of the version of the root key that wraps the signing key; none while there is no such key."""
    wrapped = _wrapped()
    return [keys.root().wrapped_by(wrapped)] if wrapped else []


def wrapped_under() -> list[str]:
    """The names of the root keys that wrap the signing key, here and in the file."""
    held = {wrapped} if (wrapped := _wrapped()) else set()
    if place().exists():
        with _file() as file:
            held |= {key} if (key := _read(file).key) else set()
    return [keys.root().wrapped_by(wrapped) for wrapped in held]


def verify(root: keys.Root, refused: type[Exception]) -> Iterator[tuple[str, str]]:
    """As `keys.verify`: the signing key, here and in the file, which is read and left as it is."""
    for where, held in (("the database", _wrapped), (str(place()), _wrapped_in_file)):
        try:
            if (wrapped := held()) is None:
                continue
            root.unwrap(wrapped, _CONTEXT)
        except (refused, TombstoneError, OSError) as problem:
            yield f"signing key of tombstones in {where}", str(problem)
        else:
            yield f"signing key of tombstones in {where}", ""


@transaction.atomic
def rewrap() -> None:
    """Wrap the signing key with the root key that is in use now, in both places."""
    _lock()
    wrapped = _wrapped()
    if wrapped is None:
        return
    fresh = keys.root().wrap(_secret(wrapped), _CONTEXT)
    rows = [_stone(row) for row in Tombstone.objects.order_by("number")]
    with _file() as file:
        _read(file)
        _replace(fresh, rows)
    SigningKey.objects.update(wrapped=fresh)


def _agree(wrapped: bytes | None, held: List) -> None:
    """The key is the same in both places, however it is wrapped."""
    if wrapped and held.key and wrapped != held.key and _secret(wrapped) != _secret(held.key):
        raise TombstoneError(f"{place()}: it was signed with another key than the list in the database. {REMEDY}")


def _take_over(wrapped: bytes | None, held: List, known: int) -> None:
    """Into the database, what only the file has."""
    if wrapped is None and held.key:
        SigningKey.objects.create(wrapped=held.key)
    for stone in held.stones[known:]:
        Tombstone.objects.create(
            number=stone.number, kind=stone.kind, subject=UUID(stone.subject),
            organisation_id=UUID(stone.organisation), at=datetime.fromisoformat(stone.at),
            previous=stone.previous, signature=stone.signature,
        )  # fmt: skip


def _write(file: IO[bytes], held: List, wrapped: bytes, stones: Sequence[Stone]) -> None:
    """Into the file, what only the database has; a line that was cut off by a crash is written again."""
    lines = [asdict(stone) for stone in stones]
    if not held.size:
        public = _opened(wrapped).public_key().public_bytes_raw()
        lines.insert(0, {"format": FORMAT, "public": _text(public), "key": _text(wrapped)})
    if lines:
        file.truncate(held.size)
        file.seek(held.size)
        file.writelines(json.dumps(line).encode() + b"\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def _replace(wrapped: bytes, stones: Sequence[Stone]) -> None:
    """The whole file anew: written beside it and put in its place, so that there is never none or half of one."""
    path = place()
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        beside.touch(mode=0o600, exist_ok=False)
        with beside.open("r+b") as file:
            _write(file, List(b"", (), 0), wrapped, stones)
        beside.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise TombstoneError(
            f"{path}: {error.strerror}. It stays as it was; make room for another one beside it"
        ) from error


def _read(file: IO[bytes]) -> List:
    """The whole lines of a file, checked. Raises TombstoneError naming the line that does not fit."""
    file.seek(0)
    content = file.read()
    content = content[: content.rfind(b"\n") + 1]
    if not content:
        return List(b"", (), 0)
    head, *lines = content.splitlines()
    key = _key_of(head, file.name)
    stones = [_parsed(line, number, file.name) for number, line in enumerate(lines, start=2)]
    _verified(key, stones, str(file.name))
    return List(key, stones, len(content))


def _key_of(line: bytes, name: str) -> bytes:
    try:
        head = json.loads(line)
        known, key = head["format"] == FORMAT, base64.b64decode(head["key"], validate=True)
    except (ValueError, KeyError, TypeError) as error:
        raise TombstoneError(f"{name}, line 1: this is no list of tombstones. {REMEDY}") from error
    if not known:
        raise TombstoneError(f"{name}, line 1: its format is {head['format']!r}, which this version does not know")
    return key


def _parsed(line: bytes, number: int, name: str) -> Stone:
    try:
        stone = Stone(**json.loads(line))
        UUID(stone.subject), UUID(stone.organisation), datetime.fromisoformat(stone.at)
        return stone
    except (ValueError, TypeError, AttributeError) as error:
        raise TombstoneError(f"{name}, line {number}: this is no tombstone; the file was changed. {REMEDY}") from error


def _verified(wrapped: bytes, stones: Sequence[Stone], where: str) -> None:
    public, previous = _opened(wrapped).public_key(), FIRST
    for number, stone in enumerate(stones, start=1):
        try:
            if (stone.number, stone.previous) != (number, previous):
                raise ValueError
            public.verify(base64.b64decode(stone.signature, validate=True), stone.signed())
        except (InvalidSignature, ValueError) as error:
            raise TombstoneError(
                f"{where}: tombstone {number} is not what was signed; the list was tampered with, nothing is started. "
                f"{REMEDY}"
            ) from error
        previous = stone.digest()


def _stone(row: Tombstone) -> Stone:
    return Stone(
        row.number, row.kind, str(row.subject), str(row.organisation_id), row.at.isoformat(), row.previous,
        row.signature,
    )  # fmt: skip


def _wrapped() -> bytes | None:
    held = SigningKey.objects.order_by("id").first()
    return bytes(held.wrapped) if held else None


def _wrapped_in_file() -> bytes | None:
    head = place().read_bytes().partition(b"\n") if place().exists() else (b"", b"", b"")
    return _key_of(head[0], str(place())) if head[1] else None


def _made() -> bytes:
    wrapped = keys.root().wrap(Ed25519PrivateKey.generate().private_bytes_raw(), _CONTEXT)
    SigningKey.objects.create(wrapped=wrapped)
    return wrapped


def _opened(wrapped: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_secret(wrapped))


def _secret(wrapped: bytes) -> bytes:
    try:
        return keys.root().unwrap(wrapped, _CONTEXT)
    except Exception as error:  # what it raises depends on who keeps the root key
        raise TombstoneError(f"the key of the list of tombstones does not open with this root key: {error}") from error


@contextmanager
def _file() -> Iterator[IO[bytes]]:
    """The file, for this process alone; made, for its owner alone, when it is not there yet. Raises TombstoneError."""
    path = place()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                yield file
                return
    except OSError as error:  # a full disk says so when it is written, or only when it is closed
        said = f"{path}: {error.strerror}. Nobody is erased while it cannot be written down"
        raise TombstoneError(said) from error
    with _file() as newer:  # another one was put in its place meanwhile
        yield newer


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('tombstones', 0))")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
