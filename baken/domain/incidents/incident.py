"""What an incident is once its facts are folded: values, and the questions that need no agreement."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from baken.domain.agreements import ResponseCounts, Terms
from baken.domain.facts import LEAVES_EVERYTHING, IncidentClass, Origin, Outcome, Priority, Waiting

PICKUP = "pickup"


class Status(StrEnum):
    """Where an incident stands. New until a person takes it on or responds."""

    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait [start, end) for somebody; `end` is None while it lasts."""

    start: int
    end: int | None
    on: Waiting


@dataclass(frozen=True, slots=True)
class Resolution:
    """Resolved from `start` until reopened at `end`; `timed` is false when an import gave no time."""

    start: int
    end: int | None
    timed: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Out of the counts from `start` until readmitted at `end`."""

    start: int
    end: int | None
    outcome: Outcome
    survivor: str | None


@dataclass(frozen=True, slots=True)
class Incident:
    """What is known of an incident at `as_of`. All instants in microseconds, none before `reported`.

    priority_changes: (instant, new priority), the first being the report's own. responded_at: first response
    per way (reply, call, update, pickup). outage: the incident whose resolution this one shares. exclusion:
    the cause that the customer consented to leave out.
    """

    as_of: int
    reported: int
    service: str
    agreement: str
    agreement_version: int
    origin: Origin
    classes: frozenset[IncidentClass]
    classes_confirmed: bool
    impact: int | None
    urgency: int | None
    priority_changes: tuple[tuple[int, Priority], ...]
    responded_at: Mapping[str, int]
    waits: tuple[Wait, ...]
    resolutions: tuple[Resolution, ...]
    left_outs: tuple[LeftOut, ...]
    closed_at: int | None
    restored_at: int | None
    not_restorable_at: int | None
    break_in_confirmed_at: int | None
    break_in_rejected_at: int | None
    exclusion: str | None
    outage: str | None

    @property
    def priority(self) -> Priority:
        """The priority at `as_of`."""
        return self.priority_changes[-1][1]

    @property
    def resolution(self) -> Resolution | None:
        """The resolution that stands; None while the incident is open, also after a reopening."""
        last = self.resolutions[-1] if self.resolutions else None
        return last if last and last.end is None else None

    @property
    def resolved_at(self) -> int | None:
        """When the resolution that stands came."""
        return self.resolution.start if self.resolution else None

    @property
    def resolved_timed(self) -> bool:
        """Whether the resolution that stands has a time of its own."""
        return self.resolution is not None and self.resolution.timed

    @property
    def elapsed(self) -> int | None:
        """Elapsed microseconds from the report to the last resolution, time after a reopening included."""
        return self.resolution.start - self.reported if self.resolution else None

    @property
    def reopenings(self) -> tuple[int, ...]:
        """When it was reopened."""
        return tuple(spell.end for spell in self.resolutions if spell.end is not None)

    @property
    def waiting_on(self) -> Waiting | None:
        """Whom it waits for at `as_of`."""
        last = self.waits[-1] if self.waits else None
        return last.on if last and last.end is None else None

    @property
    def left_out(self) -> LeftOut | None:
        """The leaving out that stands."""
        last = self.left_outs[-1] if self.left_outs else None
        return last if last and last.end is None else None

    @property
    def outcome(self) -> Outcome | None:
        """Why it does not count, if so."""
        return self.left_out.outcome if self.left_out else None

    @property
    def left_out_at(self) -> int | None:
        """Since when it does not count, if so."""
        return self.left_out.start if self.left_out else None

    @property
    def survivor(self) -> str | None:
        """The incident that a duplicate was merged into."""
        return self.left_out.survivor if self.left_out else None

    @property
    def status(self) -> Status:
        """Where it stands at `as_of`."""
        if self.closed_at is not None:
            return Status.CLOSED
        if self.resolution:
            return Status.RESOLVED
        if self.waiting_on:
            return Status.WAITING
        return Status.OPEN if self.responded_at or self.resolutions else Status.NEW

    @property
    def first_response_at(self) -> int | None:
        """The first response that the customer could see; under an agreement use `response_at`."""
        return self._first(ResponseCounts.REPLY)

    def response_at(self, terms: Terms) -> int | None:
        """The first response of the kind the agreement counts; a resolution is also a response."""
        return self._first(terms.response_counts)

    def _first(self, counts: ResponseCounts) -> int | None:
        if counts is ResponseCounts.PICKUP:
            ways: tuple[str, ...] = (PICKUP,)
        else:
            ways = ("reply", "call", "update") if self.origin is Origin.MONITOR else ("reply", "call")
        instants = [self.responded_at[way] for way in ways if way in self.responded_at]
        instants += [spell.start for spell in self.resolutions[:1]]
        return min(instants, default=None)

    def open_spans(self) -> tuple[tuple[int, int | None], ...]:
        """When it was work to be done: reported or reopened, not resolved, not left out.

        Nothing for tests, spam and duplicates, which count nowhere.
        """
        if self.outcome in LEAVES_EVERYTHING:
            return ()
        spans: list[tuple[int, int | None]] = []
        begin = self.reported
        spells: list[Resolution | LeftOut] = [*self.resolutions, *self.left_outs]
        for spell in sorted(spells, key=lambda spell: spell.start):
            if spell.start > begin:
                spans.append((begin, spell.start))
            if spell.end is None:
                return tuple(spans)
            begin = max(begin, spell.end)
        return (*spans, (begin, None))

    def open_at(self, t: int) -> bool:
        """Whether it was work to be done at an instant up to `as_of`."""
        return any(start <= t and (end is None or t < end) for start, end in self.open_spans())
