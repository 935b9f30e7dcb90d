"""Configuring monitors, and taking in what probers saw."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from baken.domain.instants import to_datetime, to_us
from baken.domain.locations import ProbeResult, step
from baken.domain.quorum import Quorum, QuorumError
from baken.domain.timelines import Change
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append, append_many
from baken.record.monitors import project, sights
from baken.record.monitors.models import Location, Monitor, Sight, Trouble
from baken.record.orgs.fields import LINE, new_id
from baken.record.orgs.models import Organisation
from baken.record.people.access import Caller, NotFound, Permission

MILLISECOND = 1_000
FUTURE = timedelta(minutes=5)
"""How far a prober's clock may be ahead before its results are refused."""


class MonitorError(ValueError):
    """The monitor or location does not fit; the message names the field and the remedy."""


class Gap(Exception):
    """Results are missing before these; `expected` is the sequence number to send from."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"Send from sequence number {expected}.")
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Result:
    """One check as a prober saw it: instants and durations in microseconds, `outcome` up or down."""

    monitor: UUID
    sequence: int
    started: int
    duration: int
    outcome: str
    reason: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a location says keeps it from giving results of a monitor; of any, when `monitor` is None."""

    monitor: UUID | None
    reason: str
    detail: str


@transaction.atomic
def add_location(caller: Caller, *, provider: Organisation, code: str, name: str, public_key: str) -> Location:
    """A place to probe from, known by its public key."""
    caller.require(Permission.WRITE_MONITORS)
    if code == "new" or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", code):
        raise MonitorError("code: use small letters, digits and hyphens, like ams-1")
    if Location.objects.filter(code=code).exists():
        raise MonitorError(f"code: {code!r} is taken; choose another")
    location = Location(
        organisation=provider, code=code, name=name or code, public_key=public_key, created_at=clock.now()
    )
    location.full_clean()
    location.save()
    _configured(caller, Stream("location", location.id, provider.id), "location.added", {"code": code})
    return location


@transaction.atomic
def replace_key(caller: Caller, code: str, public_key: str) -> None:
    """The location has a new key: the old one no longer opens anything."""
    caller.require(Permission.WRITE_MONITORS)
    if not Location.objects.filter(code=code).update(public_key=public_key, revoked_at=None):
        raise NotFound("There is no such location.")


@transaction.atomic
def revoke_location(caller: Caller, code: str) -> None:
    """Take no more results from a location."""
    caller.require(Permission.WRITE_MONITORS)
    location = Location.objects.select_for_update().filter(code=code).first()
    if location is None:
        raise NotFound("There is no such location.")
    location.revoked_at = clock.now()
    location.save(update_fields=["revoked_at"])
    _configured(caller, Stream("location", location.id, location.organisation_id), "location.revoked", {})


@transaction.atomic
def add_monitor(caller: Caller, *, service: Service, name: str, url: str, **options: Any) -> Monitor:
    """Start measuring an address of a service. `options` are the columns of `Monitor`."""
    caller.require(Permission.WRITE_MONITORS)
    monitor = Monitor(
        organisation=service.organisation,
        service=service,
        name=name,
        url=url,
        created_at=clock.now(),
        **options,
    )
    _check(monitor)
    monitor.save()
    _remember(caller, monitor, "monitor.added")
    return monitor


@transaction.atomic
def change_monitor(caller: Caller, monitor_id: UUID, **options: Any) -> Monitor:
    """Measure differently from now on; what was seen stays."""
    caller.require(Permission.WRITE_MONITORS)
    monitor = _locked(monitor_id)
    for name, value in options.items():
        setattr(monitor, name, value)
    _check(monitor)
    monitor.save()
    _remember(caller, monitor, "monitor.changed")
    return monitor


@transaction.atomic
def stop_monitor(caller: Caller, monitor_id: UUID) -> None:
    """Measure no longer. Until now it counts as it was seen; afterwards it is no part of the service."""
    caller.require(Permission.WRITE_MONITORS)
    monitor = _locked(monitor_id)
    monitor.stopped_at = clock.now()
    monitor.save(update_fields=["stopped_at"])
    _configured(caller, Stream("monitor", monitor.id, monitor.organisation_id), "monitor.stopped", {})


@transaction.atomic
def accept(location: Location, results: Sequence[Result]) -> int:
    """Take in a location's results, in order and once; gives the highest sequence number that is stored.

    Results that were stored before are passed over, and those from before the location was added: its clock was
    wrong. Raises Gap when some are missing in between. Results of a monitor that is not there any more are stored
    as seen and fold nowhere.
    """
    locked = Location.objects.select_for_update().get(id=location.id)
    fresh = [result for result in results if result.sequence > locked.acknowledged]
    for offset, result in enumerate(fresh, start=1):
        if result.sequence != locked.acknowledged + offset:
            raise Gap(locked.acknowledged + 1)
    now = clock.now()
    latest = to_us(now + FUTURE)
    if any(result.started > latest for result in fresh):
        raise MonitorError("started: this prober's clock is ahead of the hub's; set it right")
    if possible := [result for result in fresh if result.started >= to_us(locked.created_at)]:
        _store(locked, possible)
        _fold(locked, possible)
    if fresh:
        locked.acknowledged = fresh[-1].sequence
    locked.last_seen = now
    locked.save(update_fields=["acknowledged", "last_seen"])
    return locked.acknowledged


@transaction.atomic
def tell_problems(location: Location, told: Sequence[Told], *, at: datetime) -> None:
    """All that keeps a location from giving results, as it says at `at`. What it said later already stands.

    Problems of monitors that are gone are left out; one that lasts keeps the instant since when.
    """
    locked = Location.objects.select_for_update().get(id=location.id)
    if locked.told_at is not None and at <= locked.told_at:
        return
    since: dict[tuple[UUID | None, str], datetime] = {
        (row.monitor_id, row.reason): row.since for row in locked.troubles.all()
    }
    known = set(Monitor.objects.filter(stopped_at=None).values_list("id", flat=True))
    standing = {row.monitor: row for row in told if row.monitor is None or row.monitor in known}
    locked.troubles.all().delete()
    Trouble.objects.bulk_create(
        Trouble(
            organisation_id=locked.organisation_id, location=locked, monitor_id=monitor, reason=row.reason,
            detail=row.detail[:LINE], since=since.get((monitor, row.reason), clock.now()),
        )
        for monitor, row in standing.items()
    )  # fmt: skip
    locked.told_at = at
    locked.save(update_fields=["told_at"])


@transaction.atomic
def note_progress(caller: Caller) -> None:
    """Put the last result of every sight on the ledger, so that the ledger alone says what was measured.

    Between changes nothing else is written about a service that stays up, so this is done every hour.
    """
    seen = Sight.objects.select_for_update().exclude(started=None)
    append_many(((sights.stream(sight), [sights.observed(sight)]) for sight in seen), actor=caller.actor)


STORE = """
COPY monitors_result (organisation_id, monitor_id, location_id, sequence, started, duration, outcome, reason, status)
FROM STDIN
"""


def _store(location: Location, results: Sequence[Result]) -> None:
    project.make_partitions({to_datetime(result.started).date() for result in results})
    with connection.cursor() as cursor, cursor.copy(STORE) as copy:
        for result in results:
            copy.write_row(
                [
                    location.organisation_id, result.monitor, location.id, result.sequence,
                    to_datetime(result.started), result.duration, result.outcome, result.reason, result.status,
                ]
            )  # fmt: skip


def _fold(location: Location, results: Sequence[Result]) -> None:
    by_monitor: dict[UUID, list[Result]] = defaultdict(list)
    for result in results:
        by_monitor[result.monitor].append(result)
    monitors = Monitor.objects.select_related("service").in_bulk(list(by_monitor))
    changes: dict[Sight, list[Change]] = {}
    for id, monitor in monitors.items():
        sight = _sight(monitor, location)
        changes[sight] = _advance(sight, monitor, by_monitor[id])
    _write(f"location:{location.id}", changes)


def _advance(sight: Sight, monitor: Monitor, results: Sequence[Result]) -> list[Change]:
    changes: list[Change] = []
    last = sight.last_result()
    for result in results:
        seen = ProbeResult(
            result.started, result.outcome == "up", monitor.interval * MILLISECOND,
            monitor.tolerance * MILLISECOND, result.reason,
        )  # fmt: skip
        if last is not None and seen.started <= last.started:
            continue  # a clock that was set back: the past stays as it was seen
        changes += step(last, seen)
        last = seen
    if last is not None:
        sight.started, sight.up, sight.reason = to_datetime(last.started), last.up, last.reason or ""
        sight.interval, sight.tolerance = monitor.interval, monitor.tolerance
    return changes


def _write(actor: str, changes: dict[Sight, list[Change]]) -> None:
    Sight.objects.bulk_update(list(changes), ["started", "up", "reason", "interval", "tolerance"])
    changed = {sight: seen for sight, seen in changes.items() if seen}
    append_many(
        ((sights.stream(sight), [sights.changed(change) for change in seen]) for sight, seen in changed.items()),
        actor=actor,
    )
    project.add_changes({sight.id: seen for sight, seen in changed.items()})


def _sight(monitor: Monitor, location: Location) -> Sight:
    found = Sight.objects.select_for_update().filter(monitor=monitor, location=location).first()
    if found is not None:
        return found
    sight = Sight(
        id=new_id(), organisation_id=monitor.organisation_id, monitor=monitor, location=location,
        interval=monitor.interval,
    )  # fmt: skip
    sight.save(force_insert=True)
    append(sights.stream(sight), [sights.began(sight)], actor=f"location:{location.id}")
    return sight


def _remember(caller: Caller, monitor: Monitor, kind: str) -> None:
    data = {
        "service": str(monitor.service_id), "interval": monitor.interval, "tolerance": monitor.tolerance,
        "quorum": monitor.quorum, "minimum_reporting": monitor.minimum_reporting,
        "confirm_after": monitor.confirm_after, "quiet": monitor.quiet,
    }  # fmt: skip
    stream = Stream("monitor", monitor.id, monitor.organisation_id)
    project.add_versions(monitor.id, append(stream, [Entry(kind, clock.now(), data)], actor=caller.actor))


def _configured(caller: Caller, stream: Stream, kind: str, data: dict[str, Any]) -> None:
    append(stream, [Entry(kind, clock.now(), data)], actor=caller.actor)


def _locked(monitor_id: UUID) -> Monitor:
    monitor = Monitor.objects.select_for_update().filter(id=monitor_id, stopped_at=None).first()
    if monitor is None:
        raise NotFound("There is no such monitor.")
    return monitor


def _check(monitor: Monitor) -> None:
    """Raise MonitorError for what a prober could not run, and for what a column cannot hold."""
    for problem in (
        _wrong_address(monitor),
        _wrong_timing(monitor),
        _wrong_quorum(monitor),
        _wrong_expectation(monitor),
    ):
        if problem:
            raise MonitorError(problem)
    try:
        monitor.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise MonitorError(f"{field}: {' '.join(messages)}") from error


def _wrong_address(monitor: Monitor) -> str | None:
    try:
        parts = urlsplit(monitor.url)
        parts.port  # noqa: B018 (an impossible port raises)
    except ValueError:
        return "url: this is not a URL; write it like https://www.example.org/path"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "url: give an address that begins with http:// or https://"
    if any(not 32 < ord(character) < 127 for character in monitor.url):
        return "url: plain ASCII only; write a host as xn--..., and other characters as %XX"
    if monitor.method not in {"GET", "HEAD", "POST"}:
        return "method: choose GET, HEAD or POST"
    return None


def _wrong_timing(monitor: Monitor) -> str | None:
    if not 200 <= monitor.interval <= 86_400_000:
        return "interval: give 200 milliseconds to a day"
    if not 0 < monitor.timeout <= 300_000:
        return "timeout: give more than 0 and at most 300000 milliseconds"
    return None


def _wrong_quorum(monitor: Monitor) -> str | None:
    try:
        Quorum(monitor.quorum or "majority", monitor.minimum_reporting)
    except QuorumError as error:
        return str(error)
    return None


def _wrong_expectation(monitor: Monitor) -> str | None:
    written = monitor.expect_status
    if not re.fullmatch(r"\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*", written, re.ASCII):
        return "expect_status: write it like 200 or 200-299,404"
    spans = [part.split("-") for part in written.split(",")]
    if any(not 100 <= int(span[0]) <= int(span[-1]) <= 599 for span in spans):
        return "expect_status: the codes run from 100 to 599, the lower one first"
    if monitor.method == "HEAD" and monitor.expect_text:
        return "expect_text: a HEAD request has no text; use GET"
    return None
