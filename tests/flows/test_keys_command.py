"""Keys on the command line: escrow, check, rotation."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from baken.record.orgs import keys, spreading
from baken.record.orgs.models import DataKey, Organisation
from baken.run.cli.keys import command
from tests.conftest import Cast

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


def test_another_installations_key_opens_nothing(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from baken.reach.keyring import KeyFile

    KeyFile.create(tmp_path / "root.key")
    monkeypatch.setenv("BAKEN_KEY_FILE", str(tmp_path / "root.key"))
    result = run("verify")
    assert result.exit_code == 1
    assert "opens 0 of" in result.output


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
