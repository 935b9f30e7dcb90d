"""Uptime the slow way: a list with one state per tick, walked through from front to back.

Shares no code with what it checks. A tick is whatever the caller wants; an instant is its number.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby, product
from typing import NamedTuple

from hypothesis import strategies as st

from baken.domain.timelines import Change, State, Timeline

Ticks = list[str]


class Check(NamedTuple):
    """A check as a prober made it."""

    started: int
    up: bool
    interval: int
    tolerance: int


class Down(NamedTuple):
    """An outage: start, end (None: not seen good again), ticks seen down, tick of confirmation."""

    start: int
    end: int | None
    down: int
    confirmed: int | None


def states(*chosen: State) -> st.SearchStrategy[Ticks]:
    """Random histories: runs of a state, some long and some of a single tick."""
    run = st.tuples(st.sampled_from([state.value for state in chosen or tuple(State)]), st.integers(1, 12))
    return st.lists(run, max_size=12).map(lambda runs: [state for state, n in runs for _ in range(n)])


def timeline(ticks: Sequence[str], start: int = 0) -> Timeline:
    """The timeline that shows these ticks."""
    changes = [Change(start + tick, State(state)) for tick, state in enumerate(ticks)]
    return Timeline.of(changes, start, start + len(ticks))


def ticks_of(found: Timeline) -> Ticks:
    """A timeline tick by tick, asked one instant at a time."""
    return [found.at(tick).value for tick in range(found.start, found.end)]


def seen_by_location(checks: Sequence[Check], as_of: int, end: int) -> Ticks:
    """What a location knows of every tick before `end`, at `as_of`."""
    found = []
    for tick in range(end):
        before = [check for check in checks if check.started <= tick]
        after = [check.started for check in checks if check.started > tick]
        if not before:
            found.append("unknown")
            continue
        check = before[-1]
        in_time = check.started + check.interval + check.tolerance
        if after:
            speaks = after[0] <= in_time or tick < check.started + check.interval
        elif as_of > in_time:
            speaks = tick < check.started + check.interval
        else:
            speaks = tick < as_of
        found.append(("up" if check.up else "down") if speaks else "unknown")
    return found


def seen_by_monitor(locations: Mapping[str, Ticks], down: int | str, minimum: int, length: int) -> Ticks:
    """The quorum, one tick after the other."""
    found = []
    for tick in range(length):
        votes = [location[tick] for location in locations.values() if location[tick] in ("up", "down")]
        against = votes.count("down")
        if len(votes) < minimum:
            found.append("unknown")
        elif down == "majority":
            found.append("down" if against > len(votes) - against else "up")
        else:
            found.append("down" if against >= int(down) else "up")
    return found


def worst(monitors: Sequence[Sequence[str | None]], length: int) -> Ticks:
    """The worst of the monitors that exist (None: does not), one tick after the other."""
    found = []
    for tick in range(length):
        now = {monitor[tick] for monitor in monitors} - {None}
        found.append("down" if "down" in now else "unknown" if "unknown" in now or not now else "up")
    return found


def by_trial(met: Callable[[dict[str, bool]], bool], parts: Mapping[str, str]) -> str:
    """The state when every unknown part is tried as up and as down: what all trials agree on."""
    trials = product(*([state == "up"] if state != "unknown" else [True, False] for state in parts.values()))
    verdicts = {met(dict(zip(parts, trial, strict=True))) for trial in trials}
    if len(verdicts) > 1:
        return "unknown"
    return "up" if verdicts.pop() else "down"


def outages(ticks: Sequence[str], confirm_after: int) -> list[Down]:
    """Outages, each begun by a tick down and ended by one up or in maintenance."""
    found: list[Down] = []
    current: Down | None = None
    for tick, state in enumerate(ticks):
        if state == "down":
            current = current or Down(tick, None, 0, tick if confirm_after == 0 else None)
            current = current._replace(down=current.down + 1)
            if current.down == confirm_after:
                current = current._replace(confirmed=tick + 1)
        elif state != "unknown" and current:
            found.append(current._replace(end=tick))
            current = None
    return [*found, current] if current else found


def episodes(ticks: Sequence[str], quiet: int) -> list[tuple[int, int | None, int | None]]:
    """(start, end, over at): over as soon as `quiet` ticks have been up since the last one down."""
    found: list[tuple[int, int | None, int | None]] = []
    start, end, calm = None, None, 0
    for tick, state in enumerate(ticks):
        if state == "down":
            start, end, calm = (tick if start is None else start), None, 0
        elif start is not None and state != "unknown":
            end = tick if end is None else end
            calm += state == "up"
            if calm == quiet:
                found.append((start, end, tick + 1))
                start, end, calm = None, None, 0
    return found if start is None else [*found, (start, end, None)]


def runs(ticks: Sequence[str]) -> list[tuple[str, int]]:
    """Each state in turn with the number of ticks it held."""
    return [(state, len(list(group))) for state, group in groupby(ticks)]
