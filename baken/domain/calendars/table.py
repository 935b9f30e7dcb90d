"""Both questions about working time, as look-ups in arrays."""

from bisect import bisect_left, bisect_right
from functools import cached_property

import numpy as np

from baken.domain.calendars.hours import Hours
from baken.domain.intervals import Mask, Vector

_BUCKETS_AN_EDGE = 4
_MOST_STEPS = 8
_FAR = 2**62


class BucketIndex:
    """`np.searchsorted(edges, x, side="right") - 1` without its binary search, for edges[0] <= x <= last.

    The range is cut into equal buckets, a power of two wide. A table says where the search stands at the
    beginning of each, and what remains is as many steps as there are edges in the fullest bucket: mostly one.
    Where edges are so uneven that it would take many steps, the binary search is used after all.
    """

    def __init__(self, edges: Vector, last: int) -> None:
        self._edges = edges
        self._begin = int(edges[0])
        span = last - self._begin
        self._shift = (span // (_BUCKETS_AN_EDGE * len(edges))).bit_length()
        begins = self._begin + (np.arange((span >> self._shift) + 2) << self._shift)
        index = np.searchsorted(edges, begins, side="right") - 1
        self._index = index[:-1]
        self._next_edge = np.append(edges[1:], _FAR)
        self.steps = int(np.diff(index).max())

    def locate(self, x: Vector) -> Vector:
        """The position of the last edge that is not after each x."""
        if self.steps > _MOST_STEPS:
            return np.searchsorted(self._edges, x, side="right") - 1
        at = self._index.take((x - self._begin) >> self._shift)
        for _ in range(self.steps):
            at += self._next_edge.take(at) <= x
        return at


class Table:
    """Compiled hours with their running sum: the working time since `begin`.

    An interval of length zero at `begin` stands first, so that every instant has one that started before it.
    """

    def __init__(self, hours: Hours) -> None:
        self.hours = hours
        self.begin = hours.begin
        self.end = hours.end
        self.total = hours.working.total()
        self._starts = np.append(hours.begin, hours.working.starts)
        self._ends = np.append(hours.begin, hours.working.ends)
        self._before = np.append(0, np.cumsum(self._ends - self._starts)[:-1])
        # The sum at instant t inside interval i is t less the time up to t that was not worked.
        self._idle = self._starts - self._before
        # A search for one instant is many times faster in lists than in arrays.
        self._start_list: list[int] = self._starts.tolist()
        self._end_list: list[int] = self._ends.tolist()
        self._before_list: list[int] = self._before.tolist()
        self._idle_list: list[int] = self._idle.tolist()

    @cached_property
    def _by_instant(self) -> BucketIndex:
        return BucketIndex(self._starts, self.end)

    @cached_property
    def _by_sum(self) -> BucketIndex:
        return BucketIndex(self._before, self.total)

    def sum_at(self, instant: int) -> int:
        """The running sum at one instant within the table."""
        at = bisect_right(self._start_list, instant) - 1
        return min(instant, self._end_list[at]) - self._idle_list[at]

    def instant_of(self, total: int) -> int:
        """The earliest instant at which the running sum is `total`, from 1 up to that of the whole table."""
        return total + self._idle_list[bisect_left(self._before_list, total) - 1]

    def contains(self, instant: int) -> bool:
        """Whether the instant is working time."""
        return instant < self._end_list[bisect_right(self._start_list, instant) - 1]

    def sums_at(self, instants: Vector) -> Vector:
        """`sum_at` of each."""
        at = self._by_instant.locate(instants)
        sums: Vector = np.minimum(instants, self._ends.take(at)) - self._idle.take(at)
        return sums

    def instants_of(self, totals: Vector) -> Vector:
        """`instant_of` each."""
        idle: Vector = self._idle.take(self._by_sum.locate(totals - 1))
        return totals + idle

    def contains_many(self, instants: Vector) -> Mask:
        """`contains` of each."""
        ends: Vector = self._ends.take(self._by_instant.locate(instants))
        return instants < ends
