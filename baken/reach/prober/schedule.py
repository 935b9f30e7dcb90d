"""When checks are due: each on a fixed grid of its own, so that lateness never adds up."""

import hashlib
import heapq
import time
from typing import NamedTuple, Self

NANOSECONDS = 1_000_000_000
CLOCK_TOLERANCE = NANOSECONDS // 4


class Moment(NamedTuple):
    """One instant on both clocks, in nanoseconds: `wall` since the epoch, `monotonic` since some start."""

    wall: int
    monotonic: int

    @classmethod
    def now(cls) -> Self:
        return cls(time.time_ns(), time.monotonic_ns())

    def clock_was_set_by(self, later: "Moment") -> bool:
        """Whether the wall clock was set, or the machine slept, between this moment and `later`."""
        drift = (later.wall - self.wall) - (later.monotonic - self.monotonic)
        return abs(drift) > CLOCK_TOLERANCE


def first_due(seed: str, interval: int, wall: int, monotonic: int) -> int:
    """The first instant on the check's grid, on the monotonic clock; all in nanoseconds.

    The grid is laid over the wall clock, shifted by a hash of `seed`: checks spread evenly, and a prober that
    starts again goes on where it was. From then on only the monotonic clock counts.
    """
    phase = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) % interval
    return monotonic + (phase - wall) % interval


class Schedule:
    """A heap of due instants (monotonic nanoseconds)."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._grids: dict[str, tuple[int, int]] = {}  # key -> (next due, interval)

    def add(self, key: str, first: int, interval: int) -> None:
        """Make `key` due at `first` and every `interval` after; replaces its earlier grid."""
        self._grids[key] = (first, interval)
        heapq.heappush(self._heap, (first, key))

    def remove(self, key: str) -> None:
        """`key` is never due again."""
        self._grids.pop(key, None)

    def next_due(self) -> int | None:
        """The earliest due instant, or None when nothing is scheduled."""
        while self._heap and not self._is_current(*self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: int) -> str | None:
        """A key that is due by `now`, moved on to its next point after `now`; None when none is due."""
        due = self.next_due()
        if due is None or due > now:
            return None
        _, key = heapq.heappop(self._heap)
        _, interval = self._grids[key]
        self.add(key, due + ((now - due) // interval + 1) * interval, interval)
        return key

    def _is_current(self, due: int, key: str) -> bool:
        grid = self._grids.get(key)
        return grid is not None and grid[0] == due
