"""A form that makes something new and is sent twice, or three times at the same moment, makes one."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from baken.record.audits import flows as audits
from baken.record.audits.models import Audit, Finding, SecurityReview
from baken.record.catalogue.models import Maintenance
from baken.record.complaints.models import Complaint
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.orgs.models import File
from baken.record.people.models import HoneyToken
from baken.record.recovery.models import Drill
from tests.conftest import Cast, Person
from tests.contracts.conftest import NOW


def opened(person: Person, address: str) -> tuple[Client, dict[str, str]]:
    """A page with a form, as somebody has it before them; and what the browser sends with it besides."""
    client = Client()
    client.force_login(person.user)
    page = client.get(address).content.decode()
    found = re.search(r'name="sending" value="([^"]+)"', page)
    assert found, address
    return client, {"service": "cloud", "impact": "2", "urgency": "2", "sending": found[1]}


@pytest.mark.django_db(transaction=True)
def test_three_at_the_same_moment_make_one(cast: Cast) -> None:
    client, form = opened(cast.alice, "/incidents/new/")

    def send(_number: int) -> str:
        try:
            mine = Client()
            mine.cookies = client.cookies
            return mine.post("/incidents/new/", form | {"subject": "Thrice"}).headers["Location"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as threads:
        led = set(threads.map(send, range(3)))
    assert led == {f"/incidents/{Incident.objects.get().number}/"}


@pytest.mark.parametrize(
    ("who", "address", "kind", "more"),
    [
        ("alice", "/incidents/new/", Incident, {}),
        ("bob", "/incidents/new/?customer=customer", Incident, {"classes": "other"}),
        ("alice", "/complaints/new/", Complaint, {}),
        ("mona", "/complaints/new/?customer=customer", Complaint, {}),
    ],
)
def test_one_page_sent_again_makes_no_more_and_other_words_do(
    cast: Cast, who: str, address: str, kind: Any, more: dict[str, str]
) -> None:
    client, form = opened(getattr(cast, who), address)

    def send(subject: str, content: bytes = b"What it said.", **changed: str) -> Any:
        file = SimpleUploadedFile("log.txt", content)
        return client.post(
            address, form | more | {"subject": subject, "message": "Since noon.", "file": file} | changed
        )

    assert send("").status_code == 422, "what was refused made nothing"
    first, again = send("Slow"), send("Slow")
    assert (first.status_code, again.headers["Location"]) == (302, first.headers["Location"])
    assert kind.objects.count() == 1
    assert File.objects.count() == 1, "the file that came again is not kept"
    assert send("Slower").headers["Location"] != first.headers["Location"]
    assert send("Slow", sending="another page").headers["Location"] != first.headers["Location"]
    assert send("Slow", b"Who did it???").headers["Location"] != first.headers["Location"], "a file of the same size"
    assert (kind.objects.count(), File.objects.count()) == (4, 4)


DAY, NEXT = "2026-03-02T10:00", "2026-03-02T11:00"
SPAN = {"period_from": "2026-01-01", "period_to": "2026-02-01"}
RECORDS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "/drills/new/": ("mona", Drill, {"finished": DAY, "outcome": "failed"}),
    "/reviews/new/": ("mona", SecurityReview, {"began": DAY, "ended": NEXT}),
    "/maintenance/new/": ("adam", Maintenance, {"starts": "2026-05-02T10:00", "ends": "2026-05-02T11:00"}),
    "/audits/new/": ("mona", Audit, {"services": ["cloud"], **SPAN}),
    "/audits/{audit}/findings/": ("mona", Finding, {"title": "Two people share an account", "severity": "high"}),
}
"""Who makes what on a page, and what they fill in."""


@pytest.mark.parametrize("address", RECORDS)
def test_a_record_that_is_sent_again_is_made_once(cast: Cast, address: str) -> None:
    who, kind, fields = RECORDS[address]
    with clock.at(NOW):
        address = address.format(audit=open_audit(cast).number if kind is Finding else None)
        client, form = opened(getattr(cast, who), address)
        answers = [client.post(address, form | fields) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [302, 302]
        assert answers[0].headers["Location"] == answers[1].headers["Location"]
        assert kind.objects.count() == 1
        assert client.post(address, form | fields | {"sending": "another page"}).status_code == 302
    assert kind.objects.count() == 2


def test_a_honey_token_is_shown_once_and_planted_once(cast: Cast) -> None:
    client, form = opened(cast.adam, "/honey-tokens/new/")
    fields = form | {"kind": "token", "planted": "In the wiki"}
    assert "baken_" in client.post("/honey-tokens/new/", fields).content.decode()
    again = client.post("/honey-tokens/new/", fields, follow=True)
    assert ("It was made before" in again.content.decode(), HoneyToken.objects.count()) == (True, 1)


def open_audit(cast: Cast) -> Audit:
    """An audit that the manager fills in."""
    return audits.open_audit(
        cast.mona.caller, provider=cast.provider, services=[cast.service], invited=None, period_from=date(2026, 1, 1),
        period_to=date(2026, 2, 1), next_due=None,
    )  # fmt: skip
