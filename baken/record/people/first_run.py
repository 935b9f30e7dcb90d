"""The way into an installation that has nobody yet: a token that whoever started it has read on the terminal."""

import hmac

from django.utils.crypto import salted_hmac

from baken.record.people.reads import provider


def setup_token() -> str:
    """The token of this installation's first-run setup. It follows from the secret key, so it is kept nowhere."""
    return salted_hmac("baken.first-run", "setup", algorithm="sha256").hexdigest()[:32]


def may_set_up(token: str) -> bool:
    """Whether `token` opens the setup: it works until there is a provider, hence once."""
    return hmac.compare_digest(token.encode(), setup_token().encode()) and provider() is None
