"""Outages, their confirmation, and which of them are one incident.

All of it is a property of a timeline, whoever looks at it and how often. Unknown time neither confirms an
outage nor ends one: only being seen down does the first, only being seen up the second.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from baken.domain.timelines import Piece, State, Timeline

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Outage:
    """From the first failed check to the first good one, or to the beginning of agreed maintenance.

    end: None while it lasts at the end of the timeline. seen_down: the times it was seen down; between them
    nothing was known. reason: the code of the first failure.
    """

    start: int
    end: int | None
    seen_down: tuple[Span, ...]
    reason: str | None = None

    @property
    def down(self) -> int:
        """Microseconds seen down. Over the outages of a timeline they add up to its `down` time."""
        return sum(end - start for start, end in self.seen_down)

    def confirmed_at(self, confirm_after: int) -> int | None:
        """The instant at which it had been down for that long, None when it never was."""
        return _passed(self.start, self.seen_down, confirm_after)


class Confirmation(NamedTuple):
    """An outage, and the instant at which it was confirmed."""

    at: int
    outage: Outage


@dataclass(frozen=True, slots=True)
class Episode:
    """Outages so close together that they are one incident.

    over_at: the instant at which the service had been up long enough since the last of them, None before
    that.
    """

    outages: tuple[Outage, ...]
    over_at: int | None

    @property
    def start(self) -> int:
        """The start of the first outage."""
        return self.outages[0].start

    @property
    def end(self) -> int | None:
        """The end of the last outage, which is when the incident ended; None while it lasts."""
        return self.outages[-1].end

    def confirmed_at(self, confirm_after: int) -> int | None:
        """The instant at which the first of its outages was confirmed, None when none was."""
        instants = (outage.confirmed_at(confirm_after) for outage in self.outages)
        return next((instant for instant in instants if instant is not None), None)


class Discrepancy(NamedTuple):
    """A location that was down while the quorum saw the monitor up; `end` is None while it is."""

    location: str
    start: int
    end: int | None
    confirmed_at: int


def outages(timeline: Timeline, min_length: int = 0) -> list[Outage]:
    """The outages in a timeline, in order, of which at least `min_length` was seen down."""
    return [outage for outage, _ in _runs(timeline) if outage.down >= min_length]


def confirmed(timeline: Timeline, confirm_after: int, as_of: int) -> list[Confirmation]:
    """The outages confirmed by `as_of`, as they were known then.

    An outage is confirmed at the instant at which it has been down for `confirm_after`, so that asking late
    gives the same instant as asking in time.
    """
    known = timeline.clip(timeline.start, max(as_of, timeline.start))
    return [
        Confirmation(at, outage) for outage in outages(known) if (at := outage.confirmed_at(confirm_after)) is not None
    ]


def episodes(timeline: Timeline, quiet: int) -> list[Episode]:
    """The outages of a timeline in groups, a new one wherever the service was up for `quiet` between two.

    A service that goes down and up fifty times is one episode. It ends when the last of its outages does,
    which is known once the service has been up for `quiet`.
    """
    found: list[Episode] = []
    members: list[Outage] = []
    for outage, calm in _runs(timeline):
        members.append(outage)
        over_at = None if outage.end is None else _passed(outage.end, calm, quiet)
        if over_at is not None:
            found.append(Episode(tuple(members), over_at))
            members = []
    if members:
        found.append(Episode(tuple(members), None))
    return found


def disagreement(location: Timeline, monitor: Timeline) -> Timeline:
    """Down where the location is down and the quorum sees the monitor up; unknown where either is not
    known."""
    settled = monitor.intervals(State.DOWN) | monitor.intervals(State.MAINTENANCE)
    agreeing = location.painted(settled, State.UP)
    return agreeing.painted(monitor.intervals(State.UNKNOWN), State.UNKNOWN)


def location_discrepancies(
    locations: Mapping[str, Timeline], monitor: Timeline, confirm_after: int
) -> list[Discrepancy]:
    """Where a location was down for at least `confirm_after` while the quorum saw the monitor up, by
    start."""
    return sorted(
        (
            Discrepancy(name, outage.start, outage.end, at)
            for name, location in locations.items()
            for outage in outages(disagreement(location, monitor))
            if (at := outage.confirmed_at(confirm_after)) is not None
        ),
        key=lambda found: (found.start, found.location),
    )


def _runs(timeline: Timeline) -> Iterator[tuple[Outage, Sequence[Span]]]:
    """Each outage, and the times after it, up to the next, at which the service was seen up."""
    failing: list[Piece] = []
    calm: list[Span] = []
    end: int | None = None
    for piece in timeline:
        if piece.state is State.DOWN:
            if end is not None:
                yield _outage(failing, end), calm
                failing, calm, end = [], [], None
            failing.append(piece)
        elif failing and piece.state is not State.UNKNOWN:
            end = piece.start if end is None else end
            if piece.state is State.UP:
                calm.append((piece.start, piece.end))
    if failing:
        yield _outage(failing, end), calm


def _outage(failing: Sequence[Piece], end: int | None) -> Outage:
    spans = tuple((piece.start, piece.end) for piece in failing)
    return Outage(failing[0].start, end, spans, failing[0].reason)


def _passed(since: int, spans: Iterable[Span], amount: int) -> int | None:
    """The instant at which that much of the spans' time has passed, None when they hold less."""
    if amount <= 0:
        return since
    for start, end in spans:
        if end - start >= amount:
            return start + amount
        amount -= end - start
    return None
