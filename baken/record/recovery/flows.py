"""Recording restore drills."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from baken.domain.instants import to_datetime
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs.fields import new_id
from baken.record.people.access import Caller, Permission
from baken.record.recovery.models import Drill

REMARKS = 10_000
"""Longest remarks of a drill, in characters."""


class DrillError(ValueError):
    """The drill does not fit; the message names the field and the remedy."""


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


def refold(ids: Iterable[UUID]) -> None:
    """Rows of these drills from the ledger."""
    by_drill = ledger.of_streams(ids)
    owners = ledger.owners(by_drill)
    for id, facts in by_drill.items():
        finished = facts[0]
        Drill.objects.update_or_create(
            id=id,
            defaults={
                "organisation_id": owners[id],
                "service_id": finished.data["service"],
                "finished": to_datetime(finished.at),
                "outcome": finished.data["outcome"],
            },
        )


def drills(caller: Caller) -> QuerySet[Drill]:
    """Every drill, latest first, for those who run them."""
    caller.require(Permission.WRITE_DRILLS)
    return Drill.objects.select_related("service").order_by("-finished")
