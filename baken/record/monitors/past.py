"""Writing what locations saw before it was written down here, many sights at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from baken.domain.instants import to_datetime
from baken.domain.timelines import Change, State
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, append_many
from baken.record.monitors import project, sights
from baken.record.monitors.models import Location, Monitor, Sight
from baken.record.orgs import bulk
from baken.record.orgs.fields import new_id


@dataclass(frozen=True, slots=True)
class PastSight:
    """What one location saw of one monitor: changes of state in order, and the instant of the last check (µs).

    The first change is the first check, and the last one says what the last check saw: up or down.
    """

    monitor: Monitor
    location: Location
    changes: Sequence[Change]
    last: int


@transaction.atomic
def write(seen: Sequence[PastSight], *, actor: str) -> None:
    """Write sights with their changes. Each fact counts as written down when it happened."""
    rows = [_row(one) for one in seen]
    append_many(((sights.stream(row), _entries(row, one)) for row, one in zip(rows, seen, strict=True)), actor=actor)
    bulk.insert(rows)
    project.add_changes({row.id: one.changes for row, one in zip(rows, seen, strict=True)})
    for one in seen:
        Location.objects.filter(id=one.location.id).update(last_seen=to_datetime(one.last))


def _row(one: PastSight) -> Sight:
    final = one.changes[-1]
    return Sight(
        id=new_id(), organisation_id=one.monitor.organisation_id, monitor=one.monitor, location=one.location,
        started=to_datetime(one.last), up=final.state is State.UP, reason=final.reason or "",
        interval=one.monitor.interval, tolerance=one.monitor.tolerance,
    )  # fmt: skip


def _entries(row: Sight, one: PastSight) -> list[Entry]:
    with clock.at(to_datetime(one.changes[0].at)):
        entries = [sights.began(row), *map(sights.changed, one.changes), sights.observed(row)]
    return [replace(entry, recorded=entry.at) for entry in entries]
