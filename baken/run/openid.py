"""What talks to identity providers, as the records ask for it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from baken.reach.openid import Client, OpenIdError, Person, Registration
from baken.record.people.openid import ProviderFailed

log = logging.getLogger(__name__)


class IdentityProviders:
    """`reach.openid` with the errors of the records. allow_private, strict: as there."""

    def __init__(self, *, allow_private: bool, strict: bool) -> None:
        self._client = Client(allow_private, strict)

    def check(self, issuer: str) -> None:
        """Whether the provider can be used at all."""
        with _failures():
            self._client.check(issuer)

    def registration(self, issuer: str, client_id: str, secret: str, returns: str) -> Registration:
        """Who we are to a provider."""
        return Registration(issuer, client_id, secret, returns)

    def address(self, us: Registration, *, state: str, nonce: str, verifier: str, anew: bool, contexts: str) -> str:
        """Where a person goes to sign in."""
        with _failures():
            return self._client.address(us, state=state, nonce=nonce, verifier=verifier, anew=anew, contexts=contexts)

    def person(self, us: Registration, *, code: str, nonce: str, verifier: str, now: int) -> Person:
        """Who signed in."""
        with _failures():
            return self._client.person(us, code=code, nonce=nonce, verifier=verifier, now=now)


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except OpenIdError as error:
        log.warning("identity provider: %s", error)  # no address, no name: neither belongs into a log
        raise ProviderFailed(error.problem) from error
