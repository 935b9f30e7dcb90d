"""A root key that Vault or OpenBao keeps: the Transit secrets engine, through its HTTP API.

The key named in the settings has to be of a type with authenticated encryption (aes256-gcm96, the default). The token
may encrypt and decrypt with that key, and nothing else; rotating it needs one that may also rotate and configure it.

Transit's own rewrap does not take associated data, so what is wrapped anew is decrypted and encrypted.
"""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from baken.reach.keyring.errors import KeyringError, RootKeyUnreachable, WrongRootKey

TIMEOUT = 10  # seconds


class VaultTransit:
    """The Transit key `key` of the server at `address`, with a `token` for it. mount: where Transit is mounted."""

    def __init__(self, address: str, key: str, token: str, mount: str = "transit") -> None:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise KeyringError("BAKEN_VAULT_ADDR: give an address that begins with https://")
        self._base = f"{address.rstrip('/')}/v1/{urllib.parse.quote(mount)}"
        self._key, self._token = urllib.parse.quote(key, safe=""), token

    @property
    def name(self) -> str:
        """Where the key is kept, its name and its newest version, which something is encrypted to learn."""
        return self.wrapped_by(self.wrap(b"which version?", b"baken/version"))

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """As `RootKey`."""
        body = {"plaintext": _text(secret), "associated_data": _text(context)}
        return str(self._ask(f"encrypt/{self._key}", body)["ciphertext"]).encode()

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """As `RootKey`."""
        body = {"ciphertext": wrapped.decode(errors="replace"), "associated_data": _text(context)}
        return base64.b64decode(self._ask(f"decrypt/{self._key}", body)["plaintext"])

    def wrapped_by(self, wrapped: bytes) -> str:
        """As `RootKey`: `vault:v2:…` was encrypted with version 2."""
        parts = wrapped.decode(errors="replace").split(":")
        return f"vault:{self._key}:{parts[1] if len(parts) == 3 else 'unknown'}"

    def rotate(self) -> None:
        """A new version, with which everything is encrypted from now on; the older ones still decrypt."""
        self._ask(f"keys/{self._key}/rotate", {})

    def retire(self) -> None:
        """Let no version but the one in use decrypt any more."""
        newest = int(self.name.rpartition(":v")[2])
        self._ask(f"keys/{self._key}/config", {"min_decryption_version": newest})

    def _ask(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  the scheme is checked when the address is set
            f"{self._base}/{what}",
            data=json.dumps(body).encode(),
            headers={"X-Vault-Token": self._token, "Content-Type": "application/json"},
            method="POST",
        )
        try:
            with _OPENER.open(request, timeout=TIMEOUT) as answer:
                content = answer.read()  # rotating and configuring may answer 204, without any
                return dict(json.loads(content)["data"] or {}) if content else {}
        except urllib.error.HTTPError as error:
            raise _refused(what.partition("/")[0], error) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RootKeyUnreachable(f"{self._base}: {RootKeyUnreachable.__doc__}") from error


class _Unmoved(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: the token is for this address alone."""

    def redirect_request(self, *_whereto: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Unmoved)


def _refused(action: str, error: urllib.error.HTTPError) -> KeyringError:
    if error.code == 400 and action == "decrypt":
        return WrongRootKey(str(WrongRootKey.__doc__))
    if error.code in (403, 404):
        what = "rotate or configure the key" if action == "keys" else action
        return KeyringError(f"Vault refuses to {what} (HTTP {error.code}): check the token's policy and the key's name")
    return RootKeyUnreachable(f"Vault answered HTTP {error.code}")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
