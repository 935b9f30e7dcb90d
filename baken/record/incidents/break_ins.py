"""Break-ins: whether there was one, judged by a person, and what the authority was told of it.

Errors are those of `incidents.flows`.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from baken.domain.deadlines import Duty, Step, duties, told
from baken.domain.facts import IncidentClass, Kind, Origin
from baken.domain.instants import to_us
from baken.record.catalogue import reads as catalogue
from baken.record.incidents.checks import Conflict, IncidentError, not_left_out
from baken.record.incidents.handling import of_class, record, say
from baken.record.incidents.models import Incident, Message
from baken.record.incidents.reads import incident as read_incident
from baken.record.incidents.reads import visible
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Entry
from baken.record.people.access import Caller, Forbidden, NotFound, Permission


@transaction.atomic
def judge(caller: Caller, number: int, *, confirmed: bool, reason: str) -> Incident:
    """The service manager finds that somebody was in, or that nobody was, and says why.

    It counts in C8 from the instant of this verdict. Another verdict later is a fact of its own and takes its place.
    """
    _a_person(caller)
    incident = of_class(caller, number, IncidentClass.SECURITY, Permission.CORRECT_FACTS)
    not_left_out(incident)
    if (incident.break_in_confirmed_at if confirmed else incident.break_in_rejected_at) is not None:
        raise Conflict("This is the verdict already; judge it otherwise, or leave it.")
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    kind = Kind.BREAK_IN_CONFIRMED if confirmed else Kind.BREAK_IN_REJECTED
    return record(caller, incident, [Entry(kind, clock.now())])


@transaction.atomic
def tell_authority(caller: Caller, number: int, *, step: Step, sent: datetime, reference: str) -> Incident:
    """A report was sent to the authority at `sent`. reference: to whom, and under which number.

    Each of the three is recorded once; one that was wrong is retracted first.
    """
    _a_person(caller)
    incident = of_class(caller, number, IncidentClass.SECURITY, Permission.CORRECT_FACTS)
    not_left_out(incident)
    if not incident.reported <= sent <= clock.now():
        raise IncidentError("sent: it was sent between the report of the incident and now")
    known = told(ledger.of_stream(incident.id), to_us(clock.now()))
    if Step(step) in known:
        raise Conflict("This report is recorded already; retract that first if it is wrong.")
    if step == Step.FINAL_REPORT and not known.get(Step.NOTIFICATION, to_us(sent) + 1) <= to_us(sent):
        raise IncidentError("sent: the final report follows the notification; record that first")
    say(caller, incident, Message.Kind.REASON, reference, visible=False)
    return record(caller, incident, [Entry(Kind.AUTHORITY_TOLD, sent, {"step": Step(step).value})])


def authority(caller: Caller, number: int) -> Sequence[Duty]:
    """The three reports to the authority about a security incident, as they stand now. For the desk."""
    caller.require(Permission.WORK_INCIDENTS)
    incident = read_incident(caller, number)
    if IncidentClass.SECURITY not in incident.classes:
        raise NotFound("This is no security incident.")
    return duties_of(incident, to_us(clock.now()))


def duties_of(incident: Incident, as_of: int) -> Sequence[Duty]:
    """The same for an incident that was read, at `as_of` (microseconds)."""
    terms = catalogue.version(incident.agreement_id, incident.agreement_version).terms
    sent = told(ledger.of_stream(incident.id), as_of)
    return duties(terms.zone, to_us(incident.reported), sent, as_of)


def unjudged(caller: Caller) -> QuerySet[Incident]:
    """Open or not, the security incidents of which nobody has judged yet whether somebody broke in, oldest first.

    None that was imported: what happened elsewhere is judged there.
    """
    rows = (
        visible(caller)
        .exclude(origin=Origin.IMPORT)
        .filter(outcome="", break_in_confirmed_at=None, break_in_rejected_at=None)
    )
    return rows.filter(classes__contains=[IncidentClass.SECURITY.value]).order_by("reported")


def _a_person(caller: Caller) -> None:
    if caller.user is None:
        raise Forbidden("Only a person can judge a break-in and answer for what the authority was told.")
