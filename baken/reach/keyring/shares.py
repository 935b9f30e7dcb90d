"""An escrow in shares: n people keep one each, any k of them together open it, and fewer learn nothing.

A random secret seals the root keys, and is itself divided by Shamir's scheme over GF(2^128). Each share is a JSON file
with the sealed keys and its own part of the secret, so that nothing else is needed than k files.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from baken.reach.keyring.errors import KeyringError
from baken.reach.keyring.keyfile import KeyFile

FORMAT = "baken key share 1"
MOST = 100
"""Shares that an escrow can have."""
_SECRET = 16
_NONCE = 12


class ShareError(KeyringError):
    """The shares do not open an escrow; the message says why and what to do."""


def divide(keys: KeyFile, needed: int, shares: int) -> list[str]:
    """The texts of that many shares, `needed` of which open the escrow. Raises ShareError for other numbers."""
    if not 2 <= needed <= shares <= MOST:
        raise ShareError(f"needed: at least 2 and at most as many as there are shares, which are at most {MOST}")
    secret, nonce = secrets.token_bytes(_SECRET), secrets.token_bytes(_NONCE)
    sealed = nonce + _cipher(secret).encrypt(nonce, keys.content(), FORMAT.encode())
    common = {"format": FORMAT, "needed": needed, "shares": shares, "sealed": base64.b64encode(sealed).decode()}
    parts = Shamir.split(needed, shares, secret)
    return [json.dumps({**common, "number": number, "part": part.hex()}, indent=1) for number, part in parts]


def join(texts: Sequence[str]) -> KeyFile:
    """The root keys that shares of one escrow open. Raises ShareError."""
    read = [_read(text) for text in texts]
    if len({(share["sealed"], share["needed"]) for share in read}) != 1:
        raise ShareError("these are shares of different escrows; bring those whose names begin alike")
    parts, needed = {share["number"]: bytes.fromhex(share["part"]) for share in read}, read[0]["needed"]
    if len(parts) < needed:
        raise ShareError(f"this escrow opens with {needed} different shares and here are {len(parts)}; bring more")
    sealed = base64.b64decode(read[0]["sealed"])
    secret = Shamir.combine(list(parts.items())[:needed])
    try:
        return KeyFile.from_content(_cipher(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], FORMAT.encode()))
    except (InvalidTag, ValueError) as error:
        raise ShareError("these shares do not open the escrow: one of them was changed; try others") from error


def _read(text: str) -> dict[str, Any]:
    try:
        share = json.loads(text)
        if share["format"] != FORMAT or len(bytes.fromhex(share["part"])) != _SECRET:
            raise ValueError(share["format"])
        base64.b64decode(share["sealed"], validate=True)
        return dict(share, number=int(share["number"]), needed=int(share["needed"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ShareError("this is no share of Baken's keys, or it is damaged; bring another") from error


def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=FORMAT.encode()).derive(secret))
