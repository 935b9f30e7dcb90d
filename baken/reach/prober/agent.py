"""The prober's process: an engine, a thread that commits results, a thread that talks to the hub."""

import logging
import resource
import signal
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from baken.reach.prober import problems
from baken.reach.prober.checks import Assignment, CheckError, Observation
from baken.reach.prober.courier import Courier
from baken.reach.prober.engine import Engine
from baken.reach.prober.hub import HubClient
from baken.reach.prober.network import name_in
from baken.reach.prober.problems import Problems
from baken.reach.prober.signing import load_key
from baken.reach.prober.spool import Spool

log = logging.getLogger(__name__)

POLL_SECONDS = 15.0
COMMIT_SECONDS = 0.25
MOST_FILES = 65_536


class Agent:
    """A prober at one location. `run` belongs in the main thread; SIGTERM, SIGINT or `stop` ends it in order.

    `state_dir` keeps the spool and the last assignment, so a prober that starts without its hub works on.
    `hub_certificate`: a PEM file; the hub has to show this very certificate, read anew each time.
    Raises KeyProblem or SpoolError.
    """

    def __init__(
        self,
        hub_url: str,
        location: str,
        private_pem: str,
        state_dir: Path,
        poll_seconds: float = POLL_SECONDS,
        hub_certificate: Path | None = None,
    ) -> None:
        if not (location.isascii() and location.isprintable() and location.strip()):
            raise ValueError("a location's code is printable ASCII")
        key = load_key(private_pem)
        hub = HubClient(hub_url, location, key, hub_certificate)
        self._hub_has_name = name_in(hub_url) is not None
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._spool = Spool(state_dir / "spool.sqlite3", key)
        self._seen: deque[Observation] = deque()
        self._problems = Problems()
        self._engine = Engine(location, self._seen.append, self._problems, self._ask)
        self._courier = Courier(hub, self._spool, self._problems, self, poll_seconds)
        self._ended = threading.Event()
        self._failure: Exception | None = None

    def run(self) -> None:
        """Probe until stopped; what was seen is then on disk. Raises what ended a thread, if anything."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._assign_as_before()
        recorder = self._start("recorder", self._record)
        courier = self._start("courier", self._courier.run)
        try:
            self._engine.run()
        finally:
            self._ended.set()
            self._courier.stop()
            recorder.join()
            courier.join()
            self._spool.close()
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._engine.stop()

    def assign(self, assignment: Assignment) -> None:
        """Run this assignment from now on."""
        log.info("assignment %s: %d checks", assignment.version, len(assignment.checks))
        self._problems.keep_only({check.id for check in assignment.checks})
        for monitor, reason in assignment.rejected.items():
            self._problems.report(monitor, problems.INVALID, reason)
        self._engine.assign(assignment.checks, assignment.allow_private)

    def answered(self) -> None:
        """The hub answered just now."""
        self._engine.answered(self._hub_has_name)

    def _ask(self) -> None:
        self._courier.ask()

    def _assign_as_before(self) -> None:
        text = self._spool.recall("assignment")
        if text is None:
            log.info("there is no assignment on disk that opens with this key: the hub is asked for one")
            return
        try:
            self.assign(Assignment.from_text(text))
        except CheckError as problem:
            log.warning("the assignment on disk is left alone: %s", problem)

    def _record(self) -> None:
        ended = False
        while not ended:
            ended = self._ended.wait(COMMIT_SECONDS)  # and once more after the end, for what came last
            self._commit()

    def _commit(self) -> None:
        seen = [self._seen.popleft() for _ in range(len(self._seen))]
        if not seen:
            return
        kept = self._spool.append(seen)
        if kept < len(seen):
            self._problems.report(None, problems.SPOOL_FULL, "no room for results until the hub takes some")
        else:
            self._problems.clear(None)

    def _start(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except Exception as problem:  # noqa: BLE001  a prober that lost a thread must end, to be started again
                self._failure = problem
                self._engine.stop()

        thread = threading.Thread(target=guarded, name=name)
        thread.start()
        return thread

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stop()


def main(
    hub_url: str,
    location: str,
    key_file: Path,
    state_dir: Path,
    poll_seconds: float = POLL_SECONDS,
    hub_certificate: Path | None = None,
) -> None:
    """Run a prober until SIGTERM. Raises OSError, KeyProblem or SpoolError when it cannot start."""
    _allow_many_files()
    private_pem = Path(key_file).read_text(encoding="utf-8")
    Agent(hub_url, location, private_pem, Path(state_dir), poll_seconds, hub_certificate).run()


def _allow_many_files() -> None:
    """A run needs a few file descriptors; the usual limit of 1024 would allow some two hundred at a time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError) as problem:
            log.warning("the limit of %d open files stays: %s", soft, problem)
