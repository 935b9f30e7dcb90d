"""What an ID token says, when it can be trusted (OpenID Connect Core 1.0, section 3.1.3.7)."""

import hmac
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from baken.domain.keys import RSA_BITS
from baken.reach.openid.errors import OpenIdError, Problem

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
"""Signatures with a key that only the provider has. None at all, and those with a shared key, are not among them."""
LEEWAY = 60
"""Seconds by which the provider's clock and ours may differ."""


def claims_of(
    id_token: str, keys: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: int, strict: bool
) -> dict[str, Any]:
    """The claims of an ID token that `issuer` made for `client_id` in answer to the request with this `nonce`.

    keys: the provider's key set (RFC 7517). now: seconds since 1970. strict: a key has 128 bits of strength. Raises
    OpenIdError.
    """
    claims = _signed(id_token, keys, strict)
    for name in ("iss", "sub", "aud", "exp", "iat", "nonce"):
        if claims.get(name) in (None, "", []):
            raise _wrong(f"it has no {name}")
    if claims["iss"] != issuer:
        raise _wrong("it is of another issuer")
    _check_audience(claims, client_id)
    _check_times(claims, now)
    if not isinstance(claims["nonce"], str) or not hmac.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise _wrong("it answers another request")
    if not isinstance(claims["sub"], str) or len(claims["sub"]) > 255:
        raise _wrong("its subject is not one of OpenID Connect")
    return claims


def _signed(id_token: str, keys: Mapping[str, Any], strict: bool) -> dict[str, Any]:
    """The claims, once the signature was checked with one of the provider's public keys."""
    try:
        asymmetric = [key for key in keys["keys"] if key.get("kty") in {"RSA", "EC", "OKP"} and _for_signing(key)]
        known = KeySet.import_key_set({"keys": asymmetric})
        claims = dict(jwt.decode(id_token, known, list(ALGORITHMS)).claims)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _wrong(f"its signature: {type(error).__name__}") from error
    if strict:
        _hold_to_strength(id_token, known)
    return claims


def _hold_to_strength(id_token: str, known: KeySet) -> None:
    """A signature that is right is so by a key that is long enough."""
    strong = [key for key in known if not isinstance(key, RSAKey) or key.public_key.key_size >= RSA_BITS]
    try:
        jwt.decode(id_token, KeySet(strong), list(ALGORITHMS))
    except (JoseError, ValueError) as error:
        raise OpenIdError(Problem.WEAK_KEY, f"it signs with an RSA key of fewer than {RSA_BITS} bits") from error


def _for_signing(key: Mapping[str, Any]) -> bool:
    return bool(key.get("use", "sig") == "sig")


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """It is for us; when it is for others too, the one it was given to (`azp`) is us."""
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if client_id not in audience:
        raise _wrong("it is for another client")
    if (len(audience) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        raise _wrong("it was given to another client")


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    times = {name: claims.get(name, 0) for name in ("exp", "iat", "nbf")}
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in times.values()):
        raise _wrong("its times are no numbers")
    if times["exp"] <= now - LEEWAY:
        raise _wrong("it has expired")
    if times["iat"] > now + LEEWAY or times["nbf"] > now + LEEWAY:
        raise _wrong("it is of the future")


def _wrong(why: str) -> OpenIdError:
    return OpenIdError(Problem.TOKEN, why)
