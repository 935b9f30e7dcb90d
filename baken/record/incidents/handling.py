"""What the flows do alike: find an incident and keep it, say something about it, record what happened."""

from collections.abc import Sequence

from django.db import connection

from baken.domain.facts import IncidentClass, Kind, Origin, standing
from baken.record.incidents import project
from baken.record.incidents.checks import IncidentError, clean
from baken.record.incidents.models import Attachment, Draft, Incident, Message
from baken.record.incidents.reads import DESK, EVERYBODY, visible
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs import search
from baken.record.orgs.files import take_all
from baken.record.orgs.models import File
from baken.record.people.access import Caller, NotFound, Permission, require_not_erased
from baken.record.people.models import User


def locked(caller: Caller, number: int, permission: Permission) -> Incident:
    """The incident, kept from others until the transaction ends. Raises Forbidden and NotFound."""
    caller.require(permission)
    incident = visible(caller).select_for_update(of=("self",)).filter(number=number).first()
    if incident is None:
        raise NotFound("There is no such incident.")
    require_not_erased(incident.organisation)
    return incident


def of_class(
    caller: Caller, number: int, wanted: IncidentClass, permission: Permission = Permission.WORK_INCIDENTS
) -> Incident:
    """The same for somebody at the desk. Raises IncidentError when it is not of this class too."""
    incident = locked(caller, number, permission)
    if wanted not in incident.classes:
        raise IncidentError(f"classes: this is not an incident of class {wanted.value}; change its classes first")
    return incident


def record(caller: Caller, incident: Incident, entries: Sequence[Entry]) -> Incident:
    """Append what happened, and bring the row in line with it, with those that share its resolution.

    These are kept from others as well: a row folded without what somebody is recording of it would lose that.
    """
    if entries:
        append(Stream("incident", incident.id, incident.organisation_id), entries, actor=caller.actor)
        joined = list(incident.joined.select_for_update().order_by("number").values_list("id", flat=True))
        project.refold([incident.id, *joined])
        incident.refresh_from_db(fields=[*project.FOLDED, "assignee_id"])  # a subject that is damaged stops no work
    return incident


def say(
    caller: Caller,
    incident: Incident,
    kind: str,
    body: str,
    *,
    visible: bool,
    author: User | None = None,
    files: Sequence[File] = (),
) -> Message:
    """Add a message with files that have arrived; what its author was drafting is sent with it.

    Raises IncidentError, and FileError for a file that is not to be had any more.
    """
    if not body.strip() and not files:
        raise IncidentError("message: write something; an empty message helps nobody")
    message = Message(
        organisation_id=incident.organisation_id, incident=incident, kind=kind, visible=visible, actor=caller.actor,
        author_id=author.id if author else caller.user, body=body.strip(), created_at=clock.now(),
    )  # fmt: skip
    clean(message)
    message.save(force_insert=True)
    Attachment.objects.bulk_create(
        Attachment(organisation_id=message.organisation_id, message=message, file=file, index=index)
        for index, file in enumerate(take_all(files, incident.organisation, at=message.created_at, visible=visible))
    )
    findable(incident, message.body, visible=visible)
    Draft.objects.filter(incident=incident, author_id=caller.user, kind=kind).delete()
    return message


def findable(incident: Incident, text: str, *, visible: bool = True) -> None:
    """Let the incident be found by the words of a text: by whoever sees it, or by the desk alone."""
    search.index(incident.organisation_id, EVERYBODY if visible else DESK, incident.id, text)


def rename(incident: Incident, subject: str) -> None:
    """Give the incident another subject, by which it is then found too."""
    incident.subject = subject
    incident.save(update_fields=["subject"])
    findable(incident, subject)


def give_back(caller: Caller, duplicate: Incident, number: int) -> None:
    """Retract from the survivor that it was reported when the duplicate was."""
    survivor = locked(caller, number, Permission.WORK_INCIDENTS)
    taken = [
        fact.seq
        for fact in standing(ledger.of_stream(survivor.id))
        if fact.kind == Kind.REPORTED_EARLIER and fact.data.get("of") == str(duplicate.id)
    ]
    record(caller, survivor, [Entry(Kind.RETRACTED, clock.now(), {"seq": seq}) for seq in taken])


def response(caller: Caller, incident: Incident) -> list[Entry]:
    """That somebody responded, unless a machine wrote it."""
    if caller.user is None:
        return []
    way = "update" if incident.origin == Origin.MONITOR else "reply"
    return [Entry(Kind.RESPONDED, clock.now(), {"way": way})]


def next_number() -> int:
    """The number of a new incident."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incidents_number')")
        return int(cursor.fetchone()[0])
