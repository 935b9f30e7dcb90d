"""A stand-in for the Transit engine of Vault and OpenBao: the part of its published HTTP API that a root key needs.

POST /v1/transit/encrypt/:name, /decrypt/:name, /hmac/:name/sha2-256, with X-Vault-Token; answers under `data`, errors
under `errors`; a decryption that fails is a 400, a token without permission a 403, as the API's documentation says.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.for-the-tests"


class Transit(BaseHTTPRequestHandler):
    """One mounted engine with one key, named `baken`."""

    key = secrets.token_bytes(32)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self._answer(*self._route(self.path.split("/")[3:], body))
        except (InvalidTag, ValueError, KeyError):
            self._answer(400, {"errors": ["cipher: message authentication failed"]})

    def _route(self, path: list[str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.headers.get("X-Vault-Token") != TOKEN:
            return 403, {"errors": ["permission denied"]}
        action, name = path[:2]
        if name != "baken":
            return 404, {"errors": []}
        return 200, {"data": {"encrypt": self._encrypt, "decrypt": self._decrypt, "hmac": self._hmac}[action](body)}

    def _encrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        nonce, context = secrets.token_bytes(12), base64.b64decode(body["associated_data"])
        sealed = nonce + AESGCM(self.key).encrypt(nonce, base64.b64decode(body["plaintext"]), context)
        return {"ciphertext": f"vault:v1:{base64.b64encode(sealed).decode()}", "key_version": 1}

    def _decrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        prefix, version, text = body["ciphertext"].split(":")
        if (prefix, version) != ("vault", "v1"):
            raise ValueError(version)
        sealed = base64.b64decode(text)
        plain = AESGCM(self.key).decrypt(sealed[:12], sealed[12:], base64.b64decode(body["associated_data"]))
        return {"plaintext": base64.b64encode(plain).decode()}

    def _hmac(self, body: dict[str, Any]) -> dict[str, Any]:
        digest = hmac.digest(self.key, base64.b64decode(body["input"]), hashlib.sha256)
        return {"hmac": f"vault:v{body['key_version']}:{base64.b64encode(digest).decode()}"}

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
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
    server = ThreadingHTTPServer(("127.0.0.1", 0), Transit)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
