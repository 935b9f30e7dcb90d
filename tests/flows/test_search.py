"""Finding sealed text by its words."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from baken.record.orgs import search
from baken.record.orgs.fields import new_id
from baken.record.orgs.models import Organisation, SearchToken

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def owners(db: None) -> list[Organisation]:
    return [
        Organisation.objects.create(code=code, kind="customer", name=code, created_at=NOW) for code in ("acme", "other")
    ]


def written(owner: Organisation, text: str, scope: str = "incident") -> UUID:
    record = new_id()
    search.index(owner.id, scope, record, text)
    return record


def found(owners: list[Organisation], text: str, *scopes: str) -> set[UUID]:
    ids = search.find([owner.id for owner in owners], scopes or ("incident",), text, search.MOST_FOUND).ids
    assert ids == sorted(set(ids), reverse=True)
    return set(ids)


@pytest.mark.parametrize(("text", "asked"), [
    ("De beschikbaarheid van de werkstations", "werkstation"),
    ("Er zijn storingen geweest", "storing"),
    ("The servers were restarted", "server restart"),
    ("ＦＵＬＬ width and Straße", "full STRASSE"),
    ("mail to jan.de-vries@klant.example please", "jan.de-vries@klant.example"),
    ("mail to jan.de-vries@klant.example please", "vries"),
    ("café au lait", "cafe\u0301"),
    ("error E-1234 in module 7b", "e-1234"),
])  # fmt: skip
def test_words_are_found_in_every_form(owners: list[Organisation], text: str, asked: str) -> None:
    record = written(owners[0], text)
    assert found(owners, asked) == {record}


def test_every_word_has_to_be_there_and_only_in_what_one_may_see(owners: list[Organisation]) -> None:
    acme, other = owners
    both = written(acme, "printer on fire")
    written(acme, "printer is fine")
    elsewhere = written(other, "printer on fire")
    secret = written(acme, "printer on fire again", "incident.desk")
    assert found([acme], "printer fire") == {both}
    assert found([acme, other], "fire printers") == {both, elsewhere}
    assert found([acme], "fire", "incident", "incident.desk") == {both, secret}
    assert found([acme], "nothing") == set()
    assert found([acme], "...") == set()


def test_of_more_than_anybody_reads_the_newest_are_found(
    owners: list[Organisation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_FOUND", 3)
    records = [written(owners[number % 2], "printers and scanners") for number in range(5)]
    assert found(owners, "printer scanner") == set(sorted(records)[-3:])
    assert found(owners[:1], "printer") == {records[0], records[2], records[4]}
    ids = [owner.id for owner in owners]
    assert [search.find(ids, ["incident"], "printer", most).older for most in (3, 4, 5, 6)] == [
        True,
        True,
        False,
        False,
    ]


def test_words_that_are_not_looked_for_are_told() -> None:
    first = " ".join(f"word{number}" for number in range(search.MOST_WANTED))
    assert search.ignored(first) == []
    assert search.ignored(f"a {first} Ninth, b-2 NINTH word0") == ["a", "ninth", "b-2"]


def test_the_same_word_looks_different_in_another_organisation(owners: list[Organisation]) -> None:
    for owner in owners:
        written(owner, "printer")
    tokens = [set(SearchToken.objects.filter(organisation=owner).values_list("token", flat=True)) for owner in owners]
    assert not tokens[0] & tokens[1]


@pytest.mark.django_db
def test_an_address_is_looked_up_in_any_case_and_cannot_be_guessed_from_its_digest() -> None:
    assert search.address_key(" Jan@Klant.example") == search.address_key("jan@klant.EXAMPLE")
    import hashlib

    assert search.address_key("jan@klant.example") != hashlib.sha256(b"jan@klant.example").hexdigest()
