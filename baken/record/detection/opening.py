"""What every detection does alike: one at a time, open an incident in the program's name, keep what it became."""

from collections.abc import Collection

from django.db import connection

from baken.domain.alerts import excerpt
from baken.domain.facts import IncidentClass, Origin
from baken.domain.instants import to_datetime
from baken.record.catalogue.models import Service
from baken.record.detection.models import Detected
from baken.record.incidents import flows as incidents
from baken.record.incidents.checks import DONE
from baken.record.incidents.models import Incident
from baken.record.orgs.fields import LINE
from baken.record.people.access import program

MONITOR = program("monitor")
OWN_SERVICE = "baken"
"""Code of the service that is this installation itself."""
HIGH, MEDIUM, LOW = (1, 1), (2, 2), (3, 3)
"""Impact and urgency: the whole service is down, only some people cannot reach it, nothing is broken yet."""


def own_service() -> Service | None:
    """The service that what concerns this installation is about: itself, or before it is there the oldest one."""
    known = Service.objects.select_related("organisation")
    return known.filter(code=OWN_SERVICE).first() or known.order_by("created_at").first()


def open_incident(
    service: Service, subject: str, body: str, level: tuple[int, int], classes: Collection[IncidentClass], reported: int
) -> Incident:
    """A new incident of the service's own organisation. `reported` in microseconds."""
    impact, urgency = level
    return incidents.report(
        MONITOR, organisation=service.organisation, service=service, subject=subject, body=body, impact=impact,
        urgency=urgency, classes=classes, origin=Origin.MONITOR, reported=to_datetime(reported),
    )  # fmt: skip


def line(text: str) -> str:
    """What a tool or a person said of it, legible and as long as a line may be."""
    return excerpt(text, LINE, "")


def keep(about: str, key: str, incident: Incident, *, began: int, ended: int | None) -> Detected:
    """Remember what an incident was opened for, under a key that is there once."""
    return Detected.objects.create(
        organisation_id=incident.organisation_id, about=about, key=key, incident=incident,
        began=to_datetime(began), ended=None if ended is None else to_datetime(ended),
    )  # fmt: skip


def open_about(about: str) -> Detected | None:
    """The first that was noticed of a matter whose incident is still open, with how often it was.

    None that was judged to be no break-in: what comes after a verdict is judged anew.
    """
    rows = Detected.objects.filter(about=about, incident__outcome="", incident__break_in_rejected_at=None)
    rows = rows.exclude(incident__status__in=DONE)
    return rows.select_related("incident").order_by("-outages").first()


def alone(what: str) -> None:
    """One worker at a time, until the transaction ends; the next one then finds what this one did."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])


def utc(instant: int) -> str:
    """An instant in microseconds as people read it."""
    return f"{to_datetime(instant):%Y-%m-%d %H:%M:%S} UTC"
