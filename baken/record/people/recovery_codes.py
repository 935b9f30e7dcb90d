"""Codes on paper, for the day on which the telephone is gone: ten, each good for one sign-in."""

import hashlib
import hmac
import secrets

from django.db import transaction

from baken.record.people import happenings
from baken.record.people.happenings import Happening
from baken.record.people.models import RecoveryCode, User

COUNT = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without characters that look alike."""
LENGTH = 12
"""Characters of a code, which is 59 bits."""
BLOCKS, ROUNDS = 2**14, 5
"""What scrypt takes to try one: 16 MB and a tenth of a second, as OWASP advises for passwords."""


@transaction.atomic
def renew(user: User) -> list[str]:
    """Ten new codes, to be shown once; those from before are worth nothing any more."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
    RecoveryCode.objects.filter(user=user).delete()
    for code in codes:
        RecoveryCode.objects.create(organisation_id=user.organisation_id, user=user, digest=_digest(user, code))
    happenings.note(user, Happening.CODES_MADE, count=COUNT)
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


@transaction.atomic
def accepts(user: User, code: str) -> bool:
    """Whether this is one of the person's codes; it is used up now."""
    digest, rows = _digest(user, code), list(RecoveryCode.objects.select_for_update().filter(user=user))
    used = [row for row in rows if hmac.compare_digest(row.digest, digest)]
    for row in used:
        row.delete()
        happenings.note(user, Happening.CODE_USED, left=len(rows) - 1)
    return bool(used)


def _digest(user: User, code: str) -> str:
    plain = "".join(code.split()).replace("-", "").casefold()
    return hashlib.scrypt(plain.encode(), salt=user.id.bytes, n=BLOCKS, r=8, p=ROUNDS, dklen=32).hex()
