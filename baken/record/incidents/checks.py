"""What has to hold before an incident changes. Each check raises what its name denies."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError

from baken.domain.facts import IncidentClass, Origin, Priority, priority_of
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.incidents.models import Draft, Incident, Message
from baken.record.ledger import clock
from baken.record.orgs.fields import clean_written
from baken.record.orgs.models import Organisation
from baken.record.people import access
from baken.record.people import reads as people
from baken.record.people.access import Caller, NotFound, Permission
from baken.record.people.models import User

DONE = frozenset({Incident.Status.RESOLVED, Incident.Status.CLOSED})


class IncidentError(ValueError):
    """The input does not fit; the message names the field and the remedy."""


class Conflict(access.Conflict):
    """The incident is no longer in the state this change starts from; look at it again."""


def clean(row: Incident | Message | Draft) -> None:
    """Every column can hold its text. Raises IncidentError."""
    try:
        clean_written(row)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise IncidentError(f"{'message' if field == 'body' else field}: {' '.join(messages)}") from error


def offered(caller: Caller, organisation: Organisation, service: Service) -> None:
    """The organisation uses the service. A customer hears of no other; the provider's own may be any."""
    if not caller.staff and organisation.id != caller.organisation:
        raise NotFound("There is no such service.")
    if organisation.kind == Organisation.Kind.PROVIDER or catalogue.used_by(organisation.id).filter(id=service.id):
        return
    if not caller.staff:
        raise NotFound("There is no such service.")
    raise IncidentError("service: this customer does not use it; choose one that they use")


def reporter_of(caller: Caller, organisation: Organisation, named: User | None) -> User | None:
    """Customers report for themselves; the desk names somebody of the customer, or nobody. Raises IncidentError."""
    if not caller.staff:
        return User.objects.filter(id=caller.user).first() if caller.user else None
    if named and not people.contacts(caller, organisation.id).filter(id=named.id).exists():
        raise IncidentError("reporter: choose somebody of this customer, or nobody")
    return named


def arrived(caller: Caller, reported: datetime | None) -> datetime:
    """Customers report now; the desk may say when the call began. Raises IncidentError for an instant to come."""
    now = clock.now()
    if reported is None or not caller.staff:
        return now
    if reported > now:
        raise IncidentError("reported: this instant has not come yet; give the time the call began or leave it empty")
    return reported


def level(impact: int, urgency: int) -> Priority:
    """The priority of impact × urgency. Raises IncidentError."""
    try:
        return priority_of(impact, urgency)
    except ValueError as error:
        raise IncidentError(str(error)) from error


def known_classes(classes: Collection[str]) -> list[str]:
    """The classes, sorted. Raises IncidentError for none or an unknown one."""
    unknown = set(classes) - {known.value for known in IncidentClass}
    if unknown or not classes:
        raise IncidentError(f"classes: choose one or more of {', '.join(known.value for known in IncidentClass)}")
    return sorted({IncidentClass(code).value for code in classes})


def not_overtaken(caller: Caller, incident: Incident, seen: UUID | None) -> None:
    """Nobody else said something after the message that the writer `seen` last. Raises Conflict."""
    if seen is None:
        return
    if incident.messages.filter(id__gt=seen).exclude(author_id=caller.user).exists():
        raise Conflict("Somebody wrote while you were writing; read it, then send yours again.")


def not_closed(incident: Incident) -> None:
    """The conversation goes on. Raises Conflict."""
    if incident.status == Incident.Status.CLOSED or incident.outcome:
        raise Conflict("This incident is closed; report a new one and mention its number.")


def still_open(incident: Incident) -> None:
    """There is something left to do. Raises Conflict."""
    if incident.status in DONE or incident.outcome:
        raise Conflict("This incident is resolved already; reopen it to work on it again.")


def not_left_out(incident: Incident) -> None:
    """It counts. Raises Conflict."""
    if incident.outcome:
        raise Conflict("This incident was left out of the counts; count it again first.")


def resolution_of_its_own(incident: Incident) -> None:
    """It is not part of an outage, which is resolved elsewhere. Raises Conflict."""
    if incident.outage_id:
        raise Conflict("It is part of an outage, whose resolution it shares; if this is something else, report that.")


def is_suspected(incident: Incident) -> bool:
    """Whether somebody may have broken in: confirmed, or not judged yet. What was imported is judged where it was."""
    if incident.break_in_confirmed_at is not None:
        return True
    judged = incident.break_in_rejected_at is not None or incident.origin == Origin.IMPORT
    return IncidentClass.SECURITY in incident.classes and not judged


def may_take_out(caller: Caller, incident: Incident) -> bool:
    """Whether the caller may take it off the list of what is to be judged, out of C8, or back: as who judges may."""
    judges = caller.user is not None and caller.may(Permission.CORRECT_FACTS)
    return judges or not is_suspected(incident)


def judged_first(caller: Caller, incident: Incident) -> None:
    """Nobody takes a break-in out of C8, or a suspicion off the manager's list, but the manager. Raises Conflict."""
    if may_take_out(caller, incident):
        return
    if incident.break_in_confirmed_at is not None:
        raise Conflict("A break-in was confirmed here; only the service manager can do this.")
    raise Conflict("Whether somebody broke in is to be judged first; the service manager does that.")


def keeps_verdict(duplicate: Incident, survivor: Incident) -> None:
    """What is said of a break-in is not lost with a duplicate. Raises IncidentError."""
    if duplicate.break_in_confirmed_at is not None and survivor.break_in_confirmed_at is None:
        raise IncidentError("into: a break-in was confirmed in the duplicate; confirm it in the one that stays first")
    if is_suspected(duplicate) and IncidentClass.SECURITY not in survivor.classes:
        raise IncidentError("into: the one that stays is no security incident; judge the break-in of the other first")
