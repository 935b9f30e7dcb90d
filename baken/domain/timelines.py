"""What was seen of a service over time: one state at every instant of a half-open range.

A `Timeline` is the only form in which uptime is handled. Locations give one each, a quorum makes those of a
monitor into one, a service takes the worst of its monitors, maintenance is painted over it, and it is
measured at the end. It says nothing about how often anybody looked, so nothing can be counted in checks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from baken.domain.intervals import Intervals, Vector


class State(StrEnum):
    """What is known of an instant. The prober's own failure is `unknown`, never `down` and never `up`."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"


STATES = tuple(State)
CODE = {state: code for code, state in enumerate(STATES)}
"""Position of each state in `STATES`: how arrays hold it."""

Codes: TypeAlias = npt.NDArray[np.int8]
Reasons: TypeAlias = npt.NDArray[np.object_]


class Change(NamedTuple):
    """From `at` (microseconds) the state holds, until the next change. `reason` is a code, never a text."""

    at: int
    state: State
    reason: str | None = None


class Piece(NamedTuple):
    """One state that held throughout [start, end); `reason` is that of the change which began it."""

    start: int
    end: int
    state: State
    reason: str | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Timeline:
    """An immutable, piecewise constant function from the instants of [start, end) to `State`.

    starts, codes, reasons: read-only arrays of equal length, one entry per piece: where it begins (the
    first at `start`), its state as a `CODE`, and the reason it began with. Neighbours differ in state; a
    reason that changes within one state is not kept. An empty range has no pieces. Make one with `of`,
    `constant`, `join` or `from_arrays`.
    """

    start: int
    end: int
    starts: Vector
    codes: Codes
    reasons: Reasons

    def __post_init__(self) -> None:
        for array in (self.starts, self.codes, self.reasons):
            array.setflags(write=False)

    @classmethod
    def of(cls, changes: Iterable[Change], start: int, end: int) -> "Timeline":
        """What changes, in order of time, say of [start, end); unknown before the first of them.

        The last change at or before `start` tells the state there. Of several at one instant the last counts.
        Raises ValueError when they are out of order, or when `end` is before `start`.
        """
        rows = list(changes)
        return cls.from_arrays(
            np.array([row.at for row in rows], dtype=np.int64),
            np.array([CODE[row.state] for row in rows], dtype=np.int8),
            as_reasons([row.reason for row in rows]),
            start,
            end,
        )

    @classmethod
    def constant(cls, state: State, start: int, end: int, reason: str | None = None) -> "Timeline":
        """One state throughout."""
        return cls.of([Change(start, state, reason)], start, end)

    @classmethod
    def join(cls, parts: Sequence["Timeline"]) -> "Timeline":
        """Timelines that follow each other, as one: how a rule that changed half-way is applied to each half.

        Raises ValueError when there are none, or when one does not begin where the one before it ends.
        """
        if not parts:
            raise ValueError("join: give at least one timeline")
        for one, next_one in pairwise(parts):
            if one.end != next_one.start:
                raise ValueError(f"join: one timeline ends at {one.end}, the next begins at {next_one.start}")
        return cls.from_arrays(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.codes for part in parts]),
            np.concatenate([part.reasons for part in parts]),
            parts[0].start,
            parts[-1].end,
        )

    @classmethod
    def from_arrays(cls, at: Vector, codes: Codes, reasons: Reasons, start: int, end: int) -> "Timeline":
        """As `of`, from arrays of equal length."""
        if end < start:
            raise ValueError(f"timeline: the end {end} comes before the start {start}; swap the two")
        if (at[1:] < at[:-1]).any():
            raise ValueError("timeline: the changes are not in order of time; sort them first")
        at, codes, reasons = _within(at, codes, reasons, start, end)
        keep = np.ones(len(at), dtype=np.bool_)
        keep[:-1] = at[1:] != at[:-1]
        at, codes, reasons = at[keep], codes[keep], reasons[keep]
        fresh = np.ones(len(at), dtype=np.bool_)
        fresh[1:] = codes[1:] != codes[:-1]
        return cls(start, end, at[fresh], codes[fresh], reasons[fresh])

    @property
    def ends(self) -> Vector:
        """Where each piece ends."""
        return np.append(self.starts[1:], self.end)[: len(self.starts)]

    def at(self, instant: int) -> State:
        """The state at an instant. Raises ValueError outside [start, end)."""
        if not self.start <= instant < self.end:
            raise ValueError(f"instant {instant} lies outside the timeline [{self.start}, {self.end})")
        piece = int(np.searchsorted(self.starts, instant, side="right")) - 1
        return STATES[int(self.codes[piece])]

    def intervals(self, state: State) -> Intervals:
        """When that state held."""
        here = self.codes == CODE[state]
        return Intervals(self.starts[here], self.ends[here])

    def clip(self, a: int, b: int) -> "Timeline":
        """The part inside [a, b), never more than this timeline's own range; empty when they do not meet.

        Raises ValueError when b < a.
        """
        if b < a:
            raise ValueError(f"clip: the end {b} comes before the start {a}; swap the two")
        start = min(max(a, self.start), self.end)
        end = max(min(b, self.end), start)
        return Timeline.from_arrays(self.starts, self.codes, self.reasons, start, end)

    def painted(self, intervals: Intervals, state: State, reason: str | None = None) -> "Timeline":
        """The same with `state` wherever `intervals` lie; they may reach outside the range."""
        edges = np.concatenate((self.starts, intervals.starts, intervals.ends))
        cuts = np.unique(edges[(edges >= self.start) & (edges < self.end)])
        piece = np.searchsorted(self.starts, cuts, side="right") - 1
        codes, reasons = self.codes[piece], self.reasons[piece]
        inside = intervals.contains(cuts)
        codes[inside] = CODE[state]
        reasons[inside] = reason
        return Timeline.from_arrays(cuts, codes, reasons, self.start, self.end)

    def durations(self) -> dict[State, int]:
        """Microseconds in each of the four states; together the length of the range."""
        lengths = self.ends - self.starts
        return {state: int(lengths[self.codes == code].sum()) for state, code in CODE.items()}

    def changes(self) -> list[Change]:
        """The changes that make this timeline, the first at its start: the inverse of `of`."""
        return [Change(piece.start, piece.state, piece.reason) for piece in self]

    def __iter__(self) -> Iterator[Piece]:
        for start, end, code, reason in zip(
            self.starts.tolist(), self.ends.tolist(), self.codes.tolist(), self.reasons.tolist(), strict=True
        ):
            yield Piece(start, end, STATES[code], reason)

    def __len__(self) -> int:
        """The number of pieces."""
        return len(self.starts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeline):
            return NotImplemented
        return (self.start, self.end) == (other.start, other.end) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash((self.start, self.end, self.starts.tobytes(), self.codes.tobytes()))

    def __repr__(self) -> str:
        return f"Timeline.of({self.changes()!r}, {self.start}, {self.end})"


def as_reasons(reasons: Iterable[str | None]) -> Reasons:
    """Reasons as the array a timeline holds."""
    return np.array(list(reasons), dtype=np.object_)


def _within(at: Vector, codes: Codes, reasons: Reasons, start: int, end: int) -> tuple[Vector, Codes, Reasons]:
    """Changes cut to [start, end), with one exactly at `start` unless the range is empty."""
    if start == end:
        return at[:0], codes[:0], reasons[:0]
    # Unknown before the first change: so there is always a change at or before the start.
    at = np.insert(at, 0, min([start, *at[:1].tolist()]))
    codes = np.insert(codes, 0, CODE[State.UNKNOWN])
    reasons = np.concatenate((as_reasons([None]), reasons))
    inside = slice(int(np.searchsorted(at, start, side="right")) - 1, int(np.searchsorted(at, end, side="left")))
    return np.maximum(at[inside], start), codes[inside], reasons[inside]
