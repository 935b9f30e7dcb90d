"""The event loop that runs the checks: one thread, one libcurl multi handle, one selector.

A run gives an observation only when it says something about the service. It gives none when this machine was
at fault: its clock was set while the request ran, the loop was away too long to time it fairly, there was no
network. And when nothing answered at all (a time-out, no address for a name), the run is held until something
else answers, which shows that the silence was the service's; when nothing does in time, nothing is known. A
name that was not found waits likewise for another that was, if there is any to find.
"""

import contextlib
import resource
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pycurl

from baken.reach.prober import network, problems
from baken.reach.prober.checks import Check, Observation
from baken.reach.prober.problems import Problems
from baken.reach.prober.schedule import NANOSECONDS, Moment, Schedule, first_due
from baken.reach.prober.transfer import Fault, Seen, Transfer

HEARTBEAT = NANOSECONDS // 4  # the loop looks at its clock at least this often
STALL = NANOSECONDS // 50  # shorter absences of the loop are its ordinary work
MOST_LOST = NANOSECONDS // 2  # a run that lost more than this to absences is void; less when its timeout is short
BURST = 50  # starts per turn, so that starting does not become an absence itself
FILES_PER_RUN = 5  # two sockets, a name lookup's socket and its pair
FILES_KEPT_FREE = 64
STOP_GRACE = 2 * NANOSECONDS
_EVENTS = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}


class _Held(NamedTuple):
    transfer: Transfer
    observation: Observation
    ended: int  # monotonic


class Engine:
    """Runs checks until stopped. `observe` gets each observation; `ask` is called when a witness is needed.

    `assign`, `answered` and `stop` may be called from any thread, and `stop` from a signal handler.
    """

    def __init__(
        self,
        location: str,
        observe: Callable[[Observation], None],
        known_problems: Problems,
        ask: Callable[[], None],
        patience: float = 10.0,
    ) -> None:
        self._location, self._observe, self._problems, self._ask = location, observe, known_problems, ask
        self._patience = int(patience * NANOSECONDS)
        self._schedule = Schedule()
        self._transfers: dict[str, Transfer] = {}
        self._running: dict[pycurl.Curl, Transfer] = {}
        self._held: list[_Held] = []
        self._lock = threading.Lock()
        self._assigned: tuple[tuple[Check, ...], bool] | None = None
        self._stop_by: int | None = None
        self._stopping = False
        self._last_answer = self._last_lookup = 0
        self._names: set[str] = set()
        self._hub_has_name = False
        self._lost = 0
        self._curl_due: int | None = None
        self._most_running = _most_running()
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    def assign(self, checks: Iterable[Check], allow_private: bool) -> None:
        """Run these checks from now on. One that did not change keeps its grid and its run."""
        with self._lock:
            self._assigned = (tuple(checks), allow_private)
        self._wake()

    def answered(self, by_name: bool) -> None:
        """The hub answered just now, so the network works; `by_name`: its name was looked up for that."""
        self._hub_has_name = by_name
        self._last_answer = time.monotonic_ns()
        if by_name:
            self._last_lookup = self._last_answer
        self._wake()

    def stop(self) -> None:
        """Start no more runs; those in flight get two seconds to finish."""
        self._stopping = True
        self._wake()

    def run(self) -> None:
        """Loop until stopped, then free everything."""
        try:
            while not self._is_over():
                self._turn()
        finally:
            self._close()

    def _is_over(self) -> bool:
        if not self._stopping:
            return False
        now = time.monotonic_ns()
        if self._stop_by is None:
            self._stop_by = now + STOP_GRACE
        return now >= self._stop_by or not (self._running or self._held)

    def _turn(self) -> None:
        """1 wait, 2 let libcurl work, 3 judge what ended, 4 take a new assignment, 5 start what is due."""
        before = time.monotonic_ns()
        limit = self._wait_limit(before)
        events = self._selector.select(limit / NANOSECONDS)
        woke = time.monotonic_ns()
        self._lost += _absence(woke - before - limit)
        for key, mask in events:
            self._let_curl_work(key.fd, mask)
        self._let_curl_time()
        self._judge_ended(_absence(time.monotonic_ns() - woke))
        self._settle_held()
        self._take_assignment()
        worked = time.monotonic_ns()
        self._lost += _absence(worked - woke)
        if not self._stopping:
            self._start_due()
        self._lost += _absence(time.monotonic_ns() - worked)

    def _wait_limit(self, now: int) -> int:
        dues = (self._curl_due, None if self._stopping else self._schedule.next_due(), now + HEARTBEAT)
        return max(0, min(due for due in dues if due is not None) - now)

    def _let_curl_work(self, fd: int, mask: int) -> None:
        if fd == self._wake_reader.fileno():
            with contextlib.suppress(BlockingIOError):
                self._wake_reader.recv(4096)
            return
        reads = pycurl.CSELECT_IN if mask & selectors.EVENT_READ else 0
        writes = pycurl.CSELECT_OUT if mask & selectors.EVENT_WRITE else 0
        self._multi.socket_action(fd, reads | writes)

    def _let_curl_time(self) -> None:
        if self._curl_due is not None and self._curl_due <= time.monotonic_ns():
            self._curl_due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _judge_ended(self, absence: int) -> None:
        for handle, code in self._ended_handles():
            transfer = self._running.pop(handle)
            self._multi.remove_handle(handle)
            if transfer.follow(code):
                self._launch(transfer)
            else:
                self._finish(transfer, code, absence)

    def _ended_handles(self) -> list[tuple[pycurl.Curl, int]]:
        ended: list[tuple[pycurl.Curl, int]] = []
        queued = 1
        while queued:
            queued, complete, failed = self._multi.info_read()
            ended += [(handle, pycurl.E_OK) for handle in complete]
            ended += [(handle, code) for handle, code, _ in failed]
        return ended

    def _finish(self, transfer: Transfer, code: int, absence: int) -> None:
        now = Moment.now()
        verdict = self._own_fault(transfer, now, absence) or transfer.judge(code)
        if isinstance(verdict, Fault):
            transfer.busy = False
            self._problems.report(transfer.check.id, *verdict)
            return
        if transfer.looked_up():
            self._last_lookup = now.monotonic
        observation = _observation(transfer, verdict)
        if verdict.answered:
            self._last_answer = now.monotonic
            self._give(transfer, observation)
        else:
            self._held.append(_Held(transfer, observation, now.monotonic))
            self._ask()

    def _own_fault(self, transfer: Transfer, now: Moment, absence: int) -> Fault | None:
        if transfer.started.clock_was_set_by(now):
            return Fault(problems.CLOCK)
        tolerance = min(MOST_LOST, int(transfer.check.timeout * NANOSECONDS) // 4)
        if self._lost + absence - transfer.lost > tolerance:
            return Fault(problems.OVERLOADED)
        return None

    def _give(self, transfer: Transfer, observation: Observation) -> None:
        transfer.busy = False
        self._problems.clear(transfer.check.id)
        self._observe(observation)

    def _settle_held(self) -> None:
        held, self._held = self._held, []
        now = time.monotonic_ns()
        other_names = len(self._names) + self._hub_has_name > 1
        for item in held:
            lookup_failed = item.observation.reason == "dns" and other_names
            if (self._last_lookup if lookup_failed else self._last_answer) > item.ended:
                self._give(item.transfer, item.observation)
            elif now - item.ended < self._patience:
                self._held.append(item)
            else:
                item.transfer.busy = False
                self._problems.report(item.transfer.check.id, problems.NETWORK, "nothing else answered either")

    def _take_assignment(self) -> None:
        with self._lock:
            assigned, self._assigned = self._assigned, None
        if assigned is None:
            return
        checks, allow_private = assigned
        wanted = {check.id: check for check in checks}
        for name, transfer in list(self._transfers.items()):
            if transfer.check != wanted.get(name) or transfer.allow_private != allow_private:
                self._retire(transfer)
        self._names = {host for check in checks if (host := network.name_in(check.url))}
        now = Moment.now()
        for added in wanted.keys() - self._transfers.keys():
            self._adopt(wanted[added], allow_private, now)

    def _adopt(self, check: Check, allow_private: bool, now: Moment) -> None:
        self._transfers[check.id] = Transfer(check, allow_private)
        interval = int(check.interval * NANOSECONDS)
        due = first_due(f"{self._location}/{check.id}", interval, now.wall, now.monotonic)
        self._schedule.add(check.id, due, interval)

    def _retire(self, transfer: Transfer) -> None:
        self._schedule.remove(transfer.check.id)
        del self._transfers[transfer.check.id]
        self._held = [item for item in self._held if item.transfer is not transfer]
        if self._running.pop(transfer.handle, None):
            self._multi.remove_handle(transfer.handle)
        transfer.close()

    def _start_due(self) -> None:
        for _ in range(BURST):
            name = self._schedule.take(time.monotonic_ns())
            if name is None:
                break
            transfer = self._transfers[name]
            if transfer.busy:
                continue  # a run that overlaps is skipped, not queued
            if len(self._running) >= self._most_running:
                self._problems.report(name, problems.OVERLOADED, "too few file descriptors (ulimit -n)")
                continue
            transfer.begin(Moment.now(), self._lost)
            self._launch(transfer)
        self._let_curl_time()

    def _launch(self, transfer: Transfer) -> None:
        self._running[transfer.handle] = transfer
        self._multi.add_handle(transfer.handle)

    def _on_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(fd)
        if what in _EVENTS:
            self._selector.register(fd, _EVENTS[what])

    def _on_timer(self, milliseconds: int) -> None:
        self._curl_due = None if milliseconds < 0 else time.monotonic_ns() + milliseconds * 1_000_000

    def _wake(self) -> None:
        # A full pipe wakes as well as a byte more; a closed one belongs to an engine that has stopped.
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_writer.send(b"\0")

    def _close(self) -> None:
        for transfer in list(self._transfers.values()):
            self._retire(transfer)
        self._multi.close()
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()


def _most_running() -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        files = 1 << 20
    return max(1, (files - FILES_KEPT_FREE) // FILES_PER_RUN)


def _absence(span: int) -> int:
    """How much of a span in which the loop did not wait for events counts as an absence."""
    return span if span >= STALL else 0


def _observation(transfer: Transfer, seen: Seen) -> Observation:
    started = transfer.started.wall // 1000
    return Observation(transfer.check.id, started, transfer.duration, seen.outcome, seen.reason, transfer.status())
