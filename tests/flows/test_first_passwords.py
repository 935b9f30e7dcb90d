"""First passwords: made by somebody else, good for a day, and for nothing but choosing one of one's own."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.people import first_passwords, flows, reads, sessions
from baken.record.people.access import Forbidden, Role
from baken.record.people.flows import PeopleError
from baken.record.people.models import SignIn, User
from tests.conftest import PASSWORD, START, Cast
from tests.flows.test_factors import code_at, enrolled
from tests.flows.test_sessions import NEW, opened
from tests.page_table import PAGES, make_world

ALMOST, OVER = START + timedelta(hours=24, seconds=-1), START + timedelta(hours=24)


def signed_in(user: User, password: str) -> Client:
    client = Client()
    assert client.post("/sign-in/", {"email": user.email, "password": password}).status_code == 302
    return client


def test_it_is_random_and_lets_in_for_a_day(cast: Cast) -> None:
    alice = cast.alice.user
    made = {sessions.reset_password(cast.adam.caller, alice) for _ in range(3)}
    assert len(made) == 3
    assert all(re.fullmatch(r"([2-9a-hjkmnp-z]{5}-){3}[2-9a-hjkmnp-z]{5}", one) for one in made)
    last = sessions.reset_password(cast.adam.caller, alice)
    with clock.at(ALMOST):
        assert sessions.check_credentials(email=alice.email, password=last, address=None) == alice
    with clock.at(OVER):
        with pytest.raises(sessions.WrongCredentials) as over:
            sessions.check_credentials(email=alice.email, password=last, address=None)
        with pytest.raises(sessions.WrongCredentials) as wrong:
            sessions.check_credentials(email=alice.email, password="wrong", address=None)
    assert str(over.value) == str(wrong.value)
    assert not {PASSWORD, *made} & {one for one in (PASSWORD, *made) if alice.check_password(one)}


def test_nothing_opens_before_one_of_their_own_is_chosen(cast: Cast) -> None:
    alice = cast.alice.user
    before = opened(cast.alice)
    made = sessions.reset_password(cast.adam.caller, alice)
    assert before.get("/account/")["Location"].startswith("/sign-in/"), "whoever was in is out"
    here, there = signed_in(alice, made), signed_in(alice, made)
    assert there.get("/")["Location"] == "/account/password/"
    page = here.get("/account/password/")
    assert page.status_code == 200 and "/incidents/" not in page.content.decode(), "and no menu"
    for given in ({"current": "wrong", "password": NEW}, {"current": made, "password": "short"}):
        assert here.post("/account/password/", given).status_code == 422
    assert here.get("/")["Location"] == "/account/password/"
    assert here.post("/account/password/", {"current": made, "password": NEW})["Location"] == "/"
    assert here.get("/account/").status_code == 200
    assert there.get("/account/")["Location"].startswith("/sign-in/")
    with clock.at(START + timedelta(days=3_650)):
        assert sessions.check_credentials(email=alice.email, password=NEW, address=None) == alice
    facts = LedgerFact.objects.filter(stream_id=alice.id).order_by("seq").values_list("kind", "actor")
    assert list(facts)[1:] == [
        ("person.first_password_made", cast.adam.caller.actor), ("person.password_chosen", f"user:{alice.id}"),
    ]  # fmt: skip


def test_every_page_leads_to_where_one_is_chosen(cast: Cast) -> None:
    world = make_world(cast)
    client = signed_in(cast.adam.user, sessions.reset_password(cast.program, cast.adam.user))
    wrong = {}
    for name, row in PAGES.items():
        if row.status("anonymous") == 302 and name not in {"account-password", "sign-in-step", "sign-out"}:
            address = reverse(name, args=row.args(world))
            answer = client.post(address) if row.changes else client.get(address)
            if answer.status_code != 403 and answer.headers.get("Location") != "/account/password/":
                wrong[name] = answer.status_code
    open_to_all = {"passkey-answer": 302, "appearance": 302}
    assert wrong == open_to_all, "also for whoever is not in yet, and neither opens another page"
    assert client.get("/account/")["Location"] == "/account/password/"


def test_it_never_becomes_their_own(cast: Cast) -> None:
    made = sessions.reset_password(cast.adam.caller, cast.alice.user)
    with pytest.raises(PeopleError, match=r"^password: .*made for you"):
        sessions.change_password(cast.alice.user, current=made, password=made)
    with pytest.raises(PeopleError, match=r"^current: this is not the one that was made for you"):
        sessions.change_password(cast.alice.user, current=PASSWORD, password=NEW)
    with clock.at(OVER), pytest.raises(PeopleError, match=r"^current: .* is over; ask an administrator"):
        sessions.change_password(cast.alice.user, current=made, password=NEW)
    assert first_passwords.is_held(cast.alice.user)


def test_nobody_chooses_the_password_of_somebody_else(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        flows.set_password(cast.adam.caller, cast.alice.user, NEW)
    for other in (cast.mona, cast.alice, cast.bob):
        with pytest.raises(Forbidden):
            sessions.reset_password(other.caller, cast.alice.user)
    assert cast.alice.user.check_password(PASSWORD)


def test_a_second_step_does_not_take_its_place(cast: Cast, settings: Settings) -> None:
    secret = enrolled(cast.bob.user)
    later = START + timedelta(hours=1)
    with clock.at(later):
        client = signed_in(cast.bob.user, sessions.reset_password(cast.adam.caller, cast.bob.user))
        assert client.post("/sign-in/step/", {"code": code_at(secret, later)}).status_code == 302
        assert client.get("/incidents/")["Location"] == "/account/password/"
    settings.BAKEN_SECOND_FACTOR = "everyone"
    made = sessions.reset_password(cast.adam.caller, cast.alice.user)
    client = signed_in(cast.alice.user, made)
    assert client.get("/account/security/")["Location"] == "/account/password/", "the password comes first"
    assert client.get("/account/password/").status_code == 200
    client.post("/account/password/", {"current": made, "password": NEW})
    assert client.get("/")["Location"] == "/account/security/", "and then the second factor"


def test_whoever_got_in_otherwise_goes_on_and_it_confirms_nothing(cast: Cast) -> None:
    made = sessions.reset_password(cast.adam.caller, cast.alice.user)
    client = Client()
    client.force_login(cast.alice.user)
    assert client.get("/account/").status_code == 200
    with clock.at(START + timedelta(minutes=11)):
        for given in ({}, {"next": "/"}, {"password": made}):
            assert client.post("/account/confirmation/", given).status_code == 200
            assert "/confirmation/" in client.post("/account/sessions/ending/")["Location"]
    token, secret = flows.add_token(
        cast.program, organisation=cast.customer, name="t", role=Role.CUSTOMER, scopes=["incidents:read"],
        user=cast.alice.user,
    )  # fmt: skip
    caller = reads.caller_of_token(secret)
    assert caller is not None and caller.user == cast.alice.user.id and token.user == cast.alice.user


def test_an_administrator_makes_it_and_sees_it_once(cast: Cast) -> None:
    client = opened(cast.adam)
    given = {"organisation": "customer", "name": "Cleo", "email": "cleo@customer.example", "roles": "customer"}
    cleo_made = client.post("/people/new/", {**given, "password": "chosen by somebody else"})
    cleo = User.objects.get(first_password_until__isnull=False)
    assert not cleo.check_password("chosen by somebody else")
    assert cleo.check_password(cleo_made.context["password"])
    page = reverse("person", args=[cleo.id])
    assert "Their first one lets them in until" in client.get(page).content.decode()
    assert cleo_made.context["password"] not in client.get(page).content.decode()
    with clock.at(OVER):
        late = opened(cast.adam)
        assert "lets in nobody any more" in late.get(page).content.decode()
        again = late.post(reverse("person-password", args=[cleo.id])).context["password"]
        assert signed_in(cleo, again).get("/")["Location"] == "/account/password/"
    own = reverse("person-password", args=[cast.adam.user.id])
    assert client.post(own)["Location"] == "/account/password/", "one's own is changed where one's own is"
    assert SignIn.objects.filter(user=cast.adam.user).exists()
