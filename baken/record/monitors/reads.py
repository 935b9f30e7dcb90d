"""What was measured, as timelines; and what is probed now."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from baken.domain.instants import HOUR, to_datetime, to_us
from baken.domain.locations import location_timeline, observed_through
from baken.domain.quorum import Quorum, monitor_timeline, service_timeline
from baken.domain.timelines import Change, State, Timeline
from baken.record.catalogue import reads as catalogue
from baken.record.monitors.models import Location, Monitor, MonitorVersion, Sight, StateChange
from baken.record.people.access import Caller, NotFound, Permission


@dataclass(frozen=True, slots=True)
class Measured:
    """A service over a range: as a whole, each of its monitors, and what every location saw of each.

    locations: location code -> what it saw of the service (the worst of its monitors from there).
    sights: monitor -> location code -> timeline.
    """

    service: Timeline
    monitors: dict[UUID, Timeline]
    sights: dict[UUID, dict[str, Timeline]]
    locations: dict[str, Timeline]


def measured(service_id: UUID, start: int, end: int, as_of: int) -> Measured:
    """What is known at `as_of` of a service in [start, end); end is at most `as_of`. Microseconds."""
    end = max(start, min(end, as_of))
    monitors = list(Monitor.objects.filter(service_id=service_id, created_at__lt=to_datetime(end)))
    versions: dict[UUID, list[MonitorVersion]] = defaultdict(list)
    for version in MonitorVersion.objects.filter(monitor__in=monitors):
        versions[version.monitor_id].append(version)
    sights = _sights([monitor.id for monitor in monitors], start, end, as_of)
    seen = {
        monitor.id: timeline
        for monitor in monitors
        if (timeline := _monitor(monitor, versions[monitor.id], sights[monitor.id], start, end)) is not None
    }
    whole = service_timeline({str(id): timeline for id, timeline in seen.items()}, start, end)
    codes = sorted({code for by_location in sights.values() for code in by_location})
    places = {
        code: service_timeline({str(id): sights[id][code] for id in seen if code in sights[id]}, start, end)
        for code in codes
    }
    return Measured(whole, seen, {id: sights[id] for id in seen}, places)


def _monitor(
    monitor: Monitor, versions: Sequence[MonitorVersion], sights: dict[str, Timeline], start: int, end: int
) -> Timeline | None:
    """The monitor while it existed, each stretch of time judged by the version that held in it."""
    began = max(start, to_us(monitor.created_at))
    ended = min(end, to_us(monitor.stopped_at)) if monitor.stopped_at else end
    if ended <= began:
        return None
    cuts = [(to_us(version.valid_from), version) for version in versions]
    parts = []
    for index, (valid_from, version) in enumerate(cuts):
        a = began if index == 0 else max(began, valid_from)
        b = min(ended, cuts[index + 1][0]) if index + 1 < len(cuts) else ended
        if a < b:
            clipped = {code: timeline.clip(a, b) for code, timeline in sights.items()}
            parts.append(monitor_timeline(clipped, _quorum(version), a, b))
    return Timeline.join(parts)


def _quorum(version: MonitorVersion) -> Quorum:
    return Quorum(version.quorum or "majority", version.minimum_reporting)


CHANGES = """
SELECT sight_id, at, state, reason FROM monitors_statechange
WHERE sight_id = ANY(%(sights)s) AND at < %(end)s AND at >= COALESCE(
    (SELECT max(at) FROM monitors_statechange AS before
     WHERE before.sight_id = monitors_statechange.sight_id AND before.at <= %(start)s),
    '-infinity'
)
ORDER BY sight_id, at
"""


def _sights(monitor_ids: Sequence[UUID], start: int, end: int, as_of: int) -> dict[UUID, dict[str, Timeline]]:
    rows = list(Sight.objects.filter(monitor_id__in=list(monitor_ids)).select_related("location"))
    changes: dict[UUID, list[Change]] = defaultdict(list)
    with connection.cursor() as cursor:
        bounds: dict[str, Any] = {
            "sights": [row.id for row in rows],
            "start": to_datetime(start),
            "end": to_datetime(end),
        }
        cursor.execute(CHANGES, bounds)
        for sight_id, at, state, reason in cursor.fetchall():
            changes[sight_id].append(Change(to_us(at), State(state), reason or None))
    timelines: dict[UUID, dict[str, Timeline]] = defaultdict(dict)
    for row in rows:
        through = observed_through(row.last_result(), as_of)
        timelines[row.monitor_id][row.location.code] = location_timeline(changes[row.id], through, start, end)
    return timelines


def monitors(caller: Caller) -> QuerySet[Monitor]:
    """Monitors of the services a caller may know of, those still running."""
    caller.require(Permission.READ_MONITORS)
    rows = Monitor.objects.filter(service__in=catalogue.services(caller), stopped_at=None)
    return rows.select_related("service").order_by("service", "created_at")


def monitor(caller: Caller, monitor_id: UUID) -> Monitor:
    """One running monitor. Raises NotFound."""
    found = monitors(caller).filter(id=monitor_id).first()
    if found is None:
        raise NotFound("There is no such monitor.")
    return found


GLANCE = HOUR
"""How far back a state of now is looked for, in microseconds; every check is far more often than that."""


def states(caller: Caller, as_of: int) -> dict[UUID, State]:
    """How each service that the caller may know of is at `as_of`; one that nobody measures is left out."""
    running = monitors(caller).order_by().values_list("service_id", flat=True).distinct()
    return {id: measured(id, as_of - GLANCE, as_of, as_of).service.at(as_of - 1) for id in running}


def locations(caller: Caller) -> QuerySet[Location]:
    """The places that are probed from, with what troubles them, for whoever configures them."""
    caller.require(Permission.WRITE_MONITORS)
    return Location.objects.order_by("created_at").prefetch_related("troubles__monitor")


def location(caller: Caller, code: str) -> Location:
    """One location by its code. Raises NotFound."""
    found = locations(caller).filter(code=code).first()
    if found is None:
        raise NotFound("There is no such location.")
    return found


def location_by_code(code: str) -> Location | None:
    """A location that may still report, for checking a signature."""
    return Location.objects.filter(code=code, revoked_at=None).first()


def to_probe() -> list[Monitor]:
    """What every location asks now."""
    return list(Monitor.objects.filter(stopped_at=None).order_by("created_at"))


def has_results(service_id: UUID) -> bool:
    """Whether any location ever saw the service."""
    return StateChange.objects.filter(sight__monitor__service_id=service_id).exists()


def names(caller: Caller, service_id: UUID) -> dict[UUID, str]:
    """What the monitors of a service are called, those that were stopped as well."""
    caller.require(Permission.READ_MONITORS)
    rows = Monitor.objects.filter(service_id=service_id, service__in=catalogue.services(caller))
    return {row.id: row.name for row in rows}
