"""Who has an incident open right now, so that two people do not do the same work."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef

from baken.record.incidents.models import Draft, Incident, Presence
from baken.record.incidents.reads import incident as read_incident
from baken.record.ledger import clock
from baken.record.people.access import Caller, Permission
from baken.record.people.models import User

HERE = timedelta(seconds=40)
"""Somebody whose page was last heard of longer ago has gone: pages say every ten seconds that they are open."""
WRITES = timedelta(minutes=2)
"""Somebody whose draft has not changed for this long reads."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody else at the desk with this incident open, and whether they are writing."""

    person: User
    writes: bool


def look(caller: Caller, number: int) -> Incident:
    """The caller has this incident open. Raises Forbidden and NotFound."""
    caller.require(Permission.WORK_INCIDENTS)
    incident = read_incident(caller, number)
    if caller.user is None:
        return incident
    now = clock.now()
    Presence.objects.filter(person_id=caller.user, seen_at__lt=now - HERE).delete()
    Presence.objects.bulk_create(
        [Presence(organisation_id=incident.organisation_id, incident=incident, person_id=caller.user, seen_at=now)],
        update_conflicts=True, unique_fields=["incident", "person"], update_fields=["seen_at"],
    )  # fmt: skip
    return incident


def colleagues(caller: Caller, incident: Incident) -> list[Colleague]:
    """The others who have it open now, those who came first first."""
    caller.require(Permission.WORK_INCIDENTS)
    now = clock.now()
    drafts = Draft.objects.filter(incident=incident, author=OuterRef("person"), updated_at__gte=now - WRITES)
    rows = Presence.objects.filter(incident=incident, seen_at__gte=now - HERE).exclude(person_id=caller.user)
    rows = rows.select_related("person").annotate(writes=Exists(drafts)).order_by("id")
    return [Colleague(row.person, row.writes) for row in rows]
