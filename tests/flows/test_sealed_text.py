"""Sealed text: readable in its place, and nowhere else."""

import random
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection
from tink.aead import Aead

from baken.record.orgs import keys, sealing
from baken.record.orgs.aead import aead
from baken.record.orgs.fields import SealedError, new_id
from baken.record.orgs.models import DataKey, Organisation
from baken.record.orgs.sealing import Place, Unsealable, seal, unseal

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def organisation(code: str) -> Organisation:
    return Organisation.objects.create(code=code, kind="customer", name=f"{code} with a name", created_at=NOW)


def place(owner: Organisation, row: bytes = b"row") -> Place:
    return Place(owner.id, "table", "column", row)


@pytest.fixture
def acme(db: None) -> Organisation:
    return organisation("acme")


def raw(owner: Organisation) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM orgs_organisation WHERE id = %s", [owner.id])
        return bytes(cursor.fetchone()[0])


def test_the_database_holds_no_text_and_the_row_reads_it(acme: Organisation) -> None:
    assert b"with a name" not in raw(acme)
    assert Organisation.objects.get(id=acme.id).name == "acme with a name"


def test_a_row_that_is_saved_unread_keeps_its_value_as_it_was(acme: Organisation) -> None:
    before = raw(acme)
    again = Organisation.objects.get(id=acme.id)
    again.zone = "UTC"
    again.save()
    assert raw(acme) == before


def test_the_same_text_never_looks_the_same(acme: Organisation) -> None:
    assert seal(b"text", place(acme)) != seal(b"text", place(acme))


@pytest.mark.parametrize("misuse", [
    lambda: list(Organisation.objects.filter(name="acme with a name")),
    lambda: Organisation.objects.update(name="plain"),
    lambda: Organisation.objects.bulk_update(Organisation.objects.all(), ["name"]),
])  # fmt: skip
def test_what_would_need_plain_text_in_the_database_is_refused(acme: Organisation, misuse) -> None:
    Organisation.objects.get(id=acme.id)
    with pytest.raises(SealedError):
        misuse()


def test_a_hundred_thousand_attempts_in_the_wrong_place_open_nothing(acme: Organisation) -> None:
    other, dice = organisation("other"), random.Random(3)
    version = keys.add_version(acme.id)
    sealed = [seal(f"secret {number}".encode(), place(acme, f"row {number}".encode())) for number in range(100)]
    opened = 0
    for number in range(100_000):
        value = sealed[number % 100]
        right = place(acme, f"row {number % 100}".encode())
        wrong, value = dice.choice([
            (right._replace(row=f"row {(number + 1) % 100}".encode()), value),
            (right._replace(column="columns"), value),
            (right._replace(table="tables"), value),
            (right._replace(table="tablec", column="olumn"), value),
            (right._replace(organisation=other.id), value),
            (right, value[:1] + version.to_bytes(4) + value[5:]),
            (right, value[:-1] + bytes([value[-1] ^ 1 << dice.randrange(8)])),
        ])  # fmt: skip
        try:
            unseal(value, wrong)
            opened += 1
        except Unsealable:
            pass
    assert opened == 0
    assert unseal(sealed[5], place(acme, b"row 5")) == b"secret 5"


def elsewhere(owner: Organisation, other: Organisation) -> dict[str, Place]:
    """Places that differ from `place` in one thing each."""
    right = place(owner)
    changes = {"organisation": other.id, "table": "tables", "column": "columns", "row": b"rows"}
    return {name: right._replace(**{name: changed}) for name, changed in changes.items()}


def opened(sealed: bytes, owner: Organisation, other: Organisation, version: int) -> set[str]:
    """What may be another one than it was sealed for, and it opens nevertheless."""
    tries = {name: (sealed, wrong) for name, wrong in elsewhere(owner, other).items()}
    tries["version"] = (sealing.head(version) + sealed[len(sealing.head(1)) :], place(owner))
    found = set()
    for name, (value, wrong) in tries.items():
        with suppress(Unsealable):
            found |= {name} if unseal(value, wrong) == b"text" else set()
    return found


def test_every_column_has_a_key_of_its_own(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing bound to a value the key alone tells places apart, and it does so but for rows."""
    real, other, version = keys.sealer, organisation("other"), keys.add_version(acme.id)

    class Unbound:
        def __init__(self, key: Aead) -> None:
            self.key = key

        def encrypt(self, text: bytes, _bound: bytes) -> bytes:
            return self.key.encrypt(text, b"")

        def decrypt(self, sealed: bytes, _bound: bytes) -> bytes:
            return self.key.decrypt(sealed, b"")

    monkeypatch.setattr(keys, "sealer", lambda *which: Unbound(real(*which)))
    assert opened(seal(b"text", place(acme)), acme, other, version) == {"row"}


def test_a_value_is_bound_to_its_whole_place_and_its_key_version(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one key for everything the associated data alone tells places and versions apart."""
    other, version, one = organisation("other"), keys.add_version(acme.id), aead(bytes(32))
    monkeypatch.setattr(keys, "sealer", lambda *_which: one)
    sealed = seal(b"text", place(acme))
    assert unseal(sealed, place(acme)) == b"text"
    assert opened(sealed, acme, other, version) == set()


def test_short_texts_are_equally_long_and_long_ones_within_an_eighth(acme: Organisation) -> None:
    lengths = {len(seal(b"x" * n, place(acme))) for n in range(1, 31)}
    assert len(lengths) == 1
    for n in (100, 1_000, 10_000, 99_999):
        assert 1 <= (len(seal(b"x" * n, place(acme))) - 5 - 40) / n < 1.13


@pytest.mark.parametrize("text", [b"", b"\x00", b"\x80", b"\x80\x00\x00", bytes(range(256)), b"x" * 31, b"x" * 32])
def test_padding_comes_off_again(acme: Organisation, text: bytes) -> None:
    assert unseal(seal(text, place(acme)), place(acme)) == text


def test_a_new_key_version_seals_and_the_old_one_still_opens(acme: Organisation) -> None:
    old = seal(b"text", place(acme))
    keys.make_primary(acme.id, keys.add_version(acme.id))
    new = seal(b"text", place(acme))
    assert (sealing.version_of(old), sealing.version_of(new)) == (1, 2)
    assert unseal(old, place(acme)) == unseal(new, place(acme)) == b"text"


def test_rewrapping_leaves_every_value_readable(acme: Organisation) -> None:
    sealed = seal(b"text", place(acme))
    keys.rewrap(acme.id)
    keys.forget_all()
    assert unseal(sealed, place(acme)) == b"text"


def test_without_its_keys_an_organisation_is_noise(acme: Organisation) -> None:
    sealed = seal(b"text", place(acme))
    keys.destroy(acme.id)
    keys.forget_all()
    with pytest.raises(keys.KeysErased):
        unseal(sealed, place(acme))
    with pytest.raises(keys.KeysErased):
        seal(b"more", place(acme))
    assert not DataKey.objects.filter(organisation_id=acme.id).exists()


def test_an_unknown_version_and_what_was_never_sealed_say_so(acme: Organisation) -> None:
    sealed = seal(b"text", place(acme))
    with pytest.raises(keys.UnknownKey):
        unseal(sealed[:1] + (99).to_bytes(4) + sealed[5:], place(acme))
    with pytest.raises(Unsealable):
        unseal(b"plain", place(acme))


def test_a_row_without_its_organisation_seals_nothing(acme: Organisation) -> None:
    from baken.record.orgs.models import File

    with pytest.raises(SealedError):
        File(id=new_id(), name="x", media_type="x", size=1, sha256="x", created_at=NOW).save()
    assert uuid4() != acme.id
