"""How often people may ask for pages: what counts together, and what is told."""

import logging
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.orgs.models import File
from baken.record.people.models import Allowance
from baken.run import configuration
from tests.conftest import Cast, Person
from tests.contracts.conftest import NOW
from tests.flows.incident_world import reported

REPORT = {"service": "cloud", "subject": "Lost", "impact": "2", "urgency": "2", "body": "", "classes": []}


@pytest.fixture(autouse=True)
def few(settings: Settings) -> None:
    settings.BAKEN_LIMITS = configuration.LIMITS | {"pages": 4, "posts": 2, "visitors": 3}


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def test_who_reads_too_fast_waits_and_others_do_not(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    bob, bea = signed_in(cast.bob), signed_in(cast.bea)
    with clock.at(NOW), caplog.at_level(logging.INFO, "baken.security"):
        assert [bob.get("/incidents/").status_code for _ in range(4)] == [200] * 4
        answer = bob.get("/incidents/")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")
        assert "go back in 15 seconds and try again" in answer.text
        assert signed_in(cast.bob).get("/incidents/").status_code == 429, "another session of the same person"
        assert bea.get("/incidents/").status_code == 200
    with clock.at(NOW + timedelta(seconds=15)):
        assert [bob.get("/incidents/").status_code for _ in range(2)] == [200, 429]
    line = next(line for line in caplog.messages if "request.refused" in line)
    assert "status=429" in line and f"actor=user:{cast.bob.user.id}" in line


def test_what_is_sent_too_fast_is_neither_read_nor_done(cast: Cast) -> None:
    alice = signed_in(cast.alice)

    def report() -> int:
        sent = SimpleUploadedFile("log.txt", b"lost")
        return alice.post("/incidents/new/", {**REPORT, "file": sent}).status_code

    with clock.at(NOW):
        assert [report() for _ in range(4)] == [302, 302, 429, 429]
        assert Incident.objects.count() == File.objects.count() == 2
        assert alice.get("/").status_code == 200, "reading is counted by itself"


def test_what_open_pages_ask_by_themselves_is_no_sending(cast: Cast) -> None:
    bob = signed_in(cast.bob)
    with clock.at(NOW):
        number = reported(cast, cast.alice).number
        assert [bob.post(f"/incidents/{number}/presence/").status_code for _ in range(5)] == [200] * 4 + [429]


def test_a_search_is_reading_though_it_is_posted(cast: Cast) -> None:
    bob = signed_in(cast.bob)
    with clock.at(NOW):
        assert [bob.post("/search/", {"words": "x"}).status_code for _ in range(3)] == [303] * 3
        assert [bob.post("/incidents/", {"words": "x"}).status_code for _ in range(2)] == [303, 429]


def test_drafts_that_are_kept_leave_the_replies_alone(cast: Cast) -> None:
    bob = signed_in(cast.bob)
    with clock.at(NOW):
        number = reported(cast, cast.alice).number
        for _ in range(3):
            assert bob.post(f"/incidents/{number}/drafts/reply/", {"message": "I think"}).status_code == 200
        replies = [bob.post(f"/incidents/{number}/reply/", {"message": text, "seen": "0"}) for text in ("1", "2", "3")]
        assert [answer.status_code == 429 for answer in replies] == [False, False, True]


def test_whoever_is_not_signed_in_is_counted_by_address(cast: Cast) -> None:
    with clock.at(NOW):
        assert [Client().get("/sign-in/").status_code for _ in range(4)] == [200, 200, 200, 429]
        assert Client(REMOTE_ADDR="203.0.113.9").get("/sign-in/").status_code == 200
        assert Client().post("/sign-in/", {"email": "a@b.nl", "password": "x"}).status_code == 429
        assert signed_in(cast.bob).get("/incidents/").status_code == 200


def test_nought_is_no_limit_and_asks_the_database_nothing(cast: Cast, settings: Settings) -> None:
    settings.BAKEN_LIMITS = dict.fromkeys(configuration.LIMITS, 0)
    bob = signed_in(cast.bob)
    assert {bob.get("/incidents/").status_code for _ in range(10)} == {200}
    assert not Allowance.objects.exists()
