"""Finding incidents: by number and by word at once, narrowed, and said so when not everything was looked at."""

import itertools
import string
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from baken.record.incidents import flows, reads
from baken.record.incidents.models import Incident
from baken.record.orgs import search
from baken.record.people.models import User
from baken.show.api.incidents import Wanted
from tests.conftest import Cast, Person
from tests.flows.incident_world import reported

pytestmark = pytest.mark.django_db


def found(by: Person, words: str, **wanted: object) -> list[Incident]:
    return list(reads.found(by.caller, words, reads.Wanted(**wanted)).rows)  # type: ignore[arg-type]


def reader(person: Person) -> Callable[[str, str], str]:
    """What a page says to them of a search."""
    client = Client()
    client.post("/sign-in/", {"email": person.user.email, "password": person.password})
    return lambda page, words: unescape(client.post(page, {"words": words}, follow=True).content.decode())


def test_digits_are_the_number_of_one_and_words_of_others(cast: Cast) -> None:
    numbered = reported(cast, cast.alice)
    digits = str(numbered.number)
    says = reported(cast, cast.alice, subject=f"Printer error {digits}", body="call 0201234567")
    assert found(cast.alice, "0201234567") == found(cast.bob, "0201234567") == [says]
    assert found(cast.alice, digits) == found(cast.bob, digits) == [numbered, says]
    assert found(cast.bob, digits, priorities=["medium"]) == [numbered, says]
    assert found(cast.alice, f"#{digits}") == [numbered]
    assert found(cast.stranger, digits) == []
    assert list(reads.listed(cast.bob.caller, reads.Wanted(), digits)) == [
        says,
        numbered,
    ]  # the API promises the newest


def test_a_customer_is_found_whatever_others_wrote_since(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_FOUND", 2)
    theirs = reported(cast, cast.alice, subject="printer")
    others = [reported(cast, cast.bob, organisation=cast.provider, subject="printer") for _ in range(3)]
    assert found(cast.bob, "printer", customer=cast.customer) == found(cast.alice, "printer") == [theirs]
    assert set(found(cast.bob, "printer")) == set(others[1:])
    assert list(reads.listed(cast.bob.caller, reads.Wanted(customer=cast.customer), "printer")) == [theirs]
    assert found(cast.alice, "printer", customer=cast.provider) == []


def test_what_else_is_wanted_is_looked_for_among_more(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_FOUND", 1)
    monkeypatch.setattr(reads, "MOST_NARROWED", 3)
    rows = [
        reported(cast, cast.alice, subject="printer", classes=["security"] if n < 2 else ["other"]) for n in range(4)
    ]
    assert found(cast.bob, "printer") == rows[3:]
    assert found(cast.bob, "printer", classes=["security"]) == rows[1:2]
    assert reads.found(cast.bob.caller, "printer").looked_at == 1
    assert reads.found(cast.bob.caller, "printer", reads.Wanted(priorities=["medium"])).looked_at == 3
    flows.note(cast.bob.caller, rows[0].number, body="scanner")
    assert reads.found(cast.bob.caller, "printer scanner").looked_at is None


def test_every_word_of_the_longest_text_is_found(cast: Cast) -> None:
    every = ("".join(letters) for letters in itertools.product(string.ascii_lowercase, repeat=3))
    text = " ".join(itertools.islice(every, 17_000)) + " w9x" * 7_000
    incident = reported(cast, cast.alice, body=text[:99_993] + " naald")
    assert found(cast.alice, "naald") == found(cast.alice, "aab zab naald") == [incident]


def test_pages_say_what_they_did_not_look_for(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_FOUND", 2)
    for _ in range(3):
        reported(cast, cast.alice, subject="a1 b2 c3 d4 e5 f6 g7 h8")
    asked, most = "a1 b2 c3 d4 e5 f6 g7 h8 x zzzz", "Not looked for: x, zzzz. A search is for eight words at most"
    cut = "Only the newest 2 incidents with these words were looked at"
    bob, alice = reader(cast.bob), reader(cast.alice)
    for page, address in ((bob, "/incidents/"), (alice, "/incidents/"), (bob, "/search/")):
        shown = page(address, asked)
        assert most in shown and cut in shown, address
    plain = bob("/incidents/", "nothing")
    assert "Not looked for" not in plain and "were looked at" not in plain
    User.objects.filter(id=cast.alice.caller.user).update(language="nl")
    dutch = alice("/incidents/", asked)
    assert "Niet gezocht op: x, zzzz." in dutch and "zijn alleen de nieuwste 2 bekeken" in dutch


def test_the_api_says_what_it_does_not_look_for() -> None:
    words = Wanted.model_fields["words"].description
    assert words is not None
    for limit in (search.MOST_WANTED, search.MOST_FOUND, reads.MOST_NARROWED):
        assert f" {limit} " in words
