"""A root key in a file that only its owner may read, sealed with a passphrase if one is set.

The file is JSON. `secret` is the root key, 32 bytes in base64; with a passphrase it is sealed by AES-256-GCM under a
key that scrypt makes of the passphrase, with the parameters beside it.
"""

import base64
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from baken.reach.keyring.errors import KeyringError, NoRootKey, WrongRootKey

FORMAT = "baken root key 1"
SCRYPT = {"n": 2**15, "r": 8, "p": 1}
_SIZE = 32
_NONCE = 12


class KeyFile:
    """The root key of a file. Make one with `create` or `load`."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._aead = AESGCM(self.derive("wrapping"))

    @classmethod
    def create(cls, path: Path, passphrase: str = "") -> Self:
        """A new root key in a new file, mode 0600. Of several creators at once the first one's key is used.

        Raises KeyringError when the folder cannot be written.
        """
        root = cls(secrets.token_bytes(_SIZE))
        root.save(path, passphrase, replace=False)
        return cls.load(path, passphrase)

    @classmethod
    def load(cls, path: Path, passphrase: str = "") -> Self:
        """The root key in a file. Raises NoRootKey, WrongRootKey for a wrong passphrase, KeyringError."""
        try:
            return cls(_opened(json.loads(path.read_text()), passphrase))
        except FileNotFoundError as error:
            raise NoRootKey(f"{path}: {NoRootKey.__doc__}") from error
        except OSError as error:
            raise KeyringError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise KeyringError(f"{path} is no key file of Baken, or is damaged") from error

    def save(self, path: Path, passphrase: str = "", *, replace: bool = True) -> None:
        """Write the key to a file, durably. With `replace` it takes the place of an older one."""
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(draft, json.dumps(_closed(self._secret, passphrase), indent=1))
            if replace:
                draft.replace(path)
            else:
                _link(draft, path)
        except OSError as error:
            raise KeyringError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)

    @property
    def name(self) -> str:
        """A fingerprint of the key."""
        return f"file:{hashlib.sha256(self.derive('name')).hexdigest()[:16]}"

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """As `RootKey`."""
        nonce = secrets.token_bytes(_NONCE)  # one per organisation and rotation: random ones do not meet
        return nonce + self._aead.encrypt(nonce, secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """As `RootKey`."""
        try:
            return self._aead.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], context)
        except (InvalidTag, ValueError) as error:
            raise WrongRootKey(str(WrongRootKey.__doc__)) from error

    def derive(self, purpose: str) -> bytes:
        """As `RootKey`: HKDF-SHA256 of RFC 5869."""
        return HKDF(hashes.SHA256(), _SIZE, salt=None, info=f"baken/{purpose}".encode()).derive(self._secret)


def _closed(secret: bytes, passphrase: str) -> dict[str, Any]:
    if not passphrase:
        return {"format": FORMAT, "secret": _text(secret)}
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(_NONCE)
    sealed = AESGCM(_stretched(passphrase, salt, SCRYPT)).encrypt(nonce, secret, FORMAT.encode())
    return {"format": FORMAT, "scrypt": SCRYPT, "salt": _text(salt), "nonce": _text(nonce), "sealed": _text(sealed)}


def _opened(held: dict[str, Any], passphrase: str) -> bytes:
    if held["format"] != FORMAT:
        raise ValueError(held["format"])
    if "secret" in held:
        return base64.b64decode(held["secret"], validate=True)
    if not passphrase:
        raise WrongRootKey("The key file is sealed with a passphrase; set BAKEN_KEY_PASSPHRASE.")
    key = _stretched(passphrase, base64.b64decode(held["salt"]), held["scrypt"])
    try:
        return AESGCM(key).decrypt(base64.b64decode(held["nonce"]), base64.b64decode(held["sealed"]), FORMAT.encode())
    except InvalidTag as error:
        raise WrongRootKey("The passphrase does not open the key file; correct BAKEN_KEY_PASSPHRASE.") from error


def _stretched(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=_SIZE, n=cost["n"], r=cost["r"], p=cost["p"]).derive(passphrase.encode())


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _link(draft: Path, path: Path) -> None:
    """Atomic: of several the first one stays."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
