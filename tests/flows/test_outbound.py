"""What Baken asks of others goes where it was told to go, and nowhere else."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from baken.reach.keyring.errors import RootKeyUnreachable
from baken.reach.keyring.vault import VaultTransit


class Elsewhere(BaseHTTPRequestHandler):
    """Sends whoever asks on to another address of itself, and remembers who went there."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(302)
        self.send_header("Location", "/taken")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.taken.append(self.headers.get("X-Vault-Token"))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        server.taken = []  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_token_of_vault_follows_no_redirect(server: HTTPServer) -> None:
    vault = VaultTransit(f"http://127.0.0.1:{server.server_port}", "baken", "hvs.secret")
    with pytest.raises(RootKeyUnreachable, match="HTTP 302"):
        vault.wrap(b"key", b"context")
    assert server.taken == []  # type: ignore[attr-defined]
