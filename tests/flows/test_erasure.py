"""Erasing a person or an organisation: what goes, what stays, who is refused, and being killed half-way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from baken.domain.instants import to_us
from baken.record.clocks import flows as clocks
from baken.record.complaints.models import Complaint, Remark
from baken.record.incidents import flows as incidents
from baken.record.incidents import reads
from baken.record.incidents.models import Draft, Incident, Message
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.orgs import files, keys
from baken.record.orgs.models import DataKey, File, FileChunk, Organisation, SearchToken, WrappingKey
from baken.record.people import flows as people
from baken.record.people import sessions
from baken.record.people.access import Conflict, Forbidden, NotFound, Permission, Role
from baken.record.people.models import ApiToken, SignIn, User
from baken.record.people.reads import by_email, caller_of_token
from baken.record.privacy import flows, work
from baken.record.privacy.flows import ErasureError
from baken.record.privacy.models import Tombstone
from baken.record.reports import flows as reports
from baken.record.reports import reads as kpis
from baken.record.reports import sealed
from baken.run.replay import figures, places, replay
from tests.conftest import PASSWORD, START, Cast
from tests.databases import addresses
from tests.flows import following
from tests.flows.erasing import colleague_of_alice, complained, kept, talked
from tests.flows.test_replay import day, history  # noqa: F401  (a fixture)

COMMITS = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
ALICE = "alice@customer.example"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def fresh_keys() -> Iterator[None]:
    yield
    keys.forget_all()


def erased(cast: Cast) -> Tombstone:
    row = flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation=ALICE)
    work.work_off()
    row.refresh_from_db()
    return row


def found(cast: Cast, word: str) -> int:
    return reads.found(cast.bob.caller, word).rows.count()


def test_an_erased_person_is_a_row_without_a_name_and_their_texts_are_gone(cast: Cast) -> None:
    carl = colleague_of_alice(cast)
    incident = talked(cast, carl)
    complained(cast)
    assert found(cast, "aardvark") == found(cast, "zebra") == found(cast, "ocelot") == 1
    before = Incident.objects.values().get(id=incident.id)
    row = erased(cast)
    assert (row.total, row.done > 0, row.finished_at is not None) == (row.done, True, True)
    alice = User.objects.get(id=cast.alice.user.id)
    assert (alice.name, alice.email, alice.is_active, alice.erased_at) == ("", "", False, row.at)
    said = [message.body for message in Message.objects.filter(incident=incident).order_by("created_at", "id")]
    assert said == ["", "Zebra answer", "Ocelot note", "Giraffe resolution"]
    assert not Draft.objects.exists()
    after = Incident.objects.values().get(id=incident.id)
    assert {name for name in before if before[name] != after[name]} == {"subject"}
    assert found(cast, "aardvark") == 0
    assert found(cast, "zebra") == found(cast, "ocelot") == found(cast, "giraffe") == 1
    complaint = Complaint.objects.get()
    assert (complaint.subject, complaint.reporter_id, complaint.outcome) == ("", alice.id, "upheld")
    assert [remark.body for remark in Remark.objects.all()] == ["", "Giraffe regret", "Giraffe verdict"]
    kinds = [fact.kind for fact in ledger.of_stream(alice.id)]
    assert kinds[-1] == "person.erased"


def test_nobody_gets_in_as_them_and_their_address_is_free(cast: Cast) -> None:
    _, secret = people.add_token(
        cast.adam.caller, organisation=cast.customer, name="script", role=Role.CUSTOMER,
        scopes=[Permission.READ_INCIDENTS], user=cast.alice.user,
    )  # fmt: skip
    sessions.begin(cast.alice.user, session_key="k", device="Firefox", address=None)
    row = flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation=" ALICE@customer.example ")
    assert row.finished_at is None, "the rest is for the worker"
    assert not SignIn.objects.filter(user=cast.alice.user).exists()
    assert caller_of_token(secret) is None
    assert not ApiToken.objects.filter(user=cast.alice.user).exists()
    with pytest.raises(sessions.WrongCredentials):
        sessions.check_credentials(email=ALICE, password=PASSWORD, address=None)
    assert by_email(ALICE) is None
    again = people.add_user(
        cast.adam.caller, organisation=cast.customer, email=ALICE, name="Another Alice", roles=[Role.CUSTOMER]
    )
    assert work.work_off() == 1
    assert User.objects.get(id=again.id).name == "Another Alice"
    with pytest.raises(NotFound):
        flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation=ALICE)


def test_who_may_not_erase_and_who_cannot_be_erased(cast: Cast) -> None:
    for caller in (cast.mona.caller, cast.bob.caller, cast.alice.caller, cast.stranger.caller):
        with pytest.raises(Forbidden):
            flows.erase_person(caller, cast.alice.user.id, confirmation=ALICE)
        with pytest.raises(Forbidden):
            flows.erase_organisation(caller, "customer", confirmation="customer")
    with pytest.raises(ErasureError, match="confirmation: type the e-mail address"):
        flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation="alice")
    with pytest.raises(ErasureError, match="nobody else is an administrator"):
        flows.erase_person(cast.adam.caller, cast.adam.user.id, confirmation="adam@provider.example")
    with pytest.raises(ErasureError, match="the provider itself"):
        flows.erase_organisation(cast.adam.caller, "provider", confirmation="provider")
    with pytest.raises(ErasureError, match="type the code"):
        flows.erase_organisation(cast.adam.caller, "customer", confirmation="stranger")
    assert not Tombstone.objects.exists()
    people.set_roles(cast.program, cast.mona.user.id, [Role.MANAGER, Role.ADMINISTRATOR])
    flows.erase_person(cast.adam.caller, cast.adam.user.id, confirmation="adam@provider.example")
    assert User.objects.get(id=cast.adam.user.id).erased_at


def test_what_is_still_being_worked_on_is_ended_first(cast: Cast) -> None:
    incident = incidents.report(cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Open")
    with pytest.raises(Conflict, match="still open: 1"):
        flows.erase_organisation(cast.adam.caller, "customer", confirmation="customer")
    incidents.resolve(cast.bob.caller, incident.number, body="Done.")
    assert flows.erase_organisation(cast.adam.caller, "customer", confirmation="customer").number == 1


def test_nobody_is_erased_while_it_cannot_be_written_down(cast: Cast, settings, tmp_path) -> None:
    (tmp_path / "list").mkdir()
    settings.BAKEN_TOMBSTONES = tmp_path / "list"
    with pytest.raises(Conflict, match="Nobody is erased now"):
        flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation=ALICE)
    assert by_email(ALICE) is not None


def sealed_in_february(cast: Cast) -> sealed.Snapshot:
    """January, sealed for the customer."""
    month = {"date_from": START.date(), "date_to": day(31).date()}
    scope = kpis.scope(cast.mona.caller, service=cast.service, customer=cast.customer, as_of=to_us(day(50)), **month)
    for incident in sealed.unconfirmed(cast.mona.caller, scope):
        incidents.confirm_classes(cast.mona.caller, incident.number)
    following.to_the_end()
    needed = sealed.missing(cast.mona.caller, scope, kpis.report(cast.mona.caller, scope))
    for code in needed.improvements:
        reports.improve(
            cast.mona.caller, scope, code, cause="Aardvark cause", action="Dig", owner="Mona", due=day(90).date()
        )
    return reports.seal(cast.mona.caller, scope)


def ended(cast: Cast) -> None:
    """Nothing of the customer is open."""
    for incident in reads.open_incidents(cast.bob.caller):
        incidents.resolve(cast.bob.caller, incident.number, body="Done.")
    following.to_the_end()
    clocks.signal_due()
    following.to_the_end()


@COMMITS
def test_no_kpi_of_the_past_moves_when_a_customer_is_erased(history: Cast) -> None:  # noqa: F811
    cast = history
    file = kept(cast, b"aardvark" * 20_000)
    ended(cast)
    snapshot = sealed_in_february(cast)
    as_of = to_us(clock.now())
    before = {place: figures(place, as_of) for place in places(as_of)}
    assert len(before) == 8
    incidents_before = list(Incident.objects.order_by("id").values())

    with clock.at(day(51)):
        row = flows.erase_organisation(cast.adam.caller, "customer", confirmation="customer")
        assert Organisation.objects.get(id=cast.customer.id).name == "", "unreadable at once"
        assert not User.objects.filter(organisation=cast.customer, is_active=True).exists()
        work.work_off()
        row.refresh_from_db()
        assert row.finished_at and row.done == row.total > 10
        following.to_the_end()

        assert {place: figures(place, as_of) for place in places(as_of)} == before
        assert [{**was, "subject": b""} for was in incidents_before] == [
            {**now, "subject": b""} for now in Incident.objects.order_by("id").values()
        ]
        assert replay(lambda said: None).differences == []

        assert not DataKey.objects.filter(organisation_id=cast.customer.id).exists()
        assert WrappingKey.objects.get(organisation_id=cast.customer.id).destroyed
        assert not Message.objects.filter(organisation=cast.customer).exists()
        assert not SearchToken.objects.filter(organisation=cast.customer).exists()
        assert not File.objects.filter(id=file.id).exists() and not FileChunk.objects.filter(file_id=file.id).exists()
        assert list(ledger.verify()) == []
        left = sealed.Snapshot.objects.get(id=snapshot.id)
        assert (left.content, left.digest) == ("", snapshot.digest)
        assert ledger.of_stream(snapshot.id)[0].data["digest"] == snapshot.digest
        with pytest.raises(NotFound):
            people.add_user(
                cast.adam.caller, organisation=Organisation.objects.get(id=cast.customer.id), email="new@c.example",
                name="New", roles=[Role.CUSTOMER],
            )  # fmt: skip


class Killed(Exception):
    """The process ends here."""


def test_killed_at_any_point_it_goes_on_and_ends_alike(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    carl = colleague_of_alice(cast)
    for _ in range(3):
        talked(cast, carl)
    complained(cast)
    monkeypatch.setattr("baken.record.orgs.erasure.BATCH", 1)
    flows.erase_organisation(cast.adam.caller, "customer", confirmation="customer")
    erase_some, kills = work.erase_some, 0

    def deadly(patience: int):  # type: ignore[no-untyped-def]
        left = [patience]

        def once(*args):  # type: ignore[no-untyped-def]
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return erase_some(*args)

        return once

    patience = 1
    while True:
        monkeypatch.setattr(work, "erase_some", deadly(patience))
        try:
            work.work_off()
            break
        except Killed:
            kills, patience = kills + 1, patience + 3
    assert kills > 5
    row = Tombstone.objects.get()
    assert row.finished_at and row.done == row.total
    assert not Message.objects.filter(organisation=cast.customer).exists()
    assert not SearchToken.objects.filter(organisation=cast.customer).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM incidents_incident WHERE length(subject) > 0")
        assert cursor.fetchone() == (0,)
    assert work.work_off() == 0


SLOWLY = """
from baken.run.ready import django_ready
django_ready(migrate=False)
from baken.record.orgs import erasure
from baken.record.privacy import work
erasure._batch = lambda rule: 1
work.work_off(lambda row: print(row.done, flush=True))
"""


@COMMITS
def test_a_process_that_is_killed_leaves_nothing_half_done(cast: Cast) -> None:
    carl = colleague_of_alice(cast)
    for _ in range(12):
        talked(cast, carl)
    flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation=ALICE)
    environ = os.environ | addresses(connection.settings_dict["NAME"])
    environ["BAKEN_TOMBSTONES"] = str(settings.BAKEN_TOMBSTONES)
    for lines in (3, 5):
        command = [sys.executable, "-c", SLOWLY]
        with subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            seen = [int(process.stdout.readline()) for _ in range(lines)]
            process.send_signal(signal.SIGKILL)
        row = Tombstone.objects.get()
        assert row.finished_at is None and row.done >= seen[-1]
        for incident in Incident.objects.all():
            texts = [message.body for message in incident.messages.all()]
            gone = not incident.subject and texts[0] == ""
            assert bool(SearchToken.objects.filter(record=incident.id).exists())
            assert gone or incident.subject or texts[0], "each is as it was, or erased"
    work.work_off()
    assert found(cast, "aardvark") == 0 and found(cast, "zebra") == 12
    assert {message.body for message in Message.objects.filter(author=cast.alice.user)} == {""}


def test_a_rotation_that_is_under_way_ends_with_the_keys(cast: Cast) -> None:
    from baken.record.orgs import rotation
    from baken.record.orgs.models import Rotation

    talked(cast, colleague_of_alice(cast))
    walk = rotation.rotate
    Rotation.objects.create(organisation=cast.customer, version=keys.add_version(cast.customer.id))
    flows.erase_organisation(cast.adam.caller, "customer", confirmation="customer")
    assert rotation.pending() == []
    work.work_off()
    with pytest.raises(keys.KeysErased):
        walk(cast.customer.id, lambda seen: None)


def test_a_file_of_an_erased_customer_is_no_file(cast: Cast) -> None:
    file = kept(cast, b"aardvark" * 10)
    flows.erase_organisation(cast.adam.caller, "customer", confirmation="customer")
    keys.forget_all()
    with pytest.raises(keys.KeysErased):
        files.content(file)
    with clock.at(START + timedelta(days=1)):
        assert reads.found(cast.bob.caller, "").rows.count() == 0
