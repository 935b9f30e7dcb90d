"""A session that was shown no second factor opens nothing of somebody who has one; what matters asks anew who it is."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import Settings

from baken.record.ledger import clock
from baken.record.people import authenticator, factors, recovery_codes
from baken.record.people.access import Permission
from baken.record.people.models import Authenticator, Passkey
from tests.conftest import PASSWORD, START, Cast, Person
from tests.flows.test_factors import code_at, enrolled
from tests.flows.test_sessions import opened

LATER = START + timedelta(hours=1)
NOT_FRESH = START + timedelta(minutes=11)


def opened_in_two_steps(person: Person, code: str) -> Client:
    client = opened(person)
    assert client.post("/sign-in/step/", {"code": code}).status_code == 302
    return client


def test_adding_a_factor_ends_every_other_session(cast: Cast) -> None:
    here, there = opened(cast.alice), opened(cast.alice)
    here.get("/account/security/app/")
    secret = Authenticator.objects.get().secret
    assert here.post("/account/security/app/", {"code": code_at(secret, START)}).status_code == 200
    assert here.get("/complaints/").status_code == 200
    for path in ("/complaints/", "/account/security/"):
        assert there.get(path)["Location"].startswith("/sign-in/?"), "signed out"


@pytest.mark.parametrize("demand", ["off", "staff", "everyone"])
def test_a_session_from_before_opens_nothing_and_takes_nothing_away(
    cast: Cast, settings: Settings, demand: str
) -> None:
    settings.BAKEN_SECOND_FACTOR = demand
    old = opened(cast.bob)
    secret = enrolled(cast.bob.user)  # added at another door, which ended no session
    for path in ("/incidents/", "/account/security/", "/account/security/passkeys/new/", "/account/confirmation/"):
        assert old.get(path)["Location"] == "/sign-in/step/", path
    for name in ("authenticator-removal", "passkey-registration", "recovery-codes-new", "session-endings"):
        assert old.post(reverse(name))["Location"] == "/sign-in/step/", name
    assert factors.holds(cast.bob.user)
    with clock.at(LATER):
        old.get("/incidents/")
        assert old.post("/sign-in/step/", {"code": code_at(secret, LATER)})["Location"] == "/"
        assert old.get("/account/security/").status_code == 200


def test_confirming_who_one_is_asks_for_the_factor_that_is_held(cast: Cast) -> None:
    secret = enrolled(cast.alice.user)
    with clock.at(LATER):
        client = opened_in_two_steps(cast.alice, code_at(secret, LATER))
    late = LATER + timedelta(minutes=11)
    with clock.at(late):
        right = code_at(secret, late)
        wrong = "123456" if right != "123456" else "654321"
        removal = reverse("authenticator-removal")
        assert "/confirmation/" in client.post(removal)["Location"]
        for given in ({"password": PASSWORD}, {"password": PASSWORD, "code": wrong}, {"password": "no", "code": right}):
            assert client.post("/account/confirmation/", given).status_code == 422, given
            assert "/confirmation/" in client.post(removal)["Location"]
        assert client.post("/account/confirmation/", {"password": PASSWORD, "code": right}).status_code == 302
        assert client.post(removal)["Location"] == "/account/security/"
    assert not factors.holds(cast.alice.user)


def test_somebody_without_a_password_confirms_by_a_code_alone(cast: Cast) -> None:
    enrolled(cast.alice.user)
    (code, *_rest) = recovery_codes.renew(cast.alice.user)
    cast.alice.user.set_unusable_password()
    cast.alice.user.save()
    client = Client()
    client.force_login(cast.alice.user)
    session = client.session
    session["strong"] = True
    session.save()
    with clock.at(NOT_FRESH):
        assert client.post("/account/confirmation/", {"code": "nonsense"}).status_code == 422
        assert client.post("/account/confirmation/", {"code": code}).status_code == 302
        assert client.post(reverse("authenticator-removal"))["Location"] == "/account/security/"


def test_a_passkey_counts_as_a_factor_and_an_app_that_was_never_used_does_not(cast: Cast) -> None:
    authenticator.offer(cast.alice.user, issuer="Baken")
    assert not factors.holds(cast.alice.user)
    Passkey.objects.create(
        organisation=cast.customer, user=cast.alice.user, name="Laptop", lookup="x", credential=b"", count=0,
        created_at=START,
    )  # fmt: skip
    assert factors.holds(cast.alice.user)
    assert opened(cast.alice).get("/complaints/")["Location"].startswith("/sign-in/?")


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    """Every address of the installation."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        else:
            yield from patterns(entry)


def test_whatever_changes_who_gets_in_is_for_those_who_have_just_shown_who_they_are() -> None:
    asks = {pattern.name: getattr(pattern.callback, "asks", None) for pattern in patterns(get_resolver())}
    changing = {
        name for name, page in asks.items()
        if page is not None and Permission.WRITE_PEOPLE in page.any_of and "POST" in page.methods
    }  # fmt: skip
    assert {"person-new", "person", "person-admission", "person-erasure", "customer-export"} <= changing
    assert not sorted(str(name) for name in changing if not asks[name].fresh)  # type: ignore[union-attr]


def test_an_old_session_makes_no_administrator_and_takes_nothing_along(cast: Cast) -> None:
    client = opened(cast.adam)
    person, export = reverse("person", args=[cast.bob.user.id]), reverse("person-export", args=[cast.bob.user.id])
    with clock.at(NOT_FRESH):
        asked = client.post(person, {"roles": ["administrator"]}, headers={"Referer": f"http://testserver{person}"})
        assert asked["Location"] == f"/account/confirmation/?next={person.replace('/', '%2F')}"
        assert list(cast.bob.user.memberships.values_list("role", flat=True)) == ["agent"]
        elsewhere = client.post(export, headers={"Referer": "https://elsewhere.example/people/"})
        assert elsewhere["Location"] == "/account/confirmation/?next=%2Faccount%2Fsecurity%2F"
        assert "/confirmation/" in client.post(reverse("account-export"))["Location"]
        client.post("/account/confirmation/", {"password": PASSWORD})
        assert client.post(export).status_code == 200
