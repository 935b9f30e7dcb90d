"""A prober's world on loopback: services that misbehave on demand, and a hub that keeps what it accepts."""

import datetime
import ipaddress
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import baken
from baken.reach.prober import signing
from baken.reach.prober.checks import Check, Result

PATIENCE = 30.0


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Give the condition's value as soon as it is true; fails after half a minute."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {PATIENCE:.0f} s: {what}")


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A prober that is killed leaves connections behind; that is the test's doing."""


class _Listening:
    """An HTTP server that can go away and come back at the same port."""

    handler: type[_Quiet]

    def __init__(self) -> None:
        self.port = 0
        self.start()

    def start(self) -> None:
        handler = type("Bound", (self.handler,), {"world": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        self.port = self._server.server_port
        self.wrap(self._server)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def wrap(self, server: _Server) -> None:
        """Hook for TLS."""

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _ServiceHandler(_Quiet):
    world: "Service"

    def do_GET(self) -> None:
        self.world.note(self)
        name, _, rest = self.path.strip("/").partition("/")
        getattr(self, f"_{name}", self._ok)(rest)

    do_HEAD = do_POST = do_OPTIONS = do_GET

    def _ok(self, _rest: str) -> None:
        self.reply(200, b"all is well")

    def _status(self, code: str) -> None:
        self.reply(int(code), b"so be it")

    def _latin(self, _rest: str) -> None:
        self.reply(200, "één".encode("latin-1"), Content_Type="text/html; charset=ISO-8859-1")

    def _loop(self, _rest: str) -> None:
        self.reply(302, Location="/loop")

    def _to(self, target: str) -> None:
        self.reply(302, Location=target)

    def _reset(self, _rest: str) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _slow(self, _rest: str) -> None:
        self.world.gate.wait(PATIENCE)
        self._ok("")


class Service(_Listening):
    """A service under test: `/ok`, `/status/503`, `/loop`, `/to/URL`, `/reset`, `/slow` (until `gate`)."""

    handler = _ServiceHandler

    def __init__(self, certificate: Path | None = None) -> None:
        self._certificate = certificate
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.gate = threading.Event()
        super().__init__()

    def wrap(self, server: _Server) -> None:
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)

    def url(self, path: str) -> str:
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}{path}"

    def note(self, request: _Quiet) -> None:
        self.requests.append((request.command, request.path, dict(request.headers.items())))


class _HubHandler(_Quiet):
    world: "Hub"

    def do_GET(self) -> None:
        if self._is_signed(b""):
            if self.headers.get("If-None-Match") == f'"{self.world.version}"':
                self.reply(304)
            else:
                self.reply(200, json.dumps(self.world.assignment()).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._is_signed(body):
            status, answer = self.world.take(json.loads(body))
            self.reply(status, json.dumps(answer).encode())

    def _is_signed(self, body: bytes) -> bool:
        timestamp, signature = int(self.headers["Baken-Timestamp"]), self.headers["Baken-Signature"]
        path = self.path
        if signing.verify(self.world.public, self.command, path, timestamp, body, signature):
            return True
        self.world.refused += 1
        self.reply(401)
        return False


class Hub(_Listening):
    """The hub's two endpoints; what it accepted is in `results`, by the rules the real one keeps."""

    handler = _HubHandler

    def __init__(self, public: str, checks: list[Check], allow_private: bool = True) -> None:
        self.public, self.allow_private = public, allow_private
        self.version = "1"
        self.entries = [check.to_wire() for check in checks]
        self.results: list[Result] = []
        self.told: list[list[dict[str, str | None]]] = []
        self.refused = 0
        self._lock = threading.Lock()
        super().__init__()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def problems(self) -> list[dict[str, str | None]]:
        return self.told[-1] if self.told else []

    @property
    def acknowledged(self) -> int:
        return self.results[-1].sequence if self.results else 0

    def assign(self, checks: list[Check]) -> None:
        self.entries = [check.to_wire() for check in checks]
        self.version = str(int(self.version) + 1)

    def assignment(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "allow_private": self.allow_private,
            "checks": self.entries,
            "acknowledged": self.acknowledged,
        }

    def take(self, message: dict[str, Any]) -> tuple[int, dict[str, int]]:
        with self._lock:
            if "problems" in message:
                self.told.append(message["problems"])
            for result in (Result(*wire) for wire in message["results"]):
                if result.sequence > self.acknowledged + 1:
                    return 409, {"expected": self.acknowledged + 1}
                if result.sequence == self.acknowledged + 1:
                    self.results.append(result)
            return 200, {"acknowledged": self.acknowledged}

    def of(self, monitor: str) -> list[Result]:
        return [result for result in list(self.results) if result.monitor == monitor]


class ProberProcess:
    """`agent.main` in a process of its own, polling twice a second."""

    def __init__(self, hub: Hub, private_pem: str, folder: Path, poll_seconds: float = 0.5) -> None:
        key_file = folder / "location.key"
        key_file.write_text(private_pem)
        program = "import sys; from baken.reach.prober import agent; agent.main(*sys.argv[1:5], float(sys.argv[5]))"
        self._log = folder / "prober.log"
        arguments = [hub.url, "ams", str(key_file), str(folder / "state"), str(poll_seconds)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", program, *arguments],
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(Path(baken.__file__).parents[1])},
            )

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def log(self) -> str:
        return self._log.read_text()


def self_signed(folder: Path) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1 that nobody else signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=36_500))
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
