"""What one location saw of one monitor: from the results of checks to changes of state.

A check speaks for the time from its own start to the start of the next one, if that comes within its
interval plus the tolerance; otherwise for one interval, after which nothing is known until the next check.
So an outage begins at the first failed check and ends at the first good one: retries and confirmation delay
the alert, never this history. And a location that falls silent knows nothing: it is neither up nor down.

`step` is for results as they come in, one at a time; `fold_results` gives the same for a whole history at
once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from baken.domain.intervals import Vector
from baken.domain.timelines import CODE, STATES, Change, State, Timeline

NO_RESULT = "no_result"
"""The reason for `unknown` when a location fell silent."""


class OutOfOrder(ValueError):
    """A result started no later than the one before it; leave it out, for it cannot change the history."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One check as it ended, and all that the next one needs to know of it.

    started: instant of the check's start. up: whether the service answered as agreed. interval, tolerance:
    the monitor's settings when the check was made, so that a change of settings does not rewrite what came
    before. reason: the prober's code for the outcome. All times in microseconds.
    """

    started: int
    up: bool
    interval: int
    tolerance: int
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.interval <= 0 or self.tolerance < 0:
            raise ValueError("interval: give more than zero; tolerance: give zero or more")

    @property
    def holds_until(self) -> int:
        """How far this result speaks when no other follows in time."""
        return self.started + self.interval

    @property
    def due(self) -> int:
        """The last instant at which the next check still follows in time."""
        return self.started + self.interval + self.tolerance

    @property
    def state(self) -> State:
        """What the check saw."""
        return State.UP if self.up else State.DOWN


def step(last: ProbeResult | None, result: ProbeResult) -> list[Change]:
    """The changes that a result brings about, given the one before it; None for a location's first.

    No change when the state stays as it was, one when it changes, two after a silence. They are final: no
    later result takes them back. Raises OutOfOrder when the result did not start after the last.
    """
    change = Change(result.started, result.state, result.reason)
    if last is None:
        return [change]
    if result.started <= last.started:
        raise OutOfOrder(f"a result started at {result.started}, the one before it at {last.started}")
    if result.started > last.due:
        return [Change(last.holds_until, State.UNKNOWN, NO_RESULT), change]
    return [] if result.up == last.up else [change]


def overdue(last: ProbeResult, as_of: int) -> Change | None:
    """The change to unknown when at `as_of` the check after `last` is overdue, else None.

    It is for showing and alerting, not for keeping: results that were only delivered late take it back, and
    those that never come make `step` say the same.
    """
    if as_of <= last.due:
        return None
    return Change(last.holds_until, State.UNKNOWN, NO_RESULT)


def observed_through(last: ProbeResult | None, as_of: int) -> int | None:
    """The instant up to which a location's changes are known at `as_of`; None when it never reported."""
    if last is None:
        return None
    silence = overdue(last, as_of)
    return silence.at if silence else as_of


def settled_through(lasts: Iterable[ProbeResult], as_of: int) -> int:
    """The instant before which no result of a monitor that is delivered in time can change anything.

    lasts: the last result of each of its locations. That is the earliest start among those not overdue, or
    `as_of` when all are: what a location saw after its last check began is only known when the next one is
    in. An outage that is confirmed on a timeline cut here stays confirmed.
    """
    return min((last.started for last in lasts if as_of <= last.due), default=as_of)


def fold_results(
    started: Vector,
    up: npt.NDArray[np.bool_],
    interval: int | Vector,
    tolerance: int | Vector,
    reasons: Sequence[str | None] | None = None,
) -> list[Change]:
    """All that `step` would say about a history of results, vectorised.

    started, up: one element per result. interval, tolerance: one number, or one element per result.
    reasons: codes of the outcomes. Raises OutOfOrder unless `started` increases throughout, ValueError for
    bad settings.
    """
    if (started[1:] <= started[:-1]).any():
        raise OutOfOrder("the results are not in order of their start")
    holds, slack = np.broadcast_to(interval, started.shape), np.broadcast_to(tolerance, started.shape)
    if (holds <= 0).any() or (slack < 0).any():
        raise ValueError("interval: give more than zero; tolerance: give zero or more")
    silent = started[1:] > (started + holds + slack)[:-1]
    fresh = np.ones(len(started), dtype=np.bool_)
    fresh[1:] = silent | (up[1:] != up[:-1])
    quiet = np.flatnonzero(silent)
    seen = np.flatnonzero(fresh)
    at = np.concatenate((started[seen], (started + holds)[quiet]))
    codes = np.concatenate(
        (np.where(up[seen], CODE[State.UP], CODE[State.DOWN]), np.full(len(quiet), CODE[State.UNKNOWN]))
    )
    why = [reasons[index] if reasons else None for index in seen.tolist()] + [NO_RESULT] * len(quiet)
    return sorted(
        Change(instant, STATES[code], reason)
        for instant, code, reason in zip(at.tolist(), codes.tolist(), why, strict=True)
    )


def location_timeline(changes: Iterable[Change], observed_through: int | None, start: int, end: int) -> Timeline:
    """What a location saw in [start, end): unknown before the first change, and after `observed_through`.

    changes: in order of time, at least from the last one at or before `start`. observed_through: as the
    function of that name gives it; None when nothing was observed at all. For a period that is still open,
    end at `as_of`: what is yet to come is not unmeasured.
    """
    if observed_through is None:
        return Timeline.constant(State.UNKNOWN, start, end)
    known = [change for change in changes if change.at < observed_through]
    return Timeline.of([*known, Change(observed_through, State.UNKNOWN, NO_RESULT)], start, end)
