"""The shipper: sends what the processes of a home write into their logs to a receiver elsewhere.

It follows the files and remembers how far each was delivered, so nobody ever waits for it, and what cannot be sent now
waits in the files. Killed between a delivery and the note of it, it sends that delivery once more.
"""

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from baken.reach.syslog import Receiver
from baken.run import configuration
from baken.run.keys import write
from baken.run.lifeline import watch_parent
from baken.run.lines import Line
from baken.run.logfiles import SETTLING, Batch, Log, Place

log = logging.getLogger("baken.shipper")

PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between two looks at the logs, and between two tries while nobody answers."""
STOP_SECONDS = 5.0
"""Time to send in what was said last; less than the supervisor's patience."""


def receiver(environ: Mapping[str, str] = os.environ) -> Receiver | None:
    """Who gets the logs, if somebody is to. Raises ConfigurationError."""
    address = environ.get("BAKEN_SYSLOG")
    try:
        return Receiver(address) if address else None
    except ValueError as error:
        raise configuration.ConfigurationError(f"BAKEN_SYSLOG: {error}") from error


class Shipper:
    """Sends the logs in `folder` to a receiver, and keeps in `sent.json` there how far it is."""

    def __init__(self, folder: Path, to: Receiver) -> None:
        self._folder, self._to = folder, to
        self._ended = threading.Event()
        self._failing_since: float | None = None

    def run(self) -> None:
        """Send until `stop`, and then what there is still."""
        pause = PAUSE
        while not self._ended.wait(pause):
            pause = self.attempt(pause)
        deadline = time.monotonic() + STOP_SECONDS
        while self.attempt(0.0, settling=0.0) == 0.0 and time.monotonic() < deadline:
            pass

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._ended.set()

    def attempt(self, pause: float, *, settling: float = SETTLING) -> float:
        """Send a batch; the seconds to wait now, none while more is there. A failure is told once, until it is over."""
        try:
            more = self.send(settling)
        except OSError as error:
            if self._failing_since is None:
                self._failing_since = time.monotonic()
                log.error(
                    "logs wait, the receiver at %s:%d does not take them: %s", self._to.host, self._to.port, error
                )
            return min(max(2 * pause, PAUSE), LONGEST_PAUSE)
        if self._failing_since is not None:
            log.warning("logs are sent again, after %d seconds", time.monotonic() - self._failing_since)
            self._failing_since = None
        return 0.0 if more else PAUSE

    def send(self, settling: float = SETTLING) -> bool:
        """Deliver the next records of each log, all or none; whether more is there. Raises OSError."""
        places = read_places(self._folder)
        batches = {path.name: batch for path in logs(self._folder) if (batch := _next(path, places, settling))}
        messages = [message for batch in batches.values() for message in batch.messages]
        if messages:
            self._to.deliver(messages)
        moved = {name: batch.place for name, batch in batches.items()}
        if any(places.get(name) != place for name, place in moved.items()):
            noted = {name: asdict(place) for name, place in {**places, **moved}.items()}
            write(self._folder / "sent.json", json.dumps(noted))
        return any(batch.more for batch in batches.values())


def logs(folder: Path) -> list[Path]:
    """The logs there are, one for each process."""
    return sorted(folder.glob("*.log"))


def read_places(folder: Path) -> dict[str, Place]:
    """How far each log was delivered; nothing is, where that is not known."""
    try:
        noted = json.loads((folder / "sent.json").read_text())
        return {name: Place(**place) for name, place in noted.items()}
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def behind(folder: Path) -> tuple[int, str]:
    """How many bytes of the logs were not delivered yet, and when the first of them was written, as RFC 3339."""
    places, waiting, since = read_places(folder), 0, "9"
    for path in logs(folder):
        place = places.get(path.name)
        waiting += Log(path).behind(place)
        batch = Log(path).after(place, settling=0.0)
        since = min([since, *(message.at for message in batch.messages if message.at)] if batch else [since])
    return waiting, since


def is_delivered(aside: Path) -> bool:
    """Whether all of a log that was set aside was delivered: a younger one is being read."""
    place = read_places(aside.parent).get(aside.stem)
    return place is not None and place.file != aside.stat().st_ino


def _next(path: Path, places: Mapping[str, Place], settling: float) -> Batch | None:
    batch = Log(path).after(places.get(path.name), settling=settling)
    if batch and batch.lost:
        log.error("some of %s was removed before it was sent; the rest follows", path.name)
    return batch


def main() -> None:
    """Send until SIGTERM."""
    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    watch_parent()
    to = receiver()
    if to is None:
        raise configuration.ConfigurationError("BAKEN_SYSLOG: name who gets the logs")
    shipper = Shipper(configuration.home() / "logs", to)

    def on_signal(number: int, frame: FrameType | None) -> None:
        shipper.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    shipper.run()


if __name__ == "__main__":
    with configuration.told():
        main()
