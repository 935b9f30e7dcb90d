"""The list of who was erased: signed, in two places, and stronger than an older backup."""

import errno
import json
import os
import secrets
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import connection
from psycopg import sql

from baken.reach.postgres import Cluster, find_binaries
from baken.record.ledger import reads as ledger
from baken.record.orgs import keys
from baken.record.orgs.models import WrappingKey
from baken.record.people.access import Conflict
from baken.record.people.models import User
from baken.record.privacy import flows, tombstones, work
from baken.record.privacy.models import SigningKey, Tombstone
from baken.record.privacy.tombstones import TombstoneError
from baken.run.cli import baken
from tests.conftest import Cast
from tests.databases import addresses
from tests.flows.erasing import colleague_of_alice, talked

COMMITS = pytest.mark.django_db(transaction=True)
ALICE = "alice@customer.example"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def fresh_keys() -> Iterator[None]:
    yield
    keys.forget_all()


def lines() -> list[bytes]:
    return tombstones.place().read_bytes().splitlines(keepends=True)


def erase_some_people(cast: Cast) -> None:
    flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation=ALICE)
    flows.erase_person(cast.adam.caller, cast.bea.user.id, confirmation="bea@provider.example")
    flows.erase_organisation(cast.adam.caller, "stranger", confirmation="stranger")


def test_the_file_names_nobody_and_anybody_with_the_public_key_can_check_it(cast: Cast) -> None:
    erase_some_people(cast)
    head, *held = [json.loads(line) for line in lines()]
    assert [(one["number"], one["kind"]) for one in held] == [(1, "person"), (2, "person"), (3, "organisation")]
    text = b"".join(lines()).lower()
    assert not any(word in text for word in (b"alice", b"bea@", b"stranger", b"example"))
    assert tombstones.place().stat().st_mode & 0o077 == 0
    public = Ed25519PublicKey.from_public_bytes(tombstones.public_key())
    for stone in tombstones.listed(tombstones.place()):
        public.verify(b64decode(stone.signature), stone.signed())
    assert b64decode(head["public"]) == tombstones.public_key()


@pytest.mark.parametrize(
    "harm",
    [
        lambda held: [held[0], held[2], held[3]],
        lambda held: [held[0], held[2], held[1], held[3]],
        lambda held: [*held[:2], held[2].replace(b'"person"', b'"organisation"'), held[3]],
        lambda held: [*held[:3], held[3].replace(b'"number": 3', b'"number": 4')],
        lambda held: [*held, b"{}\n"],
        lambda held: [*held, b"not json\n"],
        lambda held: [b"{}\n", *held[1:]],
        lambda held: [held[0].replace(b'"key": "', b'"key": "AAAA'), *held[1:]],
    ],
    ids=["left out", "swapped", "changed", "renumbered", "added", "garbage", "no head", "another key"],
)
def test_a_list_that_was_tampered_with_is_refused(cast: Cast, harm) -> None:  # type: ignore[no-untyped-def]
    erase_some_people(cast)
    tombstones.place().write_bytes(b"".join(harm(lines())))
    with pytest.raises(TombstoneError, match=r"tombstones-.*|root key"):
        work.replay()
    with pytest.raises(Conflict, match="Nobody is erased now"):
        flows.erase_person(cast.adam.caller, cast.bob.user.id, confirmation="bob@provider.example")
    assert User.objects.get(id=cast.bob.user.id).erased_at is None


def test_a_row_of_the_database_that_was_changed_is_refused(cast: Cast) -> None:
    erase_some_people(cast)
    Tombstone.objects.filter(number=2).update(subject=cast.bob.user.id)
    with pytest.raises(TombstoneError, match="tombstone 2 is not what was signed"):
        work.replay()


def test_a_file_that_is_gone_or_was_cut_off_is_written_again(cast: Cast) -> None:
    erase_some_people(cast)
    whole = tombstones.place().read_bytes()
    for left in (b"", whole[:-40], whole[: len(lines()[0])], lines()[0] + lines()[1]):
        tombstones.place().write_bytes(left)
        tombstones.settle()
        assert tombstones.place().read_bytes() == whole
    tombstones.place().unlink()
    tombstones.settle()
    assert len(lines()) == 4


def test_what_only_the_file_knows_is_taken_over_and_erased(cast: Cast) -> None:
    talked(cast, colleague_of_alice(cast))
    erase_some_people(cast)
    work.work_off()
    Tombstone.objects.all().delete()
    SigningKey.objects.all().delete()
    User.objects.filter(id=cast.alice.user.id).update(erased_at=None, email_key="back", is_active=True)
    assert work.replay() == 3
    alice = User.objects.get(id=cast.alice.user.id)
    assert (alice.is_active, alice.email_key) == (False, f"erased:{alice.id}")
    assert [fact.kind for fact in ledger.of_stream(alice.id)].count("person.erased") == 1
    assert work.replay() == 0


def test_two_lists_that_contradict_each_other_are_refused_and_one_can_be_added(cast: Cast, tmp_path: Path) -> None:
    erase_some_people(cast)
    work.work_off()
    older = tmp_path / "older"
    tombstones.place().rename(older)
    Tombstone.objects.all().delete()
    SigningKey.objects.all().delete()
    flows.erase_person(cast.adam.caller, cast.bob.user.id, confirmation="bob@provider.example")
    mine = tombstones.place().read_bytes()
    tombstones.place().write_bytes(older.read_bytes())
    with pytest.raises(TombstoneError, match="signed with another key"):
        work.replay()
    tombstones.place().write_bytes(mine)
    assert work.erase_all_again(also=older) == 4
    assert len(lines()) == 5


def test_a_new_root_key_wraps_the_key_of_the_list(cast: Cast) -> None:
    from baken.record.orgs import rewrapping

    erase_some_people(cast)
    before, signatures = tombstones.wrapped_under(), lines()[1:]
    tombstones.rewrap()
    assert tombstones.wrapped_under() == before == [keys.root().name]
    assert lines()[1:] == signatures
    assert rewrapping.under()[keys.root().name] >= 1
    assert work.replay() > 0


def test_a_list_that_cannot_be_written_anew_stays_as_it_was(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    erase_some_people(cast)
    before, wrapped = lines(), bytes(SigningKey.objects.get().wrapped)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk, pytest.raises(TombstoneError, match="No space left"):
        disk.setattr(os, "fsync", full)
        tombstones.rewrap()
    assert lines() == before
    assert bytes(SigningKey.objects.get().wrapped) == wrapped
    assert [path.name for path in tombstones.place().parent.glob(f"{tombstones.place().name}*")] == [
        tombstones.place().name
    ]
    tombstones.rewrap()
    assert (lines()[0] != before[0], lines()[1:]) == (True, before[1:])
    assert tombstones.place().stat().st_mode & 0o077 == 0


def test_what_a_kill_left_out_of_the_file_is_written_by_the_worker(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    flows.erase_person(cast.adam.caller, cast.bea.user.id, confirmation="bea@provider.example")
    settle, asked = tombstones.settle, list[bool]()

    def killed_the_second_time() -> None:
        asked.append(True)
        if len(asked) == 2:
            raise KeyboardInterrupt
        settle()

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(tombstones, "settle", killed_the_second_time)
        flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation=ALICE)
    assert (Tombstone.objects.count(), len(lines())) == (2, 2), "the second one is in the database alone"
    assert not tombstones.written_down()
    assert work.work_off() == 2
    assert [stone.number for stone in tombstones.listed(tombstones.place())] == [1, 2]
    assert tombstones.written_down()


def test_erasing_goes_on_while_the_file_is_wrong(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    erase_some_people(cast)
    tombstones.place().write_bytes(b"something else\n")
    assert work.work_off() == 3
    assert "the list of who was erased is not written down" in caplog.text


def test_wrapped_keys_that_come_back_are_destroyed_again(cast: Cast) -> None:
    talked(cast, colleague_of_alice(cast))
    kept = WrappingKey.objects.filter(organisation_id=cast.stranger_organisation.id).values().get()
    erase_some_people(cast)
    work.work_off()
    WrappingKey.objects.filter(id=kept["id"]).update(wrapped=kept["wrapped"], destroyed=False)
    keys.forget_all()
    assert work.erase_who_is_back() == 1
    assert WrappingKey.objects.get(id=kept["id"]).destroyed


def test_the_commands_ask_erase_and_list(cast: Cast, tmp_path: Path) -> None:
    run = CliRunner()
    refused = run.invoke(baken, ["erase", "person", ALICE], input="something else\n")
    assert refused.exit_code == 1 and not Tombstone.objects.exists()
    target = tmp_path / "alice.zip"
    assert run.invoke(baken, ["export", "person", ALICE, "--to", str(target)]).exit_code == 0
    assert target.stat().st_mode & 0o077 == 0
    assert run.invoke(baken, ["export", "person", ALICE, "--to", str(target)]).exit_code == 1
    code = run.invoke(baken, ["export", "organisation", "customer", "--to", str(tmp_path / "customer.zip")])
    assert code.exit_code == 0
    done = run.invoke(baken, ["erase", "person", ALICE], input=f"{ALICE}\n")
    assert done.exit_code == 0 and "erasure 1 is finished" in done.output
    assert run.invoke(baken, ["erase", "organisation", "stranger", "--yes"]).exit_code == 0
    assert run.invoke(baken, ["erase", "organisation", "provider", "--yes"]).exit_code == 1
    listed = json.loads(run.invoke(baken, ["erase", "list", "--json"]).stdout)
    assert [one["kind"] for one in listed["tombstones"]] == ["person", "organisation"]
    assert "2  organisation" in run.invoke(baken, ["erase", "list"]).output
    again = run.invoke(baken, ["erase", "replay"])
    assert again.exit_code == 0 and "2 erasures are in effect" in again.output


class Restored:
    """A database made from a dump of that of the tests, in the same server, for other processes."""

    def __init__(self, home: Path) -> None:
        cluster = Cluster(Path(os.environ["BAKEN_HOME"]))
        self._programs, self._admin = find_binaries(None, cluster.data), urlsplit(cluster.admin_dsn)
        self._file, self.name = home / "dump.sql", f"restored_{secrets.token_hex(4)}"
        self._run("pg_dump", str(connection.settings_dict["NAME"]), "--file", str(self._file))

    def restore(self) -> None:
        self._ask(sql.SQL("CREATE DATABASE {}"))
        self._run("psql", self.name, "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(self._file))

    def drop(self) -> None:
        self._ask(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"))

    def baken(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        environ = {
            **os.environ, **addresses(self.name), "BAKEN_TOMBSTONES": str(settings.BAKEN_TOMBSTONES),
            "BAKEN_DEMO": "no", "BAKEN_PORT": "18473",
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, *argv], env=environ, cwd=ROOT, capture_output=True, text=True, check=False
        )

    def _run(self, program: str, name: str, *argv: str) -> None:
        address = self._admin._replace(path=f"/{name}").geturl()
        command = [self._programs / program, "--dbname", address, *argv]
        subprocess.run(command, check=True, capture_output=True)

    def _ask(self, statement: sql.SQL) -> None:
        with psycopg.connect(self._admin.geturl(), autocommit=True) as line:
            line.execute(statement.format(sql.Identifier(self.name)))


LOOK = """
from baken.run.ready import django_ready
django_ready()
from baken.record.privacy import work
from baken.record.incidents.models import Message
from baken.record.orgs.models import Organisation, WrappingKey
from baken.record.people.models import User
{first}
print([user.name for user in User.objects.order_by("created_at", "id")])
print([message.body for message in Message.objects.order_by("created_at", "id")])
print(sorted(WrappingKey.objects.filter(destroyed=True).values_list("organisation_id", flat=True)) != [])
"""


@COMMITS
def test_a_restored_older_backup_is_erased_again_before_anybody_sees_it(cast: Cast, tmp_path: Path) -> None:
    talked(cast, colleague_of_alice(cast))
    restored = Restored(tmp_path)
    erase_some_people(cast)
    work.work_off()
    try:
        restored.restore()
        before = restored.baken("-c", LOOK.format(first=""))
        assert "Alice" in before.stdout and "Aardvark body" in before.stdout, before.stderr
        intact = tombstones.place().read_bytes()
        tombstones.place().write_bytes(intact.replace(b'"number": 2', b'"number": 7'))
        refused = restored.baken("-m", "baken.run.cli", "up")
        assert refused.returncode == 1 and "tampered with, nothing is started" in refused.stderr, refused.stderr
        tombstones.place().write_bytes(intact)
        after = restored.baken("-c", LOOK.format(first="print(work.replay())"))
        assert after.stdout.startswith("3\n"), after.stderr
        assert not any(gone in after.stdout for gone in ("Alice", "Bea", "Stranger", "Aardvark"))
        assert "Zebra answer" in after.stdout and after.stdout.endswith("True\n")
        verified = restored.baken("-m", "baken.run.cli", "erase", "replay")
        assert "3 erasures are in effect" in verified.stdout, verified.stderr
    finally:
        restored.drop()
