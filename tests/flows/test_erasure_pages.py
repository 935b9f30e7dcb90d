"""What the pages of exports and erasures do, and what other pages say where something was erased."""

import errno
import io
import json
import os
import zipfile
from datetime import timedelta
from typing import IO

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from baken.domain.instants import to_us
from baken.record.complaints.models import Complaint
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident, Message
from baken.record.ledger import clock
from baken.record.people import flows as people
from baken.record.people import sessions
from baken.record.people.access import Role
from baken.record.people.models import User
from baken.record.people.session_store import stored_as
from baken.record.privacy import tombstones, work
from baken.record.privacy.models import Tombstone
from baken.record.reports import flows as reports
from baken.record.reports import reads as kpis
from baken.record.reports import sealed
from tests.conftest import START, Cast, Person
from tests.flows.erasing import colleague_of_alice, complained, talked

ALICE = "alice@customer.example"
pytestmark = pytest.mark.filterwarnings("ignore:StreamingHttpResponse")


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def page(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200, (name, response.status_code)
    return response.content.decode()


def test_everybody_exports_their_own_and_nobody_elses(cast: Cast) -> None:
    talked(cast, colleague_of_alice(cast))
    client = browser(cast.alice)
    assert reverse("account-export") in page(client, "account")
    response = client.post(reverse("account-export"))
    assert response["Content-Type"] == "application/zip" and response["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(response.getvalue())) as archive:
        assert json.loads(archive.read("people.json"))[0]["name"] == "Alice"
    assert client.post(reverse("person-export", args=[cast.bob.user.id])).status_code == 403
    adam = browser(cast.adam)
    assert adam.post(reverse("customer-export", args=["customer"])).getvalue()[:2] == b"PK"
    for name, whose in (("customer", "customer"), ("person", cast.mona.user.id)):
        assert "An export has complaints too" in page(adam, name, whose)


def test_a_person_is_erased_from_their_page(cast: Cast) -> None:
    incident = talked(cast, colleague_of_alice(cast))
    complained(cast)
    adam, address = browser(cast.adam), reverse("person-erasure", args=[cast.alice.user.id])
    assert reverse("person-erasure", args=[cast.alice.user.id]) in page(adam, "person", cast.alice.user.id)
    refused = adam.post(address, {"confirmation": "bob@provider.example"})
    assert refused.status_code == 422 and "Type the e-mail address of this person" in refused.content.decode()
    done = adam.post(address, {"confirmation": ALICE})
    assert done["Location"] == reverse("erasure", args=[1])
    assert "It begins in a moment" in page(adam, "erasure", 1)
    with clock.at(START + timedelta(days=2)):
        work.work_off()
    part = adam.get(reverse("erasure", args=[1]), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "hx-trigger" not in part and "rows were erased" in part
    assert str(cast.alice.user.id) in page(adam, "erasures")
    assert adam.get(reverse("person", args=[cast.alice.user.id])).status_code == 404
    said = page(browser(cast.bob), "incident", incident.number)
    assert "Somebody who was erased" in said and "Zebra answer" in said and "Aardvark" not in said
    assert "Erased" in said and "1 Jan 2026" in said
    grief = page(browser(cast.mona), "complaint", Complaint.objects.get().number)
    assert "Somebody who was erased" in grief and "Giraffe verdict" in grief and "Aardvark" not in grief
    assert browser(cast.alice).get(reverse("account")).status_code == 302, "nobody gets in as her"


def test_a_disk_that_is_full_keeps_nobody_from_being_told_the_truth(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who is erased by then is, and the worker writes it down later; nobody else is erased until that works."""
    adam, others = browser(cast.adam), reverse("person-erasure", args=[cast.bea.user.id])

    def full(file: IO[bytes], *_: object) -> None:
        file.seek(0, os.SEEK_END)
        file.write(b"half a l")
        file.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(tombstones, "_write", full)
        done = adam.post(reverse("person-erasure", args=[cast.alice.user.id]), {"confirmation": ALICE})
        assert (done.status_code, done["Location"]) == (302, reverse("erasure", args=[1]))
        assert User.objects.get(id=cast.alice.user.id).erased_at and "No space left" in caplog.text
        refused = adam.post(others, {"confirmation": "bea@provider.example"})
        assert (refused.status_code, "Nobody is erased now" in refused.content.decode()) == (422, True)
        assert work.work_off() == 1
    assert User.objects.get(id=cast.bea.user.id).erased_at is None
    assert adam.post(others, {"confirmation": "bea@provider.example"}).status_code == 302
    assert [stone.number for stone in tombstones.listed(tombstones.place())] == [1, 2]


def test_pages_say_that_a_customer_was_erased(cast: Cast) -> None:
    carl = colleague_of_alice(cast)
    incident = talked(cast, carl)
    incidents.confirm_classes(cast.mona.caller, incident.number)
    complained(cast)
    with clock.at(START + timedelta(days=40)):
        scope = kpis.scope(
            cast.mona.caller, service=cast.service, customer=cast.customer, date_from=START.date(),
            date_to=START.date().replace(month=2), as_of=to_us(clock.now()),
        )  # fmt: skip
        for code in sealed.missing(cast.mona.caller, scope, kpis.report(cast.mona.caller, scope)).improvements:
            reports.improve(
                cast.mona.caller, scope, code, cause="Aardvark", action="Dig", owner="M", due=START.date()
            )  # fmt: skip
        snapshot = reports.seal(cast.mona.caller, scope)
        adam = browser(cast.adam)
        done = adam.post(reverse("customer-erasure", args=["customer"]), {"confirmation": "customer"})
        assert done["Location"] == reverse("erasure", args=[Tombstone.objects.get().number])
        work.work_off()
    assert "This customer was erased" in page(adam, "customer", "customer")
    assert adam.get(reverse("customer-erasure", args=["customer"])).status_code == 404
    assert adam.post(reverse("customer-export", args=["customer"])).status_code == 404
    mona = browser(cast.mona)
    report = page(mona, "report", snapshot.id)
    assert snapshot.digest in report and "the content with it" in report
    assert mona.get(reverse("report-file", args=[snapshot.id])).status_code == 404
    assert "customer" in page(mona, "reports")
    said = page(mona, "incident", incident.number)
    assert "This customer was erased" in said and "Aardvark" not in said and "Zebra" not in said
    note = mona.post(reverse("incident-note", args=[incident.number]), {"message": "More"})
    assert note.status_code in (409, 422) and not Message.objects.filter(organisation=cast.customer).exists()
    for name in ("incidents", "complaints", "kpis", "outages"):
        page(mona, name)
    assert page(mona, "complaint", Complaint.objects.get().number)
    assert Incident.objects.get(id=incident.id).subject == ""
    assert {user.name for user in User.objects.filter(organisation=cast.customer)} == {""}


def test_whoever_erases_themselves_is_signed_out(cast: Cast) -> None:
    people.set_roles(cast.program, cast.mona.user.id, [Role.MANAGER, Role.ADMINISTRATOR])
    adam = browser(cast.adam)
    done = adam.post(
        reverse("person-erasure", args=[cast.adam.user.id]), {"confirmation": "adam@provider.example"}, follow=True
    )
    assert done.redirect_chain[-1][0] == reverse("sign-in")
    assert adam.get(reverse("people")).status_code == 302


def test_somebody_elses_sessions_end_with_them_and_auditors_export_too(cast: Cast) -> None:
    key = str(browser(cast.alice).session.session_key)
    sessions.begin(cast.alice.user, session_key=key, device="Firefox", address=None)
    browser(cast.adam).post(reverse("person-erasure", args=[cast.alice.user.id]), {"confirmation": ALICE})
    assert not Session.objects.filter(session_key=stored_as(key)).exists()
    for person in (cast.audrey, cast.mona, cast.stranger):
        exported = browser(person).post(reverse("account-export"))
        assert exported.getvalue()[:2] == b"PK", person.user.name
