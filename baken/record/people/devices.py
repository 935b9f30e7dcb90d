"""Devices on which somebody got in before: a signed word in their browser, so that tries elsewhere shut nobody out.

It opens nothing. Whoever holds one is counted by it instead of by their network address.
"""

import secrets
from datetime import timedelta

from django.core import signing

from baken.record.people.models import User

LIFE = timedelta(days=180)
_SALT = "baken.known-device"


def word_for(user: User) -> str:
    """What the browser keeps after somebody got in with everything that is asked of them."""
    return signing.dumps([user.email_key, secrets.token_urlsafe(16)], salt=_SALT)


def known(word: str, account: str) -> str | None:
    """What the device is counted by, when this is a word of ours for this account.

    account: what stands for its e-mail address.
    """
    try:
        whose, number = signing.loads(word, salt=_SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(number) if whose == account else None
