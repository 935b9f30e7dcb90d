"""The thread that talks to the hub: fetches the assignment, delivers results, backs off when it fails."""

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Protocol

from baken.reach.prober.checks import Assignment
from baken.reach.prober.hub import MOST_RESULTS, HubClient, HubError, SequenceGap
from baken.reach.prober.problems import Problems
from baken.reach.prober.spool import Spool

log = logging.getLogger(__name__)

DELIVER_SECONDS = 1.0
LONGEST_PAUSE = 30.0


class Prober(Protocol):
    """What the courier needs: somewhere to hand an assignment, and to say that the hub answered."""

    def assign(self, assignment: Assignment) -> None: ...

    def answered(self) -> None: ...


class _Errand:
    """Something to do again and again; after failures at doubling pauses, spread at random."""

    def __init__(self, every: float, action: Callable[[], None]) -> None:
        self._every, self._action = every, action
        self._failures = 0
        self._last_problem = ""
        self.due = time.monotonic()

    def run(self) -> HubError | None:
        """Do it once and set when it is due again; gives the failure, if any."""
        try:
            self._action()
        except HubError as problem:
            self._put_off(str(problem))
            return problem
        except sqlite3.OperationalError as problem:
            self._put_off(f"the spool cannot be written: {problem}")
            return None
        if self._failures:
            log.info("the hub is back after %d failures", self._failures)
        self._failures, self._last_problem = 0, ""
        self.due = time.monotonic() + self._every
        return None

    def _put_off(self, problem: str) -> None:
        if problem != self._last_problem:
            log.warning("%s", problem)
        self._last_problem = problem
        self._failures += 1
        longest = min(LONGEST_PAUSE, 2.0 ** min(self._failures - 1, 10))
        self.due = time.monotonic() + longest * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, keeps no secret


class Courier:
    """Runs until `stop`. `ask` makes it contact the hub at once, but not twice in a second."""

    def __init__(
        self, hub: HubClient, spool: Spool, known_problems: Problems, prober: Prober, poll_seconds: float
    ) -> None:
        self._hub, self._spool, self._problems, self._prober = hub, spool, known_problems, prober
        self._version: str | None = None
        self._told: list[dict[str, str | None]] | None = None
        self._refresh = _Errand(poll_seconds, self._fetch_assignment)
        self._delivery = _Errand(DELIVER_SECONDS, self._deliver)
        self._bell = threading.Event()
        self._asked = self._stopping = False
        self._asked_last = 0.0

    def run(self) -> None:
        """Do each errand when it is due, until stopped."""
        while not self._stopping:
            for errand in (self._refresh, self._delivery):
                if errand.due <= time.monotonic():
                    self._do(errand)
            self._bell.wait(max(0.0, min(self._refresh.due, self._delivery.due) - time.monotonic()))
            self._bell.clear()
            if self._asked:
                self._asked = False
                self._refresh.due = min(self._refresh.due, self._asked_last + 1.0)

    def ask(self) -> None:
        """Contact the hub now, whether or not that failed before."""
        self._asked = True
        self._bell.set()

    def stop(self) -> None:
        """End `run`, and the request under way."""
        self._stopping = True
        self._hub.cancel()
        self._bell.set()

    def _do(self, errand: _Errand) -> None:
        if errand is self._refresh:
            self._asked_last = time.monotonic()
        problem = errand.run()
        if problem is not None and problem.answered:
            self._prober.answered()

    def _fetch_assignment(self) -> None:
        known = None if self._spool.is_new else self._version
        assignment = self._hub.assignment(known)
        self._prober.answered()
        if assignment is None:
            return
        self._spool.acknowledge(assignment.acknowledged)
        if assignment.version != self._version:
            self._spool.keep("assignment", assignment.text)
            self._prober.assign(assignment)
            self._version = assignment.version

    def _deliver(self) -> None:
        """Deliver all that waits, in batches; nothing before the hub has said where numbers start."""
        while not (self._stopping or self._spool.is_new):
            batch = self._spool.oldest(MOST_RESULTS)
            current = self._problems.to_wire()
            if not batch and current == (self._told or []):
                return
            try:
                acknowledged = self._hub.deliver(batch, None if current == self._told else current)
            except SequenceGap as gap:
                self._spool.resume_at(gap.expected)
                raise
            self._prober.answered()
            self._told = current
            if batch and acknowledged < batch[0].sequence:
                raise HubError(f"the hub stays at result {acknowledged}")
            self._spool.acknowledge(acknowledged)
            if len(batch) < MOST_RESULTS:
                return
