"""An escrow in shares: n people keep one each, any k of them together open it, and fewer learn nothing.

A random secret seals the root keys, and is itself divided by Shamir's scheme over GF(2^128). Each share is a JSON file
with the sealed keys, its own part of the secret and a checksum, so that nothing else is needed than k files.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from itertools import combinations, islice
from typing import Any, NamedTuple

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
MOST_TRIES = 1_000
"""Choices of shares that are tried, when one of them was changed with its checksum."""
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
    made = [{**common, "number": number, "part": part.hex()} for number, part in Shamir.split(needed, shares, secret)]
    return [json.dumps({**share, "checksum": _checksum(share)}, indent=1) for share in made]


def join(texts: Mapping[str, str]) -> tuple[KeyFile, list[str]]:
    """The root keys that shares of one escrow open, by what each is called; and what is wrong with those left out.

    Enough good ones suffice, whatever else is with them. Raises ShareError, which names what was left out too.
    """
    good, wrong = _sorted_out(texts)
    if len({(share.sealed, share.needed) for share in good}) > 1:
        raise ShareError("these are shares of different escrows; bring those whose names begin alike")
    needed, count = good[0].needed if good else 0, len({share.number for share in good})
    if count < needed or not good:
        few = f"this escrow opens with {needed} different shares and here are {count}; bring more"
        raise ShareError("\n".join([few, *wrong] if good else wrong))
    for chosen in islice(combinations(good, needed), MOST_TRIES):
        if keys := _opened(chosen):
            return keys, wrong
    raise ShareError("these shares do not open the escrow: one of them was changed; try others")


class _Share(NamedTuple):
    number: int
    part: bytes
    needed: int
    sealed: bytes


def _opened(chosen: Sequence[_Share]) -> KeyFile | None:
    try:
        secret, sealed = Shamir.combine([(share.number, share.part) for share in chosen]), chosen[0].sealed
        return KeyFile.from_content(_cipher(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], FORMAT.encode()))
    except (InvalidTag, ValueError):  # the same number twice, too
        return None


def _sorted_out(texts: Mapping[str, str]) -> tuple[list[_Share], list[str]]:
    good, wrong = [], []
    for name, text in texts.items():
        try:
            good.append(_read(text))
        except ShareError as problem:
            wrong.append(f"{name}: {problem}")
    return good, wrong


def _read(text: str) -> _Share:
    try:
        share = json.loads(text)
        if share["format"] != FORMAT or not _is_count(share["needed"]):
            raise ValueError(share["format"])
        part, sealed = bytes.fromhex(share["part"]), base64.b64decode(share["sealed"], validate=True)
        number, changed = share["number"], share["checksum"] != _checksum(share)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ShareError("this is no share of Baken's keys, or it is damaged; bring another") from error
    if not _is_count(number):
        raise ShareError(f"its number is none from 1 to {MOST}, so it was changed; bring another")
    if changed or len(part) != _SECRET:
        raise ShareError("it does not fit its checksum, so it was changed; bring another")
    return _Share(number, part, share["needed"], sealed)


def _is_count(number: object) -> bool:
    return type(number) is int and 1 <= number <= MOST


def _checksum(share: Mapping[str, Any]) -> str:
    """Tells a share that was changed by accident: whoever changes one on purpose can compute another."""
    said = json.dumps([share[name] for name in ("format", "needed", "shares", "number", "part", "sealed")])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=FORMAT.encode()).derive(secret))
