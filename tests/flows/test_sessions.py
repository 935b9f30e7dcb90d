"""Signing in: guesses are counted, sessions belong to their owner, a new password ends the others."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from pytest_django import Settings

from baken.record.ledger import clock
from baken.record.people import flows as people
from baken.record.people import sessions, tries
from baken.record.people.access import Forbidden, NotFound, Role
from baken.record.people.flows import PeopleError
from baken.record.people.models import Attempts, IdentityProvider, SignIn, User
from baken.record.people.security_log import note
from baken.record.people.session_store import SessionStore, stored_as
from baken.show.web.middleware import BY_THEMSELVES
from tests.conftest import PASSWORD, START, Cast, Person
from tests.flows.test_factors import enrolled

ROOT = Path(__file__).resolve().parents[2]

NEW = "quite another sentence"


def attempt(cast: Cast, password: str = "wrong", address: str | None = None) -> User:
    return sessions.check_credentials(email="ALICE@customer.example", password=password, address=address)


def wrongly(cast: Cast, times: int, address: str | None = None) -> None:
    for _ in range(times):
        with pytest.raises(sessions.WrongCredentials):
            attempt(cast, address=address)


def begun(user: User) -> str:
    store = SessionStore()
    store.create()
    assert store.session_key
    sessions.begin(user, session_key=store.session_key, device="Firefox Linux", address="192.0.2.1")
    return store.session_key


def test_the_right_password_opens_in_any_case_of_the_address(cast: Cast) -> None:
    assert attempt(cast, PASSWORD) == cast.alice.user


def test_an_unknown_address_and_a_wrong_password_read_the_same(cast: Cast) -> None:
    with pytest.raises(sessions.WrongCredentials) as unknown:
        sessions.check_credentials(email="nobody@nowhere.example", password="wrong", address=None)
    with pytest.raises(sessions.WrongCredentials) as wrong:
        attempt(cast)
    assert str(unknown.value) == str(wrong.value)


def test_the_tenth_wrong_password_is_the_last_and_the_right_one_waits_too(cast: Cast) -> None:
    wrongly(cast, tries.PER_ACCOUNT)
    with pytest.raises(sessions.TooManyAttempts, match="15 min"):
        attempt(cast, PASSWORD)
    with clock.at(START + tries.WINDOW + timedelta(seconds=1)):
        assert attempt(cast, PASSWORD) == cast.alice.user


def test_an_unknown_account_runs_out_of_attempts_as_well(cast: Cast) -> None:
    for _ in range(tries.PER_ACCOUNT):
        with pytest.raises(sessions.WrongCredentials):
            sessions.check_credentials(email="nobody@nowhere.example", password="wrong", address=None)
    with pytest.raises(sessions.TooManyAttempts):
        sessions.check_credentials(email="nobody@nowhere.example", password="wrong", address=None)


def test_the_right_password_takes_the_count_back(cast: Cast) -> None:
    wrongly(cast, tries.PER_ACCOUNT - 1)
    attempt(cast, PASSWORD)
    wrongly(cast, tries.PER_ACCOUNT)


def test_one_address_that_tries_many_accounts_is_stopped(cast: Cast) -> None:
    for number in range(tries.PER_ADDRESS):
        with pytest.raises(sessions.WrongCredentials):
            sessions.check_credentials(email=f"{number}@nowhere.example", password="wrong", address="192.0.2.1")
    with pytest.raises(sessions.TooManyAttempts):
        attempt(cast, PASSWORD, address="192.0.2.1")
    assert attempt(cast, PASSWORD, address="192.0.2.2") == cast.alice.user


def test_what_is_over_is_forgotten_and_what_is_not_stays(cast: Cast) -> None:
    over, live = begun(cast.alice.user), begun(cast.alice.user)
    Session.objects.filter(session_key=stored_as(over)).update(expire_date=START)
    Session.objects.filter(session_key=stored_as(live)).update(expire_date=START + timedelta(days=1))
    wrongly(cast, 1)
    with clock.at(START + tries.WINDOW):
        sessions.check_credentials(email=cast.bob.user.email, password=PASSWORD, address="192.0.2.1")
        sessions.tidy()
    assert list(Session.objects.values_list("session_key", flat=True)) == [stored_as(live)]
    assert [row.session_key for row in SignIn.objects.all()] == [stored_as(live)]
    assert Attempts.objects.count() == 2, "of that account, and of that address"


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_all_count(cast: Cast) -> None:
    def guess(_: int) -> str:
        try:
            attempt(cast)
        except PeopleError as error:
            return type(error).__name__
        finally:
            connection.close()
        return "in"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(guess, range(24)))
    assert said.count("WrongCredentials") == tries.PER_ACCOUNT
    assert said.count("TooManyAttempts") == 24 - tries.PER_ACCOUNT


def test_somebody_kept_out_cannot_sign_in_and_their_sessions_end(cast: Cast) -> None:
    key = begun(cast.alice.user)
    sessions.shut_out(cast.adam.caller, cast.alice.user)
    assert not Session.objects.filter(session_key=stored_as(key)).exists()
    with pytest.raises(sessions.WrongCredentials):
        attempt(cast, PASSWORD)


def test_a_session_is_ended_by_its_owner_alone(cast: Cast) -> None:
    key = begun(cast.alice.user)
    (mine,) = sessions.sign_ins(cast.alice.user)
    with pytest.raises(NotFound):
        sessions.end(cast.bob.user, mine.id)
    assert Session.objects.filter(session_key=stored_as(key)).exists()
    sessions.end(cast.alice.user, mine.id)
    assert not Session.objects.filter(session_key=stored_as(key)).exists()
    assert not sessions.sign_ins(cast.alice.user)


def test_a_new_password_needs_the_present_one_and_ends_every_session(cast: Cast) -> None:
    key = begun(cast.alice.user)
    with pytest.raises(PeopleError, match=r"^current: "):
        sessions.change_password(cast.alice.user, current="wrong", password=NEW)
    with pytest.raises(PeopleError, match=r"^password: "):
        sessions.change_password(cast.alice.user, current=PASSWORD, password="short")
    assert Session.objects.filter(session_key=stored_as(key)).exists()
    sessions.change_password(cast.alice.user, current=PASSWORD, password=NEW)
    assert not Session.objects.filter(session_key=stored_as(key)).exists()
    assert attempt(cast, NEW) == cast.alice.user


def test_guessing_the_present_password_counts_like_signing_in(cast: Cast) -> None:
    for _ in range(tries.PER_ACCOUNT):
        with pytest.raises(PeopleError, match=r"^current: "):
            sessions.change_password(cast.alice.user, current="wrong", password=NEW)
    with pytest.raises(sessions.TooManyAttempts):
        sessions.change_password(cast.alice.user, current=PASSWORD, password=NEW)


def test_an_administrator_resets_a_password_and_nobody_else_does(cast: Cast) -> None:
    wrongly(cast, tries.PER_ACCOUNT)
    with pytest.raises(Forbidden):
        sessions.reset_password(cast.mona.caller, cast.alice.user, NEW)
    sessions.reset_password(cast.adam.caller, cast.alice.user, NEW)
    assert attempt(cast, NEW) == cast.alice.user


def test_nobody_is_sent_off_to_a_provider_without_end(cast: Cast) -> None:
    for _ in range(tries.PER_ADDRESS):
        sessions.count_departure("192.0.2.1")
    with pytest.raises(sessions.TooManyAttempts):
        sessions.count_departure("192.0.2.1")
    sessions.count_departure("192.0.2.2")
    assert attempt(cast, PASSWORD, address="192.0.2.1") == cast.alice.user


def test_use_is_noted_every_few_minutes(cast: Cast) -> None:
    key = begun(cast.alice.user)
    for minutes, noted in ((1, 0), (6, 6), (8, 6), (12, 12)):
        with clock.at(START + timedelta(minutes=minutes)):
            sessions.note_use(SessionStore(key))
        assert sessions.sign_ins(cast.alice.user).get().last_used == START + timedelta(minutes=noted)


def opened(person: Person) -> Client:
    """A browser in which somebody has signed in."""
    client = Client()
    assert client.post("/sign-in/", {"email": person.user.email, "password": PASSWORD}).status_code == 302
    return client


def left(client: Client) -> timedelta:
    """How long the session of a browser stays open when it is not used."""
    row = Session.objects.get(session_key=stored_as(client.session.session_key))
    return row.expire_date - datetime.now(UTC)


def test_the_database_knows_neither_the_key_of_a_session_nor_what_it_says(cast: Cast) -> None:
    client = opened(cast.alice)
    key = client.cookies["sessionid"].value
    row, signed = Session.objects.get(), SignIn.objects.get()
    assert row.session_key == signed.session_key == stored_as(key) != key
    assert SessionStore(key)["_auth_user_id"] == str(cast.alice.user.id)
    for wrong in (row.session_key, key[::-1], ""):
        assert SessionStore(wrong).load() == {}
    other = SessionStore(key[::-1])
    assert other.decode(row.session_data) == {}, "sealed with its own key"
    assert other.decode("not even sealed") == other.decode("!") == {}


def test_a_session_ends_when_nobody_uses_it_and_use_keeps_it_open(cast: Cast, settings: Settings) -> None:
    settings.BAKEN_SESSION_IDLE = 3_600
    client = opened(cast.alice)
    assert timedelta(minutes=59) < left(client) <= timedelta(hours=1)
    Session.objects.update(expire_date=datetime.now(UTC) + timedelta(minutes=1))
    with clock.at(START + timedelta(minutes=59)):
        client.get("/incidents/changes/?since=0")
        assert left(client) <= timedelta(minutes=1), "an open page that asks by itself is no use"
        client.get("/account/")
    assert left(client) > timedelta(minutes=59)
    Session.objects.update(expire_date=datetime.now(UTC) - timedelta(seconds=1))
    assert client.get("/account/").status_code == 302


def test_a_session_ends_some_hours_after_signing_in_however_it_is_used(cast: Cast) -> None:
    client = opened(cast.alice)
    store = SessionStore(client.cookies["sessionid"].value)
    ends = datetime.now(UTC) + timedelta(minutes=2)
    store["ends"] = ends.isoformat()
    store.save()
    assert Session.objects.get().expire_date == ends
    with clock.at(START + timedelta(minutes=59)):
        assert client.get("/account/").status_code == 200
    assert Session.objects.get().expire_date == ends
    store["ends"] = datetime.now(UTC).isoformat()
    store.save()
    assert client.get("/account/").status_code == 302
    assert timedelta(minutes=50) < left(opened(cast.alice)), "who signs in anew begins anew"


def test_pages_that_ask_by_themselves_keep_no_session_open() -> None:
    asked = {
        name
        for page in (ROOT / "baken/show/web/templates").rglob("*.html")
        for tag in re.findall(r"<[^>]*hx-trigger=\"[^\"]*every[^>]*>", page.read_text())
        for name in re.findall(r"hx-(?:get|post)=\"{% url '([a-z-]+)'", tag)
    }
    assert asked == BY_THEMSELVES


def test_all_other_sessions_end_and_this_one_stays(cast: Cast) -> None:
    here, there = opened(cast.alice), opened(cast.alice)
    somebody_else = opened(cast.bob)
    assert here.post("/account/sessions/ending/").status_code == 302
    assert [client.get("/account/").status_code for client in (here, there, somebody_else)] == [200, 302, 200]


def test_whoever_changed_their_password_is_in_by_a_session_that_can_be_ended(cast: Cast) -> None:
    clients = {}
    for person in (cast.alice, cast.bob, cast.audrey):
        clients[person.user.id] = client = opened(person)
        given = {"current": PASSWORD, "password": NEW}
        assert client.post("/account/password/", given)["Location"] == "/account/security/"
        assert "this session" in client.get("/account/security/").content.decode()
    assert set(SignIn.objects.values_list("user_id", flat=True)) == set(clients)
    sessions.end_all(cast.bob.user)
    assert clients[cast.bob.user.id].get("/account/").status_code == 302
    assert clients[cast.alice.user.id].get("/account/").status_code == 200


def test_a_session_is_ended_by_whoever_has_just_shown_who_they_are(cast: Cast) -> None:
    here, there = opened(cast.alice), opened(cast.alice)
    with clock.at(START + timedelta(minutes=11)):
        answer = here.post("/account/sessions/ending/")
        assert "/confirmation/" in answer["Location"]
        assert there.get("/account/").status_code == 200


def test_the_way_out_empties_the_browser_and_ends_the_session(cast: Cast) -> None:
    client = opened(cast.alice)
    key = client.cookies["sessionid"].value
    answer = client.post("/sign-out/")
    assert answer["Clear-Site-Data"] == '"storage"'
    assert not Session.objects.exists() and not SignIn.objects.exists()
    client.cookies["sessionid"] = key
    assert client.get("/account/").status_code == 302


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The lines of the security log so far, and no more of them from then on."""
    caplog.set_level("INFO", logger="baken.security")

    def lines() -> list[str]:
        found = [record.getMessage() for record in caplog.records if record.name == "baken.security"]
        caplog.clear()
        return found

    return lines


def test_whoever_gets_in_or_not_leaves_a_line(cast: Cast, said: Callable[[], list[str]]) -> None:
    alice = cast.alice.user.id
    client = opened(cast.alice)
    stored = stored_as(client.cookies["sessionid"].value)[:16]
    assert said() == [
        f"sign-in.accepted user={alice} by=password address=127.0.0.1",
        f"session.begun user={alice} session={stored} address=127.0.0.1",
    ]
    Client().post("/sign-in/", {"email": "hunter2@x.example", "password": "hunter2"})
    (refused,) = said()
    assert re.fullmatch(r"sign-in\.refused account=[0-9a-f]{16} address=127\.0\.0\.1 because=WrongCredentials", refused)
    client.post("/account/password/", {"current": "wrong", "password": NEW})
    assert said() == [f"password.refused user={alice}"]
    client.post("/account/password/", {"current": PASSWORD, "password": NEW})
    assert said()[:2] == [f"password.changed user={alice} by=itsowner", f"session.ended session={stored}"]
    client.post("/sign-out/")
    assert said()[0].startswith("session.ended session=")


def test_what_is_refused_leaves_a_line_without_what_was_sent(cast: Cast, said: Callable[[], list[str]]) -> None:
    client, strict = opened(cast.alice), Client(enforce_csrf_checks=True)
    said()
    client.get("/people/")
    client.put("/account/")
    client.get("/account/?q=%00")
    strict.post("/sign-in/", {"email": "x"})
    Client().get("/api/v1/incidents", headers={"Authorization": "Bearer nonsense"})
    token, secret = people.add_token(
        cast.program, organisation=cast.customer, name="t", role=Role.CUSTOMER, scopes=["incidents:read"],
        user=cast.alice.user,
    )  # fmt: skip
    Client().get("/api/v1/kpis", headers={"Authorization": f"Bearer {secret}"})
    alice = f"actor=user:{cast.alice.user.id}"
    assert said() == [
        f"request.refused status=403 {alice} method=GET page=people/ address=127.0.0.1",
        f"request.refused status=405 {alice} method=PUT page=account/ address=127.0.0.1",
        f"request.refused status=400 {alice} method=GET page=account/ address=127.0.0.1",
        "request.refused status=403 actor=anonymous method=POST page=sign-in/ address=127.0.0.1",
        "request.refused status=401 actor=anonymous method=GET page=api/v1/incidents address=127.0.0.1",
        f"token.made token={token.id} user={cast.alice.user.id} role=customer by=tests",
        f"request.refused status=403 actor=token:{token.id} method=GET page=api/v1/kpis address=127.0.0.1",
    ]


def test_a_line_holds_codes_alone(said: Callable[[], list[str]]) -> None:
    note("tried", what="a\nb\x1b[31m c=d\u202e", nothing=None, long="x" * 200)
    assert said() == ["tried what=ab31mcd nothing=None long=" + "x" * 80]


def test_whoever_shows_again_who_they_are_goes_on_under_a_new_key(cast: Cast) -> None:
    client = opened(cast.alice)
    old = client.cookies["sessionid"].value
    with clock.at(START + timedelta(minutes=11)):
        assert client.post("/account/confirmation/", {"password": PASSWORD}).status_code == 302
        assert client.post("/account/sessions/ending/").url == "/account/security/"
    new = client.cookies["sessionid"].value
    assert new != old and not SessionStore(old).load()
    assert [row.session_key for row in SignIn.objects.all()] == [stored_as(new)]
    assert client.get("/account/").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_nobody_is_signed_in_by_a_link_of_another_site(cast: Cast, site: str) -> None:
    provider = IdentityProvider.objects.create(
        organisation=cast.customer, name="Theirs", issuer="https://id.invalid", client_id="x", client_secret="y",
        domains="customer.example", created_at=START, subject_key="z",
    )  # fmt: skip
    answer = Client().get(f"/sign-in/with/{provider.id}/", headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 302 and answer["Location"] == "/sign-in/"
    assert not Attempts.objects.exists(), "nothing was asked of the provider"


def test_a_new_password_leaves_the_second_step(cast: Cast) -> None:
    enrolled(cast.alice.user)
    sessions.reset_password(cast.adam.caller, cast.alice.user, NEW)
    client = Client()
    answer = client.post("/sign-in/", {"email": cast.alice.user.email, "password": NEW})
    assert "step" in answer["Location"]
    assert client.get("/account/").status_code == 302


def test_a_password_is_good_until_somebody_changes_it(cast: Cast) -> None:
    with clock.at(START + timedelta(days=3_650)):
        assert attempt(cast, PASSWORD) == cast.alice.user


def test_what_stands_in_an_address_is_no_form(cast: Cast) -> None:
    answer = Client().post(f"/sign-in/?email={cast.alice.user.email}&password={PASSWORD.replace(' ', '+')}")
    assert answer.status_code == 200 and not SignIn.objects.exists()
