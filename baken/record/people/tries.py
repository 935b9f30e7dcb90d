"""Tries to get in: each is counted in the database before it is judged, so that many at the same moment count as well.

Somebody who guesses is stopped where they guess: by account and network address together. An account as a whole has a
limit so far away that only many addresses reach it, and a device on which its owner got in before is not held to that.
"""

from datetime import datetime, timedelta

from django.db import connection

from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.ledger.signals import GUESSED, raise_once
from baken.record.orgs.models import Organisation
from baken.record.orgs.search import standing_for
from baken.record.people import devices, happenings, network
from baken.record.people.access import program
from baken.record.people.acting import acting
from baken.record.people.flows import PeopleError
from baken.record.people.happenings import Happening
from baken.record.people.models import Attempts, User

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
"""Tries in a window at one account: from one network address, on one known device, in one session."""
PER_ACCOUNT_ALONE = 100
"""The same from everywhere, but on devices that are known."""
PER_ADDRESS = 100
"""From one network address, whatever account."""
WEEK, LONGEST = timedelta(days=7), timedelta(days=1)
"""Codes of a second step are counted for a week. Ten wrong ones lock it, each time in a week twice as long."""
WORTH_A_LOOK = 20
"""So many wrong codes in a week, and a person is asked to look: whoever types them has the password."""

GUESSES = program("guesses")
_BY_WEEK = "week/"


class TooManyAttempts(PeopleError):
    """Too many sign-ins were tried; the message says how long to wait."""


def at_password(account: str, *, address: str | None, device: str) -> str:
    """Count a try at the password of an account; gives the key that a right one is forgotten by.

    account: what stands for its e-mail address. device: what its browser keeps of an earlier sign-in; see `devices`.
    Raises TooManyAttempts.
    """
    counted_as, known = network.counted_as(address), devices.known(device, account)
    pair = _of_account("account", account, f"device {known}" if known else f"address {counted_as}")
    _count(pair, PER_ACCOUNT)
    if not known:
        _count(_key("account", account), PER_ACCOUNT_ALONE)
    if counted_as:
        _count(_key("address", counted_as), PER_ADDRESS)
    return pair


def at_departure(address: str | None) -> None:
    """Count somebody who goes off to an identity provider. Raises TooManyAttempts."""
    if address:
        _count(_key("departure", network.counted_as(address)), PER_ADDRESS)


def at_challenge(address: str | None) -> None:
    """One more stranger from there who asks what to sign with a passkey. Raises TooManyAttempts."""
    if address:
        _count(_key("challenge", network.counted_as(address)), PER_ADDRESS)


def at_confirmation(user: User, session: str) -> str:
    """Count a try by somebody who is in, at their own password; the key to forget it by. Raises TooManyAttempts."""
    key = _of_account("account", user.email_key, f"session {session}")
    _count(key, PER_ACCOUNT)
    return key


def at_code(user: User, *, device: str) -> tuple[str, timedelta | None]:
    """Count a try at the second step: the key to forget it by, and how long it is locked if this one is wrong.

    A known device has tries of its own, which others cannot use up. Raises TooManyAttempts.
    """
    if known := devices.known(device, user.email_key):
        key = _of_account("second", str(user.id), f"device {known}")
        _count(key, PER_ACCOUNT)
        return key, None
    key = _BY_WEEK + _of_account("second", str(user.id), "")
    if _count(key, PER_ACCOUNT, WEEK) < PER_ACCOUNT:
        return key, None
    lock = min(WINDOW * 2 ** _locks(user), LONGEST)
    Attempts.objects.filter(key=key).update(began=clock.now() + lock - WEEK)  # it counts anew when that is over
    return key, lock


def wrong_code(user: User, lock: timedelta | None) -> None:
    """A code was wrong, and perhaps it was the last that was let through: that is a fact, and many are a signal."""
    if lock:
        minutes = int(lock.total_seconds()) // 60
        happenings.note(user, Happening.STEP_LOCKED, actor="sign-in", minutes=minutes)
    began, number = _counted(_BY_WEEK + _of_account("wrong codes", str(user.id), ""), WEEK)
    provider = Organisation.objects.filter(kind=Organisation.Kind.PROVIDER).first()
    if number % WORTH_A_LOOK == 0 and provider is not None:
        data = {"user": str(user.id), "number": number}
        about = f"{user.id}.{began.isoformat()}.{number}"
        with acting(GUESSES):
            raise_once(GUESSED, organisation=provider.id, about=about, data=data, actor="sign-in")


def forget(key: str) -> None:
    """Who tried got in: their next try is the first."""
    Attempts.objects.filter(key=key).delete()


def forget_password(account: str) -> None:
    """An account has another password: nobody has tried that yet, from nowhere."""
    Attempts.objects.filter(key__startswith=_half("account", account)).delete()


def forget_codes(user: User) -> None:
    """The same for the second step of somebody whose factors were taken away."""
    half = _half("second", str(user.id))
    Attempts.objects.filter(key__startswith=half).delete()
    Attempts.objects.filter(key__startswith=_BY_WEEK + half).delete()


def tidy() -> None:
    """Forget what no longer counts."""
    now = clock.now()
    Attempts.objects.filter(began__lte=now - WINDOW).exclude(key__startswith=_BY_WEEK).delete()
    Attempts.objects.filter(began__lte=now - WEEK).delete()


COUNT = """
INSERT INTO people_attempts AS known (key, began, count) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE SET
    began = CASE WHEN known.began <= %(since)s THEN EXCLUDED.began ELSE known.began END,
    count = CASE WHEN known.began <= %(since)s THEN 1 ELSE known.count + 1 END
RETURNING began, count
"""


def counted(kind: str, value: str) -> tuple[datetime, int]:
    """Count one more of something: since when they are counted, and how many there are now."""
    return _counted(_key(kind, value), WINDOW)


def account_in_the_log(account: str) -> str:
    """What the log calls an account that was tried."""
    return _key("account", account)[:16]


def _locks(user: User) -> int:
    locked = LedgerFact.objects.filter(stream_id=user.id, kind=Happening.STEP_LOCKED.value)
    return min(locked.filter(at__gt=clock.now() - WEEK).count(), 10)


def _count(key: str, limit: int, window: timedelta = WINDOW) -> int:
    began, count = _counted(key, window)
    if count > limit:
        raise TooManyAttempts(_wait(began + window - clock.now()))
    return count


def _counted(key: str, window: timedelta) -> tuple[datetime, int]:
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key, "now": now, "since": now - window})
        began, count = cursor.fetchone()
    return began, count


def _wait(left: timedelta) -> str:
    minutes = max(1, -(-int(left.total_seconds()) // 60))
    return f"Too many attempts. Wait {minutes} min and try again; nothing is wrong with your account."


def _key(kind: str, value: str) -> str:
    return standing_for("attempts", f"{kind}:{value}".encode())


def _half(kind: str, account: str) -> str:
    return _key(kind, account)[:24]


def _of_account(kind: str, account: str, part: str) -> str:
    """Two halves, so that all of an account can be found again."""
    return _half(kind, account) + _key(kind, f"{account} {part}")[:24]
