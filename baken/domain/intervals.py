"""Sets of time as sorted arrays of half-open intervals.

Everything that lasts (working time, an outage, a wait for the customer, a maintenance window) is one
`Intervals`, and KPIs are made of them by union, intersection and difference. Nothing here knows zones or
calendars.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.int64]
"""Instants or durations in microseconds."""
Mask: TypeAlias = npt.NDArray[np.bool_]
"""One truth value for each."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Intervals:
    """An immutable set of instants: sorted, disjoint, coalesced half-open intervals [start, end).

    starts, ends: instants in microseconds, read-only, of equal length, with starts[i] < ends[i] < starts[i +
    1]. Make one with `of` or `from_arrays`, which bring any intervals into that form; two values that cover
    the same instants are equal. Sizes below are linear, or n log n where sorting or searching is needed.
    """

    starts: Vector
    ends: Vector

    def __post_init__(self) -> None:
        self.starts.setflags(write=False)
        self.ends.setflags(write=False)

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Self:
        """From (start, end) pairs in any order, overlapping or not; empty ones (start == end) vanish.

        Raises ValueError for an interval that ends before it starts.
        """
        table = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
        return cls.from_arrays(table[:, 0], table[:, 1])

    @classmethod
    def from_arrays(cls, starts: Vector, ends: Vector) -> Self:
        """As `of`, from two arrays of equal length."""
        if (ends < starts).any():
            worst = int(np.argmax(ends < starts))
            raise ValueError(f"interval [{starts[worst]}, {ends[worst]}) ends before it starts; swap the two")
        filled = ends > starts
        order = np.argsort(starts[filled], kind="stable")
        starts = starts[filled][order]
        # How far the intervals up to here reach: a new one begins only where none before it does.
        reach = np.maximum.accumulate(ends[filled][order])
        fresh = np.ones(len(starts), dtype=np.bool_)
        fresh[1:] = starts[1:] > reach[:-1]
        last = np.ones(len(starts), dtype=np.bool_)
        last[:-1] = fresh[1:]
        return cls(starts[fresh], reach[last])

    @classmethod
    def empty(cls) -> Self:
        """No time at all."""
        return cls.of(())

    def __or__(self, other: "Intervals") -> "Intervals":
        """Instants in either."""
        return Intervals.from_arrays(
            np.concatenate((self.starts, other.starts)), np.concatenate((self.ends, other.ends))
        )

    def __and__(self, other: "Intervals") -> "Intervals":
        """Instants in both."""
        first = np.searchsorted(other.ends, self.starts, side="right")
        count = np.maximum(np.searchsorted(other.starts, self.ends, side="left") - first, 0)
        mine = np.repeat(np.arange(len(self)), count)
        # Position of each piece within the run of others that its own interval meets.
        rank = np.arange(len(mine)) - np.repeat(np.cumsum(count) - count, count)
        theirs = np.repeat(first, count) + rank
        return Intervals(
            np.maximum(self.starts[mine], other.starts[theirs]),
            np.minimum(self.ends[mine], other.ends[theirs]),
        )

    def __sub__(self, other: "Intervals") -> "Intervals":
        """Instants in the first and not in the second."""
        if not len(self):
            return self
        return self & other.gaps(int(self.starts[0]), int(self.ends[-1]))

    def clip(self, a: int, b: int) -> "Intervals":
        """What lies in [a, b). Raises ValueError when b < a."""
        return self & Intervals.of([(a, b)])

    def gaps(self, a: int, b: int) -> "Intervals":
        """What of [a, b) is not covered. Raises ValueError when b < a."""
        inside = self.clip(a, b)
        starts = np.concatenate((np.array([a], dtype=np.int64), inside.ends))
        ends = np.concatenate((inside.starts, np.array([b], dtype=np.int64)))
        return Intervals(starts[starts < ends], ends[starts < ends])

    def total(self) -> int:
        """Length of all intervals together, in microseconds."""
        return int((self.ends - self.starts).sum())

    def covers(self, a: int, b: int) -> bool:
        """Whether every instant of [a, b) is in here; nothing is missing from an empty one."""
        return not len(self.gaps(a, b))

    def contains(self, instants: Vector) -> Mask:
        """For each instant whether it is in here."""
        # Before an instant inside, one more interval has started than ended.
        started = np.searchsorted(self.starts, instants, side="right")
        ended = np.searchsorted(self.ends, instants, side="right")
        return np.asarray(started > ended)

    def __contains__(self, instant: int) -> bool:
        return bool(self.contains(np.array([instant], dtype=np.int64))[0])

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.starts.tolist(), self.ends.tolist(), strict=True)

    def __len__(self) -> int:
        """The number of intervals."""
        return len(self.starts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Intervals):
            return NotImplemented
        return np.array_equal(self.starts, other.starts) and np.array_equal(self.ends, other.ends)

    def __hash__(self) -> int:
        return hash((self.starts.tobytes(), self.ends.tobytes()))

    def __repr__(self) -> str:
        return f"Intervals.of({list(self)!r})"
