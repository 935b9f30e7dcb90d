"""Recording restore drills."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from baken.domain.facts import Kind, retracted_at
from baken.domain.instants import to_datetime
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs.fields import new_id
from baken.record.people import access
from baken.record.people.access import Caller, NotFound, Permission
from baken.record.recovery.models import Drill

REMARKS = 10_000
"""Longest remarks of a drill, in characters."""


class DrillError(ValueError):
    """The drill does not fit; the message names the field and the remedy."""


class Conflict(access.Conflict):
    """The drill was retracted already."""


@transaction.atomic
def record(caller: Caller, *, service: Service, finished: datetime, outcome: str, remarks: str = "") -> Drill:
    """A drill that ended at `finished`. A failed one is taken up as an integrity incident by `detection`."""
    caller.require(Permission.WRITE_DRILLS)
    if finished > clock.now():
        raise DrillError("finished: this instant has not come yet; record the drill when it is over")
    if outcome not in Drill.Outcome.values:
        raise DrillError("outcome: choose passed or failed")
    if len(remarks) > REMARKS:
        raise DrillError(f"remarks: at most {REMARKS} characters")
    stream = Stream("drill", new_id(), service.organisation_id)
    data = {"service": str(service.id), "outcome": outcome}
    append(stream, [Entry("drill.finished", finished, data)], actor=caller.actor)
    refold([stream.id])
    drill = Drill.objects.get(id=stream.id)
    drill.remarks = remarks.strip()
    drill.save(update_fields=["remarks"])
    return drill


@transaction.atomic
def retract(caller: Caller, id: UUID, *, reason: str) -> Drill:
    """The manager says that a drill was recorded wrongly, and why. It stays readable, and proves nothing any more.

    An incident that a failed one opened stays; it is left out by itself. Raises NotFound, Conflict, DrillError.
    """
    caller.require(Permission.CORRECT_FACTS)
    drill = drills(caller).select_for_update(of=("self",)).filter(id=id).first()
    if drill is None:
        raise NotFound("There is no such drill.")
    if drill.retracted_at:
        raise Conflict(str(Conflict.__doc__))
    if not reason.strip():
        raise DrillError("reason: say why")
    if len(reason) > REMARKS:
        raise DrillError(f"reason: at most {REMARKS} characters")
    stream = Stream("drill", drill.id, drill.organisation_id)
    append(stream, [Entry(Kind.RETRACTED, clock.now(), {"seq": 1})], actor=caller.actor)
    refold([drill.id])
    drill.refresh_from_db()
    drill.reason = reason.strip()
    drill.save(update_fields=["reason"])
    return drill


def drill(caller: Caller, id: UUID) -> Drill:
    """One drill, for those who run them. Raises NotFound."""
    found = drills(caller).filter(id=id).first()
    if found is None:
        raise NotFound("There is no such drill.")
    return found


def refold(ids: Iterable[UUID]) -> None:
    """Rows of these drills from the ledger."""
    by_drill = ledger.of_streams(ids)
    owners = ledger.owners(by_drill)
    for id, facts in by_drill.items():
        finished, retracted = facts[0], retracted_at(facts, 1)
        Drill.objects.update_or_create(
            id=id,
            defaults={
                "organisation_id": owners[id],
                "service_id": finished.data["service"],
                "finished": to_datetime(finished.at),
                "outcome": finished.data["outcome"],
                "retracted_at": None if retracted is None else to_datetime(retracted),
            },
        )


def drills(caller: Caller) -> QuerySet[Drill]:
    """Every drill, latest first, for those who run them."""
    caller.require(Permission.WRITE_DRILLS)
    return Drill.objects.select_related("service").order_by("-finished", "-id")
