"""The authorization code flow with PKCE (RFC 7636), state and nonce, against one identity provider at a time.

Metadata and keys are asked for at every sign-in: so there is nothing that can be out of date when a provider renews
its keys, and people sign in a few times a day.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from baken.reach.openid import fetching
from baken.reach.openid.errors import OpenIdError, Problem
from baken.reach.openid.strength import several_factors
from baken.reach.openid.tokens import claims_of

WELL_KNOWN = "/.well-known/openid-configuration"
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Registration:
    """Who we are to a provider. secret: empty for a client that has none. returns: where people come back to."""

    issuer: str
    client_id: str
    secret: str
    returns: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in. email: "" unless the provider says that it verified it. signed_in: seconds since 1970, if told.

    several_factors: whether `amr` names more than one. context: what `acr` says, "" for nothing.
    """

    subject: str
    email: str
    name: str
    signed_in: int | None
    several_factors: bool
    context: str


@dataclass(frozen=True, slots=True)
class Client:
    """Talks to identity providers. allow_private: they may have addresses that are not public. strict: in `tokens`."""

    allow_private: bool = False
    strict: bool = False

    def check(self, issuer: str) -> None:
        """Ask for the provider's metadata. Raises OpenIdError when it cannot be used."""
        self._metadata(issuer)

    def address(
        self, us: Registration, *, state: str, nonce: str, verifier: str, anew: bool = False, contexts: str = ""
    ) -> str:
        """Where a person goes to sign in. Raises OpenIdError.

        anew: even when they are signed in there already. contexts: values of `acr`, any of which would do.
        """
        asked = {
            "response_type": "code", "client_id": us.client_id, "redirect_uri": us.returns,
            "scope": "openid email profile", "state": state, "nonce": nonce,
            "code_challenge": _challenge(verifier), "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if anew else {}),
            **({"acr_values": contexts} if contexts else {}),
        }  # fmt: skip
        endpoint: str = self._metadata(us.issuer)["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def person(self, us: Registration, *, code: str, nonce: str, verifier: str, now: int) -> Person:
        """Who signed in, for the code they came back with. Raises OpenIdError."""
        metadata = self._metadata(us.issuer)
        tokens = self._redeem(us, metadata, code, verifier)
        keys = self._get(metadata["jwks_uri"])
        claims = claims_of(
            str(tokens.get("id_token", "")), keys, issuer=us.issuer, client_id=us.client_id, nonce=nonce, now=now,
            strict=self.strict,
        )  # fmt: skip
        told = claims if "email" in claims else self._userinfo(metadata, tokens, claims)
        verified = told.get("email_verified") is True and isinstance(told.get("email"), str)
        since, context = claims.get("auth_time"), claims.get("acr")
        return Person(
            subject=claims["sub"],
            email=told["email"] if verified else "",
            name=str(told.get("name") or ""),
            signed_in=int(since) if isinstance(since, int | float) else None,
            several_factors=several_factors(claims.get("amr")),
            context=context if isinstance(context, str) else "",
        )

    def _metadata(self, issuer: str) -> dict[str, Any]:
        found = self._get(f"{issuer.rstrip('/')}{WELL_KNOWN}")
        if found.get("issuer") != issuer:
            raise OpenIdError(Problem.OTHER_ISSUER, "the metadata names another issuer")
        for name in NEEDED:
            fetching.fitting(str(found.get(name, "")), allow_private=self.allow_private)
        return found

    def _redeem(self, us: Registration, metadata: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": us.returns, "code_verifier": verifier,
        }  # fmt: skip
        login = None
        if us.secret and _takes_basic(metadata):
            login = (quote_plus(us.client_id), quote_plus(us.secret))  # RFC 6749, section 2.3.1
        else:
            form |= {"client_id": us.client_id, **({"client_secret": us.secret} if us.secret else {})}
        status, answer = fetching.ask(
            metadata["token_endpoint"], allow_private=self.allow_private, form=form, login=login
        )
        if status != 200:
            raise OpenIdError(Problem.REFUSED, f"the token request was answered with HTTP {status}")
        return answer

    def _userinfo(
        self, metadata: Mapping[str, Any], tokens: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the provider says of the same person apart from the ID token; nothing when it has no such place."""
        address, access = metadata.get("userinfo_endpoint"), tokens.get("access_token")
        if not isinstance(address, str) or not isinstance(access, str) or not _one_line(access):
            return {}
        told = self._get(address, f"Authorization: Bearer {access}")
        if told.get("sub") != claims["sub"]:
            raise OpenIdError(Problem.TOKEN, "userinfo is about somebody else")
        return told

    def _get(self, address: str, *headers: str) -> dict[str, Any]:
        status, answer = fetching.ask(address, allow_private=self.allow_private, headers=headers)
        if status != 200:
            raise OpenIdError(Problem.ANSWER, f"HTTP {status}")
        return answer


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _takes_basic(metadata: Mapping[str, Any]) -> bool:
    return "client_secret_basic" in metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])


def _one_line(text: str) -> bool:
    return text.isascii() and text.isprintable()
