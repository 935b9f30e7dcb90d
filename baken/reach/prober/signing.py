"""Requests of a prober are signed with its location's Ed25519 key; the hub keeps only the public half.

Signed is `METHOD LF path LF timestamp LF sha256 of the body in hex`; the timestamp is Unix microseconds.
"""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class KeyProblem(ValueError):
    """The key file holds no Ed25519 private key in PEM."""


def generate_key() -> tuple[str, str]:
    """A new (private key as PEM, public key as base64 of its 32 bytes)."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode("ascii"), _public(key)


def public_key(private_pem: str) -> str:
    """The public half of a private key in PEM, base64 of its 32 bytes; raises KeyProblem."""
    return _public(load_key(private_pem))


def load_key(private_pem: str) -> Ed25519PrivateKey:
    """The private key in a PEM text; raises KeyProblem."""
    try:
        key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    except (ValueError, TypeError) as problem:
        raise KeyProblem("the key file is not an unencrypted private key in PEM") from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyProblem("the key file holds another kind of key; a prober needs an Ed25519 key")
    return key


def sign(key: Ed25519PrivateKey, method: str, path: str, timestamp: int, body: bytes) -> str:
    """The signature of a request, base64."""
    return base64.b64encode(key.sign(_message(method, path, timestamp, body))).decode("ascii")


def verify(public_b64: str, method: str, path: str, timestamp: int, body: bytes, signature: str) -> bool:
    """Whether `signature` is that key's for exactly this request. The caller judges the timestamp's age."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_b64, validate=True))
        key.verify(base64.b64decode(signature, validate=True), _message(method, path, timestamp, body))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode("ascii")


def _message(method: str, path: str, timestamp: int, body: bytes) -> bytes:
    return f"{method}\n{path}\n{timestamp}\n{hashlib.sha256(body).hexdigest()}".encode()
