"""What the file postmaster.pid says, and whether that is still true.

After a kill -9 or a lost machine the file stays behind. Its process number may since belong to another
program, or, in a container whose first process reaps nobody, to the dead server itself. PostgreSQL then
refuses to start until a person deletes the file; here the process is asked whether it is a server of this
very data directory.
"""

import os
import signal
import socket
import struct
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PROC = Path("/proc")
TLS_REQUEST = 80877103  # the protocol's number for it


class Status(StrEnum):
    """What the cluster is doing now."""

    ABSENT = "absent"
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """One reading of postmaster.pid. `phase` is empty while the server is about to write it."""

    pid: int
    phase: str

    @property
    def status(self) -> Status:
        return {"ready": Status.RUNNING, "standby": Status.RUNNING, "stopping": Status.STOPPING}.get(
            self.phase, Status.STARTING
        )


def read_postmaster(data: Path) -> Postmaster | None:
    """The living server of `data`; None when there is none, whatever the file says."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    # A single-user session, which is what a new cluster is prepared with, writes its number negated.
    pid = abs(int(lines[0])) if lines and lines[0].strip().lstrip("-").isdigit() else 0
    if pid == 0 or not _serves(pid, data):
        return None
    return Postmaster(pid, lines[7].strip() if len(lines) > 7 else "")


def remove_stale_locks(data: Path, sockets: Path) -> None:
    """Delete postmaster.pid and the locks in the cluster's own socket folder when their server is gone.

    Only for the holder of the cluster's lock. An empty postmaster.pid is left for two seconds: a server that
    outlived its starter may be about to fill it.
    """
    path = data / "postmaster.pid"
    with suppress(FileNotFoundError):
        if path.stat().st_size == 0 and time.time() - path.stat().st_mtime < 2:
            return
    if read_postmaster(data) is None:
        for stale in (path, *sockets.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)


def answers(host: str, port: int) -> bool:
    """Whether a server reacts there: it is asked for TLS, and says yes or no before anything else.

    host: an address, or the folder of its socket.
    """
    try:
        with _connected(host, port) as line:
            line.sendall(struct.pack("!ii", 8, TLS_REQUEST))
            return line.recv(1) in (b"S", b"N")
    except OSError:
        return False


def _connected(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), timeout=5)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(5)
    try:
        line.connect(f"{host}/.s.PGSQL.{port}")
    except OSError:
        line.close()
        raise
    return line


def end_orphans(data: Path) -> None:
    """End the children of a killed postmaster of `data`: a computing one goes on, and holds its memory.

    Where the system has no /proc nothing is done; such a child then ends with its query.
    """
    if read_postmaster(data) is not None or not PROC.exists():
        return
    for pid in (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()):
        with suppress(OSError):
            if _command(pid)[0].startswith("postgres:") and (PROC / f"{pid}/cwd").samefile(data):
                os.kill(pid, signal.SIGQUIT)


def _serves(pid: int, data: Path) -> bool:
    """Whether process `pid` is a postmaster of `data`, under whatever name the path goes."""
    program, *arguments = _command(pid)
    return Path(program).name == "postgres" and any(_same(argument, data) for argument in arguments)


def _same(argument: str, data: Path) -> bool:
    try:
        return argument.startswith("/") and Path(argument).samefile(data)
    except OSError:
        return False


def _command(pid: int) -> list[str]:
    """The program and arguments of a process; [""] for one that is gone or only waits to be reaped."""
    if (PROC / "self/cmdline").exists():
        try:
            return (PROC / f"{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return [""]
    said = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], stdout=subprocess.PIPE, check=False)
    return said.stdout.decode(errors="replace").strip().split(" -D ")
