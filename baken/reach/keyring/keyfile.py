"""Root keys in a file that only its owner may read, sealed with a passphrase if one is set.

The file is JSON. `content` holds the root keys, oldest first, and says which of them is primary: what is wrapped now is
wrapped with that one, and what an older one wrapped still opens. With a passphrase the content is sealed by AES-256-GCM
under a key that scrypt makes of the passphrase, with the parameters beside it.

What is wrapped begins with the fingerprint of the key that wrapped it.
"""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from baken.reach.keyring.errors import KeyringError, NoRootKey, WrongRootKey

FORMAT = "baken root keys 1"
SCRYPT = {"n": 2**15, "r": 8, "p": 1}
_SIZE = 32
_NONCE = 12
_MARK = 8


@dataclass(frozen=True)
class KeyFile:
    """The root keys of a file. Make one with `create` or `load`; what changes it gives another one, to be saved.

    held: the keys by their names, oldest first. name: that of the primary one.
    """

    held: Mapping[str, bytes]
    name: str

    @classmethod
    def of(cls, *held: bytes) -> Self:
        """With these keys, of which the last one is primary."""
        named = {_name(key): key for key in held}
        return cls(named, list(named)[-1])

    @classmethod
    def create(cls, path: Path, passphrase: str = "") -> Self:
        """A new root key in a new file, mode 0600. Of several creators at once the first one's key is used.

        Raises KeyringError when the folder cannot be written.
        """
        cls.of(secrets.token_bytes(_SIZE)).save(path, passphrase, replace=False)
        return cls.load(path, passphrase)

    @classmethod
    def load(cls, path: Path, passphrase: str = "") -> Self:
        """The root keys in a file. Raises NoRootKey, WrongRootKey for a wrong passphrase, KeyringError."""
        try:
            return cls.from_content(_opened(json.loads(path.read_text()), passphrase))
        except FileNotFoundError as error:
            raise NoRootKey(f"{path}: {NoRootKey.__doc__}") from error
        except OSError as error:
            raise KeyringError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeyringError(f"{path} is no key file of Baken, or is damaged") from error

    @classmethod
    def from_content(cls, content: bytes) -> Self:
        """The same from what a file or an escrow contains. Raises ValueError, KeyError, TypeError."""
        read = json.loads(content)
        keys = [base64.b64decode(key, validate=True) for key in read["keys"]]
        held = {_name(key): key for key in keys}
        if read["primary"] not in held or any(len(key) != _SIZE for key in keys):
            raise ValueError("the keys are damaged")
        return cls(held, read["primary"])

    def content(self) -> bytes:
        """All of it, to be sealed."""
        return json.dumps({"primary": self.name, "keys": [_text(key) for key in self.held.values()]}).encode()

    def save(self, path: Path, passphrase: str = "", *, replace: bool = True) -> None:
        """Write the keys to a file, durably. With `replace` it takes the place of an older one."""
        write_private(path, json.dumps(_closed(self.content(), passphrase), indent=1), replace=replace)

    def with_another(self) -> Self:
        """And a new key, which wraps nothing yet."""
        key = secrets.token_bytes(_SIZE)
        return type(self)({**self.held, _name(key): key}, self.name)

    def switched(self) -> Self:
        """With the newest key as the primary one."""
        return type(self)(self.held, self.waiting or self.name)

    def without(self, names: set[str]) -> Self:
        """Without these keys, the primary one excepted: what they wrapped opens no more."""
        return type(self)({n: key for n, key in self.held.items() if n not in names - {self.name}}, self.name)

    @property
    def waiting(self) -> str:
        """The name of a key that is newer than the primary one; empty when there is none."""
        newest = list(self.held)[-1]
        return newest if newest != self.name else ""

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """As `RootKey`."""
        nonce = secrets.token_bytes(_NONCE)  # one per organisation and rotation: random ones do not meet
        return _mark(self.name) + nonce + self._ciphers[self.name].encrypt(nonce, secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """As `RootKey`."""
        cipher, sealed = self._ciphers.get(self.wrapped_by(wrapped)), wrapped[_MARK:]
        if cipher is None:
            raise WrongRootKey(str(WrongRootKey.__doc__))
        try:
            return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
        except (InvalidTag, ValueError) as error:
            raise WrongRootKey(str(WrongRootKey.__doc__)) from error

    def wrapped_by(self, wrapped: bytes) -> str:
        """As `RootKey`."""
        return f"file:{wrapped[:_MARK].hex()}"

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        return {name: AESGCM(_derived(key, "wrapping")) for name, key in self.held.items()}


def write_private(path: Path, text: str, *, replace: bool = False) -> None:
    """Write a file that its owner alone may read, all of it or nothing. Raises KeyringError.

    Without `replace` one that is there already stays.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(draft, text)
        if replace:
            draft.replace(path)
        else:
            _link(draft, path)
    except OSError as error:
        raise KeyringError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def _name(key: bytes) -> str:
    """A fingerprint of a key."""
    return f"file:{hashlib.sha256(_derived(key, 'name')).digest()[:_MARK].hex()}"


def _mark(name: str) -> bytes:
    return bytes.fromhex(name.removeprefix("file:"))


def _derived(key: bytes, purpose: str) -> bytes:
    """HKDF-SHA256 (RFC 5869)."""
    return HKDF(hashes.SHA256(), _SIZE, salt=None, info=f"baken/{purpose}".encode()).derive(key)


def _closed(content: bytes, passphrase: str) -> dict[str, Any]:
    if not passphrase:
        return {"format": FORMAT, "content": _text(content)}
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(_NONCE)
    sealed = AESGCM(_stretched(passphrase, salt, SCRYPT)).encrypt(nonce, content, FORMAT.encode())
    return {"format": FORMAT, "scrypt": SCRYPT, "salt": _text(salt), "nonce": _text(nonce), "sealed": _text(sealed)}


def _opened(held: dict[str, Any], passphrase: str) -> bytes:
    if held["format"] != FORMAT:
        raise ValueError(held["format"])
    if "content" in held:
        return base64.b64decode(held["content"], validate=True)
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
