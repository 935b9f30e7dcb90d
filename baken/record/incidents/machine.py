"""What a machine says of an incident it opened, dated when it happened and not when it was noticed."""

from datetime import datetime

from django.db import transaction

from baken.domain.facts import Kind
from baken.record.incidents.checks import DONE
from baken.record.incidents.handling import locked, record, say
from baken.record.incidents.models import Incident, Message
from baken.record.ledger.flows import Entry
from baken.record.people.access import Caller, Permission


@transaction.atomic
def resolve(caller: Caller, number: int, *, at: datetime, body: str) -> Incident:
    """It is over since `at`. Where a person resolved it or left it out, their word stands and `body` is a note."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    settled = incident.status in DONE or bool(incident.outcome)
    say(caller, incident, Message.Kind.NOTE if settled else Message.Kind.REPLY, body, visible=not settled)
    return record(caller, incident, [] if settled else [Entry(Kind.RESOLVED, at, {"timed": True})])


@transaction.atomic
def reopen(caller: Caller, number: int, *, at: datetime, body: str) -> Incident:
    """It was not over: it came back at `at`. One that was left out stays so."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    again = incident.status in DONE and not incident.outcome
    say(caller, incident, Message.Kind.NOTE, body, visible=False)
    return record(caller, incident, [Entry(Kind.REOPENED, at)] if again else [])
