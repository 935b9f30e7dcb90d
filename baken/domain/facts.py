"""The vocabulary of the ledger, as far as measuring needs it.

A fact happened at `at` and was written down at `recorded`; the two differ when a fact arrives late. `data` holds
codes, integers, booleans and ISO dates, never text that a person typed. Facts of one stream are numbered from 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Priority(StrEnum):
    """Three levels, from impact × urgency."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class IncidentClass(StrEnum):
    """What an incident touches. One incident may carry several and counts in each."""

    AVAILABILITY = "availability"
    INTEGRITY = "integrity"
    SECURITY = "security"
    OTHER = "other"


class Origin(StrEnum):
    """Who opened the incident. Those of a monitor count too, and are shown apart."""

    CUSTOMER = "customer"
    AGENT = "agent"
    API = "api"
    IMPORT = "import"
    MONITOR = "monitor"


class Waiting(StrEnum):
    """Whom an incident waits for. Only the customer stops the clock, unless the agreement says so of a supplier."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    OTHER = "other"


class Outcome(StrEnum):
    """Why a contact leaves the counts. See `LEAVES_EVERYTHING` for which of them also drop their breaches."""

    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    TEST = "test"
    SPAM = "spam"


LEAVES_EVERYTHING = frozenset({Outcome.DUPLICATE, Outcome.TEST, Outcome.SPAM})
"""Tests, spam and duplicates count nowhere; withdrawn and rejected keep the breaches that already fell."""


def priority_of(impact: int, urgency: int) -> Priority:
    """The usual ITIL matrix on levels 1 (most) to 3 (least): the sum decides, 2–3 high, 4 medium, 5–6 low.

    Raises ValueError for a level outside 1 to 3.
    """
    for name, level in (("impact", impact), ("urgency", urgency)):
        if level not in (1, 2, 3):
            raise ValueError(f"{name}: give 1 (most), 2 or 3 (least)")
    return {2: Priority.HIGH, 3: Priority.HIGH, 4: Priority.MEDIUM}.get(impact + urgency, Priority.LOW)


class Kind(StrEnum):
    """Kinds of facts on an incident's stream; the comment names the keys of `data`."""

    # number, service, agreement, agreement_version, classes, impact, urgency, priority, origin
    REPORTED = "incident.reported"
    RESPONDED = "incident.responded"  # way: reply | call | update (a person's status update)
    PICKED_UP = "incident.picked_up"  # by a person at the desk
    ASSIGNED = "incident.assigned"  # to: user id or null; no clock listens
    WAITING_BEGAN = "incident.waiting_began"  # on: Waiting
    WAITING_ENDED = "incident.waiting_ended"
    RESOLVED = "incident.resolved"  # timed: bool; false when an imported record gives no resolution time
    REOPENED = "incident.reopened"
    CLOSED = "incident.closed"  # the end of the conversation; no clock listens
    PRIORITY_CHANGED = "incident.priority_changed"  # priority, impact?, urgency?
    CLASSES_CHANGED = "incident.classes_changed"  # classes
    CLASSES_CONFIRMED = "incident.classes_confirmed"
    LEFT_OUT = "incident.left_out"  # outcome: Outcome, survivor?: incident id for a duplicate
    READMITTED = "incident.readmitted"  # undoes LEFT_OUT
    REPORTED_EARLIER = "incident.reported_earlier"  # at: the earliest `reported` of those merged into this one
    DATA_RESTORED = "incident.data_restored"
    NOT_RESTORABLE = "incident.not_restorable"  # the data is lost; closes the integrity question
    BREAK_IN_CONFIRMED = "incident.break_in_confirmed"
    BREAK_IN_REJECTED = "incident.break_in_rejected"
    AUTHORITY_TOLD = "incident.authority_told"  # step: early_warning | notification | final_report; no clock listens
    CONSENT_GIVEN = "incident.exclusion_agreed"  # cause: force_majeure | customer_side; the customer's consent
    JOINED_OUTAGE = "incident.joined_outage"  # outage: incident id, whose resolution this one shares
    RETRACTED = "fact.retracted"  # seq: the fact that was wrong. A corrected fact follows as a fact of its own


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened.

    seq: position in its stream, from 1. kind: a `Kind` or another app's code. at: when it happened.
    recorded: when it was written down. Both instants in microseconds, UTC.
    """

    seq: int
    kind: str
    at: int
    recorded: int
    data: Mapping[str, Any] = field(default_factory=dict)


def retracted_at(facts: list[Fact], seq: int) -> int | None:
    """When it was written down that one fact of a stream was wrong; None while it stands. Microseconds."""
    found = (fact.recorded for fact in facts if fact.kind == Kind.RETRACTED and fact.data["seq"] == seq)
    return min(found, default=None)


def standing(facts: list[Fact]) -> list[Fact]:
    """The facts that still stand (not retracted), in the order in which they happened.

    Ties are broken by the order of recording, so that "resolved and closed at 12:00" keeps its sense.
    """
    retracted = {fact.data["seq"] for fact in facts if fact.kind == Kind.RETRACTED}
    stands = [fact for fact in facts if fact.kind != Kind.RETRACTED and fact.seq not in retracted]
    return sorted(stands, key=lambda fact: (fact.at, fact.seq))
