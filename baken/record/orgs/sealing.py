"""Sealing values: authenticated encryption that pins each value to its place.

A sealed value is a byte that names the format, the version of the key in four bytes, and what XAES-256-GCM makes of the
padded text. Its associated data names the organisation, table, column, row and key version. So a value that is moved
to another row, column or customer does not open, and neither does one whose version was changed.

Text is padded before, by the Padmé scheme (Nikitin and others, 2019): the length of what is stored tells the length of
what was written to within 12 %, and of short texts nothing.
"""

import struct
from typing import NamedTuple
from uuid import UUID

import tink
from tink.aead import Aead

from baken.record.orgs import keys

FORMAT = 1
SHORTEST = 32
_END = b"\x80"
_HEAD = struct.Struct(">BI")


class Place(NamedTuple):
    """Where a value belongs."""

    organisation: UUID
    table: str
    column: str
    row: bytes


class Unsealable(Exception):
    """A sealed value does not open: it was changed, or it is not in its place."""


def seal(text: bytes, place: Place, version: int | None = None) -> bytes:
    """The bytes, for this place alone, under a version of its organisation's key; else the present one."""
    version = keys.primary(place.organisation) if version is None else version
    sealed: bytes = _key(place, version).encrypt(_padded(text), _bound(place, version))
    return head(version) + sealed


def unseal(sealed: bytes, place: Place) -> bytes:
    """What was sealed. Raises Unsealable, UnknownKey, KeysErased."""
    version = version_of(sealed)
    try:
        return _unpadded(_key(place, version).decrypt(sealed[_HEAD.size :], _bound(place, version)))
    except tink.TinkError as error:
        raise Unsealable(f"{place.table}.{place.column} of row {place.row.hex()}: {Unsealable.__doc__}") from error


def head(version: int) -> bytes:
    """How every value begins that was sealed with this version of a key."""
    return _HEAD.pack(FORMAT, version)


def version_of(sealed: bytes) -> int:
    """The version of the key that a value was sealed with. Raises Unsealable for what was never sealed."""
    if len(sealed) <= _HEAD.size or sealed[0] != FORMAT:
        raise Unsealable("this is no sealed value")
    return int(_HEAD.unpack_from(sealed)[1])


def _key(place: Place, version: int) -> Aead:
    return keys.sealer(place.organisation, version, f"{place.table}.{place.column}.seal")


def _bound(place: Place, version: int) -> bytes:
    """The associated data: every part with its length before it, so that no two places look alike."""
    parts = (
        bytes([FORMAT]),
        place.organisation.bytes,
        place.table.encode(),
        place.column.encode(),
        place.row,
        struct.pack(">I", version),
    )
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _padded(text: bytes) -> bytes:
    marked = text + _END
    return marked.ljust(_padme(len(marked)), b"\x00")


def _unpadded(padded: bytes) -> bytes:
    return padded.rstrip(b"\x00")[:-1]


def _padme(length: int) -> int:
    if length <= SHORTEST:
        return SHORTEST
    exponent = length.bit_length() - 1
    free = exponent - exponent.bit_length()
    mask = (1 << free) - 1
    return (length + mask) & ~mask
