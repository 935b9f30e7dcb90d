"""The supervisor, with real processes: a small program that runs one, and children that do as told."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from baken.reach.postgres import Cluster
from baken.run.supervisor import AlreadyRunning, HomeLock, LeftRunning, wait_until

ROOT = Path(__file__).resolve().parents[2]
# Runs the children that the arguments give, each a piece of Python with its name before a colon.
PROGRAM = """
import os, sys
from pathlib import Path
from baken.reach.postgres import Cluster
from baken.run.supervisor import AlreadyRunning, Child, HomeLock, Pace, Supervisor
home, grace, healthy, embedded = Path(sys.argv[1]), *map(float, sys.argv[2:5])
named = [child.split(":", 1) for child in sys.argv[5:]]
try:
    with HomeLock(home, "http://127.0.0.1:8420"):
        cluster = Cluster(home) if embedded else None
        if cluster: cluster.start()
        Supervisor(
            home,
            [Child(name, [sys.executable, "-uc", code], {"CHILD": name}) for name, code in named],
            cluster=cluster,
            pace=Pace(first=0.05, longest=0.2, grace=grace, healthy=healthy),
        ).run()
except AlreadyRunning as error:
    print(error)
    sys.exit(error.exit_code)
"""
NOTE = """
import os, pathlib, signal, subprocess, sys, time
home, name = pathlib.Path(os.environ['TEST_HOME']), os.environ['CHILD']
"""
BORN = "(home / f'{name}.{os.getpid()}').touch()\n"
STAY = NOTE + BORN + "time.sleep(600)"
TELL = (
    NOTE
    + "def end(*_):\n    with (home / 'ended').open('a') as f: f.write(name + ' ')\n    sys.exit()\n"
    + "signal.signal(signal.SIGTERM, end)\n"
    + BORN
    + "time.sleep(600)"
)
DEAF = NOTE + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + BORN + "time.sleep(600)"
TIED = NOTE + "from baken.run.lifeline import watch_parent\nwatch_parent(0.2, every=0.05)\n" + BORN + "time.sleep(600)"


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="baken-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    if Cluster(folder).data.exists():
        Cluster(folder).stop()
    shutil.rmtree(folder)


Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(home: Path) -> Iterator[Run]:
    """Start a supervisor of `home`; whatever of it is left at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*children: str, grace: float = 5, healthy: float = 60, embedded: bool = False) -> "subprocess.Popen[str]":
        figures = [str(float(figure)) for figure in (grace, healthy, embedded)]
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(home), *figures, *children],
            env={**os.environ, "PYTHONPATH": str(ROOT), "TEST_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
    for name in ("a", "b", "c"):
        for pid in pids(home, name):
            if alive(pid):
                os.kill(pid, signal.SIGKILL)


def pids(home: Path, name: str) -> list[int]:
    """The processes that this child has been, oldest first."""
    found = sorted(home.glob(f"{name}.*"), key=lambda path: path.stat().st_mtime_ns)
    return [int(path.suffix[1:]) for path in found]


def alive(pid: int) -> bool:
    """Whether it still runs; one that nobody has reaped yet does not."""
    if Path("/proc/self/stat").exists():
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(said.stdout.strip()) and not said.stdout.strip().startswith("Z")


def until(holds: Callable[[], bool]) -> None:
    assert wait_until(holds, 30, every=0.02)


def test_a_crashed_child_is_started_again_and_the_person_is_told(home: Path, run: Run) -> None:
    crash = NOTE + BORN + "print('all is well')\nraise RuntimeError('out of luck')"
    supervisor = run(f"a:{crash}", f"b:{STAY}")
    until(lambda: len(pids(home, "a")) >= 4)
    supervisor.terminate()
    _, said = supervisor.communicate()
    assert supervisor.returncode == 0
    assert "a: RuntimeError: out of luck" in said
    assert "a ended with code 1; again in 0.05 s" in said
    assert "again in 0.2 s" in said, "the pause doubles up to its limit"
    assert "all is well" not in said
    assert "all is well" in (home / "logs/a.log").read_text()
    assert (home / "logs").stat().st_mode & 0o077 == 0, "nobody else reads the logs"
    assert len(pids(home, "b")) == 1


def test_health_forgets_the_earlier_crashes(home: Path, run: Run) -> None:
    supervisor = run(f"a:{NOTE}{BORN}time.sleep(0.1)", healthy=0.1)
    until(lambda: len(pids(home, "a")) >= 4)
    supervisor.terminate()
    _, said = supervisor.communicate()
    assert said.count("a ended with code 0; again in 0.05 s") >= 3
    assert "again in 0.1 s" not in said


def test_a_child_that_was_killed_takes_what_it_started_with_it(home: Path, run: Run) -> None:
    environment = "env=dict(os.environ, CHILD='c')"
    parent = f"{NOTE}subprocess.Popen([sys.executable, '-c', {STAY!r}], {environment})\n"
    run(f"a:{parent}{BORN}time.sleep(600)")
    until(lambda: bool(pids(home, "a") and pids(home, "c")))
    os.kill(pids(home, "a")[0], signal.SIGKILL)
    until(lambda: not alive(pids(home, "c")[0]))


def test_children_stop_in_reverse_order(home: Path, run: Run) -> None:
    supervisor = run(f"a:{TELL}", f"b:{TELL}", f"c:{TELL}")
    until(lambda: bool(pids(home, "a") and pids(home, "b") and pids(home, "c")))
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(30) == 0
    assert (home / "ended").read_text() == "c b a "


def test_a_child_that_does_not_stop_is_killed(home: Path, run: Run) -> None:
    supervisor = run(f"a:{DEAF}", grace=0.2)
    until(lambda: bool(pids(home, "a")))
    supervisor.terminate()
    _, said = supervisor.communicate()
    assert (supervisor.returncode, alive(pids(home, "a")[0])) == (0, False)
    assert "a does not stop within 0.2 s; killing it" in said


def test_a_second_signal_kills_at_once(home: Path, run: Run) -> None:
    supervisor = run(f"a:{DEAF}", f"b:{TELL}", grace=600)
    until(lambda: bool(pids(home, "a") and pids(home, "b")))
    supervisor.send_signal(signal.SIGINT)
    until(lambda: (home / "ended").exists())  # b has ended, so the supervisor waits for a now
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(30) == 0
    assert not alive(pids(home, "a")[0])


def test_children_end_when_the_supervisor_is_killed(home: Path, run: Run) -> None:
    deaf = TIED.replace("watch_parent(", "signal.signal(signal.SIGTERM, signal.SIG_IGN); watch_parent(")
    supervisor = run(f"a:{TIED}", f"b:{deaf}")
    until(lambda: bool(pids(home, "a") and pids(home, "b")))
    supervisor.kill()
    supervisor.communicate()
    until(lambda: not any(alive(pid) for pid in pids(home, "a") + pids(home, "b")))


def test_a_child_that_comes_up_after_its_supervisor_died_ends_too(home: Path, run: Run) -> None:
    slow = TIED.replace("watch_parent(", "\nwhile not (home / 'go').exists(): time.sleep(0.01)\nwatch_parent(")
    slow = slow.replace(BORN, "").replace(NOTE, NOTE + BORN)
    supervisor = run(f"a:{slow}")
    until(lambda: bool(pids(home, "a")))
    supervisor.kill()
    supervisor.communicate()
    (home / "go").touch()
    until(lambda: not alive(pids(home, "a")[0]))


def test_a_second_start_is_refused_with_the_address(home: Path, run: Run) -> None:
    first = run(f"a:{TIED}")
    until(lambda: bool(pids(home, "a")))
    second = run(f"b:{STAY}")
    said, _ = second.communicate()
    assert second.returncode == 3
    assert said == f"already running at http://127.0.0.1:8420, pid {first.pid}\n"
    assert pids(home, "b") == []
    first.kill()
    first.wait()
    with HomeLock(home, "http://127.0.0.1:1"), pytest.raises(AlreadyRunning, match=r"127\.0\.0\.1:1, pid"):
        HomeLock(home, "http://127.0.0.1:2")
    with HomeLock(home, "http://127.0.0.1:3"):
        assert "127.0.0.1:1" not in (home / "baken.lock").read_text()


def test_a_start_waits_for_what_a_killed_supervisor_left(home: Path, run: Run) -> None:
    killed = run(f"a:{STAY}")
    until(lambda: bool(pids(home, "a")))
    killed.kill()
    killed.wait()
    with pytest.raises(LeftRunning, match=r"children\.lock"):
        HomeLock(home, "http://127.0.0.1:1", patience=0.2)
    os.kill(pids(home, "a")[0], signal.SIGKILL)
    with HomeLock(home, "http://127.0.0.1:2"):
        assert not alive(pids(home, "a")[0])


def test_a_large_log_is_set_aside(home: Path, run: Run) -> None:
    (home / "logs").mkdir()
    with (home / "logs/a.log").open("wb") as log:
        log.truncate(10_000_001)
    (home / "logs/a.log.1").write_text("older")
    run(f"a:{NOTE}print('fresh'){chr(10)}{BORN}time.sleep(600)")
    until(lambda: bool(pids(home, "a")))
    assert (home / "logs/a.log").read_text() == "fresh\n"
    assert (home / "logs/a.log.1").stat().st_size == 10_000_001
    assert (home / "logs/a.log.2").read_text() == "older"


def test_a_killed_postgresql_is_started_again_and_stops_at_the_end(home: Path, run: Run) -> None:
    supervisor = run(
        f"a:{NOTE}(home / 'address').write_text(os.environ['DATABASE_URL'])\n{BORN}time.sleep(600)",
        embedded=True,
    )
    until(lambda: bool(pids(home, "a")))
    cluster = Cluster(home)
    assert (home / "address").read_text() == cluster.dsn
    before = int((cluster.data / "postmaster.pid").read_text().split()[0])
    os.kill(before, signal.SIGKILL)
    until(lambda: answers(cluster))
    assert int((cluster.data / "postmaster.pid").read_text().split()[0]) != before
    supervisor.terminate()
    _, said = supervisor.communicate()
    assert "PostgreSQL ended; starting it again" in said
    assert cluster.status() == "stopped"
    assert len(pids(home, "a")) == 1, "its address stayed, so the child did too"


def test_a_new_address_of_postgresql_reaches_the_children(home: Path, run: Run) -> None:
    tell = f"{NOTE}(home / 'address').write_text(os.environ['DATABASE_URL'])\n{BORN}time.sleep(600)"
    supervisor = run(f"a:{tell}", embedded=True)
    until(lambda: bool(pids(home, "a")))
    cluster, before = Cluster(home), (home / "address").read_text()
    supervisor.send_signal(signal.SIGSTOP)  # so that the port is taken before PostgreSQL is started again
    os.kill(int((cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        until(lambda: takes(thief, int(conninfo_to_dict(before)["port"])))
        supervisor.send_signal(signal.SIGCONT)
        until(lambda: len(pids(home, "a")) == 2)
    assert (home / "address").read_text() == cluster.dsn != before
    supervisor.terminate()
    assert supervisor.wait(30) == 0


def takes(thief: socket.socket, port: int) -> bool:
    try:
        thief.bind(("127.0.0.1", port))
    except OSError:
        return False
    thief.listen()
    return True


def answers(cluster: Cluster) -> bool:
    try:
        psycopg.connect(cluster.dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def test_waiting_ends_with_the_answer_or_with_the_time() -> None:
    began = time.monotonic()
    assert wait_until(lambda: time.monotonic() > began + 0.05, 30, every=0.01)
    assert not wait_until(lambda: False, 0.05, every=0.01)
