"""Honey tokens and sign-in storms: answered like any try that fails, and a security incident within one round."""

from datetime import timedelta

import pytest

from baken.record.detection.flows import detect
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.people import first_passwords, honey, sessions, storms
from baken.record.people.access import Forbidden, Role
from baken.record.people.acting import acting
from baken.record.people.erasure import lock_out
from baken.record.people.flows import PeopleError, add_user
from baken.record.people.models import HoneyUse, Storm
from baken.record.people.reads import caller_of_token
from tests.conftest import PASSWORD, START, Cast

THIEF = "203.0.113.66"


def body(incident: Incident) -> str:
    return incident.messages.get(kind="report").body


def plant(cast: Cast, kind: str, lure: str = "") -> str:
    planted = "in the notes of the old web server"
    return honey.plant(cast.adam.caller, provider=cast.provider, kind=kind, planted=planted, lure=lure)[1]


def test_a_honey_token_is_no_token_and_its_use_an_incident(cast: Cast) -> None:
    secret = plant(cast, "token")
    assert secret.startswith("baken_")
    assert caller_of_token(secret) is None
    honey.try_token(secret, address=THIEF, device="curl/8.5")
    honey.try_token("baken_" + "x" * 43, address=THIEF)
    assert detect() == 1
    incident = Incident.objects.get()
    assert (incident.classes, incident.priority) == (["security"], "high")
    for part in (THIEF, "curl/8.5", "old web server", "2026-01-01 00:00:00 UTC"):
        assert part in body(incident)


def test_uses_from_one_address_are_kept_once_and_join_the_open_incident(cast: Cast) -> None:
    secret = plant(cast, "link")
    for minutes, address in ((0, THIEF), (1, THIEF), (2, "198.51.100.1"), (15, THIEF)):
        with clock.at(START + timedelta(minutes=minutes)):
            honey.try_link(secret, address=address)
    assert HoneyUse.objects.count() == 3
    detect()
    assert Incident.objects.count() == 1


def test_a_honey_account_answers_as_a_wrong_password_does(cast: Cast) -> None:
    plant(cast, "account", "backup-admin@provider.example")
    for email in ("Backup-Admin@Provider.example", "nobody@provider.example"):
        with pytest.raises(sessions.WrongCredentials) as refused:
            sessions.check_credentials(email=email, password="guess", address=THIEF)
        assert "do not belong together" in str(refused.value)
    assert detect() == 1
    assert "backup-admin@provider.example" in body(Incident.objects.get())


def test_nobody_gets_the_address_of_a_honey_account_until_it_is_removed(cast: Cast) -> None:
    plant(cast, "account", "backup-admin@provider.example")
    given = {"organisation": cast.provider, "name": "Backup", "roles": [Role.AGENT]}
    for email in ("backup-admin@provider.example", " Backup-Admin@PROVIDER.example"):
        with pytest.raises(PeopleError, match=r"^email: this is the address of a honey token"):
            add_user(cast.adam.caller, email=email, **given)  # type: ignore[arg-type]
    with pytest.raises(PeopleError, match=r"^email: "), acting(cast.adam.caller):
        first_passwords.add_person(cast.adam.caller, email="backup-admin@provider.example", **given)
    honey.remove(cast.adam.caller, honey.honey_tokens(cast.adam.caller).get().id)
    add_user(cast.adam.caller, email="backup-admin@provider.example", **given)  # type: ignore[arg-type]


def test_what_was_planted_can_be_removed_and_is_listed_with_its_uses(cast: Cast) -> None:
    secret = plant(cast, "token")
    row = honey.honey_tokens(cast.adam.caller).get()
    honey.try_token(secret, address=THIEF)
    honey.remove(cast.adam.caller, row.id)
    honey.try_token(secret, address="198.51.100.2")
    again = honey.honey_tokens(cast.adam.caller).get()
    assert (again.used, again.planted) == (1, "in the notes of the old web server")
    kinds = LedgerFact.objects.filter(stream_id=row.id).order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["honey.planted", "honey.removed"]


@pytest.mark.parametrize(("kind", "planted", "lure", "field"), [
    ("token", " ", "", "planted"),
    ("door", "here", "", "kind"),
    ("account", "here", "no address", "email"),
    ("account", "here", "bob@provider.example", "email"),
    ("link", "x" * 201, "", "planted"),
])  # fmt: skip
def test_a_honey_token_that_would_not_work_is_refused(
    cast: Cast, kind: str, planted: str, lure: str, field: str
) -> None:
    with pytest.raises(PeopleError, match=f"^{field}: "):
        honey.plant(cast.adam.caller, provider=cast.provider, kind=kind, planted=planted, lure=lure)


def test_only_administrators_plant_and_look(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        honey.plant(cast.mona.caller, provider=cast.provider, kind="token", planted="here")
    with pytest.raises(Forbidden):
        honey.honey_tokens(cast.mona.caller)


def fail(email: str, address: str) -> None:
    with pytest.raises(PeopleError):
        sessions.check_credentials(email=email, password="guess", address=address)


def test_many_accounts_from_one_address_are_one_storm(cast: Cast) -> None:
    for number in range(storms.ACCOUNTS - 1):
        fail(f"person{number}@provider.example", THIEF)
        fail(f"person{number}@provider.example", THIEF)
    assert not Storm.objects.exists()
    for number in range(storms.ACCOUNTS, storms.ACCOUNTS + 30):
        fail(f"person{number}@provider.example", THIEF)
    assert detect() == 1
    incident = Incident.objects.get()
    assert (incident.classes, incident.priority) == (["security"], "medium")
    assert f"From {THIEF} {storms.ACCOUNTS} accounts" in body(incident)


def test_many_addresses_at_one_account_are_one_storm_and_the_next_one_joins_its_open_incident(cast: Cast) -> None:
    def storm() -> None:
        for number in range(storms.ADDRESSES + 5):
            fail("mona@provider.example", f"198.51.100.{number}")

    storm()
    detect()
    with clock.at(START + timedelta(minutes=16)):
        storm()
        detect()
    assert (Storm.objects.count(), Incident.objects.count()) == (2, 1)
    incident = Incident.objects.get()
    assert f"The account of person {cast.mona.user.id} was tried from 20 addresses" in body(incident)
    assert "2 times so far" in incident.messages.get(kind="note").body


def test_a_botnet_does_not_decide_how_long_the_queue_is(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storms, "ACCOUNTS", 3)
    monkeypatch.setattr(storms, "ADDRESSES", 3)
    for last in range(4):
        for number in range(3):
            fail(f"person{number}@provider.example", f"203.0.113.{last}")
    assert (detect(), Incident.objects.count()) == (7, 2), "all from addresses are one matter, all at accounts another"
    assert Storm.objects.count() == 7


@pytest.mark.parametrize("email", ["Mona@provider.example", "nobody@elsewhere.example"])
def test_a_storm_keeps_no_address_of_a_person(cast: Cast, email: str) -> None:
    for number in range(storms.ADDRESSES):
        fail(email, f"198.51.100.{number}")
    detect()
    storm = Storm.objects.get()
    assert storm.tried == (str(cast.mona.user.id) if email.startswith("Mona") else "")
    assert email.casefold() not in body(Incident.objects.get()).casefold()
    lock_out([cast.mona.user.id], START)
    assert Storm.objects.get().tried == storm.tried


def test_people_who_sign_in_are_no_storm(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storms, "ACCOUNTS", 3)
    for person in (cast.alice, cast.bob, cast.bea, cast.mona, cast.adam):
        sessions.check_credentials(email=person.user.email, password=PASSWORD, address="192.0.2.1")
    assert not Storm.objects.exists()


def test_nobody_reads_in_the_ledger_who_was_tried(cast: Cast) -> None:
    for number in range(storms.ACCOUNTS):
        fail(f"person{number}@provider.example", THIEF)
    data = LedgerFact.objects.get(stream_kind="signal").data
    assert set(data) == {"storm", "way", "number"}
