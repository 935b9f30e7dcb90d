"""From what locations saw to the state of a monitor, and from monitors to the state of a service.

Both are a count at every instant: how many are up, how many down, how many know nothing. The count is made
once for all instants, by sorting every change of every timeline and summing what each adds and takes away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from baken.domain.intervals import Vector
from baken.domain.timelines import CODE, Codes, State, Timeline, as_reasons

TOO_FEW_LOCATIONS = "too_few_locations"
NO_MONITOR = "no_monitor"
_UP, _DOWN, _UNKNOWN = CODE[State.UP], CODE[State.DOWN], CODE[State.UNKNOWN]
_ABSENT = -1
Counts: TypeAlias = npt.NDArray[np.int64]


class QuorumError(ValueError):
    """The rule cannot work; the message names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class Quorum:
    """When a monitor is down.

    down: how many of the reporting locations have to see it down, or "majority": more than half of them.
    minimum_reporting: with fewer reporting locations nothing is known. It is at least `down`, for locations
    that could not make the quorum between them would otherwise always say up.
    """

    down: int | Literal["majority"] = "majority"
    minimum_reporting: int = 1

    def __post_init__(self) -> None:
        if self.minimum_reporting < 1:
            raise QuorumError("minimum reporting: give at least 1 location")
        if self.down == "majority":
            return
        if self.down < 1:
            raise QuorumError('quorum: give at least 1 location, or "majority"')
        if self.minimum_reporting < self.down:
            raise QuorumError(f"minimum reporting: give at least {self.down} locations, as many as have to see it down")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a service needs to be up: at least `least` of its parts; None for all, the worst of them.

    parts: names of monitors, or needs of their own. A part that does not exist at an instant is left out of
    the count there, and `least` is then at most the number of those that do.
    """

    parts: tuple["str | Needs", ...]
    least: int | None = None

    def __post_init__(self) -> None:
        if not self.parts:
            raise QuorumError("needs: name at least one monitor")
        if self.least is not None and not 1 <= self.least <= len(self.parts):
            raise QuorumError(f"needs: give a number from 1 to {len(self.parts)}, or nothing for all of them")

    def monitors(self) -> frozenset[str]:
        """The names in here, at any depth."""
        inner = (part.monitors() if isinstance(part, Needs) else frozenset({part}) for part in self.parts)
        return frozenset[str]().union(*inner)


class _Track(NamedTuple):
    """Codes from each start to the next, absent before the first."""

    starts: Vector
    codes: Codes


def monitor_timeline(locations: Mapping[str, Timeline], quorum: Quorum, start: int, end: int) -> Timeline:
    """The state of a monitor throughout [start, end) from what each location saw.

    A location reports where its timeline is up or down; where it is unknown, or does not reach, it does not.
    `down` carries the reason of the first location (by name) that saw it, `unknown` is TOO_FEW_LOCATIONS.
    """
    ordered = [locations[name] for name in sorted(locations)]
    cuts, counts = _count([_track(timeline) for timeline in ordered], start)
    down = counts[_DOWN]
    reporting = counts[_UP] + down
    if quorum.down == "majority":
        agreed = 2 * down > reporting
    else:
        agreed = down >= quorum.down
    codes = np.where(agreed, _DOWN, _UP)
    codes[reporting < quorum.minimum_reporting] = _UNKNOWN
    return _explained(_bare(cuts, codes, start, end), ordered, [_DOWN], TOO_FEW_LOCATIONS)


def service_timeline(monitors: Mapping[str, Timeline], start: int, end: int, needs: Needs | None = None) -> Timeline:
    """The state of a service throughout [start, end): the worst of its monitors, or as `needs` says.

    A monitor belongs to the service for as long as its own timeline reaches, so one that was added later
    does not make the time before unknown. Where there is no monitor at all the service is unknown,
    NO_MONITOR. With `needs` of n parts of which k have to be up: up when k are, down when k no longer can
    be even if every unknown part were up, else unknown. Raises QuorumError when `needs` names a monitor
    that is not given.
    """
    if needs is None:
        needs = Needs(tuple(sorted(monitors))) if monitors else None
    elif missing := needs.monitors() - monitors.keys():
        raise QuorumError(f"needs: there is no monitor {min(missing)}; take it out or add the monitor")
    if needs is None:
        return Timeline.constant(State.UNKNOWN, start, end, NO_MONITOR)
    cuts, codes = _met(needs, monitors, start)
    codes = np.where(codes == _ABSENT, _UNKNOWN, codes)
    named = [monitors[name] for name in sorted(needs.monitors())]
    return _explained(_bare(cuts, codes, start, end), named, [_DOWN, _UNKNOWN], NO_MONITOR)


def _met(needs: Needs, monitors: Mapping[str, Timeline], start: int) -> _Track:
    """Whether the needs are met, from cut to cut; absent where none of their parts exists."""
    cuts, counts = _count([_part(part, monitors, start) for part in needs.parts], start)
    up, unknown = counts[_UP], counts[_UNKNOWN]
    present = up + counts[_DOWN] + unknown
    least = present if needs.least is None else np.minimum(present, needs.least)
    codes = np.where(up >= least, _UP, np.where(up + unknown < least, _DOWN, _UNKNOWN))
    return _Track(cuts, np.where(present == 0, _ABSENT, codes).astype(np.int8))


def _part(part: str | Needs, monitors: Mapping[str, Timeline], start: int) -> _Track:
    if isinstance(part, Needs):
        return _met(part, monitors, start)
    return _track(monitors[part])


def _track(timeline: Timeline) -> _Track:
    """What probes saw of a location or monitor, absent from its end on."""
    if (timeline.codes == CODE[State.MAINTENANCE]).any():
        raise QuorumError("maintenance: apply it to the service's timeline, not to a monitor's or location's")
    return _Track(np.append(timeline.starts, timeline.end), np.append(timeline.codes, _ABSENT).astype(np.int8))


def _count(tracks: Sequence[_Track], start: int) -> tuple[Vector, Counts]:
    """The cuts from `start` on, and from cut to cut how many tracks are in each state: one row per code."""
    edge = np.array([start], dtype=np.int64)
    nothing = np.array([_ABSENT], dtype=np.int8)
    # Before the start everything that already happened counts as happening at the start.
    at = np.maximum(np.concatenate([edge, *(track.starts for track in tracks)]), start)
    after = np.concatenate([nothing, *(track.codes for track in tracks)])
    before = np.concatenate([nothing, *(np.append(nothing, track.codes[:-1]) for track in tracks)])
    order = np.argsort(at, kind="stable")
    steps = np.stack([(after == code).astype(np.int64) - (before == code) for code in (_UP, _DOWN, _UNKNOWN)])
    counts = np.cumsum(steps[:, order], axis=1)
    at = at[order]
    last = np.append(at[1:] != at[:-1], True)
    return at[last], counts[:, last]


def _bare(cuts: Vector, codes: npt.NDArray[np.integer[Any]], start: int, end: int) -> Timeline:
    return Timeline.from_arrays(cuts, codes.astype(np.int8), as_reasons([None] * len(cuts)), start, end)


def _explained(bare: Timeline, seen: Sequence[Timeline], codes: Sequence[int], unknown: str) -> Timeline:
    """The same with reasons: for pieces in `codes`, that of the first timeline in the same state.

    unknown: the reason of unknown pieces that have none by then.
    """
    reasons = np.where(bare.codes == _UNKNOWN, unknown, as_reasons([None] * len(bare)))
    explainable = np.isin(bare.codes, codes)
    for timeline in reversed(seen):
        track = _track(timeline)
        piece = np.searchsorted(track.starts, bare.starts, side="right") - 1
        same = explainable & (piece >= 0) & (track.codes[piece] == bare.codes)
        reasons[same] = timeline.reasons[piece[same]]
    return Timeline(bare.start, bare.end, bare.starts, bare.codes, reasons)
