"""Root keys: one in a file, one that Vault keeps; both do the same."""

import base64
import json
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.reach.keyring import (
    KeyFile,
    KeyringError,
    NoRootKey,
    RootKey,
    RootKeyUnreachable,
    ShareError,
    VaultTransit,
    WrongRootKey,
    shares,
)
from tests.flows.vault_transit import OPERATOR, TOKEN, running

SECRET = bytes(range(32))


@pytest.fixture(params=["file", "sealed file", "vault"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], RootKey]]:
    if request.param == "vault":
        with running() as address:
            yield lambda: VaultTransit(address, "baken", TOKEN)
        return
    path, passphrase = tmp_path / "keys" / "root.key", "a sentence" if request.param == "sealed file" else ""
    KeyFile.create(path, passphrase)
    yield lambda: KeyFile.load(path, passphrase)


def test_what_it_wraps_it_unwraps_later_in_the_same_context_alone(make: Callable[[], RootKey]) -> None:
    wrapped = make().wrap(SECRET, b"here")
    assert SECRET not in wrapped
    assert make().unwrap(wrapped, b"here") == SECRET
    for changed, context in ((wrapped, b"there"), (wrapped[:-4] + b"AAA=", b"here"), (b"", b"here"), (b"x", b"here")):
        with pytest.raises(WrongRootKey):
            make().unwrap(changed, context)


def test_it_tells_by_which_version_something_is_wrapped(make: Callable[[], RootKey]) -> None:
    root = make()
    assert root.wrapped_by(root.wrap(SECRET, b"")) == root.name == make().name
    assert root.wrapped_by(b"x") != root.name


def test_a_key_file_unwraps_with_older_versions_until_they_are_retired(tmp_path: Path) -> None:
    first = KeyFile.create(tmp_path / "root.key")
    wrapped = first.wrap(SECRET, b"here")
    waiting = first.with_another()
    assert (first.waiting, waiting.name, waiting.switched().name) == ("", first.name, waiting.waiting)
    waiting.switched().save(tmp_path / "root.key", "a sentence")
    second = KeyFile.load(tmp_path / "root.key", "a sentence")
    assert second.unwrap(wrapped, b"here") == SECRET
    assert second.wrapped_by(wrapped) == first.name != second.name == second.wrapped_by(second.wrap(SECRET, b""))
    with pytest.raises(WrongRootKey):
        first.unwrap(second.wrap(SECRET, b"here"), b"here")
    with pytest.raises(WrongRootKey):
        second.without({first.name, second.name}).unwrap(wrapped, b"here")
    assert second.without({second.name}).name == second.name, "what wraps is never taken away"


def test_vault_unwraps_with_older_versions_until_they_are_retired() -> None:
    with running() as address:
        everyday, operator = VaultTransit(address, "baken", TOKEN), VaultTransit(address, "baken", OPERATOR)
        wrapped, before = everyday.wrap(SECRET, b"here"), everyday.name
        with pytest.raises(KeyringError, match="refuses to rotate"):
            everyday.rotate()
        operator.rotate()
        assert (before, everyday.name) == ("vault:baken:v1", "vault:baken:v2")
        assert everyday.wrapped_by(wrapped) == before
        assert everyday.unwrap(wrapped, b"here") == SECRET
        operator.retire()
        with pytest.raises(WrongRootKey):
            everyday.unwrap(wrapped, b"here")
        assert everyday.unwrap(everyday.wrap(SECRET, b"here"), b"here") == SECRET


def joined(*texts: str) -> tuple[KeyFile, list[str]]:
    return shares.join({f"share {place}": text for place, text in enumerate(texts, start=1)})


def changed(text: str, *, summed: bool = False, **fields: object) -> str:
    """A share with other fields; `summed` with the checksum that these have, as whoever does it on purpose would."""
    share = {**json.loads(text), **fields}
    return json.dumps({**share, "checksum": shares._checksum(share)} if summed else share)


def test_any_k_shares_open_an_escrow_and_fewer_do_not() -> None:
    for needed, count in ((2, 2), (2, 3), (3, 5), (5, 5)):
        held = KeyFile.of(SECRET, SECRET[::-1])
        texts = shares.divide(held, needed, count)
        for chosen in combinations(texts, needed):
            assert joined(*chosen) == (held, [])
        with pytest.raises(ShareError, match=f"opens with {needed} different shares and here are {needed - 1}"):
            joined(*texts[: needed - 1], texts[0])
        for text in texts:
            assert base64.b64encode(SECRET).decode() not in text


@given(secret=st.binary(min_size=32, max_size=32), data=st.data(), needed=st.integers(2, 6), more=st.integers(0, 4))
def test_shares_open_in_any_order_and_not_when_one_is_changed(
    secret: bytes, data: st.DataObject, needed: int, more: int
) -> None:
    held = KeyFile.of(secret)
    chosen = data.draw(st.permutations(shares.divide(held, needed, needed + more)))[:needed]
    assert joined(*chosen) == (held, [])
    part = bytearray.fromhex(json.loads(chosen[0])["part"])
    part[data.draw(st.integers(0, 15))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ShareError, match="bring more\nshare 1: it does not fit its checksum"):
        joined(changed(chosen[0], part=part.hex()), *chosen[1:])
    with pytest.raises(ShareError, match="one of them was changed"):
        joined(changed(chosen[0], part=part.hex(), summed=True), *chosen[1:])


@pytest.mark.parametrize("number", [0, -1, 101, 2**200, 1.0, True, "1", None])
def test_a_share_with_a_number_that_there_is_not_is_named(number: object) -> None:
    one, *others = shares.divide(KeyFile.of(SECRET), 2, 3)
    with pytest.raises(ShareError, match=r"here are 1; bring more\nshare 1: its number is none from 1 to 100"):
        joined(changed(one, number=number, summed=True), others[0])


@pytest.mark.parametrize(("fields", "said"), [
    ({"number": -1}, ["share 1: its number is none from 1 to 100, so it was changed; bring another"]),
    ({"number": 3}, ["share 1: it does not fit its checksum, so it was changed; bring another"]),
    ({"part": "00" * 16}, ["share 1: it does not fit its checksum, so it was changed; bring another"]),
    ({"needed": 3}, ["share 1: it does not fit its checksum, so it was changed; bring another"]),
    ({"sealed": ""}, ["share 1: it does not fit its checksum, so it was changed; bring another"]),
    ({"format": "?"}, ["share 1: this is no share of Baken's keys, or it is damaged; bring another"]),
    ({"part": "00" * 16, "summed": True}, []),
    ({"number": 3, "summed": True}, []),
])  # fmt: skip
def test_enough_good_shares_suffice(fields: dict[str, object], said: list[str]) -> None:
    held = KeyFile.of(SECRET)
    one, *others = shares.divide(held, 2, 3)
    assert joined(changed(one, **fields), *others) == (held, said)


def test_shares_that_do_not_belong_together_or_are_none_say_so() -> None:
    mine, other = (shares.divide(KeyFile.of(SECRET), 2, 3) for _ in range(2))
    with pytest.raises(ShareError, match="different escrows"):
        joined(mine[0], other[1])
    for text in ("", "{}", "[" * 100_000, mine[0].replace('"part": "', '"part": "x'), mine[0][:50]):
        with pytest.raises(ShareError, match="no share"):
            joined(text, mine[1])
    with pytest.raises(ShareError, match=r"^share 1: this is no share"):
        joined("")
    for needed, count in ((1, 3), (4, 3), (2, 101)):
        with pytest.raises(ShareError, match="needed"):
            shares.divide(KeyFile.of(SECRET), needed, count)


def test_a_key_file_is_its_owners_alone_and_the_first_of_two_creators_wins(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "root.key"
    first = KeyFile.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyFile.create(path).name == first.name
    assert [entry.name for entry in path.parent.iterdir()] == ["root.key"]


@pytest.mark.parametrize(("text", "error"), [
    ("", KeyringError), ("{}", KeyringError), ('{"format": "other"}', KeyringError), ("[]", KeyringError),
    ('{"format": "baken root keys 1", "content": "%%"}', KeyringError),
    ('{"format": "baken root keys 1", "content": "e30="}', KeyringError),
])  # fmt: skip
def test_a_damaged_file_says_so(tmp_path: Path, text: str, error: type[Exception]) -> None:
    path = tmp_path / "root.key"
    path.write_text(text)
    with pytest.raises(error):
        KeyFile.load(path)


def test_a_missing_file_and_a_wrong_passphrase_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoRootKey, match="Bring back the key file"):
        KeyFile.load(tmp_path / "none")
    KeyFile.create(tmp_path / "root.key", "right")
    with pytest.raises(WrongRootKey, match="BAKEN_KEY_PASSPHRASE"):
        KeyFile.load(tmp_path / "root.key", "wrong")
    with pytest.raises(WrongRootKey, match="BAKEN_KEY_PASSPHRASE"):
        KeyFile.load(tmp_path / "root.key")


def test_vault_that_refuses_or_is_away_says_what_to_do() -> None:
    with running() as address:
        for key, token in (("baken", "wrong"), ("other", TOKEN)):
            with pytest.raises(KeyringError, match="policy and the key's name"):
                VaultTransit(address, key, token).wrap(SECRET, b"")
    with pytest.raises(RootKeyUnreachable):
        VaultTransit(address, "baken", TOKEN).wrap(SECRET, b"")
    with pytest.raises(KeyringError, match="BAKEN_VAULT_ADDR"):
        VaultTransit("vault.example", "baken", TOKEN)
