"""Runs Baken's processes: starts them, starts a crashed one again, stops them in reverse order.

1. One home has one supervisor: `HomeLock` refuses the second.
2. Each child leads a process group of its own and writes to `logs/<name>.log` in the home by itself, so that neither
   Ctrl-C in the terminal nor the supervisor's death interferes with its output or with the order of stopping.
3. A child that ends is started again after 0.5 s, doubling to 30 s; 60 s of health forget the past.
4. The embedded PostgreSQL is looked at every second and started again when it is gone. Children get its address as
   DATABASE_URL; should it change, they are started again.
5. SIGTERM, SIGINT or SIGHUP stops everything; a second one kills it at once. A supervisor that is killed outright
   stops nobody: its children see that themselves (`baken.run.lifeline`), the next start waits for them, and
   PostgreSQL waits for the next start.
"""

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from baken.reach.postgres import Cluster, ClusterError, Status
from baken.run.lifeline import SUPERVISOR
from baken.run.shipper import is_delivered

LOG_SIZE = 10_000_000  # bytes; a larger log is set aside when its child starts
LOGS_KEPT = 3
GLANCE = 1_000_000  # bytes of a log read at a time
TICK = 0.2  # seconds between two looks at the children
DATABASE_TICK = 1.0  # seconds between two looks at PostgreSQL
IMPORTANT = re.compile(rb"\b(ERROR|CRITICAL|FATAL|PANIC)\b|^(  )?([\w.]+(Error|Exception)\b|baken(\.\w+)*: )")


@dataclass(frozen=True, slots=True)
class Child:
    """A process to run: its name (its log's too), its command line, and what is added to the environment.

    trusted: whether it gets the settings, with the ways to database and keys among them; else nothing but SYSTEM.
    told: what it reads from its standard input, a few hundred bytes at most, such as its own key.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    trusted: bool = True
    told: str = field(default="", repr=False)


SYSTEM = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
    "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "COVERAGE_PROCESS_START",
)  # fmt: skip
"""What any program may need of the environment; none of it is a secret."""
OWNERS = ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE")
"""How to log in as the owner of the tables."""
OWNERS = ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE")
"""How to log in as the owner of the tables."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: first and longest pause before a restart, health that resets it, and time to stop in."""

    first: float = 0.5
    longest: float = 30.0
    healthy: float = 60.0
    grace: float = 10.0


ORPHANS = "children.lock"
"""Every child of a home holds it, shared, so that a start can see what a killed supervisor left running."""


class AlreadyRunning(Exception):
    """Another supervisor runs this home. `exit_code` is what the command line ends with."""

    exit_code = 3


class LeftRunning(Exception):
    """Children of a supervisor that was killed still run, though they should have noticed; end them."""


class HomeLock:
    """Holds a home for one supervisor; the system lets go when the process dies, however it dies."""

    def __init__(self, home: Path, address: str, patience: float = 20.0) -> None:
        """Take it and note `address`, where Baken answers. Raises AlreadyRunning naming the holder's.

        Children that a killed supervisor left end by themselves; they are given `patience` seconds, after which
        LeftRunning is raised.
        """
        home.mkdir(parents=True, exist_ok=True)
        self._file = (home / "baken.lock").open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise AlreadyRunning(f"already running at {holder}") from error
        self._file.truncate(0)
        self._file.write(f"{address}, pid {os.getpid()}\n")
        self._file.flush()
        if not wait_until(lambda: _is_childless(home), patience):
            raise LeftRunning(f"processes of an earlier start still run; end what holds {home / ORPHANS} open")

    def __enter__(self) -> "HomeLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def wait_until(holds: Callable[[], bool], timeout: float, *, every: float = 0.1) -> bool:
    """Ask `holds` until it says yes or `timeout` seconds are over; what it said last."""
    deadline = time.monotonic() + timeout
    while not (answer := holds()) and time.monotonic() < deadline:
        time.sleep(every)
    return answer


def _is_childless(home: Path) -> bool:
    with (home / ORPHANS).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


class Supervisor:
    """Runs `children`, started in this order. `cluster`: the embedded PostgreSQL, already started."""

    def __init__(
        self,
        home: Path,
        children: Sequence[Child],
        *,
        cluster: Cluster | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._logs = home / "logs"
        self._pace = pace or Pace()
        self._mark = (home / ORPHANS).open("a")
        self._children = [
            _Running(child, self._logs / f"{child.name}.log", self._pace, self._mark.fileno()) for child in children
        ]
        self._database = _Database(cluster, self._pace) if cluster else None
        self._asked = False

    def run(self) -> None:
        """Run until SIGTERM, SIGINT or SIGHUP, then stop the children and the cluster. Main thread only."""
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._logs.chmod(0o700)
        self._logs.chmod(0o700)  # addresses of people are in there
        fcntl.flock(self._mark, fcntl.LOCK_SH)
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        # nohup has SIGHUP ignored: that is left so.
        heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._ask) for number in heeded}
        try:
            while not self._asked:
                self._look()
                time.sleep(TICK)
        finally:
            self._asked = True
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            for running in self._children:
                running.kill()
        self._asked = True

    def _look(self) -> None:
        now = time.monotonic()
        if self._database and self._database.moved(now):
            self._end_children()
        database = {"DATABASE_URL": self._database.dsn} if self._database else {}
        for running in self._children:
            running.look(now, database)

    def _stop(self) -> None:
        self._end_children()
        self._mark.close()
        if self._database:
            self._database.stop()

    def _end_children(self) -> None:
        for running in reversed(self._children):
            running.end()


class _Running:
    """One child: its process while it runs, its log, and when it may start again."""

    def __init__(self, child: Child, log: Path, pace: Pace, mark: int) -> None:
        self._child = child
        self._mark = mark
        self._log = log
        self._pace = pace
        self._pause = pace.first
        self._due = self._began = 0.0
        self._seen = 0
        self._process: subprocess.Popen[bytes] | None = None

    def look(self, now: float, database: Mapping[str, str]) -> None:
        """Start it when it is due; note its end; pass on what it said of importance."""
        if self._process is None and now >= self._due:
            self._start(now, database)
        self._pass_on()
        if self._process is not None and (code := self._process.poll()) is not None:
            self._ended(code, now)

    def end(self) -> None:
        """Ask it to stop, wait, and kill it when it does not; what it started goes with it."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            if not wait_until(self._is_over, self._pace.grace, every=0.05):
                _say(f"{self._child.name} does not stop within {self._pace.grace:g} s; killing it")
        self.kill()
        self._process.wait()
        self._pass_on()
        self._process, self._due = None, 0.0

    def kill(self) -> None:
        """End it and all it started, at once."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):  # macOS forbids signalling a group of the dead
                os.killpg(self._process.pid, signal.SIGKILL)

    def _is_over(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _start(self, now: float, database: Mapping[str, str]) -> None:
        _set_aside(self._log)
        with self._log.open("ab") as output:
            os.fchmod(output.fileno(), 0o600)
            self._began, self._seen = now, output.tell()
            self._process = subprocess.Popen(
                self._child.argv,
                env={**_environment(self._child, database), SUPERVISOR: str(os.getpid())},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(self._mark,),
                start_new_session=True,
            )
        assert self._process.stdin
        with suppress(BrokenPipeError), self._process.stdin as standard_input:
            standard_input.write(self._child.told.encode())

    def _ended(self, code: int, now: float) -> None:
        self.kill()  # what it left running would keep its port
        self._process = None
        if now - self._began >= self._pace.healthy:
            self._pause = self._pace.first
        _say(f"{self._child.name} ended with code {code}; again in {self._pause:g} s; its log is {self._log}")
        self._due = now + self._pause
        self._pause = min(2 * self._pause, self._pace.longest)

    def _pass_on(self) -> None:
        try:
            with self._log.open("rb") as log:
                log.seek(self._seen)
                fresh = log.read(GLANCE)
        except FileNotFoundError:  # somebody tidied up
            return
        end = fresh.rfind(b"\n") + 1 or (len(fresh) if len(fresh) == GLANCE else 0)
        self._seen += end
        for line in fresh[:end].splitlines():
            if IMPORTANT.search(line):
                _say(f"{self._child.name}: {line.decode(errors='replace')}")


class _Database:
    """The embedded PostgreSQL under supervision."""

    def __init__(self, cluster: Cluster, pace: Pace) -> None:
        self.dsn = cluster.dsn
        self._cluster = cluster
        self._pace = pace
        self._pause = pace.first
        self._due = 0.0

    def moved(self, now: float) -> bool:
        """Start the cluster when it is gone; whether it has another address since."""
        if now < self._due:
            return False
        self._due = now + DATABASE_TICK
        before = self.dsn
        try:
            self._keep_up()
        except ClusterError as error:
            _say(f"PostgreSQL: {error}\nagain in {self._pause:g} s")
            self._due = now + self._pause
            self._pause = min(2 * self._pause, self._pace.longest)
        return self.dsn != before

    def stop(self) -> None:
        try:
            self._cluster.stop()
        except ClusterError as error:
            _say(f"PostgreSQL: {error}")

    def _keep_up(self) -> None:
        status = self._cluster.status()
        if status is Status.ABSENT:  # a start would make an empty one
            raise ClusterError(f"{self._cluster.data} is gone; stop Baken and restore it from a backup")
        if status is Status.STOPPED:
            _say("PostgreSQL ended; starting it again")
            self._cluster.start()
            self._pause = self._pace.first
        self.dsn = self._cluster.dsn


def _environment(child: Child, database: Mapping[str, str]) -> dict[str, str]:
    """What a child gets: never the way to log in as the owner of the tables, which none has any need of."""
    if child.trusted:
        kept = {name: value for name, value in os.environ.items() if name not in OWNERS} | dict(database)
    else:
        kept = {name: os.environ[name] for name in SYSTEM if name in os.environ}
    return {**kept, **child.env}


def _set_aside(log: Path) -> None:
    """Give a log that has grown large the number 1, and the older ones the next; one that was not sent stays."""
    if not log.exists() or log.stat().st_size < LOG_SIZE:
        return
    oldest = log.with_name(f"{log.name}.{LOGS_KEPT}")
    if os.environ.get("BAKEN_SYSLOG") and oldest.exists() and not is_delivered(oldest):
        return
    for number in range(LOGS_KEPT, 0, -1):
        younger = log.with_name(f"{log.name}.{number - 1}") if number > 1 else log
        if younger.exists():
            younger.replace(log.with_name(f"{log.name}.{number}"))


def _say(text: str) -> None:
    """A line for the person at the terminal, who may have closed it."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
