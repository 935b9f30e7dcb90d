"""Index keys: what search tokens and exact look-ups are made with, apart from every other key.

They are random, wrapped by the root key and kept in the database, so that a new root key leaves what is looked up by
as it is. There is one, except while it is replaced (see `orgs.reindexing`): then what is made anew is made with the
primary one, and whoever looks something up looks by both. One that was replaced is kept for as long as codes made with
it are, which nothing makes anew: those of requests that may be sent again.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from baken.record.orgs import keys
from baken.record.orgs.models import IndexKey
from baken.record.orgs.shelf import Shelf

KEPT = timedelta(days=31)
"""How long one that was replaced is still known: longer than any code is kept that is not made anew."""


class NoIndexKey(Exception):
    """The database has no index key: its schema was not made by `baken up`. Start Baken once with that."""


class Versions(NamedTuple):
    """Which index keys there are. wanted: those looked up by, the primary one first. all: also those replaced."""

    wanted: tuple[int, ...]
    all: tuple[int, ...]

    @property
    def primary(self) -> int:
        """The one that is made with."""
        return self.wanted[0]


_versions, _materials, _derived = Shelf(1), Shelf(16), Shelf(16384)


@transaction.atomic
def ensure() -> None:
    """Make the first index key when there is none: with the schema, before anything is looked up by.

    Otherwise open it, so that nothing is started with another root key than this database's. Raises what that raises.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('first index key', 0))")
    if not IndexKey.objects.exists():
        add_version(primary=True)
        forget_all()
    lookup_key(versions().primary)


def versions() -> Versions:
    """Which there are, as known for at most `keys.FRESH` seconds. Raises NoIndexKey."""
    return _versions.get("versions", _read, keys.FRESH)


def hold() -> Versions:
    """Which there are now; they stay so until the transaction ends.

    For whoever writes what may be there once only: all of them then agree by what it is looked for.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({_LOCK})")
    _versions.drop(lambda key: True)
    return versions()


def hold_alone() -> None:
    """Wait until nobody holds them any more, and let nobody until the transaction ends: before they change."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")


def search_key(organisation: UUID, version: int) -> bytes:
    """What the search tokens of an organisation are made with."""
    return _derived.get((version, organisation), lambda: keys.derive(_material(version), f"search/{organisation}"))


def lookup_key(version: int) -> bytes:
    """What exact look-ups across organisations are made with: an e-mail address at the sign-in."""
    return _derived.get((version, None), lambda: keys.derive(_material(version), "lookup"))


def add_version(*, primary: bool) -> int:
    """A new index key."""
    version = 1 + max(IndexKey.objects.values_list("version", flat=True), default=0)
    held = IndexKey(version=version, primary=primary)
    wrap(held, secrets.token_bytes(keys.SIZE))
    held.save(force_insert=True)
    return version


def wrap(held: IndexKey, material: bytes) -> None:
    """Put an index key on its row, wrapped by the root key as it is now."""
    held.wrapped = keys.root().wrap(material, _context(held))
    held.root = keys.root().wrapped_by(held.wrapped)


def unwrap(held: IndexKey, by: keys.Root) -> bytes:
    """The index key on a row, under some root key. Raises what that raises."""
    return by.unwrap(bytes(held.wrapped), _context(held))


def verify(root: keys.Root, refused: type[Exception]) -> Iterator[tuple[str, str]]:
    """As `keys.verify`: each index key, and what keeps it from opening."""
    for held in IndexKey.objects.order_by("version"):
        try:
            unwrap(held, root)
        except refused as problem:
            yield f"index key {held.version}", str(problem)
        else:
            yield f"index key {held.version}", ""


def drop_replaced(before: datetime) -> None:
    """Destroy the index keys that were replaced before some time."""
    IndexKey.objects.filter(replaced_at__lt=before).delete()


def forget_all() -> None:
    """Give up what this process keeps of them."""
    for shelf in (_versions, _materials, _derived):
        shelf.drop(lambda key: True)


def _read() -> Versions:
    rows = list(IndexKey.objects.order_by("-primary", "-version").values_list("version", "replaced_at"))
    if not rows:
        raise NoIndexKey(str(NoIndexKey.__doc__))
    return Versions(tuple(v for v, replaced in rows if replaced is None), tuple(v for v, _ in rows))


def _material(version: int) -> bytes:
    return _materials.get(version, lambda: unwrap(IndexKey.objects.get(version=version), keys.root()))


def _context(held: IndexKey) -> bytes:
    return f"baken/index/{held.version}".encode()


_LOCK = "hashtextextended('index keys', 0)"
