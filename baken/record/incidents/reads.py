"""Reading incidents, always narrowed to what the caller may see."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q, QuerySet

from baken.domain.facts import Fact
from baken.record.incidents.models import Draft, Incident, Message
from baken.record.ledger import reads as ledger
from baken.record.people.access import Caller, NotFound, Permission


def visible(caller: Caller) -> QuerySet[Incident]:
    """Every incident the caller may see."""
    caller.require(Permission.READ_INCIDENTS)
    return caller.narrow(Incident.objects.select_related("service", "organisation", "assignee", "reporter"))


def incident(caller: Caller, number: int) -> Incident:
    """One incident by its number. Raises NotFound, also for a stranger's."""
    found = visible(caller).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such incident.")
    return found


def messages(caller: Caller, incident: Incident) -> QuerySet[Message]:
    """The conversation, oldest first; a customer reads what is meant for them."""
    rows = Message.objects.filter(incident=incident).select_related("author")
    return rows if caller.staff else rows.filter(visible=True)


def facts(caller: Caller, incident: Incident) -> Sequence[Fact]:
    """What the ledger says of it, in order of recording."""
    caller.require(Permission.READ_INCIDENTS)
    return ledger.of_stream(incident.id)


def open_incidents(caller: Caller, *, assignee: UUID | None = None, unassigned: bool = False) -> QuerySet[Incident]:
    """What is still to be done: everybody's, one person's, or nobody's yet."""
    rows = visible(caller).filter(outcome="").exclude(status__in=["resolved", "closed"])
    if unassigned:
        return rows.filter(assignee=None)
    return rows.filter(assignee=assignee) if assignee else rows


def by_ids(caller: Caller, ids: Sequence[UUID]) -> dict[UUID, Incident]:
    """Incidents by id, for lists that a KPI was computed from."""
    return {row.id: row for row in visible(caller).filter(id__in=list(ids))}


def found(caller: Caller, words: str) -> QuerySet[Incident]:
    """Incidents whose number, subject or messages hold all of these words."""
    rows = visible(caller)
    if words.strip().lstrip("#").isdigit():
        return rows.filter(number=int(words.strip().lstrip("#")))
    for word in words.split()[:8]:
        said = Message.objects.filter(body__icontains=word)
        said = said if caller.staff else said.filter(visible=True)
        rows = rows.filter(Q(subject__icontains=word) | Q(id__in=said.values("incident_id")))
    return rows.order_by("-reported")


def draft(caller: Caller, incident: Incident, kind: str) -> str:
    """What the caller was writing when they paused; empty when nothing."""
    row = Draft.objects.filter(incident=incident, author_id=caller.user, kind=kind).first()
    return row.body if row else ""
