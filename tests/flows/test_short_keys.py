"""Passkeys with an RSA key, as a device makes and uses them: what a strict installation takes."""

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import RS256
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    CollectedClientData,
    RegistrationResponse,
)
from pytest_django import Settings

from baken.record.people import passkeys
from baken.record.people.models import Passkey, User
from tests.conftest import Cast

ORIGIN, CREDENTIAL, FLAG = "http://testserver", b"made by a test", AuthenticatorData.FLAG


class Device:
    """Keeps one key of so many bits."""

    def __init__(self, bits: int) -> None:
        self.key: RSAPrivateKey = generate_private_key(65_537, bits)

    def register(self, user: User) -> Passkey:
        asked, challenge = passkeys.ask_to_register(user)
        made = AttestedCredentialData.create(bytes(16), CREDENTIAL, RS256.from_cryptography_key(self.key.public_key()))
        data = AuthenticatorData.create(_host(), FLAG.UP | FLAG.UV | FLAG.AT, 0, made)
        said = CollectedClientData.create("webauthn.create", asked["publicKey"]["challenge"], ORIGIN)
        response = AuthenticatorAttestationResponse(
            client_data=said, attestation_object=AttestationObject.create("none", data, {})
        )
        answer = json.dumps(dict(RegistrationResponse(raw_id=CREDENTIAL, response=response)))
        return passkeys.register(user, name="Laptop", challenge=challenge, answer=answer)

    def sign(self, user: User) -> User:
        asked, challenge = passkeys.ask_to_sign(user)
        data = AuthenticatorData.create(_host(), FLAG.UP | FLAG.UV, 0)
        said = CollectedClientData.create("webauthn.get", asked["publicKey"]["challenge"], ORIGIN)
        signature = self.key.sign(bytes(data) + said.hash, PKCS1v15(), SHA256())
        response = AuthenticatorAssertionResponse(client_data=said, authenticator_data=data, signature=signature)
        answer: Any = AuthenticationResponse(raw_id=CREDENTIAL, response=response)
        return passkeys.signer(challenge=challenge, answer=json.dumps(dict(answer)))


def _host() -> bytes:
    return hashlib.sha256(b"testserver").digest()


def test_a_strict_installation_takes_no_passkey_with_a_short_key(cast: Cast, settings: Settings) -> None:
    """Neither a new one nor one that it took before."""
    settings.BAKEN_URL, alice = ORIGIN, cast.alice.user
    device = Device(2_048)
    device.register(alice)
    assert device.sign(alice) == alice
    settings.BAKEN_STRICT = True
    with pytest.raises(passkeys.WrongPasskey, match="3,072 bits"):
        device.sign(alice)
    Passkey.objects.all().delete()
    with pytest.raises(passkeys.WrongPasskey, match="3,072 bits"):
        device.register(alice)
    device = Device(3_072)
    device.register(alice)
    assert device.sign(alice) == alice
