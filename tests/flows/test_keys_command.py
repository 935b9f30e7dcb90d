"""Keys on the command line: escrow, check, rotation."""

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from baken.record.ledger import clock
from baken.record.orgs import keys, spreading
from baken.record.orgs.fields import new_id
from baken.record.orgs.models import DataKey, IndexKey, Organisation
from baken.record.privacy import tombstones
from baken.record.privacy.models import SigningKey
from baken.run import kept
from baken.run.cli.keys import command
from tests.conftest import Cast
from tests.flows.vault_transit import TOKEN, running

SENTENCE = "a beacon on the dike"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments])


def test_an_escrow_opens_what_the_root_key_opens_and_comes_back(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    escrow = tmp_path / "escrow"
    assert run("export", str(escrow), "--passphrase", SENTENCE).exit_code == 0
    assert escrow.stat().st_mode & 0o777 == 0o600
    assert run("verify", str(escrow), "--passphrase", SENTENCE).exit_code == 0
    assert run("export", str(escrow), "--passphrase", SENTENCE).exit_code == 1, "it overwrites nothing"
    monkeypatch.setenv("BAKEN_KEY_FILE", str(tmp_path / "other" / "root.key"))
    assert "There is no root key here" in str(run("verify").exception)
    assert run("import", str(escrow), "--passphrase", SENTENCE).exit_code == 0
    assert run("verify").exit_code == 0
    assert run("import", str(escrow), "--passphrase", SENTENCE).exit_code == 1, "nor here"


def test_shares_that_were_changed_are_named_and_enough_good_ones_open_everything(cast: Cast, tmp_path: Path) -> None:
    escrow = tmp_path / "escrow"
    for counts in (["0", "--needed", "0"], ["2", "--needed", "3"]):
        assert "needed: at least 2" in str(run("export", str(escrow), "--shares", *counts).exception)
    assert run("export", str(escrow), "--shares", "3", "--needed", "2", "--passphrase", SENTENCE).exit_code == 2
    assert list(tmp_path.iterdir()) == []
    assert run("export", str(escrow), "--shares", "3", "--needed", "2").exit_code == 0
    first, *others = [f"{escrow}.{number}" for number in (1, 2, 3)]
    Path(first).write_bytes(Path(first).read_bytes().replace(b'"number": 1', b'"number": \xff'))
    given = [word for share in (first, *others) for word in ("--share", share)]
    opened = run("verify", *given)
    assert (opened.exit_code, f"left out: {first}: this is no share" in opened.output) == (0, True)
    assert f"{first}: this is no share" in str(run("verify", *given[:4]).exception)


def test_another_installations_key_opens_nothing(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from baken.reach.keyring import KeyFile

    KeyFile.create(tmp_path / "root.key")
    monkeypatch.setenv("BAKEN_KEY_FILE", str(tmp_path / "root.key"))
    result = run("verify")
    assert result.exit_code == 1
    assert "opens 0 of" in result.output


def test_every_kind_of_key_is_opened_and_one_that_does_not_open_is_named(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tombstones.add("person", new_id(), cast.customer.id, clock.now())
    tombstones.settle()
    kinds = [Organisation.objects.count(), IndexKey.objects.count(), 1, 1]
    assert f"opens {sum(kinds)} of {sum(kinds)} keys" in run("verify").output
    for damage in (damage_the_signing_key, damage_the_list):
        damage()
    found = json.loads(run("verify", "--json").output)
    assert (found["ok"], found["checked"]) == (False, sum(kinds))
    assert list(found["wrong"]) == [f"signing key of tombstones in {x}" for x in ("the database", tombstones.place())]
    before = tombstones.place().read_bytes()
    assert run("verify").exit_code == 1
    assert tombstones.place().read_bytes() == before, "it changes nothing"
    tombstones.place().write_text("no list\n")
    assert "this is no list of tombstones" in run("verify").output


def damage_the_signing_key() -> None:
    held = SigningKey.objects.get()
    held.wrapped = bytes([*held.wrapped[:-1], held.wrapped[-1] ^ 1])
    held.save()


def damage_the_list() -> None:
    head, *others = tombstones.place().read_text().splitlines()
    held = json.loads(head)
    wrapped = bytearray(base64.b64decode(held["key"]))
    wrapped[-1] ^= 1
    tombstones.place().write_text("\n".join([json.dumps({**held, "key": base64.b64encode(wrapped).decode()}), *others]))


@pytest.mark.django_db
def test_what_vault_wrapped_in_the_home_is_opened_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    IndexKey.objects.all().delete()
    monkeypatch.setenv("BAKEN_HOME", str(tmp_path))
    with running() as address:
        monkeypatch.setenv("BAKEN_VAULT_ADDR", address)
        monkeypatch.setenv("BAKEN_VAULT_TOKEN", TOKEN)
        kept.prober_key()
        file = tmp_path / "prober/local.key"
        assert run("verify").output.endswith("opens 1 of 1 keys\n")
        file.write_bytes(file.read_bytes()[:-1] + b"\xff")
        refused = run("verify")
    assert (refused.exit_code, f"{file}: " in refused.output) == (1, True)
    assert "opens 0 of 1 keys" in refused.output


@pytest.mark.django_db(transaction=True)
def test_rotation_leaves_everything_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    from baken.record.catalogue import flows as catalogue
    from baken.record.people.access import program

    monkeypatch.setattr(keys, "FRESH", 0.1)
    monkeypatch.setattr(spreading, "MARGIN", 0.1)
    catalogue.add_organisation(
        program("tests"), code="acme", name="Acme & Sons", kind="customer", language="en", zone="UTC"
    )
    assert run("rotate").exit_code == 0
    assert run("rotate", "--wrapping").exit_code == 0
    keys.forget_all()
    assert [row.name for row in Organisation.objects.all()] == ["Acme & Sons"]
    assert list(DataKey.objects.values_list("version", flat=True)) == [2]
    assert run("rotate", "--organisation", "nobody").exit_code == 1
