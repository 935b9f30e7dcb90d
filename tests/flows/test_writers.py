"""A request that began before an erasure writes nothing for whoever was erased."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from baken.record.complaints import flows as complaints
from baken.record.complaints.models import Complaint
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Draft, Incident, Message
from baken.record.orgs import bulk, files, keys
from baken.record.orgs.arriving import Arrival
from baken.record.orgs.models import File, Organisation
from baken.record.people import authenticator, recovery_codes, sessions
from baken.record.people import flows as people
from baken.record.people.access import Conflict, NotFound, Permission, Role
from baken.record.people.acting import acting
from baken.record.people.models import SignIn, User
from baken.record.privacy import flows, work
from tests.conftest import START, Cast
from tests.flows.erasing import colleague_of_alice, talked

COMMITS = pytest.mark.django_db(transaction=True)
REFUSED = (Conflict, NotFound, people.PeopleError, incidents.IncidentError)
ALICE = "alice@customer.example"


@pytest.fixture(autouse=True)
def fresh_keys() -> Iterator[None]:
    yield
    keys.forget_all()


def erase_alice(cast: Cast) -> None:
    flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation=ALICE)
    work.work_off()


def sent_by(cast: Cast) -> File:
    arrival = Arrival(cast.customer.id, name="Aardvark.txt", at=START, by=cast.alice.user.id)
    arrival.write(b"Aardvark")
    return arrival.finish()


WRITES: dict[str, Callable[[Cast, Incident], Any]] = {
    "an answer": lambda cast, it: incidents.answer(cast.alice.caller, it.number, body="Aardvark"),
    "a draft": lambda cast, it: incidents.save_draft(cast.alice.caller, it.number, kind="reply", body="Aardvark"),
    "a report": lambda cast, it: incidents.report(
        cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Aardvark", body="Aardvark"
    ),
    "what she said on the telephone": lambda cast, it: incidents.report(
        cast.bob.caller, organisation=cast.customer, service=cast.service, subject="Aardvark", reporter=cast.alice.user
    ),
    "a complaint": lambda cast, it: complaints.lodge(
        cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Aardvark", body="Aardvark"
    ),
    "a file": lambda cast, it: sent_by(cast),
    "her name": lambda cast, it: people.change_profile(cast.alice.caller, name="Aardvark", language="en", zone="UTC"),
    "an app": lambda cast, it: authenticator.offer(cast.alice.user, issuer="Baken"),
    "recovery codes": lambda cast, it: recovery_codes.renew(cast.alice.user),
    "a token": lambda cast, it: people.add_token(
        cast.adam.caller, organisation=cast.customer, name="Aardvark", role=Role.CUSTOMER,
        scopes=[Permission.READ_INCIDENTS], user=cast.alice.user,
    ),
}  # fmt: skip


def test_nothing_is_written_for_a_person_who_was_erased_meanwhile(cast: Cast) -> None:
    incident = talked(cast, colleague_of_alice(cast))
    erase_alice(cast)
    for write in WRITES.values():
        with pytest.raises(REFUSED), transaction.atomic():
            write(cast, incident)
    assert work.erase_who_is_back() == 0, "there is nothing to erase again"
    assert not File.objects.filter(by=cast.alice.user.id).exists()
    assert incidents.note(cast.bob.caller, incident.number, body="She left.").body, "others go on"


def test_whose_row_was_loaded_before_is_refused_as_well(cast: Cast) -> None:
    user = User.objects.get(id=cast.alice.user.id)
    erase_alice(cast)
    user.name = "Alice again"
    with pytest.raises(Conflict, match="This person was erased"), transaction.atomic():
        user.save(update_fields=["name"])
    with pytest.raises(Conflict, match="This person was erased"), transaction.atomic():
        Message.objects.bulk_create(
            Message(organisation=cast.customer, incident_id=cast.alice.user.id, author=user, kind="reply",
                    visible=True, actor="tests", body="Aardvark", created_at=START)
            for _ in range(2)
        )  # fmt: skip


def test_nothing_is_written_about_a_customer_who_was_erased_meanwhile(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process keeps the keys that it has in memory."""
    incident = talked(cast, colleague_of_alice(cast))
    customer = Organisation.objects.get(id=cast.customer.id)
    monkeypatch.setattr(keys, "forget", lambda organisation: None)
    flows.erase_organisation(cast.adam.caller, "customer", confirmation="customer")
    work.work_off()
    for caller in (cast.alice.caller, cast.bob.caller):
        with pytest.raises(REFUSED), transaction.atomic():
            incidents.report(caller, organisation=customer, service=cast.service, subject="Late", body="Late")
    message = Message(
        organisation=customer, incident_id=incident.id, kind="note", visible=False, actor="tests", body="Late",
        created_at=START,
    )  # fmt: skip
    with pytest.raises(Conflict, match="This customer was erased"), transaction.atomic():
        message.save(force_insert=True)
    assert work.erase_who_is_back() == 0


def test_what_came_back_of_a_text_is_erased_again(cast: Cast) -> None:
    """Also when the name did not come back with it."""
    incident = talked(cast, colleague_of_alice(cast))
    said = Message.objects.filter(incident=incident, author=cast.alice.user).get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM incidents_message WHERE id = %s", [said.id])
        sealed = cursor.fetchone()[0]
    erase_alice(cast)
    assert work.erase_who_is_back() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE incidents_message SET body = %s WHERE id = %s", [sealed, said.id])
    assert Message.objects.get(id=said.id).body == "Aardvark body"
    assert work.erase_who_is_back() == 1
    assert Message.objects.get(id=said.id).body == ""
    sessions.begin(cast.alice.user, session_key="k", device="Firefox", address="192.0.2.1")
    assert work.erase_who_is_back() == 1
    assert not SignIn.objects.exists()
    assert work.erase_who_is_back() == 0


def test_whoever_keeps_an_organisation_cannot_change_it(cast: Cast) -> None:
    for person in (cast.alice, cast.audrey):
        for change in ({"erased_at": START}, {"code": "mine"}):
            with pytest.raises(ProgrammingError), acting(person.caller), transaction.atomic():
                Organisation.objects.update(**change)
    assert not Organisation.objects.exclude(erased_at=None).exists()


@contextmanager
def beside() -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """Runs something in another thread, on a connection of its own."""

    def on_its_own(work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        yield lambda work: pool.submit(on_its_own, work)


def until_somebody_waits(other: Future[Any]) -> None:
    """For a lock that another transaction holds."""
    with connection.cursor() as cursor:
        while not other.done():
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return


@COMMITS
@pytest.mark.parametrize("write", ["an answer", "a draft", "a report", "a complaint", "her name"])
def test_an_erasure_waits_for_what_is_being_written(cast: Cast, write: str) -> None:
    incident = incidents.report(
        cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Aardvark", body="Aardvark"
    )
    written, go_on = threading.Event(), threading.Event()

    @transaction.atomic
    def writing() -> None:
        with acting(cast.alice.caller):
            WRITES[write](cast, incident)
            written.set()
            go_on.wait(60)

    with beside() as run:
        writer = run(writing)
        assert written.wait(60)
        erasure = run(lambda: erase_alice(cast))
        until_somebody_waits(erasure)
        assert not erasure.done(), "it has to wait"
        go_on.set()
        writer.result(60)
        erasure.result(60)
    assert User.objects.get(id=cast.alice.user.id).name == ""
    assert not any(message.body for message in Message.objects.filter(author=cast.alice.user))
    assert not any(it.subject for it in (*Incident.objects.all(), *Complaint.objects.all()))
    assert not Draft.objects.exists()


@COMMITS
def test_who_writes_while_an_erasure_begins_waits_and_is_refused(cast: Cast) -> None:
    incident = incidents.report(
        cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Aardvark", body="Aardvark"
    )

    def writing() -> None:
        with acting(cast.alice.caller):
            incidents.answer(cast.alice.caller, incident.number, body="Aardvark again")

    with beside() as run:
        with transaction.atomic():
            flows.erase_person(cast.adam.caller, cast.alice.user.id, confirmation=ALICE)
            writer = run(writing)
            until_somebody_waits(writer)
            assert not writer.done(), "it has to wait"
        with pytest.raises(Conflict, match="This person was erased"):
            writer.result(60)
    assert Message.objects.count() == 1


def test_many_rows_at_once_are_asked_about_once(cast: Cast) -> None:
    row = files.keep(cast.customer, name="a.txt", content=b"text", at=START)
    rows = [File(organisation=cast.customer, name="Aardvark", place=row.place, created_at=START) for _ in range(3)]
    with CaptureQueriesContext(connection) as asked:
        bulk.insert(rows)
    assert sum("FOR KEY SHARE" in query["sql"] for query in asked) == 1
