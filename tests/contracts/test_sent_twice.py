"""A form that makes something new and is sent twice, or three times at the same moment, makes one."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from baken.record.complaints.models import Complaint
from baken.record.incidents.models import Incident
from baken.record.orgs.models import File
from tests.conftest import Cast, Person


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
