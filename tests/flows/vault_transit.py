"""A stand-in for the Transit engine of Vault and OpenBao: the part of its published HTTP API that a root key needs.

POST /v1/transit/encrypt/:name, /decrypt/:name, /keys/:name/rotate, /keys/:name/config, with X-Vault-Token; answers
under `data`, errors under `errors`; rotating and configuring answer 204 without content; a decryption that fails, also
for a version below `min_decryption_version`, is a 400, a token without permission a 403. So its documentation says.
"""

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.for-the-tests"
OPERATOR = "hvs.for-whoever-rotates"


class Transit(BaseHTTPRequestHandler):
    """One mounted engine with one key, named `baken`: its versions, the newest last. `OPERATOR` may rotate it."""

    versions: ClassVar[list[bytes]] = [secrets.token_bytes(32)]
    oldest: ClassVar[int] = 1

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self._answer(*self._route(self.path.split("/")[3:], body))
        except (InvalidTag, ValueError, KeyError):
            self._answer(400, {"errors": ["cipher: message authentication failed"]})

    def _route(self, path: list[str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        action, name = path[:2]
        allowed = {"encrypt": {TOKEN, OPERATOR}, "decrypt": {TOKEN, OPERATOR}, "keys": {OPERATOR}}[action]
        if self.headers.get("X-Vault-Token") not in allowed:
            return 403, {"errors": ["permission denied"]}
        if name != "baken":
            return 404, {"errors": []}
        if action == "keys":
            {"rotate": self._rotate, "config": self._configure}[path[2]](body)
            return 204, {}
        return 200, {"data": {"encrypt": self._encrypt, "decrypt": self._decrypt}[action](body)}

    def _encrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        nonce, context = secrets.token_bytes(12), base64.b64decode(body["associated_data"])
        sealed = nonce + AESGCM(self.versions[-1]).encrypt(nonce, base64.b64decode(body["plaintext"]), context)
        newest = len(self.versions)
        return {"ciphertext": f"vault:v{newest}:{base64.b64encode(sealed).decode()}", "key_version": newest}

    def _decrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        prefix, version, text = body["ciphertext"].split(":")
        number = int(version.removeprefix("v"))
        if prefix != "vault" or not self.oldest <= number <= len(self.versions):
            raise ValueError(version)
        sealed = base64.b64decode(text)
        plain = AESGCM(self.versions[number - 1]).decrypt(
            sealed[:12], sealed[12:], base64.b64decode(body["associated_data"])
        )
        return {"plaintext": base64.b64encode(plain).decode()}

    def _rotate(self, body: dict[str, Any]) -> None:
        self.versions.append(secrets.token_bytes(32))

    def _configure(self, body: dict[str, Any]) -> None:
        type(self).oldest = body["min_decryption_version"]

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode() if body else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def running() -> Iterator[str]:
    """Its address while it runs."""
    Transit.versions[:], Transit.oldest = [secrets.token_bytes(32)], 1
    server = ThreadingHTTPServer(("127.0.0.1", 0), Transit)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
