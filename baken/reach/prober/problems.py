"""What keeps the prober from giving results: told in the log once, and to the hub for as long as it lasts."""

import logging
import threading

log = logging.getLogger(__name__)

BLOCKED = "blocked"  # a private address, and the assignment does not allow those
CLOCK = "clock"  # this machine's clock was set while the request ran
INVALID = "invalid"  # the check cannot be run as the hub sent it
NETWORK = "network"  # this machine's own network is down, or nothing shows that it was up
OVERLOADED = "overloaded"  # this machine was too busy, or stood still
PROBER = "prober"  # another failure of the prober itself
SPOOL_FULL = "spool full"  # results are lost until the hub can be reached


class Problems:
    """The problems of this moment, at most one per monitor; `None` is the prober itself. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: dict[str | None, tuple[str, str]] = {}

    def report(self, monitor: str | None, reason: str, detail: str = "") -> None:
        """Note a problem. `detail` goes to the log and to the hub, so it holds no URL and no header."""
        with self._lock:
            known = self._current.get(monitor)
            self._current[monitor] = (reason, detail)
        if known is None or known[0] != reason:
            log.warning("no results for %s: %s %s", monitor or "this location", reason, detail)

    def clear(self, monitor: str | None) -> None:
        """The problem of a monitor is over."""
        with self._lock:
            over = self._current.pop(monitor, None)
        if over is not None:
            log.info("results for %s again, after: %s", monitor or "this location", over[0])

    def keep_only(self, monitors: set[str]) -> None:
        """Forget monitors that are no longer assigned."""
        with self._lock:
            for monitor in [name for name in self._current if name is not None and name not in monitors]:
                del self._current[monitor]

    def to_wire(self) -> list[dict[str, str | None]]:
        """All of them, in a fixed order, as the hub gets them."""
        with self._lock:
            current = sorted(self._current.items(), key=lambda item: item[0] or "")
        return [{"monitor": m, "reason": reason, "detail": detail} for m, (reason, detail) in current]
