"""Devices on which somebody got in before: a signed word in their browser, so that tries elsewhere shut nobody out.

It opens nothing. Whoever holds one is counted by it instead of by their network address. It is worth nothing any more
once somebody else makes a password for the account: whoever forgot theirs may have lost the device as well.
"""

import secrets
from datetime import timedelta

from django.core import signing
from django.db.models import Max

from baken.record.ledger.models import LedgerFact
from baken.record.people.happenings import Happening
from baken.record.people.models import User

LIFE = timedelta(days=180)
_SALT = "baken.known-device"


def word_for(user: User) -> str:
    """What the browser keeps after somebody got in with everything that is asked of them."""
    return signing.dumps([user.email_key, secrets.token_urlsafe(16), _last_made(user.email_key)], salt=_SALT)


def known(word: str, account: str) -> str | None:
    """What the device is counted by, when this is a word of ours for this account.

    account: what stands for its e-mail address.
    """
    try:
        whose, number, made = signing.loads(word, salt=_SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(number) if whose == account and made == _last_made(account) else None


def _last_made(account: str) -> int:
    """By its place on the person's stream, the fact that somebody else last made a password for them; 0 for never."""
    whose = User.objects.filter(email_key=account).values("id")
    made = LedgerFact.objects.filter(stream_id__in=whose, kind=Happening.FIRST_PASSWORD_MADE.value)
    return int(made.aggregate(last=Max("seq"))["last"] or 0)
