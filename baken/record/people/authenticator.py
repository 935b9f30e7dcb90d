"""Time-based one-time codes (RFC 6238): six digits, a new one every thirty seconds, SHA-1, as every app makes them."""

import base64
import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction

from baken.record.ledger import clock
from baken.record.people import factors
from baken.record.people.flows import PeopleError
from baken.record.people.models import Authenticator, User

DIGITS = 6
STEP = 30
"""Seconds for which a code holds."""
DRIFT = 1
"""Steps by which the clock of a telephone may be ahead or behind."""
SECRET = 20
"""Bytes of a secret, as RFC 4226 recommends."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret to be put into an app: as text, in groups of four, and as the address that a QR code holds."""

    secret: str
    address: str


@transaction.atomic
def offer(user: User, *, issuer: str) -> Offer:
    """The secret of an app that is not confirmed yet; the same one until it is. issuer: what the app calls us.

    Raises PeopleError when the person has an app already.
    """
    now = clock.now()
    fresh = {"organisation_id": user.organisation_id, "created_at": now, "secret": _fresh()}
    row, _made = Authenticator.objects.get_or_create(user=user, defaults=fresh)
    if row.confirmed_at is not None:
        raise PeopleError("code: you have an app already; remove it before you add another")
    grouped = " ".join(row.secret[at : at + 4] for at in range(0, len(row.secret), 4))
    return Offer(grouped, _totp(row).get_provisioning_uri(user.email, issuer))


@transaction.atomic
def confirm(user: User, code: str) -> None:
    """The app makes the right codes, so from now on one is asked. Raises PeopleError."""
    row = Authenticator.objects.select_for_update().filter(user=user, confirmed_at=None).first()
    if row is None or not _take(row, code):
        raise PeopleError("code: this is not the code that the app shows now; check the clock of your telephone")
    row.confirmed_at = clock.now()
    row.save(update_fields=["confirmed_at"])
    factors.note(user, factors.Happening.AUTHENTICATOR_ADDED)


@transaction.atomic
def accepts(user: User, code: str) -> bool:
    """Whether this is a code of the person's app that was not taken before; it is taken now."""
    row = Authenticator.objects.select_for_update().filter(user=user).exclude(confirmed_at=None).first()
    return row is not None and _take(row, code)


@transaction.atomic
def remove(user: User) -> None:
    """Ask for no codes any more. Raises LastFactor."""
    row = Authenticator.objects.select_for_update().filter(user=user).first()
    if row is None:
        return
    if row.confirmed_at is not None:
        factors.keeps_one(user, without=row)
        factors.note(user, factors.Happening.AUTHENTICATOR_REMOVED)
    row.delete()


def _take(row: Authenticator, code: str) -> bool:
    """Whether the code is of a step later than the last one taken, and near enough to now."""
    totp, typed = _totp(row), "".join(code.split()).encode()
    present = int(clock.now().timestamp()) // STEP
    for step in range(max(present - DRIFT, row.last_step + 1), present + DRIFT + 1):
        if hmac.compare_digest(totp.generate(step * STEP), typed):
            row.last_step = step
            row.save(update_fields=["last_step"])
            return True
    return False


def _totp(row: Authenticator) -> TOTP:
    return TOTP(base64.b32decode(row.secret), DIGITS, SHA1(), STEP)  # noqa: S303  RFC 6238; HMAC does not rest on collisions


def _fresh() -> str:
    return base64.b32encode(secrets.token_bytes(SECRET)).decode()
