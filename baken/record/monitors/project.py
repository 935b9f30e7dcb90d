"""State changes as a fold of the ledger, and the partitions that raw results live in."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from django.db import connection

from baken.domain.facts import Fact
from baken.domain.instants import to_datetime
from baken.domain.timelines import Change, State
from baken.record.ledger import reads as ledger
from baken.record.monitors.models import Location, Monitor, MonitorVersion, Sight, StateChange


def add_changes(changes: Mapping[UUID, Sequence[Change]]) -> None:
    """Keep new changes of state."""
    StateChange.objects.bulk_create(
        (
            StateChange(sight_id=id, at=to_datetime(change.at), state=change.state, reason=change.reason or "")
            for id, seen in changes.items()
            for change in seen
        ),
        update_conflicts=True,
        unique_fields=["sight", "at"],
        update_fields=["state", "reason"],
    )


def locations(ids: Iterable[UUID]) -> None:
    """Make the locations a replay does not know yet."""
    histories = ledger.of_streams(ids)
    owners = ledger.owners(histories)
    for id, facts in histories.items():
        Location.objects.get_or_create(
            id=id,
            defaults={
                "organisation_id": owners[id],
                "code": facts[0].data["code"],
                "created_at": to_datetime(facts[0].at),
            },
        )


def monitors(ids: Iterable[UUID]) -> None:
    """Rebuild what measuring needs of monitors; their addresses are not on the ledger."""
    histories = ledger.of_streams(ids)
    owners = ledger.owners(histories)
    for id, facts in histories.items():
        configured = [fact for fact in facts if fact.kind in {"monitor.added", "monitor.changed"}]
        settings = dict(configured[-1].data)
        stopped = [to_datetime(fact.at) for fact in facts if fact.kind == "monitor.stopped"]
        Monitor.objects.update_or_create(
            id=id,
            defaults={
                "organisation_id": owners[id],
                "service_id": settings.pop("service"),
                **settings,
                "created_at": to_datetime(facts[0].at),
                "stopped_at": stopped[0] if stopped else None,
            },
        )
        add_versions(id, configured)


def add_versions(monitor_id: UUID, configured: Sequence[Fact]) -> None:
    """Keep how a monitor was judged, and from when."""
    MonitorVersion.objects.bulk_create(
        (
            MonitorVersion(
                monitor_id=monitor_id,
                valid_from=to_datetime(fact.at),
                **{name: fact.data[name] for name in ("quorum", "minimum_reporting", "confirm_after", "quiet")},
            )
            for fact in configured
        ),
        update_conflicts=True,
        unique_fields=["monitor", "valid_from"],
        update_fields=["quorum", "minimum_reporting", "confirm_after", "quiet"],
    )


def sights(ids: Iterable[UUID]) -> None:
    """Rebuild what every location saw."""
    histories = ledger.of_streams(ids)
    owners = ledger.owners(histories)
    for id, facts in histories.items():
        changes = [fact for fact in facts if fact.kind == "sight.changed"]
        observed = [fact for fact in facts if fact.kind == "sight.observed"]
        last = {"started": to_datetime(observed[-1].at), **observed[-1].data} if observed else {}
        Sight.objects.update_or_create(
            id=id,
            defaults={
                "organisation_id": owners[id],
                "monitor_id": facts[0].data["monitor"],
                "location_id": facts[0].data["location"],
                **last,
            },
        )
        StateChange.objects.filter(sight_id=id).delete()
        add_changes({id: [_change(fact.at, fact.data) for fact in changes]})


def make_partitions(days: Iterable[date]) -> None:
    """See to it that raw results of these days have a partition to go to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT monitors_make_partition(day) FROM unnest(%s::date[]) AS day ORDER BY day", [list(days)])


def drop_partitions(before: date) -> list[str]:
    """Drop the raw results of days before `before`, whose changes of state are on the ledger."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT monitors_drop_partitions(%s)", [before])
        return [name for (name,) in cursor.fetchall()]


def _change(at: int, data: Mapping[str, str]) -> Change:
    return Change(at, State(data["state"]), data["reason"])
