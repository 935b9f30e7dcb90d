"""Tries to get in: nobody shuts somebody else out, a household is one, and guessing codes gets slower and is seen."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from baken.record.detection.flows import detect
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.people import devices, honey, network, sessions, storms, tries
from baken.record.people.flows import PeopleError
from baken.record.people.models import Attempts, HoneyUse, Storm, User
from baken.run import configuration
from baken.run.configuration import ConfigurationError
from tests.conftest import PASSWORD, START, Cast
from tests.flows.test_factors import code_at, enrolled
from tests.flows.test_sessions import opened

THIEF, HOME = "203.0.113.66", "192.0.2.1"
LATER = START + timedelta(hours=1)


def sign_in(client: Client, password: str, address: str) -> int:
    given = {"email": "alice@customer.example", "password": password}
    return client.post("/sign-in/", given, REMOTE_ADDR=address).status_code


def guess(times: int, address: str, email: str = "alice@customer.example") -> None:
    for _ in range(times):
        with pytest.raises(PeopleError):
            sessions.check_credentials(email=email, password="wrong", address=address)


def guess_from_everywhere() -> None:
    for number in range(tries.PER_ACCOUNT_ALONE // tries.PER_ACCOUNT):
        guess(tries.PER_ACCOUNT, f"198.51.100.{number}")


def test_whoever_guesses_from_one_address_shuts_nobody_out_elsewhere(cast: Cast) -> None:
    guess(tries.PER_ACCOUNT + 1, THIEF)
    assert sign_in(Client(), PASSWORD, THIEF) == 422
    assert sign_in(Client(), PASSWORD, HOME) == 302


def test_from_very_many_addresses_an_account_is_shut_and_a_known_device_is_not(cast: Cast) -> None:
    known = opened(cast.alice)
    assert known.cookies["device"]["httponly"] and known.cookies["device"]["max-age"] > 0
    known.post("/sign-out/")
    guess_from_everywhere()
    assert sign_in(Client(), PASSWORD, HOME) == 422
    assert sign_in(known, PASSWORD, HOME) == 302


def test_a_known_device_guesses_no_more_than_anybody(cast: Cast) -> None:
    known = opened(cast.alice)
    known.post("/sign-out/")
    for _ in range(tries.PER_ACCOUNT):
        assert sign_in(known, "wrong", HOME) == 422
    assert sign_in(known, PASSWORD, THIEF) == 422, "counted wherever it is"
    assert sign_in(Client(), PASSWORD, HOME) == 302


def test_a_device_is_known_for_one_account_and_by_our_signature_alone(cast: Cast) -> None:
    key = cast.alice.user.email_key
    word = devices.word_for(cast.alice.user)
    assert devices.known(word, key) and devices.known(word, key) != devices.known(
        devices.word_for(cast.alice.user), key
    )
    for other in ("", "x", word[:-1] + ("a" if word[-1] != "a" else "b"), word.partition(":")[0]):
        assert devices.known(other, key) is None
    assert devices.known(word, cast.bob.user.email_key) is None


def test_the_password_alone_makes_no_device_known_to_somebody_with_a_factor(cast: Cast) -> None:
    secret = enrolled(cast.alice.user)
    client = opened(cast.alice)
    assert "device" not in client.cookies
    with clock.at(LATER):
        client = opened(cast.alice)
        client.post("/sign-in/step/", {"code": code_at(secret, LATER)})
    assert devices.known(client.cookies["device"].value, cast.alice.user.email_key)


def test_guesses_at_the_door_and_in_another_session_leave_somebody_who_is_in_alone(cast: Cast) -> None:
    here, there = opened(cast.alice), opened(cast.alice)
    guess_from_everywhere()
    for _ in range(tries.PER_ACCOUNT + 1):
        assert there.post("/account/confirmation/", {"password": "wrong"}).status_code == 422
    assert there.post("/account/confirmation/", {"password": PASSWORD}).status_code == 422
    assert here.post("/account/confirmation/", {"password": PASSWORD}).status_code == 302


def test_a_new_password_takes_back_what_was_counted_everywhere(cast: Cast) -> None:
    guess_from_everywhere()
    guess(tries.PER_ACCOUNT, HOME)
    sessions.reset_password(cast.adam.caller, cast.alice.user, "quite another sentence")
    assert sign_in(Client(), "quite another sentence", HOME) == 302


@pytest.mark.parametrize(
    ("address", "counted"),
    [("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::", "2001:db8:1:2::/64"),
     ("::ffff:192.0.2.1", "192.0.2.1"), ("192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::/64"), (None, ""),
     ("nonsense", "")],
)  # fmt: skip
def test_a_household_counts_as_one_address(address: str | None, counted: str) -> None:
    assert network.counted_as(address) == counted


def test_whoever_has_a_network_has_no_more_tries_for_it(cast: Cast) -> None:
    for number in range(tries.PER_ADDRESS):
        guess(1, f"2001:db8::{number + 1:x}", f"person{number}@nowhere.example")
    assert Storm.objects.get().tried == "2001:db8::/64" and Storm.objects.get().number == storms.ACCOUNTS
    with pytest.raises(tries.TooManyAttempts):
        sessions.check_credentials(email=cast.alice.user.email, password=PASSWORD, address="2001:db8::ffff")
    sessions.check_credentials(email=cast.alice.user.email, password=PASSWORD, address="2001:db8:0:1::1")
    for number in range(tries.PER_ADDRESS):
        sessions.count_departure(f"2001:db8::{number}")
    with pytest.raises(tries.TooManyAttempts):
        sessions.count_departure("2001:db8::ffff")
    secret = honey.plant(cast.adam.caller, provider=cast.provider, kind="link", planted="here")[1]
    for number in range(3):
        honey.try_link(secret, address=f"2001:db8::{number}")
    assert HoneyUse.objects.count() == 1


def test_a_storm_at_one_account_takes_as_many_households(cast: Cast) -> None:
    for number in range(storms.ADDRESSES + 5):
        guess(1, f"2001:db8::{number}")
    assert not Storm.objects.exists()


@pytest.mark.parametrize(
    ("trusted", "asks", "told", "found"),
    [
        ("", "127.0.0.1", "192.0.2.7, 192.0.2.1", "192.0.2.1"),
        ("", "::1", "192.0.2.1", "192.0.2.1"),
        ("", "", "192.0.2.1", "192.0.2.1"),
        ("", "127.0.0.1", "", "127.0.0.1"),
        ("", "127.0.0.1", "nonsense", "127.0.0.1"),
        ("", "10.0.0.5", "192.0.2.1", "10.0.0.5"),
        ("10.0.0.0/24, loopback", "10.0.0.5", "192.0.2.7, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.0/24 loopback", "127.0.0.1", "192.0.2.1, 10.0.0.5", "10.0.0.5"),
        ("10.0.0.0/24", "127.0.0.1", "192.0.2.1", "127.0.0.1"),
        ("fd00::/8", "fd00::1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.0/24", "::ffff:10.0.0.5", "::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_a_proxy_is_believed_when_it_is_trusted(
    settings: Settings, trusted: str, asks: str, told: str, found: str
) -> None:
    networks = configuration.networks("BAKEN_TRUSTED_PROXIES", {"BAKEN_TRUSTED_PROXIES": trusted})
    settings.BAKEN_TRUSTED_PROXIES = networks
    assert network.address_of({"REMOTE_ADDR": asks, "HTTP_X_FORWARDED_FOR": told}) == found


@pytest.mark.parametrize("trusted", ["10.0.0.5/24", "proxy.example", "10.0.0.0/33"])
def test_networks_that_are_none_are_refused_with_a_remedy(trusted: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^BAKEN_TRUSTED_PROXIES: .* write networks like"):
        configuration.networks("BAKEN_TRUSTED_PROXIES", {"BAKEN_TRUSTED_PROXIES": trusted})


def wrong_codes(user: User, secret: str, times: int, device: str = "") -> None:
    right = code_at(secret, clock.now())
    for _ in range(times):
        with pytest.raises(sessions.WrongCode):
            sessions.check_second_step(user, "123456" if right != "123456" else "654321", device=device)


def test_each_lock_of_the_second_step_is_twice_as_long_up_to_a_day(cast: Cast) -> None:
    alice, moment = cast.alice.user, LATER
    secret = enrolled(alice)
    for minutes in (15, 30, 60, 120, 240, 480, 960, 1_440, 1_440):
        with clock.at(moment):
            wrong_codes(alice, secret, tries.PER_ACCOUNT)
        over = moment + timedelta(minutes=minutes)
        with clock.at(over - timedelta(seconds=1)), pytest.raises(tries.TooManyAttempts, match="Wait 1 min"):
            sessions.check_second_step(alice, code_at(secret, clock.now()))
        moment = over + timedelta(seconds=1)
    facts = LedgerFact.objects.filter(stream_id=alice.id, kind="person.second_step_locked").order_by("seq")
    assert [fact.data["minutes"] for fact in facts][:3] == [15, 30, 60]
    with clock.at(moment):
        sessions.check_second_step(alice, code_at(secret, moment))


def test_few_guesses_at_a_time_are_counted_together(cast: Cast) -> None:
    secret = enrolled(cast.alice.user)
    for hours in (1, 2):
        with clock.at(START + timedelta(hours=hours)):
            wrong_codes(cast.alice.user, secret, 5)
            sessions.tidy()
    with clock.at(START + timedelta(hours=2)), pytest.raises(tries.TooManyAttempts):
        sessions.check_second_step(cast.alice.user, code_at(secret, clock.now()))
    with clock.at(START + timedelta(days=9)):
        sessions.tidy()
    assert not Attempts.objects.exists()


def test_a_known_device_goes_on_while_others_guess(cast: Cast) -> None:
    secret, device = enrolled(cast.alice.user), devices.word_for(cast.alice.user)
    with clock.at(LATER):
        wrong_codes(cast.alice.user, secret, tries.PER_ACCOUNT)
        sessions.check_second_step(cast.alice.user, code_at(secret, LATER), device=device)
        wrong_codes(cast.alice.user, secret, tries.PER_ACCOUNT, device)
        with pytest.raises(tries.TooManyAttempts):
            sessions.check_second_step(cast.alice.user, "123456", device=device)


def test_twenty_wrong_codes_are_a_security_incident_even_with_right_ones_between(cast: Cast) -> None:
    secret = enrolled(cast.alice.user)
    for days, times in ((1, 9), (2, 9), (3, 1)):
        with clock.at(START + timedelta(days=days)):
            wrong_codes(cast.alice.user, secret, times)
            sessions.check_second_step(cast.alice.user, code_at(secret, clock.now()))
    assert detect() == 0
    with clock.at(START + timedelta(days=3, minutes=5)):
        wrong_codes(cast.alice.user, secret, 1)
        assert detect() == 1
    incident = Incident.objects.get()
    assert (incident.classes, incident.priority) == (["security"], "high")
    body = incident.messages.get(kind="report").body
    assert "20 wrong codes" in body and str(cast.alice.user.id) in body
    signal = LedgerFact.objects.get(kind="second_step.guessed")
    assert signal.data == {"user": str(cast.alice.user.id), "number": 20}


def test_at_the_door_the_lock_and_the_signal_are_written_too(cast: Cast) -> None:
    """In the role in which nobody is known yet, where policies say what may be written."""
    enrolled(cast.alice.user)
    for hours in (1, 2):
        with clock.at(START + timedelta(hours=hours)):
            client = opened(cast.alice)
            for _ in range(tries.PER_ACCOUNT):
                assert client.post("/sign-in/step/", {"code": "nonsense"}).status_code == 422
    for kind, number in (("person.second_step_locked", 2), ("second_step.guessed", 1)):
        assert LedgerFact.objects.filter(kind=kind).count() == number
