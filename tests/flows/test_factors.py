"""Second factors: codes that work once, codes on paper, who has to have one, and what the ledger says of it."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import connection
from pytest_django import Settings

from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.people import authenticator, factors, recovery_codes, sessions, tries
from baken.record.people.access import Forbidden, Role
from baken.record.people.flows import PeopleError
from baken.record.people.models import Authenticator, RecoveryCode, User
from tests.conftest import START, Cast


def code_at(secret: str, moment: datetime, by: type[SHA1 | SHA256] = SHA1) -> str:
    """What an app shows: computed from the secret alone."""
    key = base64.b32decode(secret.replace(" ", ""))
    return TOTP(key, 6, by(), 30).generate(int(moment.timestamp())).decode()


def enrolled(user: User) -> str:
    """The secret of an app that was added at START."""
    secret = authenticator.offer(user, issuer="Baken").secret
    authenticator.confirm(user, code_at(secret, START))
    return secret


def kinds(user: User) -> list[str]:
    rows = LedgerFact.objects.filter(stream_id=user.id).exclude(kind="person.added")
    return list(rows.order_by("seq").values_list("kind", flat=True))


@pytest.fixture
def alice(cast: Cast) -> Iterator[User]:
    with clock.at(START):
        yield cast.alice.user


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"),
     (20000000000, "353130")],
)  # fmt: skip
def test_the_codes_are_those_of_rfc_6238(alice: User, moment: int, code: str) -> None:
    """Appendix B has eight digits; six are the last six of them."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    Authenticator(organisation=alice.organisation, user=alice, secret=secret, created_at=START).save()
    with clock.at(datetime.fromtimestamp(moment, UTC)):
        authenticator.confirm(alice, code)
    assert factors.held(alice).authenticator


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "119246"), (1111111109, "084774"), (1111111111, "062674"), (1234567890, "819424"), (2000000000, "698825"),
     (20000000000, "737706")],
)  # fmt: skip
def test_those_of_a_strict_installation_are_those_of_rfc_6238_with_sha_256(
    alice: User, settings: Settings, moment: int, code: str
) -> None:
    settings.BAKEN_STRICT = True
    secret = base64.b32encode(b"12345678901234567890123456789012").decode()
    Authenticator(
        organisation=alice.organisation, user=alice, secret=secret, algorithm="sha256", created_at=START
    ).save()
    with clock.at(datetime.fromtimestamp(moment, UTC)):
        authenticator.confirm(alice, code)
    assert factors.held(alice).authenticator


def test_a_strict_installation_has_new_apps_use_sha_256(alice: User, cast: Cast, settings: Settings) -> None:
    usual = authenticator.offer(alice, issuer="Baken")
    assert "algorithm=SHA1" in usual.address and not usual.unusual
    settings.BAKEN_STRICT = True
    with pytest.raises(PeopleError, match="SHA-256"):
        authenticator.confirm(alice, code_at(usual.secret, START))
    offer = authenticator.offer(alice, issuer="Baken")
    assert offer.unusual and offer.secret != usual.secret
    assert "algorithm=SHA256" in offer.address and len(base64.b32decode(offer.secret.replace(" ", ""))) >= 32
    assert authenticator.offer(alice, issuer="Baken") == offer, "the same one until it is confirmed"
    for wrong in (code_at(offer.secret, START), code_at(usual.secret, START)):
        with pytest.raises(PeopleError, match=r"^code: .*SHA-256"):
            authenticator.confirm(alice, wrong)
    authenticator.confirm(alice, code_at(offer.secret, START, SHA256))
    later = START + timedelta(hours=1)
    for strict in (False, True):
        settings.BAKEN_STRICT, later = strict, later + timedelta(hours=1)
        with clock.at(later):
            assert not authenticator.accepts(alice, code_at(offer.secret, later))
            assert authenticator.accepts(alice, code_at(offer.secret, later, SHA256))


def test_an_app_from_before_it_was_strict_goes_on(alice: User, cast: Cast, settings: Settings) -> None:
    secret, later = enrolled(alice), START + timedelta(hours=1)
    settings.BAKEN_STRICT = True
    with clock.at(later):
        sessions.check_second_step(alice, code_at(secret, later))
        assert authenticator.using_sha_1(cast.program) == 1
        authenticator.remove(alice)
        again = authenticator.offer(alice, issuer="Baken").secret
        authenticator.confirm(alice, code_at(again, later, SHA256))
    assert authenticator.using_sha_1(cast.program) == 0


def test_an_app_counts_once_a_code_of_it_was_typed(alice: User) -> None:
    offer = authenticator.offer(alice, issuer="Baken Provider")
    assert offer.address.startswith("otpauth://totp/Baken%20Provider:alice%40customer.example?")
    assert authenticator.offer(alice, issuer="Baken").secret == offer.secret
    assert not factors.held(alice)
    with pytest.raises(PeopleError, match=r"^code: "):
        authenticator.confirm(alice, "000000" if code_at(offer.secret, START) != "000000" else "000001")
    authenticator.confirm(alice, f" {code_at(offer.secret, START)[:3]} {code_at(offer.secret, START)[3:]} ")
    assert factors.held(alice)
    with pytest.raises(PeopleError, match="already"):
        authenticator.offer(alice, issuer="Baken")
    assert kinds(alice) == ["person.authenticator_added"]


def test_a_code_works_once_and_no_earlier_one_after_it(alice: User) -> None:
    secret = enrolled(alice)
    assert not authenticator.accepts(alice, code_at(secret, START))
    later = START + timedelta(seconds=90)
    with clock.at(later):
        assert authenticator.accepts(alice, code_at(secret, later))
        assert not authenticator.accepts(alice, code_at(secret, later))
        assert not authenticator.accepts(alice, code_at(secret, later - timedelta(seconds=30)))


@pytest.mark.parametrize(("seconds", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(alice: User, seconds: int, taken: bool) -> None:
    secret, later = enrolled(alice), START + timedelta(hours=1)
    with clock.at(later):
        assert authenticator.accepts(alice, code_at(secret, later + timedelta(seconds=seconds))) is taken


def test_guesses_at_the_second_step_run_out_and_the_right_code_waits_too(alice: User) -> None:
    secret, later = enrolled(alice), START + timedelta(hours=1)
    with clock.at(later):
        right = code_at(secret, later)
        wrong = "123456" if right != "123456" else "654321"
        for _ in range(tries.PER_ACCOUNT):
            with pytest.raises(sessions.WrongCode):
                sessions.check_second_step(alice, wrong)
        with pytest.raises(sessions.TooManyAttempts):
            sessions.check_second_step(alice, right)
    after = later + tries.WINDOW + timedelta(seconds=1)
    with clock.at(after):
        sessions.check_second_step(alice, code_at(secret, after))


def test_a_recovery_code_takes_the_place_of_the_app_once(alice: User, cast: Cast) -> None:
    enrolled(alice)
    codes = recovery_codes.renew(alice)
    assert len(set(codes)) == recovery_codes.COUNT
    sessions.check_second_step(alice, codes[0].upper().replace("-", " "))
    with pytest.raises(sessions.WrongCode):
        sessions.check_second_step(alice, codes[0])
    with pytest.raises(sessions.WrongCode):
        sessions.check_second_step(cast.bob.user, codes[1])
    assert factors.held(alice).codes_left == 9
    recovery_codes.renew(alice)
    with pytest.raises(sessions.WrongCode):
        sessions.check_second_step(alice, codes[1])
    made, used = "person.recovery_codes_made", "person.recovery_code_used"
    assert kinds(alice) == ["person.authenticator_added", made, used, made]
    (fact,) = LedgerFact.objects.filter(kind=used)
    assert fact.data == {"left": 9} and fact.actor == f"user:{alice.id}"


def test_neither_secret_nor_codes_can_be_read_in_the_database(alice: User) -> None:
    secret, codes = enrolled(alice).replace(" ", ""), recovery_codes.renew(alice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM people_authenticator UNION ALL SELECT digest FROM people_recoverycode")
        held = b"".join(bytes(row[0]) for row in cursor.fetchall())
    for plain in (secret.encode(), base64.b32decode(secret), *(code.encode() for code in codes)):
        assert plain not in held
    assert RecoveryCode.objects.filter(user=alice).count() == recovery_codes.COUNT


def test_without_a_second_factor_the_codes_on_paper_are_worth_nothing(alice: User) -> None:
    enrolled(alice)
    recovery_codes.renew(alice)
    authenticator.remove(alice)
    authenticator.remove(alice)
    held = factors.held(alice)
    assert not held and held.codes_left == 0
    assert kinds(alice)[-1] == "person.authenticator_removed"


@pytest.mark.parametrize(
    ("demand", "of"),
    [("off", set()), ("staff", {"agent", "manager", "administrator", "auditor"}), ("everyone", set(Role))],
)
def test_of_whom_a_second_factor_is_asked(settings: Settings, demand: str, of: set[str]) -> None:
    settings.BAKEN_SECOND_FACTOR = demand
    assert {role.value for role in Role if factors.demanded([role])} == {str(role) for role in of}


def test_whoever_has_to_have_one_keeps_one(cast: Cast, settings: Settings) -> None:
    settings.BAKEN_SECOND_FACTOR = "staff"
    for person in (cast.bob, cast.audrey):
        enrolled(person.user)
        with pytest.raises(factors.LastFactor):
            authenticator.remove(person.user)
        assert factors.held(person.user)
    enrolled(cast.alice.user)
    authenticator.remove(cast.alice.user)


def test_an_administrator_resets_what_was_lost_and_nobody_else_does(cast: Cast) -> None:
    enrolled(cast.bob.user)
    recovery_codes.renew(cast.bob.user)
    for other in (cast.mona, cast.bob, cast.alice):
        with pytest.raises(Forbidden):
            sessions.reset_factors(other.caller, cast.bob.user)
    sessions.reset_factors(cast.adam.caller, cast.bob.user)
    held = factors.held(cast.bob.user)
    assert not held and held.codes_left == 0
    fact = LedgerFact.objects.get(kind="person.factors_reset")
    assert fact.stream_id == cast.bob.user.id and fact.actor == cast.adam.caller.actor
