"""Signing in: guesses are counted in the database, sessions can be seen and ended by their owner."""

from datetime import timedelta
from uuid import UUID

from django.contrib.auth import authenticate
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from baken.record.ledger import clock
from baken.record.orgs import indexkeys
from baken.record.orgs.search import address_key
from baken.record.people import (
    authenticator,
    factors,
    first_passwords,
    happenings,
    honey,
    limits,
    recovery_codes,
    storms,
    tries,
)
from baken.record.people.access import Caller, NotFound, program
from baken.record.people.acting import acting
from baken.record.people.authenticator import DIGITS
from baken.record.people.flows import PeopleError, set_active, set_password
from baken.record.people.happenings import Happening
from baken.record.people.models import SignIn, User
from baken.record.people.reads import caller_of
from baken.record.people.security_log import note
from baken.record.people.session_store import SessionStore, stored_as
from baken.record.people.tries import TooManyAttempts

SESSIONS = program("sessions")
"""Ends sessions of somebody else: nobody can see those but the program."""
NOTED_EVERY = timedelta(minutes=5)


class WrongCredentials(PeopleError):
    """E-mail address and password do not belong together; which of the two is wrong is not said."""


class WrongCode(PeopleError):
    """The second step did not succeed."""


def check_credentials(*, email: str, password: str, address: str | None, device: str = "") -> User:
    """The person these credentials belong to. Takes equally long whether or not there is one.

    Every try counts before it is checked, so that tries at the same moment count as well. device: what the browser
    keeps of an earlier sign-in. Raises TooManyAttempts, WrongCredentials.
    """
    try:
        user = _checked(email, password, address, device)
    except (TooManyAttempts, WrongCredentials) as error:
        account = tries.account_in_the_log(address_key(email))
        note("sign-in.refused", account=account, address=address, because=type(error).__name__)
        storms.note(tries.counted, email=email, address=address)
        honey.try_account(email, address=address)
        raise
    by = "first-password" if first_passwords.is_held(user) else "password"
    note("sign-in.accepted", user=user.id, by=by, address=address)
    return user


def _checked(email: str, password: str, address: str | None, device: str) -> User:
    tried = tries.at_password(address_key(email), address=address, device=device)
    user = authenticate(email=email, password=password)
    if not isinstance(user, User):
        raise WrongCredentials("This e-mail address and password do not belong together. Check both and try again.")
    tries.forget(tried)
    return user


def check_second_step(user: User, code: str, *, device: str = "") -> None:
    """Take a code of the person's app, or one of their recovery codes. Each try counts; wrong ones lock it for longer.

    device: what the browser keeps of an earlier sign-in. Raises TooManyAttempts, WrongCode.
    """
    tried, lock = tries.at_code(user, device=device)
    typed = "".join(code.split())
    of_an_app = len(typed) == DIGITS and typed.isdigit()
    accepted = (authenticator.accepts if of_an_app else recovery_codes.accepts)(user, typed)
    outcome = "accepted" if accepted else "refused"
    note(f"second-step.{outcome}", user=user.id, by="app" if of_an_app else "recovery code")
    if not accepted:
        tries.wrong_code(user, lock)
        raise WrongCode("code: this code is not right, or was used before; wait for the next one")
    tries.forget(tried)


def count_departure(address: str | None) -> None:
    """Somebody goes off to an identity provider, which is asked something each time. Raises TooManyAttempts."""
    tries.at_departure(address)


def count_challenge(address: str | None) -> None:
    """Somebody unknown asks what to sign with a passkey, and gets a session for that. Raises TooManyAttempts."""
    tries.at_challenge(address)


def check_password(user: User, password: str, *, session_key: str = "", field: str = "password") -> None:
    """The person at the keyboard knows their password. Each try counts, for their session alone.

    field: where they typed it. Raises TooManyAttempts, PeopleError.
    """
    tried = tries.at_confirmation(user, stored_as(session_key))
    if not first_passwords.matches(user, password):
        note("password.refused", user=user.id)
        raise PeopleError(f"{field}: {_why_refused(user)}")
    tries.forget(tried)


def _why_refused(user: User) -> str:
    if first_passwords.is_over(user):
        return "the one that was made for you is over; ask an administrator to make another"
    if first_passwords.is_held(user):
        return "this is not the one that was made for you"
    return "this is not your present password"


def begin(user: User, *, session_key: str, device: str, address: str | None) -> SignIn:
    """Remember a session that has just begun."""
    now, stored = clock.now(), stored_as(session_key)
    note("session.begun", user=user.id, session=stored[:16], address=address)
    known = {"user": user, "device": device, "address": address, "began": now, "last_used": now}
    return SignIn.objects.update_or_create(session_key=stored, defaults=known)[0]


def change_password(user: User, *, current: str, password: str, session_key: str = "") -> User:
    """A new password by its owner, who knows the present one. Every session ends; the owner signs in anew.

    A wrong present password counts, for that session alone. Raises TooManyAttempts, PeopleError.
    """
    check_password(user, current, session_key=session_key, field="current")
    _choose(user, password)
    note("password.changed", user=user.id, by="its owner")
    end_all(user)
    return user


@transaction.atomic
def _choose(user: User, password: str) -> None:
    """A password of their own. In place of a first one, which is not to become it, that is a fact."""
    first = first_passwords.is_held(user)
    if first and user.check_password(password):
        raise PeopleError("password: this is the one that was made for you; choose one of your own")
    set_password(caller_of(user), user, password)
    if first:
        happenings.note(user, Happening.PASSWORD_CHOSEN)


@transaction.atomic
def reset_password(caller: Caller, user: User, password: str | None = None) -> str:
    """A first password for somebody who forgot theirs: they are signed out everywhere and may try it at once.

    password: one that was typed; None for a random one. Gives it, to be shown once. Raises PeopleError.
    """
    made = first_passwords.give(caller, user, password)
    tries.forget_password(user.email_key)
    end_all(user)
    return made


@transaction.atomic
def reset_factors(caller: Caller, user: User) -> None:
    """Take every second factor from somebody who lost theirs, and end the sessions that may be lost with it.

    Their password alone lets them in again, until they have added another.
    """
    factors.reset(caller, user)
    tries.forget_codes(user)
    end_all(user)


@transaction.atomic
def shut_out(caller: Caller, user: User) -> None:
    """Keep a person out from this moment on; what they did stays."""
    set_active(caller, user.id, active=False)
    end_all(user)


def renew(session: SessionBase) -> None:
    """A session goes on under a new key; what its old one opened is closed."""
    old = stored_as(session.session_key)
    session.cycle_key()
    SignIn.objects.filter(session_key=old).update(session_key=stored_as(session.session_key))


def note_use(session: SessionStore) -> None:
    """Remember that a session is in use, once every few minutes; it stays open for that."""
    now = clock.now()
    mine = SignIn.objects.filter(session_key=stored_as(session.session_key), last_used__lt=now - NOTED_EVERY)
    if mine.update(last_used=now):
        session.touch()


def sign_ins(user: User) -> QuerySet[SignIn]:
    """The sessions of a person that have not ended, last used first."""
    live = Session.objects.filter(expire_date__gt=clock.now()).values("session_key")
    return SignIn.objects.filter(user=user, session_key__in=live).order_by("-last_used")


@transaction.atomic
def end(user: User, sign_in_id: UUID) -> None:
    """End one session of a person. Raises NotFound, also for somebody else's."""
    found = SignIn.objects.filter(user=user, id=sign_in_id).first()
    if found is None:
        raise NotFound("There is no such session.")
    _end([found.session_key])


@transaction.atomic
def end_others(user: User, session_key: str) -> None:
    """End every session of a person but one: that in which they ask for it."""
    others = SignIn.objects.filter(user=user).exclude(session_key=stored_as(session_key))
    _end(list(others.values_list("session_key", flat=True)))


@transaction.atomic
def end_all(user: User) -> None:
    """End every session of a person."""
    with acting(SESSIONS):
        _end(list(SignIn.objects.filter(user=user).values_list("session_key", flat=True)))


def tidy() -> None:
    """Forget sessions that are over, tries that no longer count, and index keys that nothing needs any more."""
    now = clock.now()
    Session.objects.filter(expire_date__lte=now).delete()
    SignIn.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    tries.tidy()
    limits.tidy()
    indexkeys.drop_replaced(now - indexkeys.KEPT)


def ended(session_key: str) -> None:
    """A session was ended by its owner."""
    note("session.ended", session=stored_as(session_key)[:16])
    SignIn.objects.filter(session_key=stored_as(session_key)).delete()


def _end(keys: list[str]) -> None:
    for key in keys:
        note("session.ended", session=key[:16])
    with acting(SESSIONS):
        Session.objects.filter(session_key__in=keys).delete()
        SignIn.objects.filter(session_key__in=keys).delete()
