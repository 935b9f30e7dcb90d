"""The course of one clock: when it counted, when it stood still, when it was done, and what that adds up to.

Only integers and calendars here; `clocks` makes a course out of an incident and its agreement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from baken.domain.agreements import Basis
from baken.domain.calendars import Calendar, NeverReached
from baken.domain.facts import Priority

Span = tuple[int, int | None]
"""[start, end) in microseconds; no end while it lasts."""


class Elapsed:
    """A calendar that never closes, for targets in elapsed time."""

    def between(self, a: int, b: int) -> int:
        """Microseconds from a to b."""
        return b - a

    def add(self, a: int, n: int) -> int:
        """The instant n microseconds after a."""
        return a + n


@dataclass(frozen=True, slots=True)
class Epoch:
    """What holds from `since` on: a priority, its target (None: nothing agreed) and how its time counts."""

    since: int
    priority: Priority
    target: int | None
    basis: Basis
    measure: Calendar | Elapsed

    def add(self, start: int, amount: int) -> int | None:
        """The instant at which `amount` has been counted since `start`; None when that never comes."""
        try:
            return self.measure.add(start, amount)
        except NeverReached:
            return None


@dataclass(frozen=True, slots=True)
class Course:
    """What happened to one clock.

    counted: when it did not stand still; the last span has no end while it does not. done: when it was
    responded to, or resolved. epochs: oldest first, up to the one in force at the end. limit: since when the
    incident is left out. readmitted: earlier times in which it was left out by mistake.
    """

    counted: Sequence[Span]
    done: Sequence[Span]
    epochs: Sequence[Epoch]
    limit: int | None = None
    readmitted: Sequence[Span] = ()

    @property
    def epoch(self) -> Epoch:
        """The one in force at the end."""
        return self.epochs[-1]

    @property
    def done_at(self) -> int | None:
        """When it was done, if it still is."""
        return self.done[-1][0] if self.done and self.done[-1][1] is None else None

    @property
    def stopped_at(self) -> int | None:
        """When it stopped for good, as far as is known."""
        return self.limit if self.done_at is None else self.done_at

    @property
    def still(self) -> bool:
        """Whether it stands still, or has stopped."""
        return not self.counted or self.counted[-1][1] is not None

    def used(self, as_of: int) -> int:
        """The time counted up to `as_of`, as the epoch at the end counts it."""
        between = self.epoch.measure.between
        return sum(between(start, as_of if end is None else end) for start, end in self.counted)

    def reaches(self, epoch: Epoch, amount: int) -> int | None:
        """The first instant at which `amount` is counted in an epoch's way; None when it is not in sight."""
        for start, end in self.counted:
            at = epoch.add(start, amount)
            if end is None or (at is not None and at <= end):
                return at
            amount -= epoch.measure.between(start, end)
        return None

    def open_from(self, t: int) -> int | None:
        """The first instant from t on at which the clock is not done."""
        for start, end in self.done:
            if start <= t and (end is None or t < end):
                if end is None:
                    return None
                t = end
        return t

    def falls(self) -> int | None:
        """When the breach falls, or will fall if nothing happens before; None when none is in sight.

        That is where the counted time comes to the target in force, or later: at the new priority that put
        the deadline in the past, at the reopening after it, at the readmission after a mistake.
        """
        at = self._first_fall()
        for start, end in self.readmitted:
            if at is not None and end is not None and start <= at < end:
                at = end
        return None if at is None or (self.limit is not None and at >= self.limit) else at

    def _first_fall(self) -> int | None:
        ends = [epoch.since for epoch in self.epochs[1:]]
        for epoch, end in zip(self.epochs, [*ends, None], strict=True):
            due = None if epoch.target is None else self.reaches(epoch, epoch.target)
            at = None if due is None else self.open_from(max(due, epoch.since))
            if at is not None and (end is None or at < end):
                return at
        return None


def until(spans: Iterable[Span], limit: int | None) -> list[Span]:
    """What was known of the spans at `limit`: later ones gone, those that ended later still lasting."""
    if limit is None:
        return list(spans)
    return [(start, end if end is not None and end <= limit else None) for start, end in spans if start <= limit]


def between_stops(begin: int, stops: Iterable[Span], limit: int | None) -> list[Span]:
    """The time from `begin` on that no stop covers, up to `limit` or without end. Stops do not overlap."""
    spans: list[Span] = []
    for start, end in sorted(stops, key=lambda stop: stop[0]):
        if start > begin:
            spans.append((begin, start))
        if end is None:
            return spans
        begin = max(begin, end)
    if limit is None or begin < limit:
        spans.append((begin, limit))
    return spans
