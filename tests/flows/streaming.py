"""Large files to and from a web process of its own, over real sockets, with a look at the memory that takes."""

import hashlib
import http.client
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from baken.reach.pinning import pinned
from tests.databases import addresses
from tests.flows.test_up import free_port

ROOT = Path(__file__).resolve().parents[2]
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="report.pdf"\r\n\r\n'
FOOT = b"\r\n--b--\r\n"
BLOCK = 1024 * 1024


def content(size: int) -> Iterator[bytes]:
    """The same bytes each time, which begin as a PDF does and cannot be compressed."""
    block, left = hashlib.shake_256(b"large").digest(BLOCK), size
    yield (first := b"%PDF-1.7\n"[:left])
    left -= len(first)
    while left:
        yield (piece := block[:left])
        left -= len(piece)


def digest(size: int) -> str:
    held = hashlib.sha256()
    for piece in content(size):
        held.update(piece)
    return held.hexdigest()


@dataclass(frozen=True)
class Server:
    """A web process, as `baken up` starts one."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path
    trust: ssl.SSLContext | None = None

    def connect(self) -> http.client.HTTPConnection:
        if self.trust:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=120, context=self.trust)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def processes(self) -> list[int]:
        """It and its workers."""
        found = [self.process.pid]
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _parent(int(entry.name)) == self.process.pid:
                found.append(int(entry.name))
        return found

    def upload(self, path: str, token: str, size: int, *, parts: Iterator[bytes] | None = None) -> tuple[int, bytes]:
        """Send a report; status and body of the answer."""
        talk = self.connect()
        talk.putrequest("POST", path)
        talk.putheader("Authorization", f"Bearer {token}")
        talk.putheader("Content-Type", "multipart/form-data; boundary=b")
        talk.putheader("Content-Length", str(len(HEAD) + size + len(FOOT)))
        talk.endheaders(HEAD)
        for piece in parts or content(size):
            talk.send(piece)
        talk.send(FOOT)
        answer = talk.getresponse()
        found = answer.status, answer.read()
        talk.close()
        return found

    def get(self, path: str, token: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        talk = self.connect()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        talk.request(method, path, headers={"Authorization": f"Bearer {token}", **named})
        return talk.getresponse()

    def download(self, path: str, token: str) -> tuple[int, str]:
        """Size and SHA-256 of what comes."""
        answer, held, size = self.get(path, token), hashlib.sha256(), 0
        assert answer.status == 200, answer.read()
        while piece := answer.read(BLOCK):
            held.update(piece)
            size += len(piece)
        return size, held.hexdigest()


class Memory:
    """How much more memory some processes ever had than at the beginning, in MB: the one for which that is most."""

    def __init__(self, processes: list[int]) -> None:
        self._before: dict[int, float] = {}
        for process in processes:
            Path(f"/proc/{process}/clear_refs").write_text("5")  # the peak begins anew
            self._before[process] = _memory(process, "VmRSS")

    def growth(self) -> float:
        return max(_memory(process, "VmHWM") - before for process, before in self._before.items())


@contextmanager
def server(home: Path, **settings: str) -> Iterator[Server]:
    """A web process on the database of this test."""
    port, log = free_port(), home / "web.log"
    environment = {
        **os.environ, **addresses(connection.settings_dict["NAME"]), "BAKEN_PORT": str(port), "BAKEN_URL": f"http://127.0.0.1:{port}",
        "PYTHONPATH": str(ROOT), **settings,
    }  # fmt: skip
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "baken.run.web"], cwd=ROOT, env=environment, stdout=said, stderr=said,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        own = settings.get("BAKEN_CERTIFICATE")
        found = Server(process, port, log, pinned(Path(own)) if own else None)
        _wait(found)
        yield found
    finally:
        process.terminate()
        process.wait(30)


def _wait(started: Server) -> None:
    while started.process.poll() is None:
        try:
            talk = started.connect()
            talk.request("GET", "/api/v1/health")
            talk.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(started.log.read_text())


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _memory(process: int, name: str) -> float:
    line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
