"""An incident's row as a fold of its facts: the same code after a change, after an import and in a replay."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from baken.domain import incidents as domain
from baken.domain.facts import Fact, Kind, standing
from baken.domain.instants import to_datetime, to_us
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger

FOLDED = (
    "organisation_id", "number", "service_id", "agreement_id", "agreement_version", "status", "origin", "classes",
    "classes_confirmed", "impact", "urgency", "priority", "waiting_on", "outcome", "survivor_id", "outage_id",
    "reported", "responded_at", "resolved_at", "restored_at", "not_restorable_at", "break_in_confirmed_at",
    "break_in_rejected_at", "updated_at",
)  # fmt: skip


def refold(ids: Iterable[UUID]) -> None:
    """Bring the rows of these incidents in line with the ledger, making rows that a replay does not have yet."""
    by_incident = ledger.of_streams(ids)
    owners = ledger.owners(by_incident)
    joined = {id: outage_of(facts) for id, facts in by_incident.items()}
    outages = ledger.of_streams({outage for outage in joined.values() if outage})
    write([
        row(id, owners[id], facts, outages.get(joined[id] or id, ())) for id, facts in by_incident.items()
    ])  # fmt: skip


def outage_of(facts: Sequence[Fact]) -> UUID | None:
    """The incident whose resolution this one shares."""
    joined = [fact for fact in standing(list(facts)) if fact.kind == Kind.JOINED_OUTAGE]
    return UUID(joined[-1].data["outage"]) if joined else None


def write(rows: Sequence[Incident]) -> None:
    """Insert or update folded columns; what people wrote and who is assigned stay as they are."""
    concrete = [field.removesuffix("_id") for field in FOLDED]
    Incident.objects.bulk_create(
        rows, batch_size=1_000, update_conflicts=True, unique_fields=["id"], update_fields=concrete
    )


def row(id: UUID, organisation_id: UUID, facts: Sequence[Fact], outage: Sequence[Fact] = ()) -> Incident:
    """The row that an incident's facts fold to, with those of the outage it is part of."""
    state = domain.fold(facts, to_us(clock.now()), outage)
    waiting = state.waiting_on
    return Incident(
        id=id,
        organisation_id=organisation_id,
        number=facts[0].data["number"],
        service_id=state.service,
        agreement_id=state.agreement,
        agreement_version=state.agreement_version,
        status=state.status,
        origin=state.origin,
        classes=sorted(state.classes),
        classes_confirmed=state.classes_confirmed,
        impact=cast(int, state.impact),  # a report on the ledger has both
        urgency=cast(int, state.urgency),
        priority=state.priority,
        waiting_on=waiting or "",
        outcome=state.outcome or "",
        survivor_id=state.survivor,
        outage_id=state.outage,
        reported=to_datetime(state.reported),
        responded_at=_moment(state.first_response_at),
        resolved_at=_moment(state.resolved_at),
        restored_at=_moment(state.restored_at),
        not_restorable_at=_moment(state.not_restorable_at),
        break_in_confirmed_at=_moment(state.break_in_confirmed_at),
        break_in_rejected_at=_moment(state.break_in_rejected_at),
        updated_at=to_datetime(max(fact.recorded for fact in facts)),
    )


def _moment(instant: int | None) -> datetime | None:
    return None if instant is None else to_datetime(instant)
