"""Working incidents. Every function takes its caller first, owns its transaction, and appends what happened.

Errors: `NotFound` for an incident that is not the caller's to see, `Forbidden` for a missing permission,
`IncidentError` for input that does not fit, `Conflict` when somebody else was first.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from baken.domain.facts import IncidentClass, Kind, Origin, Outcome, Priority, Waiting, priority_of
from baken.domain.instants import to_us
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.incidents import project
from baken.record.incidents.models import Incident, Message
from baken.record.incidents.reads import visible
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs.fields import new_id
from baken.record.orgs.models import Organisation
from baken.record.people import access
from baken.record.people.access import Caller, NotFound, Permission
from baken.record.people.models import User

Conflict = handling.Conflict
IncidentError = handling.IncidentError


@transaction.atomic
def report(
    caller: Caller,
    *,
    organisation: Organisation,
    service: Service,
    subject: str,
    body: str = "",
    impact: int = 2,
    urgency: int = 2,
    classes: Collection[str] = (IncidentClass.OTHER,),
    origin: Origin = Origin.CUSTOMER,
    reported: datetime | None = None,
    reporter: User | None = None,
) -> Incident:
    """A new incident. `reported` is when the message arrived or the call began, now when not given."""
    caller.require(Permission.REPORT_INCIDENTS)
    if not caller.staff and (organisation.id != caller.organisation or not _offers(caller, service)):
        raise NotFound("There is no such service.")
    now = clock.now()
    reported = reported or now
    if reported > now:
        raise IncidentError("reported: this instant has not come yet; give the time the call began or leave it empty")
    if not subject.strip():
        raise IncidentError("subject: say in one line what is wrong")
    priority = _level(impact, urgency)
    held = catalogue.in_force(catalogue.agreement_for(service.id, organisation.id), reported)
    stream = Stream("incident", new_id(), organisation.id)
    data = {
        "number": _next_number(), "service": str(service.id), "agreement": str(held.agreement),
        "agreement_version": held.version, "classes": _known_classes(classes), "impact": impact,
        "urgency": urgency, "priority": priority.value, "origin": origin.value,
    }  # fmt: skip
    facts = append(stream, [Entry(Kind.REPORTED, reported, data)], actor=caller.actor)
    incident = project.row(stream.id, organisation.id, facts)
    incident.subject, incident.reporter = subject.strip(), reporter
    clean(incident)
    incident.save(force_insert=True)
    if body.strip():
        say(caller, incident, Message.Kind.REPORT, body, visible=True, author=reporter)
    return incident


@transaction.atomic
def reply(caller: Caller, number: int, *, body: str) -> Incident:
    """A message from the desk that the customer can see: a response."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    not_closed(incident)
    say(caller, incident, Message.Kind.REPLY, body, visible=True)
    return record(caller, incident, [_responded(incident)])


@transaction.atomic
def note(caller: Caller, number: int, *, body: str) -> Message:
    """A remark among colleagues; no clock listens."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    return say(caller, incident, Message.Kind.NOTE, body, visible=False)


@transaction.atomic
def log_call(caller: Caller, number: int, *, body: str, began: datetime | None = None) -> Incident:
    """A live call with the customer, which began at `began` (now when not given): a response."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    began = began or clock.now()
    if not incident.reported <= began <= clock.now():
        raise IncidentError("began: the call began between the report of the incident and now")
    say(caller, incident, Message.Kind.CALL, body, visible=True)
    return record(caller, incident, [Entry(Kind.RESPONDED, began, {"way": "call"})])


@transaction.atomic
def answer(caller: Caller, number: int, *, body: str) -> Incident:
    """The customer writes: the desk's clock runs again, and a resolved incident is open again."""
    incident = locked(caller, number, Permission.REPORT_INCIDENTS)
    not_closed(incident)
    say(caller, incident, Message.Kind.REPLY, body, visible=True)
    if incident.status == Incident.Status.RESOLVED:
        return record(caller, incident, [Entry(Kind.REOPENED, clock.now())])
    if incident.waiting_on == Waiting.CUSTOMER:
        return record(caller, incident, [Entry(Kind.WAITING_ENDED, clock.now())])
    return incident


@transaction.atomic
def take(caller: Caller, number: int, *, over: bool = False) -> Incident:
    """A person at the desk takes the incident on. From a colleague only when `over` says so."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    still_open(incident)
    if incident.assignee_id not in (None, caller.user) and not over:
        raise Conflict(f"{incident.assignee} works on this incident; take it over deliberately if you must.")
    Incident.objects.filter(id=incident.id).update(assignee=caller.user)
    now = clock.now()
    entries = [Entry(Kind.PICKED_UP, now), Entry(Kind.ASSIGNED, now, {"to": str(caller.user)})]
    return record(caller, incident, entries if caller.user else entries[:1])


@transaction.atomic
def assign(caller: Caller, number: int, *, to: User | None) -> Incident:
    """Hand the incident to somebody, or to nobody. This alone is not a response."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    still_open(incident)
    incident.assignee = to
    incident.save(update_fields=["assignee"])
    return record(caller, incident, [Entry(Kind.ASSIGNED, clock.now(), {"to": str(to.id) if to else None})])


@transaction.atomic
def wait(caller: Caller, number: int, *, on: Waiting, question: str) -> Incident:
    """Wait: for the customer after a question they can see, or for somebody else with a note of why."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    still_open(incident)
    if incident.waiting_on == on:
        raise Conflict(f"It waits for the {on.value} already.")
    customer = on is Waiting.CUSTOMER
    say(caller, incident, Message.Kind.REPLY if customer else Message.Kind.NOTE, question, visible=customer)
    entries = [Entry(Kind.WAITING_ENDED, clock.now())] if incident.waiting_on else []
    entries += [_responded(incident)] if customer else []
    return record(caller, incident, [*entries, Entry(Kind.WAITING_BEGAN, clock.now(), {"on": on.value})])


@transaction.atomic
def resume(caller: Caller, number: int) -> Incident:
    """Stop waiting."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    if not incident.waiting_on:
        raise Conflict("It is not waiting.")
    return record(caller, incident, [Entry(Kind.WAITING_ENDED, clock.now())])


@transaction.atomic
def resolve(caller: Caller, number: int, *, body: str) -> Incident:
    """The service works again for the customer, who reads in `body` what was done."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    still_open(incident)
    say(caller, incident, Message.Kind.REPLY, body, visible=True)
    return record(caller, incident, [Entry(Kind.RESOLVED, clock.now(), {"timed": True})])


@transaction.atomic
def reopen(caller: Caller, number: int, *, reason: str) -> Incident:
    """It was not resolved after all: the resolution clock goes on without the time between."""
    incident = locked(caller, number, Permission.REPORT_INCIDENTS)
    if incident.status not in DONE or incident.outcome:
        raise Conflict("Only a resolved incident can be reopened.")
    if not caller.staff and incident.status == Incident.Status.CLOSED:
        raise Conflict("This incident is closed; report a new one and mention its number.")
    say(caller, incident, Message.Kind.REPLY if not caller.staff else Message.Kind.REASON, reason,
         visible=not caller.staff)  # fmt: skip
    return record(caller, incident, [Entry(Kind.REOPENED, clock.now())])


@transaction.atomic
def close(caller: Caller, number: int) -> Incident:
    """End the conversation about a resolved incident."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    if incident.status != Incident.Status.RESOLVED:
        raise Conflict("Only a resolved incident can be closed; resolve it first.")
    return record(caller, incident, [Entry(Kind.CLOSED, clock.now())])


@transaction.atomic
def change_priority(caller: Caller, number: int, *, impact: int, urgency: int, reason: str) -> Incident:
    """A new priority from impact × urgency; the deadlines are computed again from the report."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    still_open(incident)
    priority = _level(impact, urgency)
    if (impact, urgency) == (incident.impact, incident.urgency):
        raise Conflict("It has this impact and urgency already.")
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    data = {"priority": priority.value, "impact": impact, "urgency": urgency}
    return record(caller, incident, [Entry(Kind.PRIORITY_CHANGED, clock.now(), data)])


@transaction.atomic
def change_classes(caller: Caller, number: int, *, classes: Collection[str], reason: str) -> Incident:
    """What the incident touches, corrected by a person, hence confirmed."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    known = _known_classes(classes)
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    now = clock.now()
    entries = [Entry(Kind.CLASSES_CHANGED, now, {"classes": known}), Entry(Kind.CLASSES_CONFIRMED, now)]
    return record(caller, incident, entries)


@transaction.atomic
def confirm_classes(caller: Caller, number: int) -> Incident:
    """A person looked, and the classes are right."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    return record(caller, incident, [Entry(Kind.CLASSES_CONFIRMED, clock.now())])


@transaction.atomic
def leave_out(caller: Caller, number: int, *, outcome: Outcome, reason: str) -> Incident:
    """Take it out of the counts: withdrawn by its customer, or rejected, a test or spam by the desk."""
    own = outcome is Outcome.WITHDRAWN and not caller.staff
    incident = locked(caller, number, Permission.REPORT_INCIDENTS if own else Permission.WORK_INCIDENTS)
    if outcome is Outcome.DUPLICATE:
        raise IncidentError("outcome: merge a duplicate into the incident that stays")
    not_left_out(incident)
    say(caller, incident, Message.Kind.REASON, reason, visible=own)
    return record(caller, incident, [Entry(Kind.LEFT_OUT, clock.now(), {"outcome": outcome.value})])


@transaction.atomic
def readmit(caller: Caller, number: int, *, reason: str) -> Incident:
    """Count it again: leaving it out was a mistake."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    if not incident.outcome:
        raise Conflict("It was not left out.")
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    return record(caller, incident, [Entry(Kind.READMITTED, clock.now())])


@transaction.atomic
def merge(caller: Caller, number: int, *, into: int) -> Incident:
    """Make `number` a duplicate of `into`, which takes the earliest report and the customer's words."""
    caller.require(Permission.WORK_INCIDENTS)
    if number == into:
        raise IncidentError("into: an incident cannot be merged into itself")
    first, second = sorted((number, into))
    locked = {n: locked(caller, n, Permission.WORK_INCIDENTS) for n in (first, second)}
    duplicate, survivor = locked[number], locked[into]
    for incident in (duplicate, survivor):
        not_left_out(incident)
    if (duplicate.organisation_id, duplicate.service_id) != (survivor.organisation_id, survivor.service_id):
        raise IncidentError("into: choose an incident of the same customer and service")
    say(caller, duplicate, Message.Kind.REASON, f"→ #{survivor.number}", visible=True)
    now = clock.now()
    data = {"outcome": Outcome.DUPLICATE.value, "survivor": str(survivor.id)}
    record(caller, duplicate, [Entry(Kind.LEFT_OUT, now, data)])
    if duplicate.reported < survivor.reported:
        earlier = {"at": to_us(duplicate.reported)}
        return record(caller, survivor, [Entry(Kind.REPORTED_EARLIER, now, earlier)])
    return survivor


@transaction.atomic
def retract(caller: Caller, number: int, *, seq: int, reason: str) -> Incident:
    """A fact on this incident was wrong. It stays readable, and no longer counts."""
    incident = locked(caller, number, Permission.CORRECT_FACTS)
    if seq <= 1:
        raise IncidentError("seq: the report itself cannot be retracted; leave the incident out instead")
    if not any(fact.seq == seq and fact.kind.startswith("incident.") for fact in ledger.of_stream(incident.id)):
        raise IncidentError(f"seq: this incident has no fact {seq} that can be retracted")
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    return record(caller, incident, [Entry(Kind.RETRACTED, clock.now(), {"seq": seq})])


@transaction.atomic
def judge_restoration(caller: Caller, number: int, *, restored: bool, reason: str) -> Incident:
    """An integrity incident's data came back, or is lost for good."""
    incident = _of_class(caller, number, IncidentClass.INTEGRITY)
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    kind = Kind.DATA_RESTORED if restored else Kind.NOT_RESTORABLE
    return record(caller, incident, [Entry(kind, clock.now())])


@transaction.atomic
def judge_break_in(caller: Caller, number: int, *, confirmed: bool, reason: str) -> Incident:
    """A person finds that somebody was in, or that nobody was."""
    incident = _of_class(caller, number, IncidentClass.SECURITY)
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    kind = Kind.BREAK_IN_CONFIRMED if confirmed else Kind.BREAK_IN_REJECTED
    return record(caller, incident, [Entry(kind, clock.now())])


