"""What an ID token has to be before it is believed, with real keys: and every way of forging one that is known."""

import base64
import json
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from baken.reach.openid.errors import OpenIdError, Problem
from baken.reach.openid.strength import several_factors
from baken.reach.openid.tokens import LEEWAY, claims_of

NOW = 1_790_000_000
ISSUER, CLIENT, NONCE = "https://id.example", "baken", "n-0S6_WzA2Mj"
GOOD: dict[str, Any] = {
    "iss": ISSUER, "sub": "248289761001", "aud": CLIENT, "exp": NOW + 300, "iat": NOW, "nonce": NONCE,
}  # fmt: skip
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
CURVE = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
PUBLISHED = KeySet([KEY, CURVE]).as_dict(private=False)


def read(token: str, keys: dict[str, Any] = PUBLISHED, *, strict: bool = False) -> dict[str, Any]:
    return claims_of(token, keys, issuer=ISSUER, client_id=CLIENT, nonce=NONCE, now=NOW, strict=strict)


def made(key: RSAKey | ECKey = KEY, alg: str = "RS256", kid: str = "one", **changes: Any) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": kid}, claims, key, algorithms=[alg])


def refused(token: str, keys: dict[str, Any] = PUBLISHED) -> str:
    with pytest.raises(OpenIdError) as error:
        read(token, keys)
    assert error.value.problem is Problem.TOKEN
    return str(error.value)


def segment(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(("key", "alg", "kid"), [(KEY, "RS256", "one"), (KEY, "PS256", "one"), (CURVE, "ES256", "two")])
def test_one_of_the_provider_is_believed(key: RSAKey | ECKey, alg: str, kid: str) -> None:
    assert read(made(key, alg, kid))["sub"] == GOOD["sub"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "somebody-else"}, "another client"),
        ({"aud": ["somebody-else"]}, "another client"),
        ({"aud": [CLIENT, "somebody-else"]}, "another client"),
        ({"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"}, "another client"),
        ({"azp": "somebody-else"}, "another client"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": ISSUER + "/"}, "another issuer"),
        ({"nonce": "of-another-request"}, "another request"),
        ({"nonce": 7}, "another request"),
        ({"exp": NOW - LEEWAY}, "expired"),
        ({"exp": str(NOW + 300)}, "no numbers"),
        ({"exp": True}, "no numbers"),
        ({"iat": NOW + LEEWAY + 1}, "future"),
        ({"nbf": NOW + LEEWAY + 1}, "future"),
        ({"sub": 7}, "subject"),
        ({"sub": "x" * 256}, "subject"),
        *(({name: None}, f"no {name}") for name in GOOD),
    ],
)
def test_one_that_says_something_else_is_not(changes: dict[str, Any], why: str) -> None:
    assert why in refused(made(**changes))


def test_two_audiences_are_fine_when_it_was_given_to_us() -> None:
    assert read(made(aud=[CLIENT, "somebody-else"], azp=CLIENT))


def test_a_signature_of_nobody_is_none() -> None:
    for alg in ("none", "None", "NONE", ""):
        assert "signature" in refused(f"{segment({'alg': alg})}.{segment(GOOD)}.")
    assert "signature" in refused(f"{segment({'kid': 'one'})}.{segment(GOOD)}.")


def test_the_public_key_is_no_shared_secret() -> None:
    """CVE-2016-10555 and its many sisters: HS256 with what everybody may read."""
    pem = KEY.as_pem(private=False)
    header = segment({"alg": "HS256", "kid": "one"})
    forged = jws.serialize_compact(
        {"alg": "HS256", "kid": "one"}, json.dumps(GOOD).encode(), OctKey.import_key(base64.b64encode(pem)), ["HS256"]
    )
    assert forged.startswith(header[:10])
    assert "signature" in refused(forged)
    shared = {"keys": [*PUBLISHED["keys"], {"kty": "oct", "k": segment("x" * 32), "kid": "three"}]}
    secret = OctKey.import_key(shared["keys"][-1])
    assert "signature" in refused(jwt.encode({"alg": "HS256", "kid": "three"}, dict(GOOD), secret), shared)


def test_another_key_under_the_same_name_signs_nothing() -> None:
    assert "signature" in refused(made(OTHER))
    assert "signature" in refused(made(KEY, kid="nine"))
    assert "signature" in refused(made(CURVE, "ES256", kid="one"))


def test_a_key_that_the_token_brings_along_is_not_asked() -> None:
    brought = {"alg": "RS256", "kid": "one", "jwk": OTHER.as_dict(private=False), "jku": "https://evil.example/keys"}
    assert "signature" in refused(jwt.encode(brought, dict(GOOD), OTHER))


def test_a_strict_installation_takes_no_short_key() -> None:
    """Whatever else the provider publishes; and a signature that is wrong stays just that."""
    long = RSAKey.generate_key(3_072, {"kid": "long", "use": "sig"})
    keys = KeySet([KEY, CURVE, long]).as_dict(private=False)
    assert read(made(long, kid="long"), keys, strict=True)["sub"] == GOOD["sub"]
    assert read(made(CURVE, "ES256", "two"), keys, strict=True)["sub"] == GOOD["sub"]
    for alg in ("RS256", "PS256"):
        with pytest.raises(OpenIdError) as error:
            read(made(alg=alg), keys, strict=True)
        assert error.value.problem is Problem.WEAK_KEY
    with pytest.raises(OpenIdError) as error:
        read(made(OTHER), keys, strict=True)
    assert error.value.problem is Problem.TOKEN


def test_a_key_for_encryption_signs_nothing() -> None:
    keys = {"keys": [{**KEY.as_dict(private=False), "use": "enc"}]}
    assert "signature" in refused(made(), keys)


def test_what_was_changed_after_it_was_signed_is_refused() -> None:
    head, _, signature = made().split(".")
    assert "signature" in refused(f"{head}.{segment({**GOOD, 'sub': '1'})}.{signature}")
    for broken in ("", "a.b", "a.b.c", "..", made() + "x", "é.é.é"):
        assert "signature" in refused(broken)


@pytest.mark.parametrize(
    ("amr", "several"),
    [
        (["mfa"], True), (["pwd", "mfa"], True), (["pwd", "otp"], True), (["pin", "fpt"], True),
        (["face", "hwk"], True),
        (["pwd"], False), (["pwd", "pin"], False), (["otp", "sms"], False), (["fpt", "face"], False), ([], False),
        (["pwd", "rba", "geo", "user", "mca"], False), (None, False), ("mfa", False), ({"mfa": True}, False),
        ([["mfa"], 7], False),
    ],
)  # fmt: skip
def test_how_many_factors_amr_names(amr: object, several: bool) -> None:
    assert several_factors(amr) is several


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": None}, {"keys": [None]}, {"keys": [{"kty": "RSA"}]}])
def test_without_keys_nothing_is_believed(keys: dict[str, Any]) -> None:
    refused(made(), keys)
