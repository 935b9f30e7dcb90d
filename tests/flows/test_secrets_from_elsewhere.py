"""Secrets come from files that a secrets manager writes, and those that Baken makes lie wrapped where Vault is."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from baken.reach.keyring import RootKeyUnreachable, WrongRootKey
from baken.run import configuration, kept, keyring, supervisor
from baken.run.cli.keys import command
from baken.run.configuration import SETTINGS, ConfigurationError
from tests.flows.vault_transit import OPERATOR, TOKEN, running

ROOT = Path(__file__).resolve().parents[2]
SECRETS = [setting.name for setting in SETTINGS if setting.secret]


def test_every_secret_can_be_in_a_file_and_is_read_in_one_way(tmp_path: Path) -> None:
    sounds = re.compile("TOKEN|PASSPHRASE|SECRET|PASSWORD$|ACCESS_KEY|DATABASE.*URL")
    assert [setting.name for setting in SETTINGS if sounds.search(setting.name)] == SECRETS
    file = tmp_path / "secret"
    file.write_text("so secret\n")
    for name in SECRETS:
        assert configuration.secret(name, {f"{name}_FILE": str(file)}) == configuration.secret(
            name, {name: "so secret"}
        )
    around = re.compile(rf'environ(\.get\(|\[)"({"|".join(SECRETS)})(_FILE)?"')
    looks = ROOT / "baken/run/strict.py"  # where a secret is, not at what it is
    for path in {*(ROOT / "baken").rglob("*.py")} - {looks}:
        assert not around.search(path.read_text()), f"{path} reads a secret without configuration.secret"


def test_a_file_that_holds_no_secret_is_never_taken_for_none(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe")
    for path, said in ((empty, "is empty"), (binary, "cannot be read"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(ConfigurationError, match=f"DATABASE_URL_FILE: .* {said}"):
            configuration.secret("DATABASE_URL", {"DATABASE_URL_FILE": str(path)})
    with pytest.raises(ConfigurationError, match="leave one of them out"):
        configuration.secret("BAKEN_VAULT_TOKEN", {"BAKEN_VAULT_TOKEN": "x", "BAKEN_VAULT_TOKEN_FILE": str(empty)})
    assert configuration.secret("BAKEN_SECRET_KEY_FALLBACKS", {"BAKEN_SECRET_KEY_FALLBACKS_FILE": str(empty)}) == ""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BAKEN_HOME", str(tmp_path))
    monkeypatch.delenv("BAKEN_SECRET_KEY", raising=False)
    monkeypatch.delenv("BAKEN_VAULT_ADDR", raising=False)
    return tmp_path


@pytest.fixture
def transit(home: Path) -> Iterator[str]:
    with running() as address:
        yield address


def use(transit: str, monkeypatch: pytest.MonkeyPatch, token: str = TOKEN) -> None:
    monkeypatch.setenv("BAKEN_VAULT_ADDR", transit)
    monkeypatch.setenv("BAKEN_VAULT_TOKEN", token)


def on_disk(home: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(home.rglob("*")) if path.is_file())


def run(*arguments: str) -> None:
    assert CliRunner().invoke(command, ["rotate", *arguments]).exit_code == 0


def test_an_upgrade_wraps_what_lay_in_the_clear_and_everybody_stays_in(
    home: Path, transit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, prober = kept.session_keys(), kept.prober_key()
    assert keys[0] in on_disk(home)
    assert prober in on_disk(home)
    use(transit, monkeypatch)
    kept.rewrap()
    assert (kept.session_keys(), kept.prober_key()) == (keys, prober)
    assert not {keys[0], *prober.splitlines()} & set(on_disk(home).splitlines())
    assert all(path.read_text().startswith("vault:v1:") for path in home.rglob("*.key"))
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in home.rglob("*.key"))


def test_a_session_key_that_is_rotated_stays_wrapped(home: Path, transit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(transit, monkeypatch)
    (old,) = kept.session_keys()
    load_pem_private_key(kept.prober_key().encode(), None)
    run("--sessions")
    new, *fallbacks = kept.session_keys()
    assert (new != old, fallbacks) == (True, [old])
    assert not [key for key in (new, old, "PRIVATE KEY") if key in on_disk(home)]
    run("--sessions", "--retire")
    assert kept.session_keys() == [new]
    assert new not in on_disk(home)


def test_a_new_version_in_vault_wraps_them_again(home: Path, transit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(transit, monkeypatch, OPERATOR)
    keys, prober = kept.session_keys(), kept.prober_key()
    keyring.switch()
    assert kept.under() == ["vault:baken:v1"] * 2
    kept.rewrap()
    assert kept.under() == ["vault:baken:v2"] * 2
    keyring.retire()
    assert (kept.session_keys(), kept.prober_key()) == (keys, prober)
    keyring.switch()
    keyring.retire()
    with pytest.raises(WrongRootKey, match=r"secret\.key: the key in Vault does not open it"):
        kept.session_keys()


def test_without_vault_a_wrapped_secret_says_what_to_do(
    home: Path, transit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(transit, monkeypatch)
    kept.session_keys()
    monkeypatch.setenv("BAKEN_VAULT_ADDR", "http://127.0.0.1:9")
    with pytest.raises(RootKeyUnreachable, match=r"secret\.key: .*does not answer"):
        kept.session_keys()
    before = on_disk(home)
    with pytest.raises(RootKeyUnreachable):
        kept.renew_session_key(retire=False)
    monkeypatch.delenv("BAKEN_VAULT_ADDR")
    with pytest.raises(ConfigurationError, match=r"BAKEN_VAULT_ADDR: .*secret\.key is wrapped"):
        kept.session_keys()
    assert on_disk(home) == before


def test_a_process_opens_everything_from_files_and_vault(
    home: Path, transit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(transit, monkeypatch)
    (key,) = kept.session_keys()
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    for name, secret in {"DATABASE_URL": os.environ["DATABASE_URL"], "BAKEN_VAULT_TOKEN": TOKEN}.items():
        (home / name).write_text(secret)
        environment[f"{name}_FILE"] = str(home / name)
    look = "import hashlib; from django.conf import settings; from django.db import connection as it; it.connect(); "
    look += "print(hashlib.sha256(settings.SECRET_KEY.encode()).hexdigest())"

    def start(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "baken.run.cli", *(words or ("manage", "shell", "--no-imports", "-c", look))],
            env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert start().stdout.strip() == hashlib.sha256(key.encode()).hexdigest()
    environment["BAKEN_VAULT_ADDR"] = "http://127.0.0.1:9"
    refused = start()
    assert refused.returncode == 1
    assert "secret.key: " in refused.stderr.splitlines()[-1]
    assert "does not answer" in refused.stderr.splitlines()[-1]
    checks = {check["name"]: check for check in json.loads(start("doctor", "--json").stdout)["checks"]}
    assert ("database" in checks, checks["keys"]["ok"]) == (False, False)
    assert "secret.key: " in checks["keys"]["detail"]


def test_who_serves_is_not_told_of_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE", "DATABASE_URL_FILE"):
        monkeypatch.setenv(name, "/run/secrets/x")
    told = supervisor._environment(supervisor.Child("web", []), {})
    assert [name for name in told if name.endswith("_URL_FILE")] == ["DATABASE_URL_FILE"]
    assert "DATABASE_OWNER_URL" not in told
