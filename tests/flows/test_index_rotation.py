"""A new index key: everything is looked up by another code in the end, and found at every moment before.

The rotation is a process of its own here, killed and started again; this one is an ordinary process beside it, which
learns of new keys as any other does.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, connection

from baken.record.incidents import reads
from baken.record.incidents.models import Message
from baken.record.ledger import clock
from baken.record.orgs import indexkeys, keys, reindexing, spreading, unopened
from baken.record.orgs.models import IndexKey, IndexRotation, SearchToken
from baken.record.orgs.search import address_key
from baken.record.people import flows as people
from baken.record.people import idempotency, sessions
from baken.record.people.access import Role
from baken.record.people.models import User
from baken.record.people.reads import by_email
from baken.run.cli.rotating import rotate
from tests.conftest import Cast
from tests.databases import addresses
from tests.flows.incident_world import reported

pytestmark = pytest.mark.django_db(transaction=True)
FRESH, MARGIN = 0.6, 0.2
ROTATE = f"""
import sys
from baken.run.ready import django_ready
django_ready(migrate=False)
from baken.record.orgs import keys, reindexing, spreading
keys.FRESH, spreading.MARGIN, reindexing.BATCH = {FRESH}, {MARGIN}, 3
reindexing.rotate(lambda seen: (print(seen.done, flush=True), sys.stdin.readline()))
"""


class Killed(Exception):
    """The rotation stops here, as if its process had died."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(keys, "FRESH", FRESH)
    monkeypatch.setattr(spreading, "MARGIN", MARGIN)
    monkeypatch.setattr(reindexing, "BATCH", 3)
    indexkeys.forget_all()
    yield
    indexkeys.forget_all()


@contextmanager
def rotation() -> "Iterator[subprocess.Popen[str]]":
    """A process that rotates, in the database of this test; it waits for a line after each batch."""
    with subprocess.Popen(
        [sys.executable, "-c", ROTATE],
        env={**os.environ, **addresses(connection.settings_dict["NAME"])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def versions() -> set[int]:
    return set(SearchToken.objects.values_list("version", flat=True))


def test_everything_is_found_at_every_moment_though_it_is_killed_three_times(cast: Cast) -> None:
    for number in range(100, 110):
        reported(cast, cast.alice, subject=f"Printer {number} is gone", body="It stood here")
    before = set(User.objects.values_list("email_key", flat=True))
    mixed: list[set[int]] = []
    asked = added = 0

    def work() -> None:
        nonlocal asked, added
        for email in (
            "alice@customer.example",
            "BOB@provider.example",
            *(f"new{n}@customer.example" for n in range(added)),
        ):
            assert by_email(email) is not None, email
        for number in range(100, 110):
            rows = reads.found(cast.bob.caller, f"printers {number}").rows
            assert [row.subject for row in rows] == [f"Printer {number} is gone"], number
        people.add_user(
            cast.program, organisation=cast.customer, email=f"new{added}@customer.example", name="N",
            roles=[Role.CUSTOMER],
        )  # fmt: skip
        reported(cast, cast.alice, subject=f"Scanner s{added}")
        for seen in range(max(0, added - 2), added):
            with pytest.raises(people.PeopleError, match="exists already"):
                people.add_user(
                    cast.program, organisation=cast.customer, email=f"NEW{seen}@customer.example", name="N",
                    roles=[Role.CUSTOMER],
                )  # fmt: skip
            assert reads.found(cast.alice.caller, f"scanner s{seen}").rows.count() == 1, seen
        added += 1
        asked += 1

    for lines in (1, 2, 1):
        with rotation() as process:
            assert process.stdin
            assert process.stdout
            for _ in range(lines):
                work()
                assert process.stdout.readline()
                process.stdin.write("\n")
                process.stdin.flush()
            process.send_signal(signal.SIGKILL)
        held = IndexRotation.objects.get()
        assert (held.version, held.switched_at is None) == (2, False)
        mixed.append(versions())
        work()
    with rotation() as process:
        assert process.stdin
        process.stdin.close()
        while process.poll() is None:
            work()
        assert process.returncode == 0
    work()
    assert {1, 2} in mixed
    assert asked >= 7
    assert not IndexRotation.objects.exists()
    assert versions() == {2}
    assert not before & set(User.objects.values_list("email_key", flat=True))
    assert list(IndexKey.objects.order_by("version").values_list("version", "primary")) == [(1, False), (2, True)]
    time.sleep(FRESH)
    assert indexkeys.versions().wanted == (2,)
    work()


@pytest.mark.parametrize("at", ["begun", "switched", "walked"])
def test_killed_before_and_after_each_step_it_goes_on(cast: Cast, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reported(cast, cast.alice, subject="Printer is gone")
    steps = {"begun": "_switch", "switched": "_walk", "walked": "_finish"}
    with monkeypatch.context() as patched:
        patched.setattr(reindexing, steps[at], _die)
        with pytest.raises(Killed):
            reindexing.rotate(lambda seen: None)
    assert reindexing.pending()
    assert by_email("alice@customer.example") == cast.alice.user
    assert reads.found(cast.bob.caller, "printer").rows.count() == 1
    reindexing.rotate(lambda seen: None)
    assert (versions(), indexkeys.versions().wanted) == ({2}, (2,))
    assert by_email("alice@customer.example") == cast.alice.user


def _die(*_: object) -> None:
    raise Killed


def test_a_token_that_a_late_writer_made_with_the_old_key_is_swept_up(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = reported(cast, cast.alice, subject="Printer is gone")

    sweep = reindexing._sweep
    monkeypatch.setattr(reindexing, "_sweep", lambda version: _late(incident, sweep, version))
    reindexing.rotate(lambda seen: None)
    assert versions() == {2}
    assert reads.found(cast.bob.caller, "printer").rows.count() == 1


def _late(incident: object, sweep: Callable[[int], None], version: int) -> None:
    """As by a process that still took the old key for the primary one."""
    SearchToken.objects.all().delete()
    SearchToken.objects.create(
        organisation_id=incident.organisation_id, token=7, version=1, scope="incident", record=incident.id  # type: ignore[attr-defined]
    )  # fmt: skip
    sweep(version)


def test_what_does_not_open_is_left_out_and_told(cast: Cast) -> None:
    damaged, well = (reported(cast, cast.alice, subject=f"Printer {n}", body=f"smoke {n}") for n in ("one", "two"))
    code = cast.mona.user.email_key
    with connection.cursor() as cursor:
        for table, column, id in (
            ("incidents_message", "body", Message.objects.get(incident=damaged).id),
            ("people_user", "email", cast.mona.user.id),
        ):
            cursor.execute(
                f"UPDATE {table} SET {column} = set_byte({column}, 40, get_byte({column}, 40) # 1) WHERE id = %s", [id]
            )
    found = CliRunner().invoke(rotate, ["--index"], catch_exceptions=False)
    assert found.exit_code == 0
    assert "incidents_message.body of " in found.output
    assert f"people_user.email of {cast.mona.user.id.hex}" in found.output
    assert not IndexRotation.objects.exists()
    assert (versions(), indexkeys.versions().wanted) == ({2}, (2,))
    assert [row.subject for row in reads.found(cast.bob.caller, "printer smoke").rows] == [well.subject]
    assert reads.found(cast.bob.caller, "printer one").rows.get() == damaged
    assert by_email("alice@customer.example") == cast.alice.user
    assert User.objects.get(id=cast.mona.user.id).email_key == code
    assert unopened.noted() == [], "it is written down"


def test_nobody_is_added_twice_by_two_that_know_of_different_keys(cast: Cast) -> None:
    """What a process knows may be old; what it is added by is read at that moment, and stays until it is written."""
    old = indexkeys.versions()
    reindexing._begun()
    reindexing._switch(IndexRotation.objects.get())
    stale = address_key("twice@customer.example")
    indexkeys._versions.get("versions", lambda: old)  # as if nothing were known of it yet
    first = people.add_user(
        cast.program, organisation=cast.customer, email="twice@customer.example", name="N", roles=[Role.CUSTOMER]
    )
    assert first.email_key == address_key("twice@customer.example") == stale
    with pytest.raises((people.PeopleError, IntegrityError)):
        people.add_user(
            cast.program, organisation=cast.customer, email="Twice@customer.example", name="N", roles=[Role.CUSTOMER]
        )


def test_a_request_is_known_again_after_the_key_was_replaced_and_the_old_one_goes_in_the_end(cast: Cast) -> None:
    made = iter(range(1, 10))

    def again() -> tuple[int, bool]:
        return idempotency.once(cast.alice.caller, key="k", request=b"the same", create=lambda: next(made))

    assert again() == (1, False)
    reindexing.rotate(lambda seen: None)
    assert again() == (1, True)
    sessions.tidy()
    assert again() == (1, True)
    with clock.at(clock.now() + indexkeys.KEPT + timedelta(days=365 * 2)):
        sessions.tidy()
    assert list(IndexKey.objects.values_list("version", flat=True)) == [2]
