"""Whether the installation works: database, disk, worker, locations, and what needs a decision."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import connection

from baken.record.catalogue.models import Service
from baken.record.detection.models import Routine
from baken.record.detection.reads import routines, worker_seen
from baken.record.ledger import clock
from baken.record.monitors.models import Location, Monitor
from baken.record.orgs.models import IndexRotation, Organisation, Rotation
from baken.record.people.access import Caller, Permission

WORKER_SILENT = timedelta(minutes=2)
LOCATION_SILENT = timedelta(minutes=5)
CHAIN_OLD = timedelta(days=2)
KEYS_HALF = timedelta(days=1)
DISK_FULL = 0.9


class Matter(StrEnum):
    """What needs somebody to decide or to look."""

    WORKER_SILENT = "worker_silent"
    ROUTINE_FAILS = "routine_fails"
    CHAIN_OLD = "chain_old"
    DISK_FULL = "disk_full"
    KEYS_HALF = "keys_half"
    LOCATION_SILENT = "location_silent"
    LOCATION_TROUBLED = "location_troubled"
    NO_LOCATION = "no_location"
    NOT_MEASURED = "not_measured"
    USES_NOTHING = "uses_nothing"


@dataclass(frozen=True, slots=True)
class Concern:
    """One matter: which record it is about, by its code ("" for the installation), and what people call that."""

    matter: Matter
    code: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """The installation at an instant. Sizes are in bytes; `disk_used` is a share from 0 to 1."""

    as_of: datetime
    database_version: str
    database_size: int
    disk_total: int
    disk_free: int
    worker_seen: datetime | None
    chain_verified: datetime | None
    routines: list[Routine]
    locations: list[Location]
    concerns: list[Concern]

    @property
    def disk_used(self) -> float:
        """The share of the disk that is full."""
        return 1 - self.disk_free / self.disk_total


def health(caller: Caller) -> Health:
    """How the installation is now."""
    caller.require(Permission.WRITE_PEOPLE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
        version, size = cursor.fetchone()
    disk = shutil.disk_usage(settings.BAKEN_HOME)
    known = routines()
    found = Health(
        as_of=clock.now(), database_version=version, database_size=size, disk_total=disk.total, disk_free=disk.free,
        worker_seen=worker_seen(), chain_verified=known["chain"].ended if "chain" in known else None,
        routines=sorted(known.values(), key=lambda row: row.name),
        locations=list(Location.objects.filter(revoked_at=None).order_by("created_at").prefetch_related("troubles")),
        concerns=[],
    )  # fmt: skip
    found.concerns.extend(_concerns(found))
    return found


def _concerns(found: Health) -> Iterator[Concern]:
    if _older(found, found.worker_seen, WORKER_SILENT):
        yield Concern(Matter.WORKER_SILENT)
    elif _older(found, found.chain_verified, CHAIN_OLD):
        yield Concern(Matter.CHAIN_OLD)
    if found.disk_used > DISK_FULL:
        yield Concern(Matter.DISK_FULL)
    before = found.as_of - KEYS_HALF
    begun = Rotation.objects.filter(switched_at__lt=before), IndexRotation.objects.filter(began_at__lt=before)
    if any(rows.exists() for rows in begun):
        yield Concern(Matter.KEYS_HALF)
    for row in found.routines:
        if row.failing_since is not None:
            yield Concern(Matter.ROUTINE_FAILS, row.name, row.name)
    yield from _about_locations(found)
    yield from _about_records()


def _about_locations(found: Health) -> Iterator[Concern]:
    if not found.locations:
        yield Concern(Matter.NO_LOCATION)
    for row in found.locations:
        if _older(found, row.last_seen or row.created_at, LOCATION_SILENT):  # a new one has not had the time
            yield Concern(Matter.LOCATION_SILENT, row.code, row.name)
        elif row.troubles.all():
            yield Concern(Matter.LOCATION_TROUBLED, row.code, row.name)


def _about_records() -> Iterator[Concern]:
    measured = Monitor.objects.filter(stopped_at=None).values("service_id")
    for service in Service.objects.exclude(id__in=measured).order_by("created_at"):
        yield Concern(Matter.NOT_MEASURED, service.code, service.name)
    customers = Organisation.objects.filter(kind=Organisation.Kind.CUSTOMER)
    for customer in customers.exclude(subscriptions__until=None).order_by("created_at"):
        yield Concern(Matter.USES_NOTHING, customer.code, customer.name)


def _older(found: Health, moment: datetime | None, than: timedelta) -> bool:
    return moment is None or moment < found.as_of - than
