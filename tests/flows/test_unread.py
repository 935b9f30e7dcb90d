"""One value that does not open closes no page or list; nothing is written over it by mistake, and no secret made up."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.models import Service
from baken.record.incidents import flows as incidents
from baken.record.incidents import reads
from baken.record.ledger import signals
from baken.record.ledger.models import LedgerFact
from baken.record.monitors import flows as monitors
from baken.record.orgs import unopened
from baken.record.orgs.sealing import Unsealable
from baken.record.people import authenticator
from baken.record.people import flows as people
from baken.record.people.access import Permission, Role, program
from baken.record.people.models import Authenticator, User
from baken.record.privacy import flows as privacy
from baken.record.privacy import work
from baken.show.api.prober import _check
from tests.conftest import Cast
from tests.contracts.asking import Asker
from tests.flows.erasing import colleague_of_alice, talked, written
from tests.flows.incident_world import reported

NL = "(niet te lezen: dit is in de database veranderd)"


def tamper(table: str, column: str, row: UUID) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = set_byte({column}, 40, get_byte({column}, 40) # 1) WHERE id = %s "
            f"RETURNING {column}",
            [row],
        )
        return bytes(cursor.fetchone()[0])


def held(table: str, column: str, row: UUID) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE id = %s", [row])
        return bytes(cursor.fetchone()[0])


def asker(cast: Cast, role: Role, *scopes: Permission) -> Asker:
    person = cast.bob if role is Role.AGENT else cast.adam
    _, secret = people.add_token(
        program("tests"), organisation=cast.provider, name="script", role=role, scopes=scopes, user=person.user
    )
    return Asker(secret)


def test_lists_and_pages_show_words_in_its_place(cast: Cast, client: Client) -> None:
    incident, other = reported(cast, cast.alice), reported(cast, cast.alice, subject="Another matter")
    damaged = tamper("incidents_incident", "subject", incident.id)
    for person in (cast.bob, cast.mona, cast.alice):
        client.force_login(person.user)
        for language, words in (("en", unopened.WORDS), ("nl", NL)):
            User.objects.filter(id=person.user.id).update(language=language)
            for path in ("/", "/incidents/"):
                page = client.get(path, follow=True)
                assert page.status_code == 200, (person.user.name, path)
            assert words in page.content.decode()
            assert "Another matter" in page.content.decode()
            assert words in client.get(f"/incidents/{incident.number}/").content.decode()
    told = LedgerFact.objects.get(stream_kind=signals.STREAM).data
    assert (told["table"], told["row"]) == ("incidents_incident", incident.id.hex)
    client.force_login(cast.bob.user)
    incidents.reply(cast.bob.caller, incident.number, body="We look into it.")
    incidents.resolve(cast.bob.caller, incident.number, body="Done.")
    assert held("incidents_incident", "subject", incident.id) == damaged, "work goes on, and it stays as it is"
    assert other.number != incident.number


def test_the_api_says_so_in_the_field(cast: Cast) -> None:
    incident = reported(cast, cast.alice)
    tamper("incidents_incident", "subject", incident.id)
    ask = asker(cast, Role.AGENT, Permission.READ_INCIDENTS, Permission.WORK_INCIDENTS)
    listed = ask.ask("GET", "/incidents")
    assert [it["subject"] for it in listed.body["items"]] == [unopened.WORDS]
    assert ask.ask("GET", f"/incidents/{incident.number}").body["subject"] == unopened.WORDS
    changed = ask.ask("POST", f"/incidents/{incident.number}/resolution", {"body": "Done."})
    assert (changed.status, changed.body["subject"]) == (201, unopened.WORDS)


def test_words_that_come_back_from_a_form_are_not_kept(cast: Cast, client: Client) -> None:
    damaged = tamper("catalogue_service", "name", cast.service.id)
    client.force_login(cast.adam.user)
    for language, words in (("en", unopened.WORDS), ("nl", NL)):
        User.objects.filter(id=cast.adam.user.id).update(language=language)
        form = client.get(f"/services/{cast.service.code}/description/")
        assert words in form.content.decode()
        sent = client.post(f"/services/{cast.service.code}/description/", {"name": words, "description": "New"})
        assert sent.status_code == 409, sent.content.decode()
    assert held("catalogue_service", "name", cast.service.id) == damaged
    assert Service.objects.get(id=cast.service.id).description == ""
    with pytest.raises(Unsealable):
        catalogue.describe_service(cast.adam.caller, cast.service.code, name=unopened.WORDS, description="")
    sent = client.post(f"/services/{cast.service.code}/description/", {"name": "Cloud again", "description": ""})
    assert sent.status_code == 302, "whoever writes it anew mends it"
    assert Service.objects.get(id=cast.service.id).name == "Cloud again"


def test_a_flow_is_told_and_a_secret_is_never_made_up(cast: Cast) -> None:
    authenticator.offer(cast.alice.user, issuer="Baken")
    row = Authenticator.objects.get()
    tamper("people_authenticator", "secret", row.id)
    tamper("people_user", "name", cast.alice.user.id)
    with unopened.showing():
        assert User.objects.get(id=cast.alice.user.id).name == unopened.WORDS
        with pytest.raises(Unsealable):
            _ = Authenticator.objects.get().secret
        with pytest.raises(Unsealable):  # it has a transaction
            authenticator.confirm(cast.alice.user, "123456")
    with pytest.raises(Unsealable):
        _ = User.objects.get(id=cast.alice.user.id).name


@pytest.mark.parametrize("column", ["url", "expect_text"])
def test_a_monitor_that_cannot_be_read_is_not_measured_wrongly(cast: Cast, column: str) -> None:
    monitor = monitors.add_monitor(
        cast.adam.caller, service=cast.service, name="Front", url="https://cloud.example.org/", expect_text="Welcome"
    )
    tamper("monitors_monitor", column, monitor.id)
    with unopened.showing():
        sent: dict[str, Any] = _check(type(monitor).objects.get(id=monitor.id))
    assert sent["url"] == unopened.WORDS
    assert sent["expect_text"] != unopened.WORDS


def test_what_another_wrote_and_does_not_open_keeps_nobody_from_being_erased(cast: Cast) -> None:
    incident = talked(cast, colleague_of_alice(cast))
    note = incident.messages.get(kind="note")
    tamper("incidents_message", "body", note.id)
    privacy.erase_person(cast.adam.caller, cast.alice.user.id, confirmation="alice@customer.example")
    assert work.work_off() == 1
    assert reads.found(cast.bob.caller, "aardvark").rows.count() == 0
    assert reads.found(cast.bob.caller, "zebra").rows.count() == 1


def test_an_export_goes_on(cast: Cast) -> None:
    incident = reported(cast, cast.alice, subject="A subject")
    tamper("incidents_incident", "subject", incident.id)
    found = written(privacy.export_person(cast.adam.caller, cast.alice.user.id))
    assert [it["subject"] for it in found["incidents.json"]] == [unopened.WORDS]
