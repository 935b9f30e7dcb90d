"""What the tests of incidents begin with: Monday morning, a customer's report, and what became of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from baken.record.incidents import flows, reads
from baken.record.incidents.models import Incident
from baken.record.people.access import Caller, Role
from tests.conftest import Cast, Person

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
MACHINE = Caller("token:t", None, roles=frozenset({Role.AGENT}))
At = Callable[[float], None]


def reported(cast: Cast, by: Person, **more: Any) -> Incident:
    given = {"organisation": cast.customer, "service": cast.service, "subject": "Files are gone", "body": "All of them"}
    return flows.report(by.caller, **{**given, **more})


def kinds(caller: Caller, incident: Incident) -> list[str]:
    return [fact.kind.removeprefix("incident.") for fact in reads.facts(caller, incident)]


def said(caller: Caller, incident: Incident) -> list[str]:
    return [message.body for message in reads.messages(caller, incident)]
