"""A root key that Vault or OpenBao keeps: the Transit secrets engine, through its HTTP API.

The key named in the settings has to be of a type with authenticated encryption (aes256-gcm96, the default). What is
derived comes from its HMAC. The token may encrypt, decrypt and hmac with that key, and nothing else.
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
        """Where the key is kept, and its name."""
        return f"vault:{self._key}"

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """As `RootKey`."""
        body = {"plaintext": _text(secret), "associated_data": _text(context)}
        return str(self._ask("encrypt", body)["ciphertext"]).encode()

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """As `RootKey`."""
        body = {"ciphertext": wrapped.decode(errors="replace"), "associated_data": _text(context)}
        return base64.b64decode(self._ask("decrypt", body)["plaintext"])

    def derive(self, purpose: str) -> bytes:
        """As `RootKey`: HMAC-SHA256 with version 1 of the key, which stays when the key is rotated."""
        body = {"input": _text(f"baken/{purpose}".encode()), "key_version": 1}
        answer = str(self._ask("hmac", body, "/sha2-256")["hmac"])  # vault:v1:<base64>
        return base64.b64decode(answer.rsplit(":", 1)[1])

    def _ask(self, action: str, body: dict[str, Any], suffix: str = "") -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  the scheme is checked when the address is set
            f"{self._base}/{action}/{self._key}{suffix}",
            data=json.dumps(body).encode(),
            headers={"X-Vault-Token": self._token, "Content-Type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310  as above
                return dict(json.load(answer)["data"])
        except urllib.error.HTTPError as error:
            raise _refused(action, error) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RootKeyUnreachable(f"{self._base}: {RootKeyUnreachable.__doc__}") from error


def _refused(action: str, error: urllib.error.HTTPError) -> KeyringError:
    if error.code == 400 and action == "decrypt":
        return WrongRootKey(str(WrongRootKey.__doc__))
    if error.code in (403, 404):
        return KeyringError(
            f"Vault refuses to {action} (HTTP {error.code}): check the token's policy and the key's name"
        )
    return RootKeyUnreachable(f"Vault answered HTTP {error.code}")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
