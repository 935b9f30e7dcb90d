"""The worker: what has to happen without anybody asking.

1. After every new fact (the ledger announces them), and every two seconds in case an announcement was lost, readings
   are folded. Warnings and breaches are written down at their instant, looked for every two seconds.
2. Every 15 seconds what the probers saw becomes incidents.
3. Beside that, in a thread of its own because it may take minutes: every hour the progress of measuring goes
   on the ledger, every six hours raw results are tidied, every night the ledger's chain is verified.

Each of these can be repeated, interrupted and run by several workers at once: all it knows is in the database. One that
fails is tried again, at growing intervals, and the others go on.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType

import django
import psycopg

from baken.run import configuration, strict
from baken.run.lifeline import watch_parent

log = logging.getLogger("baken.worker")

LONGEST_PAUSE = 60.0
LEND_AN_EAR = 1.0
"""Seconds at a time that the worker listens for, so that it stops within that."""
SETTLING = 20.0
"""Seconds after the start before the slow jobs begin: the pages come first."""
STOP_SECONDS = 5.0


@dataclass(slots=True)
class Job:
    """Something to do every so many seconds. `due` and `failures` change as it runs."""

    name: str
    every: float
    work: Callable[[], object]
    due: float = 0.0
    failures: int = field(default=0, init=False)

    def attempt(self) -> None:
        """Do it. What it raises is logged, and it is tried again later and later."""
        from django.db import close_old_connections

        close_old_connections()
        try:
            self.work()
            self.failures = 0
        except Exception:  # the other jobs go on
            self.failures += 1
            log.exception("%s failed", self.name)
        finally:
            close_old_connections()
        pause = self.every if not self.failures else max(self.every, min(2.0**self.failures, LONGEST_PAUSE))
        self.due = time.monotonic() + pause


def run_due(jobs: Sequence[Job]) -> float:
    """Do what is due; the seconds until the next job is."""
    for job in jobs:
        if job.due <= time.monotonic():
            job.attempt()
    return max(0.0, min(job.due for job in jobs) - time.monotonic())


class Ear:
    """Hears the ledger's announcements. A connection of its own, made anew when it is lost."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._line: psycopg.Connection | None = None

    def listen(self, seconds: float) -> bool:
        """Wait for new facts at most that long; whether there were any."""
        try:
            if self._line is None:
                self._line = psycopg.connect(self._address, autocommit=True, application_name="baken worker")
                self._line.execute("LISTEN ledger")
                return True  # what was announced before this is not heard any more
            return any(True for _ in self._line.notifies(timeout=seconds, stop_after=1))
        except psycopg.Error as error:
            log.warning("the ledger cannot be listened to: %s", str(error).strip())
            self.close()
            time.sleep(seconds)
            return False

    def close(self) -> None:
        if self._line is not None:
            with suppress(psycopg.Error):
                self._line.close()
        self._line = None


class Worker:
    """Runs jobs until it is stopped: those of `quick` as facts arrive, those of `slow` beside them."""

    def __init__(self, address: str, quick: Sequence[Job], slow: Sequence[Job]) -> None:
        self._ear = Ear(address)
        self._quick, self._slow = quick, slow
        self._ended = threading.Event()

    def run(self) -> None:
        """Work in this thread, and the slow jobs in another, until `stop`."""
        beside = threading.Thread(target=self._run_slow, name="slow", daemon=True)
        beside.start()
        while not self._ended.is_set():
            pause = run_due(self._quick)
            if self._ear.listen(min(pause, LEND_AN_EAR)):
                self._quick[0].due = 0.0
        self._ear.close()
        beside.join(STOP_SECONDS)  # one that is in the middle of something is cut off: it can be

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._ended.set()

    def _run_slow(self) -> None:
        pause = SETTLING
        while not self._ended.wait(pause):
            pause = run_due(self._slow)


def quick_jobs() -> list[Job]:
    """What follows the ledger and the probers closely. The first is done as soon as there is a new fact."""
    from baken.record.clocks import flows as clocks
    from baken.record.detection.flows import detect
    from baken.record.detection.routines import take_turn
    from baken.run.own import watch_itself

    def readings() -> None:
        while clocks.catch_up():
            pass

    return [
        Job("readings", 2.0, readings),
        Job("signals", 2.0, clocks.signal_due),
        Job("detection", 15.0, lambda: take_turn("detection", timedelta(seconds=10), detect)),
        Job("own service", 5.0, watch_itself),  # often: after the first-run setup nothing is measured until it is there
    ]


def slow_jobs() -> list[Job]:
    """What takes its time. When each is due is known to the database, so that a restart repeats nothing."""
    from baken.record.audits.reminders import remind
    from baken.record.detection import alerts
    from baken.record.detection.routines import take_turn
    from baken.record.monitors.flows import note_progress
    from baken.record.monitors.retention import tidy_results
    from baken.record.people import sessions
    from baken.record.people.access import program
    from baken.record.privacy import work

    an_hour, six_hours, a_day = timedelta(hours=1), timedelta(hours=6), timedelta(days=1)
    return [
        Job("erasures", 5.0, work.work_off),
        Job("erased again", 600.0, lambda: take_turn("erased again", an_hour, work.erase_who_is_back)),
        Job("sessions", 600.0, lambda: take_turn("sessions", six_hours, sessions.tidy)),
        Job("results", 600.0, lambda: take_turn("results", six_hours, tidy_results)),
        Job("progress", 60.0, lambda: take_turn("progress", an_hour, lambda: note_progress(program("worker")))),
        Job("audits", 600.0, lambda: take_turn("audits", an_hour, remind)),
        Job("alerts", 600.0, lambda: take_turn("alerts", a_day, alerts.tidy)),
        Job("files", 600.0, lambda: take_turn("files", an_hour, sweep_files)),
        Job("file check", 20.0, lambda: take_turn("file check", timedelta(seconds=15), check_a_file)),
        Job("chain", 600.0, lambda: take_turn("chain", a_day, verify_chain)),
    ]


def sweep_files() -> None:
    """Remove what arrived and was taken by nobody."""
    from baken.record.ledger import clock
    from baken.record.orgs import upkeep

    upkeep.sweep(clock.now())


def check_a_file() -> None:
    """Read the file that was checked longest ago, unless that was within the month; damage becomes an incident."""
    from baken.record.ledger import clock
    from baken.record.orgs import upkeep

    now = clock.now()
    if file := upkeep.kept().exclude(verified_at__gt=now - timedelta(days=30)).first():
        upkeep.verify(file, now)


def verify_chain() -> None:
    """Walk the whole ledger; a fact that was changed is a security incident."""
    from baken.record.detection.flows import take_up_broken_chain
    from baken.record.ledger.reads import verify

    broken = list(verify())
    if broken:
        log.error("the ledger was changed: %d facts do not fit their chain, the first is %s", len(broken), broken[0])
        take_up_broken_chain(broken)


def main() -> None:
    """Work until SIGTERM. Raises ConfigurationError."""
    watch_parent()
    strict.insist()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baken.run.settings")
    django.setup()
    worker = Worker(configuration.secret("DATABASE_URL"), quick_jobs(), slow_jobs())

    def on_signal(number: int, frame: FrameType | None) -> None:
        worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    worker.run()


if __name__ == "__main__":
    with configuration.told():
        main()
