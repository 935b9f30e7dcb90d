"""A fresh machine, built from a dump of the database and the escrow of the keys: with both, and with less than that."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from baken.reach.keyring import KeyFile
from baken.reach.postgres import Cluster, find_binaries
from tests.cluster import CARELESS
from tests.flows.test_up import free_port

ROOT = Path(__file__).parents[2]
SENTENCE = "a beacon on the dike"
WRITE = """
from baken.run.ready import django_ready
django_ready()
from baken.record.catalogue import flows as catalogue
from baken.record.people import flows as people
from baken.record.people.access import Role, program
me = program("tests")
owner = catalogue.add_organisation(me, code="p", name="Provider", kind="provider", language="en", zone="UTC")
people.add_user(me, organisation=owner, email="jan@p.example", name="Jan de Vries", roles=[Role.ADMINISTRATOR])
"""


@dataclass(frozen=True)
class Machine:
    """A home with a PostgreSQL, on which commands are given."""

    home: Path
    cluster: Cluster

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BAKEN_")}
        settings = {
            "BAKEN_HOME": str(self.home), "BAKEN_PORT": str(free_port()), **self.cluster.environment,
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env={**kept, **settings}, capture_output=True, text=True, check=False
        )

    def baken(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return self.run("-m", "baken.run.cli", *command)

    def program(self, name: str) -> str:
        return str(find_binaries(None, self.cluster.data) / name)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with something written on it, of which there are a dump and escrows."""
    home = tmp_path_factory.mktemp("old")
    home.chmod(0o755)
    with Cluster(home, settings=CARELESS) as cluster:
        machine = Machine(home, cluster)
        made = machine.run("-c", WRITE)
        assert made.returncode == 0, made.stderr
        for more in (["--passphrase", SENTENCE], ["--shares", "5", "--needed", "3"]):
            done = machine.baken("keys", "export", str(home / "escrow"), *more)
            assert done.returncode == 0, done.stderr
        dump = [machine.program("pg_dump"), "--format=custom", "--no-owner", "--file", str(home / "dump")]
        subprocess.run([*dump, cluster.admin_dsn], check=True)
        yield machine


@pytest.fixture(scope="module")
def fresh(old: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Another machine, with an empty home and what was dumped."""
    home = tmp_path_factory.mktemp("fresh")
    home.chmod(0o755)
    with Cluster(home, settings=CARELESS) as cluster:
        machine = Machine(home, cluster)
        restore = [machine.program("pg_restore"), "--no-owner", "--role=baken", "--dbname", cluster.admin_dsn]
        subprocess.run([*restore, str(old.home / "dump")], check=True)
        yield machine


@pytest.fixture(autouse=True)
def without_a_key(fresh: Machine) -> None:
    (fresh.home / "keys/root.key").unlink(missing_ok=True)


def test_without_the_escrow_nothing_starts_and_it_is_said_what_to_bring(fresh: Machine) -> None:
    for command in (["user", "list"], ["keys", "verify"], ["up"]):
        done = fresh.baken(*command)
        assert done.returncode == 1
        assert "There is no root key here. Bring back the key file, or the escrow of the keys" in done.stderr
    assert not (fresh.home / "keys/root.key").exists(), "no new key is made over an old database"


def test_with_another_installations_key_neither(fresh: Machine, tmp_path: Path) -> None:
    KeyFile.create(tmp_path / "other").save(tmp_path / "escrow", SENTENCE)
    assert fresh.baken("keys", "import", str(tmp_path / "escrow"), "--passphrase", SENTENCE).returncode == 0
    verified = fresh.baken("keys", "verify")
    assert (verified.returncode, "opens 0 of 2 keys" in verified.stdout) == (1, True)
    for command in (["user", "list"], ["up"]):
        done = fresh.baken(*command)
        assert done.returncode == 1
        assert "another installation's, or older than the data" in done.stderr
        assert "Bring back the escrow that was made last, with `baken keys import`" in done.stderr


@pytest.mark.parametrize("how", ["whole", "shares"])
def test_with_the_escrow_everything_can_be_read(old: Machine, fresh: Machine, how: str) -> None:
    escrow = old.home / "escrow"
    shares = [word for number in (5, 1, 3) for word in ("--share", f"{escrow}.{number}")]
    given = [str(escrow), "--passphrase", SENTENCE] if how == "whole" else shares
    tried = fresh.baken("keys", "verify", *given)
    assert (tried.returncode, "opens 2 of 2 keys" in tried.stdout) == (0, True), tried.stderr
    assert not (fresh.home / "keys/root.key").exists(), "trying changes nothing"
    brought = fresh.baken("keys", "import", *given)
    assert brought.returncode == 0, brought.stderr
    assert fresh.baken("keys", "verify").returncode == 0
    listed = fresh.baken("user", "list")
    assert "Jan de Vries" in listed.stdout
    assert "jan@p.example" in listed.stdout


def test_too_few_shares_or_a_wrong_passphrase_bring_nothing_back(old: Machine, fresh: Machine) -> None:
    escrow = old.home / "escrow"
    few = fresh.baken("keys", "import", "--share", f"{escrow}.2", "--share", f"{escrow}.4")
    assert (few.returncode, "opens with 3 different shares and here are 2" in few.stderr) == (1, True)
    wrong = fresh.baken("keys", "import", str(escrow), "--passphrase", "not the sentence")
    assert (wrong.returncode, "does not open" in wrong.stderr) == (1, True)
    assert not (fresh.home / "keys/root.key").exists()
