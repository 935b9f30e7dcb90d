"""Time-based one-time codes (RFC 6238): six digits, a new one every thirty seconds.

Every app makes them with SHA-1. A strict installation has new apps use SHA-256, which not every one can; an app that
was added before goes on as it was.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import transaction

from baken.record.ledger import clock
from baken.record.people import factors, happenings
from baken.record.people.access import Caller, Permission
from baken.record.people.flows import PeopleError
from baken.record.people.happenings import Happening
from baken.record.people.models import Authenticator, User

DIGITS = 6
STEP = 30
"""Seconds for which a code holds."""
DRIFT = 1
"""Steps by which the clock of a telephone may be ahead or behind."""
Algorithm = Authenticator.Algorithm
HASHES: dict[str, type[SHA1 | SHA256]] = {Algorithm.SHA1: SHA1, Algorithm.SHA256: SHA256}
"""HMAC does not rest on collisions, so SHA-1 is no weakness here; there are those who allow it nowhere."""
SECRET = {Algorithm.SHA1: 20, Algorithm.SHA256: 35}
"""Bytes of a secret: as many as the hash has or more (RFC 4226), in fives, so that base32 needs no padding."""
REFUSED = {
    Algorithm.SHA1: "code: this is not the code that the app shows now; check the clock of your telephone",
    Algorithm.SHA256: "code: this is not the code; check the clock of your telephone, or take an app that does SHA-256",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret to be put into an app: as text, in groups of four, and as the address that a QR code holds.

    unusual: the app has to be told to use SHA-256, or to read it from the address.
    """

    secret: str
    address: str
    unusual: bool


@transaction.atomic
def offer(user: User, *, issuer: str) -> Offer:
    """The secret of an app that is not confirmed yet; the same one until it is. issuer: what the app calls us.

    Raises PeopleError when the person has an app already.
    """
    algorithm = _of_new_ones()
    fresh = {"secret": _fresh(algorithm), "algorithm": algorithm, "created_at": clock.now()}
    row, _made = Authenticator.objects.get_or_create(
        user=user, defaults={"organisation_id": user.organisation_id, **fresh}
    )
    if row.confirmed_at is not None:
        raise PeopleError("code: you have an app already; remove it before you add another")
    if row.algorithm != algorithm:  # offered before the installation became strict, or stopped being so
        row.secret, row.algorithm = _fresh(algorithm), algorithm
        row.save(update_fields=["secret", "algorithm"])
    grouped = " ".join(row.secret[at : at + 4] for at in range(0, len(row.secret), 4))
    return Offer(grouped, _totp(row).get_provisioning_uri(user.email, issuer), unusual=algorithm != Algorithm.SHA1)


@transaction.atomic
def confirm(user: User, code: str) -> None:
    """The app makes the right codes, so from now on one is asked. Raises PeopleError."""
    algorithm = _of_new_ones()
    offered = Authenticator.objects.select_for_update().filter(user=user, confirmed_at=None, algorithm=algorithm)
    row = offered.first()
    if row is None or not _take(row, code):
        raise PeopleError(REFUSED[algorithm])
    row.confirmed_at = clock.now()
    row.save(update_fields=["confirmed_at"])
    happenings.note(user, Happening.AUTHENTICATOR_ADDED)


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
        happenings.note(user, Happening.AUTHENTICATOR_REMOVED)
    row.delete()


def using_sha_1(caller: Caller) -> int:
    """How many apps of people make codes with SHA-1."""
    caller.require(Permission.WRITE_PEOPLE)
    return Authenticator.objects.filter(algorithm=Algorithm.SHA1).exclude(confirmed_at=None).count()


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
    return TOTP(base64.b32decode(row.secret), DIGITS, HASHES[row.algorithm](), STEP)


def _of_new_ones() -> Algorithm:
    return Algorithm.SHA256 if settings.BAKEN_STRICT else Algorithm.SHA1


def _fresh(algorithm: Algorithm) -> str:
    return base64.b32encode(secrets.token_bytes(SECRET[algorithm])).decode()
