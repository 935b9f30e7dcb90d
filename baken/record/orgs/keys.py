"""Keys of organisations: a wrapping key each, opened by the root key, and data keys in versions.

The root key is kept outside the database; `settings.BAKEN_ROOT_KEY` gives it. It wraps one wrapping key per
organisation, which wraps that organisation's data keys. No value is sealed with a data key itself: every column has a
key of its own, derived from it. What is looked up by has a root of its own: see `orgs.indexkeys`.

Without its keys what an organisation wrote is noise. So erasing them erases it, wherever copies are.
"""

import secrets
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol
from uuid import UUID

import tink
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import connection, transaction
from tink.aead import Aead

from baken.record.orgs.aead import aead
from baken.record.orgs.models import DataKey, WrappingKey
from baken.record.orgs.shelf import Shelf

SIZE = 32
FRESH = 30.0
"""Seconds for which a process trusts what it knows of which keys there are."""


class Root(Protocol):
    """The root key, as far as it is needed here."""

    @property
    def name(self) -> str: ...
    def wrap(self, secret: bytes, context: bytes) -> bytes: ...
    def unwrap(self, wrapped: bytes, context: bytes) -> bytes: ...
    def wrapped_by(self, wrapped: bytes) -> str: ...


class KeysErased(Exception):
    """The keys of this organisation were destroyed; what it wrote cannot be read any more."""


class UnknownKey(Exception):
    """A value was sealed with a key version that its organisation does not have."""


def root() -> Root:
    """The root key of this installation as it is now: it may get new versions. Raises what reaching it raises."""
    key: Root = settings.BAKEN_ROOT_KEY()
    return key


_primaries, _data, _derived = Shelf(4096), Shelf(4096), Shelf(16384)


def primary(organisation: UUID) -> int:
    """The version of the key that is sealed with now; the first one is made when there is none."""
    return _primaries.get(organisation, lambda: _primary_version(organisation), FRESH)


class Held(NamedTuple):
    """What is so of an organisation until the transaction ends. version: that is sealed with; None before the first."""

    version: int | None
    erased: bool


def hold(organisations: Iterable[UUID]) -> dict[UUID, Held]:
    """Keep organisations that are there, and the keys that they are sealed with now, until the transaction ends.

    With the lock that a foreign key takes anyway: whoever destroys keys waits for every transaction that has it. The
    database is asked, because what this process knows may be older than it looks: its machine may have been asleep.
    """
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [list(organisations)])
        return {id: Held(version, erased) for id, version, erased in cursor.fetchall()}


HOLD = """
SELECT id, (SELECT version FROM orgs_datakey WHERE organisation_id = held.id AND "primary"), erased_at IS NOT NULL
FROM orgs_organisation AS held WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE OF held
"""
"""Whether it is erased is told as it is after it has waited."""


def sealer(organisation: UUID, version: int, purpose: str) -> Aead:
    """The key for one purpose (`table.column.seal`) of one version. Raises UnknownKey, KeysErased."""
    return _derived.get(
        (organisation, version, purpose), lambda: aead(derive(_data_key(organisation, version), purpose))
    )


@transaction.atomic
def add_version(organisation: UUID) -> int:
    """A new data key, not yet sealed with. Raises KeysErased."""
    _lock(organisation)
    wrapping = _wrapping(organisation)
    version = 1 + max(DataKey.objects.filter(organisation_id=organisation).values_list("version", flat=True), default=0)
    wrapped = wrapping.encrypt(secrets.token_bytes(SIZE), _context("data", organisation, version))
    DataKey.objects.create(organisation_id=organisation, version=version, wrapped=wrapped, primary=False)
    return version


@transaction.atomic
def make_primary(organisation: UUID, version: int) -> None:
    """Seal with this version from now on; other processes follow within `FRESH` seconds."""
    _lock(organisation)
    DataKey.objects.filter(organisation_id=organisation, primary=True).update(primary=False)
    if not DataKey.objects.filter(organisation_id=organisation, version=version).update(primary=True):
        raise UnknownKey(f"organisation {organisation} has no key version {version}")
    forget(organisation)


@transaction.atomic
def rewrap(organisation: UUID) -> None:
    """A new wrapping key for the same data keys: instant, nothing is sealed again."""
    _lock(organisation)
    old, fresh = _wrapping(organisation), secrets.token_bytes(SIZE)
    held = WrappingKey.objects.select_for_update().get(organisation_id=organisation)
    new = aead(fresh)
    for key in DataKey.objects.select_for_update().filter(organisation_id=organisation):
        context = _context("data", organisation, key.version)
        key.wrapped = new.encrypt(old.decrypt(bytes(key.wrapped), context), context)
        key.save(update_fields=["wrapped"])
    held.version += 1
    wrap(held, fresh)
    held.save(update_fields=["wrapped", "version", "root"])


def wrap(held: WrappingKey, material: bytes) -> None:
    """Put a wrapping key on its row, wrapped by the root key as it is now."""
    held.wrapped = root().wrap(material, _context("wrapping", held.organisation_id, held.version))
    held.root = root().wrapped_by(held.wrapped)


def unwrap(held: WrappingKey, by: Root) -> bytes:
    """The wrapping key on a row, under some root key. Raises what that raises."""
    return by.unwrap(bytes(held.wrapped), _context("wrapping", held.organisation_id, held.version))


@transaction.atomic
def destroy(organisation: UUID) -> None:
    """Erase every key of an organisation, for good."""
    _lock(organisation)
    DataKey.objects.filter(organisation_id=organisation).delete()
    WrappingKey.objects.filter(organisation_id=organisation).update(wrapped=b"", destroyed=True)
    transaction.on_commit(lambda: forget(organisation))


def verify(root: Root, refused: type[Exception]) -> Iterator[tuple[str, str]]:
    """Each organisation with keys, and what keeps them from opening under a root key; empty when nothing does.

    refused: what that root key raises when it does not open something.
    """
    for held in WrappingKey.objects.filter(destroyed=False).order_by("organisation_id"):
        try:
            material = unwrap(held, root)
            for key in DataKey.objects.filter(organisation_id=held.organisation_id):
                aead(material).decrypt(bytes(key.wrapped), _context("data", held.organisation_id, key.version))
        except (refused, tink.TinkError) as problem:
            yield str(held.organisation_id), str(problem)
        else:
            yield str(held.organisation_id), ""


def forget(organisation: UUID) -> None:
    """Give up what this process keeps of an organisation's keys."""
    _primaries.drop(lambda key: key == organisation)
    for shelf in (_data, _derived):
        shelf.drop(lambda key: key[0] == organisation)


def forget_all() -> None:
    """Give up everything that is kept: after the root key was replaced, and between tests."""
    for shelf in (_primaries, _data, _derived):
        shelf.drop(lambda key: True)


def _primary_version(organisation: UUID) -> int:
    held = DataKey.objects.filter(organisation_id=organisation, primary=True).values_list("version", flat=True).first()
    return held if held is not None else _first_version(organisation)


@transaction.atomic
def _first_version(organisation: UUID) -> int:
    _lock(organisation)
    held = DataKey.objects.filter(organisation_id=organisation, primary=True).values_list("version", flat=True).first()
    if held is not None:
        return held
    version = add_version(organisation)
    DataKey.objects.filter(organisation_id=organisation, version=version).update(primary=True)
    return version


def _data_key(organisation: UUID, version: int) -> bytes:
    return _data.get((organisation, version), lambda: _unwrapped(organisation, version))


def _unwrapped(organisation: UUID, version: int) -> bytes:
    key = DataKey.objects.filter(organisation_id=organisation, version=version).first()
    if key is None:
        if WrappingKey.objects.filter(organisation_id=organisation, destroyed=True).exists():
            raise KeysErased(str(KeysErased.__doc__))
        raise UnknownKey(f"organisation {organisation} has no key version {version}")
    opened: bytes = _wrapping(organisation).decrypt(bytes(key.wrapped), _context("data", organisation, version))
    return opened


def _wrapping(organisation: UUID) -> Aead:
    held = WrappingKey.objects.filter(organisation_id=organisation).first()
    if held is None:
        return _first_wrapping(organisation)
    if held.destroyed:
        raise KeysErased(str(KeysErased.__doc__))
    return aead(unwrap(held, root()))


def _first_wrapping(organisation: UUID) -> Aead:
    fresh = secrets.token_bytes(SIZE)
    held = WrappingKey(organisation_id=organisation, version=1)
    wrap(held, fresh)
    held.save(force_insert=True)
    return aead(fresh)


def _lock(organisation: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('keys/' || %s, 0))", [str(organisation)])


def _context(kind: str, organisation: UUID, version: int) -> bytes:
    return f"baken/{kind}/{organisation}/{version}".encode()


def derive(material: bytes, purpose: str) -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(hashes.SHA256(), SIZE, salt=None, info=purpose.encode()).derive(material)
