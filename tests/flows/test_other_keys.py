"""Passwords of the embedded server and the key that signs sessions, renewed."""

from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from django.core import signing

from baken.reach.postgres import Cluster, passwords
from baken.run import kept
from baken.run.cli.keys import command
from tests.cluster import CARELESS


class Killed(Exception):
    """It stops here, as if its process had died."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments])


def opens(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


def test_new_passwords_open_the_database_and_old_ones_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    with Cluster(tmp_path, settings=CARELESS) as cluster, psycopg.connect(cluster.dsn) as connected:
        old = [cluster.dsn, cluster.owner_dsn, cluster.admin_dsn]
        cluster.renew_passwords()
        assert [opens(address) for address in old] == [False] * 3
        assert [opens(address) for address in (cluster.dsn, cluster.owner_dsn, cluster.admin_dsn)] == [True] * 3
        assert connected.execute("SELECT 1").fetchone() == (1,), "who is connected stays so"
        assert not list((tmp_path / "database").glob("*.next"))

        write = passwords.places.Place.write
        for role in ("password", "owner-password", "admin-password"):
            with monkeypatch.context() as patched:
                patched.setattr(passwords.places.Place, "write", lambda *given, role=role: _die_at(write, role, *given))
                with pytest.raises(Killed):
                    cluster.renew_passwords()
            cluster.renew_passwords()
            assert [opens(address) for address in (cluster.dsn, cluster.owner_dsn, cluster.admin_dsn)] == [True] * 3


def _die_at(write: object, name: str, place: object, file: str, text: str) -> None:
    """Once the server knows the new password and the file does not."""
    if file == name:
        raise Killed
    write(place, file, text)  # type: ignore[operator]


def test_a_new_session_key_signs_and_the_old_one_still_opens_until_it_is_retired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEN_HOME", str(tmp_path))
    monkeypatch.delenv("BAKEN_SECRET_KEY", raising=False)
    (old,) = kept.session_keys()
    signed = signing.dumps("somebody", key=old)
    assert run("rotate", "--sessions").exit_code == 0
    key, *fallbacks = kept.session_keys()
    assert (key != old, fallbacks) == (True, [old])
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert signing.loads(signed, key=key, fallback_keys=fallbacks) == "somebody"
    assert run("rotate", "--sessions", "--retire").exit_code == 0
    assert kept.session_keys() == [key]
    with pytest.raises(signing.BadSignature):
        signing.loads(signed, key=key)


def test_a_session_key_from_the_environment_is_replaced_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEN_SECRET_KEY", "new")
    monkeypatch.setenv("BAKEN_SECRET_KEY_FALLBACKS", "old older")
    assert kept.session_keys() == ["new", "old", "older"]
    assert "BAKEN_SECRET_KEY_FALLBACKS" in str(run("rotate", "--sessions").exception)


@pytest.mark.parametrize("words", [
    "--sessions --organisation acme", "--prepare", "--index --retire", "--root --prepare --retire",
])  # fmt: skip
def test_options_that_do_not_go_together_are_refused(words: str) -> None:
    assert run("rotate", *words.split()).exit_code == 2


def test_the_passwords_of_a_server_of_ones_own_are_changed_there() -> None:
    refused = run("rotate", "--database")
    assert (refused.exit_code, "DATABASE_URL" in refused.output) == (1, True)
