"""The two clocks of an incident: time to respond, time to resolve. See docs/algorithms/clocks.md.

A clock counts time from the report on, except while it stands still. It is breached at the first instant at
which

    counted time >= target, both by the priority in force at that instant, and the clock is not done.

Whether anybody looks at that instant makes no difference, and neither does what happens afterwards: every
later fold finds the breach again. All instants and durations are microseconds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import ceil

from baken.domain.agreements import Basis, Terms
from baken.domain.calendars import Calendar, calendar
from baken.domain.courses import Course, Elapsed, Epoch, Span, between_stops, until
from baken.domain.facts import LEAVES_EVERYTHING, Priority, Waiting
from baken.domain.incidents import Incident

WARNINGS = (0.5, 0.75, 0.9)
"""Shares of the target at which somebody is warned."""

_ELAPSED = Elapsed()


class Name(StrEnum):
    """Which clock."""

    RESPONSE = "response"
    RESOLUTION = "resolution"


class State(StrEnum):
    """What a clock says. Void: its incident counts nowhere, or was left out before there was a verdict."""

    RUNNING = "running"
    WAITING = "waiting"
    MET = "met"
    BREACHED = "breached"
    BREACHED_AND_MET = "breached_and_met"
    VOID = "void"
    NO_TARGET = "no_target"


class Why(StrEnum):
    """Why time counts or does not, beside the reasons of calendars."""

    SERVICE_HOURS = "service hours"
    ELAPSED = "elapsed"
    CUSTOMER = "waiting for customer"
    SUPPLIER = "waiting for supplier"
    RESOLVED = "resolved"


_WAITS = {Waiting.CUSTOMER: Why.CUSTOMER, Waiting.SUPPLIER: Why.SUPPLIER}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock says at `as_of`.

    started: the report; a clock that starts outside service hours has used nothing until they begin.
    priority, target, basis: those in force, or in force when the clock stopped. None: no target was agreed.
    due: the deadline; None while it is not fixed because the clock stands still, and without a target.
    met_at: when it was responded to or resolved, in time or not. breached_at: when the breach fell.
    falls_at: the same instant, known in advance: it lies ahead while the clock runs in time.
    stopped_at: when the clock stopped. used: time counted. left: target less used, negative when past.
    in_peak: whether the incident was reported in peak hours.
    """

    name: Name
    state: State
    priority: Priority
    started: int
    target: int | None
    basis: Basis
    due: int | None
    met_at: int | None
    breached_at: int | None
    falls_at: int | None
    stopped_at: int | None
    used: int
    in_peak: bool
    course: Course = field(compare=False, repr=False)

    @property
    def left(self) -> int | None:
        """What remains of the target; None without one."""
        return None if self.target is None else self.target - self.used

    @property
    def judged_at(self) -> int | None:
        """When the verdict fell: the breach, or the response or resolution in time; None before that."""
        return self.met_at if self.breached_at is None else self.breached_at

    def warnings(self, fractions: Iterable[float] = WARNINGS) -> list[tuple[float, int]]:
        """When these shares of the target are used up, past or ahead; none at or after a breach.

        As with a breach, a new priority that puts a warning in the past makes it fall at the change.
        """
        if self.target is None or self.state is State.VOID:
            return []
        found = []
        for share in fractions:
            at = self._uses(ceil(self.target * Fraction(str(share))))
            if at is not None and (self.falls_at is None or at < self.falls_at):
                found.append((share, at))
        return found

    def _uses(self, amount: int) -> int | None:
        epoch = self.course.epoch
        at = self.course.reaches(epoch, amount)
        return None if at is None else self.course.open_from(max(at, epoch.since))


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of an explanation: [start, end) counted or not, and why (a `Why`, or a calendar's reason)."""

    start: int
    end: int
    counted: bool
    reason: str


def read_response(incident: Incident, terms: Terms, as_of: int) -> Reading:
    """The clock of the first response. It never pauses.

    as_of: the instant that the incident was folded for, or a later one up to which nothing happened.
    Raises ValueError for an earlier one.
    """
    return _read(Name.RESPONSE, incident, terms, as_of)


def read_resolution(incident: Incident, terms: Terms, as_of: int) -> Reading:
    """The clock of the resolution. It stands still while the incident waits for the customer or is resolved.

    It does so while waiting for a supplier too if the agreement says so. Otherwise as `read_response`.
    """
    return _read(Name.RESOLUTION, incident, terms, as_of)


def explain(incident: Incident, terms: Terms, as_of: int, name: Name) -> list[Segment]:
    """All time from the report until the clock stopped (or `as_of`), cut where it begins or ceases to count.

    The counted segments add up to the reading's `used`. Otherwise as `read_response`.
    """
    course = _course(name, incident, terms)
    end = as_of if course.stopped_at is None else course.stopped_at
    segments: list[Segment] = []
    at = incident.reported
    for (start, stop_end), why in sorted(_stops(name, incident, terms), key=lambda stop: stop[0][0]):
        if start >= end:
            break
        segments += _counted(course.epoch, at, start)
        at = end if stop_end is None else min(stop_end, end)
        segments.append(Segment(start, at, False, why))
    segments += _counted(course.epoch, at, end)
    return [segment for segment in segments if segment.start < segment.end]


def _read(name: Name, incident: Incident, terms: Terms, as_of: int) -> Reading:
    if as_of < incident.as_of:
        raise ValueError("as_of lies before the instant the incident was folded for; fold its facts for this one")
    course = _course(name, incident, terms)
    epoch = course.epoch
    counts = incident.outcome not in LEAVES_EVERYTHING
    falls_at = course.falls() if counts else None
    breached_at = falls_at if falls_at is not None and falls_at < as_of else None
    state = _state(course, breached_at is not None) if counts else State.VOID
    used = course.used(as_of)
    return Reading(
        name=name,
        state=state,
        priority=epoch.priority,
        started=incident.reported,
        target=epoch.target,
        basis=epoch.basis,
        due=None if state is State.VOID else _due(course, used),
        met_at=course.done_at if state in (State.MET, State.BREACHED_AND_MET) else None,
        breached_at=breached_at,
        falls_at=falls_at,
        stopped_at=course.stopped_at,
        used=used,
        in_peak=calendar(terms.peak).contains(incident.reported),
        course=course,
    )


def _state(course: Course, breached: bool) -> State:
    done = course.done_at is not None
    if breached:
        return State.BREACHED_AND_MET if done else State.BREACHED
    if course.epoch.target is None:
        return State.NO_TARGET
    if done:
        return State.MET
    if course.limit is not None:
        return State.VOID
    return State.WAITING if course.still else State.RUNNING


def _due(course: Course, used: int) -> int | None:
    epoch = course.epoch
    if epoch.target is None:
        return None
    due = course.reaches(epoch, epoch.target)
    if due is None and course.done_at is not None:
        # Done in time: the deadline as it stood when the clock stopped.
        return epoch.add(course.done_at, epoch.target - used)
    return due


def _course(name: Name, incident: Incident, terms: Terms) -> Course:
    limit = incident.left_out_at
    done = until(_done(name, incident, terms), limit)
    stops = until((span for span, _ in _stops(name, incident, terms)), limit)
    stopped_at = done[-1][0] if done and done[-1][1] is None else limit
    return Course(
        counted=between_stops(incident.reported, stops, stopped_at),
        done=done,
        epochs=[
            _epoch(name, since, priority, terms)
            for since, priority in incident.priority_changes
            if stopped_at is None or since <= stopped_at
        ],
        limit=limit,
        readmitted=[(spell.start, spell.end) for spell in incident.left_outs if spell.end is not None],
    )


def _done(name: Name, incident: Incident, terms: Terms) -> list[Span]:
    if name is Name.RESOLUTION:
        return [(spell.start, spell.end) for spell in incident.resolutions]
    responded = incident.response_at(terms)
    return [] if responded is None else [(responded, None)]


def _stops(name: Name, incident: Incident, terms: Terms) -> list[tuple[Span, Why]]:
    """When and why the clock stood still: never, for the response."""
    if name is Name.RESPONSE:
        return []
    stopping = {Waiting.CUSTOMER, Waiting.SUPPLIER} if terms.supplier_stops_clock else {Waiting.CUSTOMER}
    waits = [((wait.start, wait.end), _WAITS[wait.on]) for wait in incident.waits if wait.on in stopping]
    return waits + [((spell.start, spell.end), Why.RESOLVED) for spell in incident.resolutions]


def _epoch(name: Name, since: int, priority: Priority, terms: Terms) -> Epoch:
    agreed = terms.targets[priority]
    working = agreed.basis is Basis.WORKING
    return Epoch(
        since=since,
        priority=priority,
        target=agreed.response if name is Name.RESPONSE else agreed.resolution,
        basis=agreed.basis,
        measure=calendar(terms.service_hours[priority]) if working else _ELAPSED,
    )


def _counted(epoch: Epoch, start: int, end: int) -> Iterator[Segment]:
    """Time in which the clock did not stand still, cut by its calendar."""
    if not isinstance(epoch.measure, Calendar):
        yield Segment(start, end, True, Why.ELAPSED)
        return
    for idle in epoch.measure.skipped(start, end):
        yield Segment(start, idle.start, True, Why.SERVICE_HOURS)
        yield Segment(idle.start, idle.end, False, idle.reason)
        start = idle.end
    yield Segment(start, end, True, Why.SERVICE_HOURS)
