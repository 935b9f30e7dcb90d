"""`baken user`: what somebody has for the second step, and taking it away; and settings that cannot be used."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from pytest_django import Settings

from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.people import factors, first_passwords, recovery_codes, sessions
from baken.record.people.flows import PeopleError
from baken.record.people.models import Identity, IdentityProvider, SignIn
from baken.record.people.passwords import Leaked
from baken.run import configuration
from baken.run.cli import baken
from tests.conftest import PASSWORD, START, Cast
from tests.flows.test_factors import enrolled

BOB = "bob@provider.example"


@pytest.fixture(autouse=True)
def _ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests have a database that is ready; the command would take it for somebody's own."""
    monkeypatch.setattr("baken.run.cli.user.django_ready", lambda: None)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(baken, ["user", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_what_was_lost_is_shown_and_taken_away(cast: Cast) -> None:
    enrolled(cast.bob.user)
    recovery_codes.renew(cast.bob.user)
    assert json.loads(run("factors", BOB, "--json")) == {"app": True, "passkeys": 0, "recovery_codes": 10}
    assert "an app, 0 passkeys, 10 recovery codes" in run("factors", BOB)
    sessions.begin(cast.bob.user, session_key="k", device="Firefox Linux", address=None)
    assert "was signed out everywhere" in run("reset-factors", BOB.upper())
    assert "no app" in run("factors", BOB)
    assert not factors.held(cast.bob.user) and not cast.bob.user.sign_ins.exists()
    fact = LedgerFact.objects.get(kind="person.factors_reset")
    assert (fact.stream_id, fact.actor) == (cast.bob.user.id, "command-line")


def test_a_tie_to_a_provider_is_taken_away(cast: Cast) -> None:
    provider, bob = cast.provider, cast.bob.user
    house = IdentityProvider.objects.create(
        organisation=provider, name="House", issuer="https://id.example", client_id="c", created_at=START
    )
    Identity.objects.create(
        organisation=provider, user=bob, provider=house, subject="s", created_at=START, last_used_at=START
    )  # fmt: skip
    assert "accounts forgotten: 1" in run("unlink", BOB)
    assert "accounts forgotten: 0" in run("unlink", BOB)
    (fact,) = LedgerFact.objects.filter(kind="person.identities_unlinked")
    assert fact.data == {"count": 1}


def test_of_whom_a_second_factor_is_asked_is_one_of_three_words() -> None:
    known = configuration.SECOND_FACTOR
    assert configuration.choice("BAKEN_SECOND_FACTOR", known, {}) == "off"
    assert configuration.choice("BAKEN_SECOND_FACTOR", known, {"BAKEN_SECOND_FACTOR": "Staff"}) == "staff"
    with pytest.raises(configuration.ConfigurationError, match="none of off, staff, everyone"):
        configuration.choice("BAKEN_SECOND_FACTOR", known, {"BAKEN_SECOND_FACTOR": "yes"})
    assert set(known) == {demand.value for demand in factors.Demand}


@pytest.mark.parametrize(
    "password", ["elevenchars", "123456789987654321", "1q2w3e4r5t6y7u8i9o0p", "alice@customer.example"]
)
def test_passwords_that_others_try_first_are_refused(cast: Cast, password: str) -> None:
    with pytest.raises(PeopleError, match=r"^password: "):
        sessions.change_password(cast.alice.user, current=PASSWORD, password=password)


@pytest.mark.parametrize("password", ["aaaaaaaaaaab", "twelve small", "π" * 128, "x y" * 43, " leading and trailing "])
def test_every_other_one_of_twelve_characters_and_more_is_taken_as_it_is(cast: Cast, password: str) -> None:
    with clock.at(START):
        user = sessions.change_password(cast.alice.user, current=PASSWORD, password=password)
    assert user.check_password(password) and not user.check_password(password.strip() + "x")
    with pytest.raises(ValidationError):
        validate_password(password[:11], user)


def test_somebody_is_signed_out_or_kept_out_by_command(cast: Cast) -> None:
    def begin() -> None:
        sessions.begin(cast.bob.user, session_key="k", device="Firefox Linux", address=None)

    begin()
    assert "signed out everywhere" in run("sign-out", BOB)
    assert not SignIn.objects.exists()
    begin()
    run("deactivate", BOB)
    assert not SignIn.objects.exists()
    with pytest.raises(sessions.WrongCredentials):
        sessions.check_credentials(email=BOB, password=PASSWORD, address=None)
    run("activate", BOB)
    assert sessions.check_credentials(email=BOB, password=PASSWORD, address=None) == cast.bob.user


def test_whoever_is_added_by_command_gets_a_first_password(cast: Cast) -> None:
    said = run("add", "cleo@customer.example", "--name", "Cleo", "--role", "customer", "--organisation", "customer")
    until, password = "2026-01-02 00:00 UTC", said.split()[-1]
    assert until in said
    cleo = sessions.check_credentials(email="cleo@customer.example", password=password, address=None)
    assert first_passwords.is_held(cleo)
    sessions.begin(cast.bob.user, session_key="k", device="Firefox Linux", address=None)
    assert run("password", BOB).split()[-1] != password
    assert not SignIn.objects.exists()
    typed = CliRunner().invoke(baken, ["user", "password", BOB, "--password-stdin"], input="a typed sentence\n")
    assert until in typed.output and "a typed sentence" not in typed.output
    cast.bob.user.refresh_from_db()
    assert cast.bob.user.check_password("a typed sentence") and first_passwords.is_held(cast.bob.user)
    weak = CliRunner().invoke(baken, ["user", "password", BOB, "--password-stdin"], input="short\n")
    assert isinstance(weak.exception, PeopleError), "with every rule that passwords have"


OURS = ("Baken2026!!2026", "provider-Provider-1", "Welkom01Welkom01", "ServiceDesk#2026", "123456baken7890")
OTHERS = ("baken onder de rook", "my provider sings loudly", "31415926535897", "correct horse battery")


@pytest.mark.parametrize("password", OURS)
def test_passwords_made_of_our_own_words_are_refused(cast: Cast, password: str) -> None:
    with pytest.raises(PeopleError, match=r"^password: .*guessed first"):
        sessions.reset_password(cast.adam.caller, cast.bob.user, password)


@pytest.mark.parametrize("password", OTHERS)
def test_with_other_words_around_them_they_are_taken(cast: Cast, password: str) -> None:
    sessions.reset_password(cast.adam.caller, cast.bob.user, password)
    assert cast.bob.user.check_password(password)


def test_passwords_that_leaked_are_refused(cast: Cast, tmp_path: Path, settings: Settings) -> None:
    """Every line of the list is found, the first and the last, and nothing between two lines."""
    leaked = [f"leaked sentence {number}" for number in range(300)]
    digests = {hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest().upper(): word for word in leaked}
    listed = tmp_path / "leaked"
    listed.write_text("".join(f"{digest}:{number}\r\n" for number, digest in enumerate(sorted(digests))))
    settings.BAKEN_LEAKED_PASSWORDS = str(listed)
    leak = Leaked()
    for word in leaked:
        with pytest.raises(ValidationError, match="leaked"):
            leak.validate(word)
    for number in range(300):
        leak.validate(f"another sentence {number}")
    with pytest.raises(PeopleError, match=r"^password: .*leaked"):
        sessions.reset_password(cast.adam.caller, cast.bob.user, leaked[7])
    listed.write_text("")
    leak.validate(leaked[0])
    settings.BAKEN_LEAKED_PASSWORDS = ""
    leak.validate(leaked[0])
