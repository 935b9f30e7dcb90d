"""Working incidents. Every function takes its caller first, owns its transaction, and appends what happened.

Errors: `NotFound` for an incident that is not the caller's to see, `Forbidden` for a missing permission,
`IncidentError` for input that does not fit, `Conflict` when somebody else was first.

`seen`, where it is taken, is the id of the last message that the writer has read: they are told to look again when
somebody else wrote after it. `files`, where it is taken, have arrived and come with the message: both are kept or
neither (`FileError`).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from baken.domain.facts import IncidentClass, Kind, Origin, Outcome, Waiting, standing
from baken.domain.instants import to_us
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.incidents import checks, project
from baken.record.incidents.checks import (
    arrived,
    clean,
    judged_first,
    keeps_verdict,
    known_classes,
    level,
    not_closed,
    not_left_out,
    not_overtaken,
    offered,
    reporter_of,
    resolution_of_its_own,
    still_open,
)
from baken.record.incidents.handling import findable, give_back, locked, next_number, of_class, record, response, say
from baken.record.incidents.models import Draft, Incident, Message
from baken.record.incidents.reads import incident as read_incident
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs.fields import new_id
from baken.record.orgs.models import File, Organisation
from baken.record.people import reads as people
from baken.record.people.access import Caller, Forbidden, Permission
from baken.record.people.models import User

Conflict = checks.Conflict
IncidentError = checks.IncidentError
CAUSES = ("force_majeure", "customer_side")
"""Why a customer may agree to leave an incident out of the figures."""


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
    files: Sequence[File] = (),
) -> Incident:
    """A new incident. `reported` is when the message arrived or the call began, now when not given.

    A customer reports now and for themselves; the desk may say who called, and when.
    """
    caller.require(Permission.REPORT_INCIDENTS)
    offered(caller, organisation, service)
    reporter = reporter_of(caller, organisation, reporter)
    reported = arrived(caller, reported)
    if not subject.strip():
        raise IncidentError("subject: say in one line what is wrong")
    priority = level(impact, urgency)
    held = catalogue.held_at(service.id, organisation.id, reported)
    stream = Stream("incident", new_id(), organisation.id)
    data = {
        "number": next_number(), "service": str(service.id), "agreement": str(held.agreement),
        "agreement_version": held.version, "classes": known_classes(classes), "impact": impact,
        "urgency": urgency, "priority": priority.value, "origin": origin.value,
    }  # fmt: skip
    facts = append(stream, [Entry(Kind.REPORTED, reported, data)], actor=caller.actor)
    incident = project.row(stream.id, organisation.id, facts)
    incident.subject, incident.reporter = subject.strip(), reporter
    clean(incident)
    incident.save(force_insert=True)
    findable(incident, incident.subject)
    if body.strip() or files:
        say(caller, incident, Message.Kind.REPORT, body, visible=True, author=reporter, files=files)
    return incident


@transaction.atomic
def reply(caller: Caller, number: int, *, body: str, seen: UUID | None = None, files: Sequence[File] = ()) -> Incident:
    """A message from the desk that the customer can see: a response, when a person writes it."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    not_closed(incident)
    not_overtaken(caller, incident, seen)
    say(caller, incident, Message.Kind.REPLY, body, visible=True, files=files)
    return record(caller, incident, response(caller, incident))


@transaction.atomic
def note(caller: Caller, number: int, *, body: str, files: Sequence[File] = ()) -> Message:
    """A remark among colleagues; no clock listens."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    return say(caller, incident, Message.Kind.NOTE, body, visible=False, files=files)


@transaction.atomic
def log_call(caller: Caller, number: int, *, body: str, began: datetime | None = None) -> Incident:
    """A live call with the customer, which began at `began` (now when not given): a response."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    not_closed(incident)
    began = began or clock.now()
    if not incident.reported <= began <= clock.now():
        raise IncidentError("began: the call began between the report of the incident and now")
    say(caller, incident, Message.Kind.CALL, body, visible=True)
    return record(caller, incident, [Entry(Kind.RESPONDED, began, {"way": "call"})])


@transaction.atomic
def answer(caller: Caller, number: int, *, body: str, files: Sequence[File] = ()) -> Incident:
    """The customer writes: the desk's clock runs again, and a resolved incident is open again."""
    incident = locked(caller, number, Permission.REPORT_INCIDENTS)
    not_closed(incident)
    say(caller, incident, Message.Kind.REPLY, body, visible=True, files=files)
    if incident.status == Incident.Status.RESOLVED:
        resolution_of_its_own(incident)
        return record(caller, incident, [Entry(Kind.REOPENED, clock.now())])
    if incident.waiting_on == Waiting.CUSTOMER:
        return record(caller, incident, [Entry(Kind.WAITING_ENDED, clock.now())])
    return incident


@transaction.atomic
def take(caller: Caller, number: int, *, over: bool = False) -> Incident:
    """A person at the desk takes the incident on. From a colleague only when `over` says so."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    if caller.user is None:
        raise Forbidden("Only a person can take an incident on.")
    still_open(incident)
    if incident.assignee_id == caller.user and incident.status != Incident.Status.NEW:
        return incident
    if incident.assignee_id not in (None, caller.user) and not over:
        raise Conflict("A colleague works on this incident; take it over deliberately if you must.")
    Incident.objects.filter(id=incident.id).update(assignee=caller.user)
    now = clock.now()
    entries = [Entry(Kind.PICKED_UP, now), Entry(Kind.ASSIGNED, now, {"to": str(caller.user)})]
    return record(caller, incident, entries)


@transaction.atomic
def assign(caller: Caller, number: int, *, to: User | None) -> Incident:
    """Hand the incident to somebody at the desk, or to nobody. This alone is not a response."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    still_open(incident)
    if to is not None and not people.agents().filter(id=to.id).exists():
        raise IncidentError("to: choose somebody who works at the desk")
    incident.assignee = to
    incident.save(update_fields=["assignee"])
    return record(caller, incident, [Entry(Kind.ASSIGNED, clock.now(), {"to": str(to.id) if to else None})])


@transaction.atomic
def wait(caller: Caller, number: int, *, on: Waiting, question: str, seen: UUID | None = None) -> Incident:
    """Wait: for the customer after a question they can see, or for somebody else with a note of why."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    still_open(incident)
    not_overtaken(caller, incident, seen)
    if incident.waiting_on == on:
        raise Conflict("It waits for that already.")
    customer = on is Waiting.CUSTOMER
    say(caller, incident, Message.Kind.REPLY if customer else Message.Kind.NOTE, question, visible=customer)
    entries = [Entry(Kind.WAITING_ENDED, clock.now())] if incident.waiting_on else []
    entries += response(caller, incident) if customer else []
    return record(caller, incident, [*entries, Entry(Kind.WAITING_BEGAN, clock.now(), {"on": on.value})])


@transaction.atomic
def resume(caller: Caller, number: int) -> Incident:
    """Stop waiting."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    if not incident.waiting_on:
        raise Conflict("It is not waiting.")
    return record(caller, incident, [Entry(Kind.WAITING_ENDED, clock.now())])


@transaction.atomic
def resolve(
    caller: Caller, number: int, *, body: str, seen: UUID | None = None, files: Sequence[File] = ()
) -> Incident:
    """The service works again for the customer, who reads in `body` what was done."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    still_open(incident)
    resolution_of_its_own(incident)
    not_overtaken(caller, incident, seen)
    say(caller, incident, Message.Kind.REPLY, body, visible=True, files=files)
    return record(caller, incident, [Entry(Kind.RESOLVED, clock.now(), {"timed": True})])


@transaction.atomic
def reopen(caller: Caller, number: int, *, reason: str, files: Sequence[File] = ()) -> Incident:
    """It was not resolved after all: the resolution clock goes on without the time between."""
    incident = locked(caller, number, Permission.REPORT_INCIDENTS)
    if incident.status not in checks.DONE or incident.outcome:
        raise Conflict("Only a resolved incident can be reopened.")
    if not caller.staff and incident.status == Incident.Status.CLOSED:
        raise Conflict("This incident is closed; report a new one and mention its number.")
    resolution_of_its_own(incident)
    kind = Message.Kind.REASON if caller.staff else Message.Kind.REPLY
    say(caller, incident, kind, reason, visible=not caller.staff, files=files)
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
    """A new priority from impact × urgency; the deadlines are computed again from the report.

    After the resolution it changes what the incident counts as, but no verdict; only the manager may.
    """
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    not_left_out(incident)
    if incident.status in checks.DONE:
        caller.require(Permission.CORRECT_FACTS)
    priority = level(impact, urgency)
    if (impact, urgency) == (incident.impact, incident.urgency):
        raise Conflict("It has this impact and urgency already.")
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    data = {"priority": priority.value, "impact": impact, "urgency": urgency}
    return record(caller, incident, [Entry(Kind.PRIORITY_CHANGED, clock.now(), data)])


@transaction.atomic
def change_classes(caller: Caller, number: int, *, classes: Collection[str], reason: str) -> Incident:
    """What the incident touches, corrected by a person, hence confirmed."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    known = known_classes(classes)
    if IncidentClass.SECURITY not in known:
        judged_first(caller, incident)
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    now = clock.now()
    entries = [Entry(Kind.CLASSES_CHANGED, now, {"classes": known}), Entry(Kind.CLASSES_CONFIRMED, now)]
    return record(caller, incident, entries)


@transaction.atomic
def confirm_classes(caller: Caller, number: int) -> Incident:
    """A person looked, and the classes are right."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    if incident.classes_confirmed:
        return incident
    return record(caller, incident, [Entry(Kind.CLASSES_CONFIRMED, clock.now())])


@transaction.atomic
def leave_out(caller: Caller, number: int, *, outcome: Outcome, reason: str) -> Incident:
    """Take it out of the counts: withdrawn by its customer, or rejected, a test or spam by the desk.

    The customer reads the reason of a withdrawal and of a rejection.
    """
    own = outcome is Outcome.WITHDRAWN and not caller.staff
    incident = locked(caller, number, Permission.REPORT_INCIDENTS if own else Permission.WORK_INCIDENTS)
    if outcome is Outcome.DUPLICATE:
        raise IncidentError("outcome: merge a duplicate into the incident that stays")
    if own:
        still_open(incident)
    not_left_out(incident)
    judged_first(caller, incident)
    told = outcome in (Outcome.WITHDRAWN, Outcome.REJECTED)
    say(caller, incident, Message.Kind.REASON, reason, visible=told)
    return record(caller, incident, [Entry(Kind.LEFT_OUT, clock.now(), {"outcome": outcome.value})])


@transaction.atomic
def readmit(caller: Caller, number: int, *, reason: str) -> Incident:
    """Count it again: leaving it out was a mistake. What it was merged into gives its report back."""
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    if not incident.outcome:
        raise Conflict("It was not left out.")
    judged_first(caller, incident)
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    if incident.survivor:
        give_back(caller, incident, incident.survivor.number)
    return record(caller, incident, [Entry(Kind.READMITTED, clock.now())])


@transaction.atomic
def merge(caller: Caller, number: int, *, into: int) -> Incident:
    """Make `number` a duplicate of `into`, which takes the earliest report; its page shows what was said on both."""
    caller.require(Permission.WORK_INCIDENTS)
    if number == into:
        raise IncidentError("into: an incident cannot be merged into itself")
    both = {n: locked(caller, n, Permission.WORK_INCIDENTS) for n in sorted((number, into))}
    duplicate, survivor = both[number], both[into]
    not_left_out(duplicate)
    not_left_out(survivor)
    if (duplicate.organisation_id, duplicate.service_id) != (survivor.organisation_id, survivor.service_id):
        raise IncidentError("into: choose an incident of the same customer and service")
    judged_first(caller, duplicate)
    keeps_verdict(duplicate, survivor)
    now = clock.now()
    data = {"outcome": Outcome.DUPLICATE.value, "survivor": str(survivor.id)}
    record(caller, duplicate, [Entry(Kind.LEFT_OUT, now, data)])
    if to_us(duplicate.reported) >= ledger.of_stream(survivor.id)[0].at:
        return survivor
    earlier = {"at": to_us(duplicate.reported), "of": str(duplicate.id)}
    return record(caller, survivor, [Entry(Kind.REPORTED_EARLIER, now, earlier)])


@transaction.atomic
def join_outage(caller: Caller, number: int, *, outage: int) -> Incident:
    """What a customer reported is the outage that a monitor saw: it is resolved when that is, and when that was."""
    seen = locked(caller, outage, Permission.WORK_INCIDENTS)  # first, as whoever resolves it does
    incident = locked(caller, number, Permission.WORK_INCIDENTS)
    not_left_out(incident)
    if seen.origin != Origin.MONITOR or seen.service_id != incident.service_id or seen.outcome:
        raise IncidentError("outage: choose an incident of the same service that a monitor opened")
    if incident.origin == Origin.MONITOR:
        raise IncidentError("outage: this incident was opened by a monitor itself; merge it if it is the same one")
    if incident.outage_id:
        raise Conflict("It is part of an outage already; retract that first.")
    return record(caller, incident, [Entry(Kind.JOINED_OUTAGE, clock.now(), {"outage": str(seen.id)})])


@transaction.atomic
def record_consent(caller: Caller, number: int, *, cause: str, consent: str) -> Incident:
    """The customer agreed that this incident is left out of the figures; `consent` says who did, when and how."""
    incident = locked(caller, number, Permission.CORRECT_FACTS)
    if cause not in CAUSES:
        raise IncidentError(f"cause: choose one of {', '.join(CAUSES)}")
    not_left_out(incident)
    say(caller, incident, Message.Kind.REASON, consent, visible=True)
    return record(caller, incident, [Entry(Kind.CONSENT_GIVEN, clock.now(), {"cause": cause})])


@transaction.atomic
def retract(caller: Caller, number: int, *, seq: int, reason: str) -> Incident:
    """A fact on this incident was wrong. It stays readable, and no longer counts."""
    incident = locked(caller, number, Permission.CORRECT_FACTS)
    if seq <= 1:
        raise IncidentError("seq: the report itself cannot be retracted; leave the incident out instead")
    stands = standing(ledger.of_stream(incident.id))
    if not any(fact.seq == seq and fact.kind.startswith("incident.") for fact in stands):
        raise IncidentError(f"seq: this incident has no fact {seq} that can be retracted")
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    return record(caller, incident, [Entry(Kind.RETRACTED, clock.now(), {"seq": seq})])


@transaction.atomic
def judge_restoration(caller: Caller, number: int, *, restored: bool, reason: str) -> Incident:
    """An integrity incident's data came back, or is lost for good."""
    incident = of_class(caller, number, IncidentClass.INTEGRITY)
    say(caller, incident, Message.Kind.REASON, reason, visible=False)
    kind = Kind.DATA_RESTORED if restored else Kind.NOT_RESTORABLE
    return record(caller, incident, [Entry(kind, clock.now())])


@transaction.atomic
def save_draft(caller: Caller, number: int, *, kind: str, body: str) -> None:
    """Keep what the caller is writing; an empty text forgets it."""
    caller.require(Permission.REPORT_INCIDENTS if kind == Message.Kind.REPLY else Permission.WORK_INCIDENTS)
    incident = read_incident(caller, number)
    if caller.user is None or kind not in Message.Kind.values:
        raise IncidentError("kind: only a person drafts, and only messages")
    own = Draft.objects.select_for_update().filter(incident=incident, author_id=caller.user, kind=kind)
    draft = Draft(
        organisation_id=incident.organisation_id, incident=incident, author_id=caller.user, kind=kind, body=body,
        updated_at=clock.now(),
    )  # fmt: skip
    clean(draft)
    # What was sent meanwhile is no draft any more.
    sent = incident.messages.filter(author_id=caller.user, kind=kind).order_by("-id")[:3]
    if not body.strip() or any(message.body == body.strip() for message in sent):
        own.delete()
    elif held := own.first():
        held.body, held.updated_at = body, draft.updated_at
        held.save(update_fields=["body", "updated_at"])
    else:
        Draft.objects.bulk_create([draft], ignore_conflicts=True)
