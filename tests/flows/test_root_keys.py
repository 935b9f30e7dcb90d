"""Root keys: one in a file, one that Vault keeps; both do the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from baken.reach.keyring import (
    KeyFile,
    KeyringError,
    NoRootKey,
    RootKey,
    RootKeyUnreachable,
    VaultTransit,
    WrongRootKey,
)
from tests.flows.vault_transit import TOKEN, running

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


def test_it_derives_the_same_for_a_purpose_and_something_else_for_another(make: Callable[[], RootKey]) -> None:
    assert make().derive("search") == make().derive("search") != make().derive("other")
    assert len(make().derive("search")) == 32


def test_a_key_file_is_its_owners_alone_and_the_first_of_two_creators_wins(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "root.key"
    first = KeyFile.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyFile.create(path).name == first.name
    assert [entry.name for entry in path.parent.iterdir()] == ["root.key"]


@pytest.mark.parametrize(("text", "error"), [
    ("", KeyringError), ("{}", KeyringError), ('{"format": "other"}', KeyringError),
    ('{"format": "baken root key 1", "secret": "%%"}', KeyringError),
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
