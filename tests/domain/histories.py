"""Histories of incidents for tests, written the way one tells them."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from baken.domain.agreements import Basis, ResponseCounts, Target, Terms
from baken.domain.attribution import Attribution, attribute
from baken.domain.calendars import CalendarRule
from baken.domain.clocks import Reading, read_resolution, read_response
from baken.domain.facts import Fact, Kind, Priority
from baken.domain.incidents import Incident, fold
from baken.domain.instants import HOUR, to_us

AMSTERDAM = "Europe/Amsterdam"


def at(text: str, zone: str = AMSTERDAM) -> int:
    """An instant from what a clock on the wall shows: `2026-03-02 09:00`."""
    return to_us(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def hours(n: float) -> int:
    return round(n * HOUR)


OFFICE = CalendarRule.weekly(AMSTERDAM, opens="08:00", closes="18:00", holidays="NL")
PEAK = CalendarRule.weekly(AMSTERDAM, opens="09:00", closes="17:00", holidays="NL")
ALWAYS = CalendarRule.always(AMSTERDAM)


def terms(**changes: Any) -> Terms:
    """High: 24/7, 1 h and 4 h. Medium: office hours, 4 h and 20 h. Low: office hours, 10 h and 50 h."""
    usual = Terms(
        zone=AMSTERDAM,
        service_hours={Priority.HIGH: ALWAYS, Priority.MEDIUM: OFFICE, Priority.LOW: OFFICE},
        peak=PEAK,
        targets={
            Priority.HIGH: Target(hours(1), hours(4)),
            Priority.MEDIUM: Target(hours(4), hours(20)),
            Priority.LOW: Target(hours(10), hours(50)),
        },
    )
    return replace(usual, **changes)


def with_target(priority: Priority, target: Target, **changes: Any) -> Terms:
    """The usual terms with other times for one priority."""
    usual = terms(**changes)
    return replace(usual, targets={**usual.targets, priority: target})


PICKUP = terms(response_counts=ResponseCounts.PICKUP)
SUPPLIER_STOPS = terms(supplier_stops_clock=True)
ELAPSED = with_target(Priority.MEDIUM, Target(hours(4), hours(20), Basis.ELAPSED))


@dataclass
class History:
    """What happened to one incident; `reported` is a wall-clock time in Amsterdam or an instant."""

    reported: str | int
    priority: str = "medium"
    origin: str = "customer"
    classes: tuple[str, ...] = ("availability",)
    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.then(
            Kind.REPORTED,
            self.reported,
            service="mail",
            agreement="base",
            agreement_version=3,
            classes=list(self.classes),
            impact=2,
            urgency=2,
            priority=self.priority,
            origin=self.origin,
        )

    def then(self, kind: str, when: str | int, **data: Any) -> "History":
        """One more fact, recorded last wherever it happened."""
        instant = at(when) if isinstance(when, str) else when
        seq = len(self.facts) + 1
        self.facts.append(Fact(seq, kind, instant, at("2026-01-01 00:00") + seq, data))
        return self

    def responded(self, when: str | int, way: str = "reply") -> "History":
        return self.then(Kind.RESPONDED, when, way=way)

    def picked_up(self, when: str | int) -> "History":
        return self.then(Kind.PICKED_UP, when)

    def waits(self, when: str | int, on: str = "customer") -> "History":
        return self.then(Kind.WAITING_BEGAN, when, on=on)

    def answered(self, when: str | int) -> "History":
        return self.then(Kind.WAITING_ENDED, when)

    def resolved(self, when: str | int, *, timed: bool = True) -> "History":
        return self.then(Kind.RESOLVED, when, timed=timed)

    def reopened(self, when: str | int) -> "History":
        return self.then(Kind.REOPENED, when)

    def closed(self, when: str | int) -> "History":
        return self.then(Kind.CLOSED, when)

    def becomes(self, priority: str, when: str | int) -> "History":
        return self.then(Kind.PRIORITY_CHANGED, when, priority=priority)

    def left_out(self, outcome: str, when: str | int) -> "History":
        return self.then(Kind.LEFT_OUT, when, outcome=outcome)

    def readmitted(self, when: str | int) -> "History":
        return self.then(Kind.READMITTED, when)

    def retracted(self, seq: int, when: str | int) -> "History":
        return self.then(Kind.RETRACTED, when, seq=seq)

    def incident(self, as_of: str | int) -> Incident:
        return fold(self.facts, _instant(as_of))

    def response(self, as_of: str | int, agreed: Terms | None = None) -> Reading:
        return read_response(self.incident(as_of), agreed or terms(), _instant(as_of))

    def resolution(self, as_of: str | int, agreed: Terms | None = None) -> Reading:
        return read_resolution(self.incident(as_of), agreed or terms(), _instant(as_of))

    def attribution(self, as_of: str | int, agreed: Terms | None = None) -> Attribution:
        return attribute(self.incident(as_of), self.response(as_of, agreed), self.resolution(as_of, agreed))


def _instant(when: str | int) -> int:
    return at(when) if isinstance(when, str) else when
