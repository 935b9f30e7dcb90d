"""Signing in: guesses are counted, sessions belong to their owner, a new password ends the others."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection

from baken.record.ledger import clock
from baken.record.people import sessions
from baken.record.people.access import Forbidden, NotFound
from baken.record.people.flows import PeopleError
from baken.record.people.models import Attempts, SignIn, User
from tests.conftest import PASSWORD, START, Cast

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
    wrongly(cast, sessions.PER_ACCOUNT)
    with pytest.raises(sessions.TooManyAttempts, match="15 min"):
        attempt(cast, PASSWORD)
    with clock.at(START + sessions.WINDOW + timedelta(seconds=1)):
        assert attempt(cast, PASSWORD) == cast.alice.user


def test_an_unknown_account_runs_out_of_attempts_as_well(cast: Cast) -> None:
    for _ in range(sessions.PER_ACCOUNT):
        with pytest.raises(sessions.WrongCredentials):
            sessions.check_credentials(email="nobody@nowhere.example", password="wrong", address=None)
    with pytest.raises(sessions.TooManyAttempts):
        sessions.check_credentials(email="nobody@nowhere.example", password="wrong", address=None)


def test_the_right_password_takes_the_count_back(cast: Cast) -> None:
    wrongly(cast, sessions.PER_ACCOUNT - 1)
    attempt(cast, PASSWORD)
    wrongly(cast, sessions.PER_ACCOUNT)


def test_one_address_that_tries_many_accounts_is_stopped(cast: Cast) -> None:
    for number in range(sessions.PER_ADDRESS):
        with pytest.raises(sessions.WrongCredentials):
            sessions.check_credentials(email=f"{number}@nowhere.example", password="wrong", address="192.0.2.1")
    with pytest.raises(sessions.TooManyAttempts):
        attempt(cast, PASSWORD, address="192.0.2.1")
    assert attempt(cast, PASSWORD, address="192.0.2.2") == cast.alice.user


def test_what_is_over_is_forgotten_and_what_is_not_stays(cast: Cast) -> None:
    over, live = begun(cast.alice.user), begun(cast.alice.user)
    Session.objects.filter(session_key=over).update(expire_date=START)
    Session.objects.filter(session_key=live).update(expire_date=START + timedelta(days=1))
    wrongly(cast, 1)
    with clock.at(START + sessions.WINDOW):
        sessions.check_credentials(email=cast.bob.user.email, password=PASSWORD, address="192.0.2.1")
        sessions.tidy()
    assert list(Session.objects.values_list("session_key", flat=True)) == [live]
    assert [row.session_key for row in SignIn.objects.all()] == [live]
    assert Attempts.objects.count() == 1


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
    assert said.count("WrongCredentials") == sessions.PER_ACCOUNT
    assert said.count("TooManyAttempts") == 24 - sessions.PER_ACCOUNT


def test_somebody_kept_out_cannot_sign_in_and_their_sessions_end(cast: Cast) -> None:
    key = begun(cast.alice.user)
    sessions.shut_out(cast.adam.caller, cast.alice.user)
    assert not Session.objects.filter(session_key=key).exists()
    with pytest.raises(sessions.WrongCredentials):
        attempt(cast, PASSWORD)


def test_a_session_is_ended_by_its_owner_alone(cast: Cast) -> None:
    key = begun(cast.alice.user)
    (mine,) = sessions.sign_ins(cast.alice.user)
    with pytest.raises(NotFound):
        sessions.end(cast.bob.user, mine.id)
    assert Session.objects.filter(session_key=key).exists()
    sessions.end(cast.alice.user, mine.id)
    assert not Session.objects.filter(session_key=key).exists()
    assert not sessions.sign_ins(cast.alice.user)


def test_a_new_password_needs_the_present_one_and_ends_every_session(cast: Cast) -> None:
    key = begun(cast.alice.user)
    with pytest.raises(PeopleError, match=r"^current: "):
        sessions.change_password(cast.alice.user, current="wrong", password=NEW)
    with pytest.raises(PeopleError, match=r"^password: "):
        sessions.change_password(cast.alice.user, current=PASSWORD, password="short")
    assert Session.objects.filter(session_key=key).exists()
    sessions.change_password(cast.alice.user, current=PASSWORD, password=NEW)
    assert not Session.objects.filter(session_key=key).exists()
    assert attempt(cast, NEW) == cast.alice.user


def test_guessing_the_present_password_counts_like_signing_in(cast: Cast) -> None:
    for _ in range(sessions.PER_ACCOUNT):
        with pytest.raises(PeopleError, match=r"^current: "):
            sessions.change_password(cast.alice.user, current="wrong", password=NEW)
    with pytest.raises(sessions.TooManyAttempts):
        sessions.change_password(cast.alice.user, current=PASSWORD, password=NEW)


def test_an_administrator_resets_a_password_and_nobody_else_does(cast: Cast) -> None:
    wrongly(cast, sessions.PER_ACCOUNT)
    with pytest.raises(Forbidden):
        sessions.reset_password(cast.mona.caller, cast.alice.user, NEW)
    sessions.reset_password(cast.adam.caller, cast.alice.user, NEW)
    assert attempt(cast, NEW) == cast.alice.user


def test_nobody_is_sent_off_to_a_provider_without_end(cast: Cast) -> None:
    for _ in range(sessions.PER_ADDRESS):
        sessions.count_departure("192.0.2.1")
    with pytest.raises(sessions.TooManyAttempts):
        sessions.count_departure("192.0.2.1")
    sessions.count_departure("192.0.2.2")
    assert attempt(cast, PASSWORD, address="192.0.2.1") == cast.alice.user


def test_use_is_noted_every_few_minutes(cast: Cast) -> None:
    key = begun(cast.alice.user)
    for minutes, noted in ((1, 0), (6, 6), (8, 6), (12, 12)):
        with clock.at(START + timedelta(minutes=minutes)):
            sessions.note_use(key)
        assert sessions.sign_ins(cast.alice.user).get().last_used == START + timedelta(minutes=noted)
