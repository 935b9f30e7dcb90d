"""A new root key: everything is wrapped anew, nothing is sealed anew, and nobody who works notices."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from baken.reach.keyring import KeyFile
from baken.record.catalogue import flows as catalogue
from baken.record.orgs import indexkeys, keys, rewrapping
from baken.record.orgs.models import DataKey, IndexKey, Organisation, WrappingKey
from baken.record.orgs.rotation import Progress
from baken.record.orgs.search import address_key
from baken.record.people.access import program
from baken.record.privacy import tombstones
from baken.record.privacy.models import SigningKey
from baken.run import kept, keyring
from baken.run.cli.keys import command
from tests.flows.vault_transit import OPERATOR, TOKEN, running

SENTENCE = "a beacon on the dike"
NAMES = ["Acme", "Brouwer", "Cobalt", "Dijk"]
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


class Killed(Exception):
    """The rotation stops here, as if its process had died."""


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the root key, which a test may rotate; others go on with theirs."""
    path = tmp_path / "keys" / "root.key"
    path.parent.mkdir()
    shutil.copy(keyring.key_file(), path)
    monkeypatch.setenv("BAKEN_KEY_FILE", str(path))
    forget()
    yield path
    forget()


def forget() -> None:
    keys.forget_all()
    indexkeys.forget_all()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments])


def organisations() -> list[Organisation]:
    return [
        catalogue.add_organisation(
            program("tests"), code=name.lower(), name=name, kind="customer", language="en", zone="UTC"
        )
        for name in NAMES
    ]


def roots() -> set[str]:
    return {*WrappingKey.objects.values_list("root", flat=True), *IndexKey.objects.values_list("root", flat=True)}


def readable() -> bool:
    """Everything opens, with nothing of it in memory."""
    forget()
    return sorted(row.name for row in Organisation.objects.all()) == NAMES


def test_everything_is_wrapped_anew_and_nothing_is_sealed_anew(own_key: Path) -> None:
    organisations()
    before, sealed = (
        KeyFile.load(own_key).name,
        list(Organisation.objects.order_by("id").values_list("name", flat=True)),
    )
    data, address = list(DataKey.objects.order_by("id").values_list("wrapped", flat=True)), address_key("a@b.example")
    assert run("rotate", "--root").exit_code == 0
    held = KeyFile.load(own_key)
    assert (list(held.held), roots()) == ([before, held.name], {held.name})
    assert readable()
    assert list(Organisation.objects.order_by("id").values_list("name", flat=True)) == sealed
    assert list(DataKey.objects.order_by("id").values_list("wrapped", flat=True)) == data
    assert address_key("a@b.example") == address, "what is looked up by stays as it is"
    assert run("rotate", "--root", "--retire").exit_code == 0
    assert list(KeyFile.load(own_key).held) == [held.name]
    assert readable()
    assert run("verify").exit_code == 0


@pytest.mark.parametrize("at", [0, 1, 3])
def test_killed_at_any_point_it_goes_on_and_everything_opens_meanwhile(at: int, own_key: Path) -> None:
    organisations()
    before, after = KeyFile.load(own_key).name, keyring.switch()
    seen: list[Progress] = []

    def die(progress: Progress) -> None:
        seen.append(progress)
        if progress.done == at:
            raise Killed

    if at:
        with pytest.raises(Killed):
            rewrapping.rewrap_all(die)
    assert roots() == {before, after} if at else {before}
    assert readable()
    assert run("verify").exit_code == 0
    refused = run("rotate", "--root", "--retire")
    assert (refused.exit_code, f"{before} wraps {5 - at} keys" in refused.output) == (1, True)
    assert run("rotate", "--root").exit_code == 0
    assert roots() == {after}, "it went on with the version there was"
    assert list(KeyFile.load(own_key).held) == [before, after]
    assert readable()


def test_a_running_process_knows_of_a_new_version_at_once(own_key: Path) -> None:
    code = "import sys; from baken.run import keyring\nfor _ in sys.stdin: print(keyring.root().name, flush=True)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "baken.run.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin
        assert other.stdout
        names = []
        for change in (lambda: None, keyring.prepare, keyring.switch):
            change()
            other.stdin.write("\n")
            other.stdin.flush()
            names.append(other.stdout.readline().strip())
        other.stdin.close()
    first, second = KeyFile.load(own_key).held
    assert names == [first, first, second]


def test_a_version_that_was_prepared_is_the_one_that_is_switched_to(own_key: Path) -> None:
    before = KeyFile.load(own_key).name
    assert run("rotate", "--root", "--prepare").exit_code == 0
    prepared = KeyFile.load(own_key)
    assert run("rotate", "--root", "--prepare").exit_code == 0
    assert KeyFile.load(own_key) == prepared, "doing it again changes nothing"
    organisations()
    assert roots() == {before}
    assert run("rotate", "--root").exit_code == 0
    assert roots() == {prepared.waiting}


def test_the_key_of_tombstones_is_wrapped_anew_too() -> None:
    tombstones.place().unlink(missing_ok=True)
    SigningKey.objects.create(wrapped=keys.root().wrap(bytes(32), b"baken/tombstones"))
    public = tombstones.public_key()
    assert run("rotate", "--root").exit_code == 0
    assert tombstones.wrapped_by() == [keys.root().name]
    assert run("rotate", "--root", "--retire").exit_code == 0
    assert tombstones.public_key() == public
    tombstones.place().unlink()


def test_an_escrow_from_before_says_that_it_is_older(tmp_path: Path) -> None:
    organisations()
    escrow = tmp_path / "escrow"
    assert run("export", str(escrow), "--passphrase", SENTENCE).exit_code == 0
    assert run("rotate", "--root").exit_code == 0
    result = run("verify", str(escrow), "--passphrase", SENTENCE, "--json")
    found = json.loads(result.output)
    assert (result.exit_code, len(found["wrong"])) == (1, 5)
    assert all("older than the data" in problem for problem in found["wrong"].values())


def test_the_same_with_vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BAKEN_HOME", str(tmp_path))  # Vault wraps what lies there as well
    with running() as address:
        monkeypatch.setenv("BAKEN_VAULT_ADDR", address)
        monkeypatch.setenv("BAKEN_VAULT_TOKEN", TOKEN)
        IndexKey.objects.all().delete()
        indexkeys.ensure()
        organisations()
        sessions = kept.session_keys()
        assert roots() == {"vault:baken:v1"}
        assert "refuses to rotate" in str(run("rotate", "--root").exception)
        monkeypatch.setenv("BAKEN_VAULT_TOKEN", OPERATOR)
        assert run("rotate", "--root").exit_code == 0
        assert (roots(), kept.under()) == ({"vault:baken:v2"}, ["vault:baken:v2"])
        wrapped = (tmp_path / "secret.key").read_text()
        (tmp_path / "secret.key").write_text(wrapped.replace(":v2:", ":v1:"))
        refused = run("rotate", "--root", "--retire")
        assert (refused.exit_code, "vault:baken:v1 wraps 1 keys" in refused.output) == (1, True)
        (tmp_path / "secret.key").write_text(wrapped)
        assert run("rotate", "--root", "--retire").exit_code == 0
        assert kept.session_keys() == sessions
        monkeypatch.setenv("BAKEN_VAULT_TOKEN", TOKEN)
        assert readable()
        assert run("verify").exit_code == 0
        assert run("export", "escrow", "--passphrase", SENTENCE).exit_code == 1, "Vault makes its own escrow"
    IndexKey.objects.all().delete()
