"""What the clocks say: of incidents on a page, of one incident in full, and as an order of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import BigIntegerField, Case, F, OuterRef, QuerySet, Subquery, Value, When

from baken.domain import clocks as domain
from baken.domain.agreements import Terms
from baken.domain.calendars import HOLIDAYS_VERSION
from baken.domain.facts import Priority
from baken.domain.zones import TZDATA_VERSION
from baken.record.catalogue import reads as catalogue
from baken.record.clocks import project
from baken.record.clocks.flows import FOLLOWER, with_sharers
from baken.record.clocks.folding import folded
from baken.record.clocks.models import Cursor, Reading
from baken.record.incidents import reads as incidents
from baken.record.incidents.models import Incident
from baken.record.ledger import reads as ledger
from baken.record.people.access import Caller, NotFound

MOST_LIVE = 500
"""So many incidents whose readings are behind are put in order by hand; after a mass import the rest waits."""


@dataclass(frozen=True, slots=True)
class ClockFace:
    """What a clock shows: instants and durations in microseconds; `left` is negative past the target.

    share: the part of the target that is used, 0 without one.
    """

    name: str
    state: domain.State
    priority: Priority
    target: int | None
    used: int
    left: int | None
    due: int | None
    breached_at: int | None
    met_at: int | None
    share: float


@dataclass(frozen=True, slots=True)
class Faces:
    """Both clocks of one incident."""

    response: ClockFace
    resolution: ClockFace


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything a reading rests on: each stretch of time, counted or not, and the versions it was made with."""

    reading: domain.Reading
    segments: list[domain.Segment]
    terms: Terms
    agreement_version: int
    agreement_valid_from: datetime
    tzdata_version: str
    holidays_version: str


def faces(rows: Sequence[Incident], as_of: int) -> dict[UUID, Faces]:
    """The clocks of these incidents at `as_of`, folded from the ledger at this moment. Microseconds."""
    return {
        history.id: Faces(_face(history.response), _face(history.resolution))
        for history in folded([row.id for row in rows], as_of)
    }


def explanation(caller: Caller, incident: Incident, name: str, as_of: int) -> Explanation:
    """Why the clock `name` (response or resolution) says what it says. Raises NotFound for another name."""
    incident = incidents.incident(caller, incident.number)
    history = next(folded([incident.id], as_of), None)
    if name not in {known.value for known in domain.Name} or history is None:
        raise NotFound("There is no such clock.")
    held = catalogue.version(UUID(history.incident.agreement), history.incident.agreement_version)
    return Explanation(
        reading=history.response if name == domain.Name.RESPONSE else history.resolution,
        segments=domain.explain(history.incident, history.terms, as_of, domain.Name(name)),
        terms=history.terms,
        agreement_version=held.version,
        agreement_valid_from=held.valid_from,
        tzdata_version=TZDATA_VERSION,
        holidays_version=HOLIDAYS_VERSION,
    )


def ordered_by_time_left(rows: QuerySet[Incident]) -> QuerySet[Incident]:
    """The most urgent first, by the next deadline; those whose clocks stand still last, the oldest first."""
    stored = Subquery(Reading.objects.filter(incident_id=OuterRef("id")).values("next_due")[:1])
    live = [
        When(id=history.id, then=Value(project.next_due(history))) for history in folded(sorted(behind())[:MOST_LIVE])
    ]
    due = Case(*live, default=stored, output_field=BigIntegerField()) if live else stored
    return rows.annotate(next_due=due).order_by(F("next_due").asc(nulls_last=True), "reported", "id")


def behind() -> set[UUID]:
    """Incidents with facts that their readings do not know yet."""
    cursor = Cursor.objects.filter(name=FOLLOWER).first()
    fresh = ledger.streams_after(["incident"], cursor.position if cursor else 0)
    return with_sharers(fresh) if fresh else fresh


def _face(reading: domain.Reading) -> ClockFace:
    return ClockFace(
        name=reading.name.value,
        state=reading.state,
        priority=reading.priority,
        target=reading.target,
        used=reading.used,
        left=reading.left,
        due=reading.due,
        breached_at=reading.breached_at,
        met_at=reading.met_at,
        share=reading.used / reading.target if reading.target else 0.0,
    )
