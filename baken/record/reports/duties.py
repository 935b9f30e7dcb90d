"""What has to be done so that a period can be proven: restore drills, security reviews, audits and their findings.

`due` is the list of what cannot wait, for the front pages of the service manager and the administrator.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db.models import Case, Count, Exists, F, OuterRef, QuerySet, Subquery, Value, When, Window
from django.db.models.functions import RowNumber

from baken.domain.alerts import Level
from baken.domain.facts import Priority
from baken.domain.instants import DAY, to_datetime, to_us
from baken.domain.intervals import Intervals
from baken.domain.periods import Period, PeriodKind, containing, previous_periods
from baken.domain.zones import zone
from baken.record.audits import reminders
from baken.record.audits.models import Audit, Finding, SecurityReview
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.detection.models import AlertGroup
from baken.record.incidents import break_ins
from baken.record.incidents.models import Incident
from baken.record.people.access import Caller, Permission
from baken.record.recovery.models import Drill


@dataclass(frozen=True, slots=True)
class DrillDue:
    """The next restore drill of a service. last: the latest one; due: None when none was agreed. Microseconds."""

    service: Service
    last: Drill | None
    due: int | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class Unreviewed:
    """The time of a month, as far as it is past, in which nobody looked for break-ins of a service."""

    service: Service
    month: Period
    gaps: Intervals


def drills_due(caller: Caller, as_of: int) -> list[DrillDue]:
    """For each service, by its base agreement."""
    caller.require(Permission.WRITE_DRILLS)
    return [_drill_due(service, as_of) for service in catalogue.services(caller)]


def unreviewed(caller: Caller, as_of: int) -> list[Unreviewed]:
    """For each service the last closed month and the present one, where something is missing."""
    caller.require(Permission.WRITE_DRILLS)
    found = [
        _unreviewed(service, month, as_of)
        for service in catalogue.services(caller)
        for month in _months(service, as_of)
    ]
    return [one for one in found if len(one.gaps)]


class Matter(StrEnum):
    """What can be due."""

    GRADE = "grade"
    FINDING = "finding"
    BREAK_IN = "break_in"
    DRILL = "drill"


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is due at an instant (microseconds), or was: `overdue`.

    about: the audit, finding, incident or service it is about, by its matter. service: None for a finding.
    critical: of a suspicion, that a tool finds it so. days: of what is reminded of, whole days and what is begun of one
    that are left.
    """

    matter: Matter
    about: Audit | Finding | Incident | Service
    service: Service | None
    at: int
    overdue: bool
    critical: bool = False
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Dues:
    """What is due. more: services of which further suspicions are to be judged, and how many."""

    first: Sequence[Due]
    more: Sequence[tuple[Service, int]]


OF_ONE_SOURCE = 10
"""Suspicions of one alert source, or reported by one organisation, that are listed: what one of them sends or reports
hides nothing of the others."""


def due(caller: Caller, as_of: int) -> Dues:
    """What is due within the time of its first reminder, or is overdue; critical suspicions first, then by time."""
    caller.require(Permission.WRITE_DRILLS)
    unjudged = break_ins.unjudged(caller)
    suspected = list(_break_ins(unjudged, as_of))
    found = [*_grades(as_of), *_findings(as_of), *suspected, *_drills(caller, as_of)]
    return Dues(sorted(found, key=lambda one: (not one.critical, one.at)), _more(unjudged, suspected))


def _grades(as_of: int) -> Iterator[Due]:
    for one in reminders.expiring(as_of):
        until = one.validity.until
        if until - max(reminders.EXPIRING) * DAY <= as_of:
            overdue, days = one.validity.expired(as_of), one.days(as_of)
            yield Due(Matter.GRADE, one.audit, one.validity.service, until, overdue=overdue, days=days)


def _findings(as_of: int) -> Iterator[Due]:
    for finding, at in reminders.unsolved():
        if at - max(reminders.SOLVING) * DAY <= as_of:
            yield Due(Matter.FINDING, finding, None, at, overdue=at <= as_of, days=-((as_of - at) // DAY))


def _break_ins(unjudged: QuerySet[Incident], as_of: int) -> Iterator[Due]:
    """Suspicions that nobody has judged: whether somebody broke in has to be known within a day. The gravest first."""
    alerts = AlertGroup.objects.filter(incident=OuterRef("id"))
    rows = unjudged.annotate(
        critical=Exists(alerts.filter(level=Level.CRITICAL)), source=Subquery(alerts.values("source")[:1]),
        rank=Case(When(priority=Priority.HIGH, then=0), When(priority=Priority.MEDIUM, then=1), default=Value(2)),
    )  # fmt: skip
    place = Window(
        RowNumber(),
        partition_by=[F("source"), F("organisation")],
        order_by=[F("critical").desc(), "rank", "reported", "id"],
    )
    for incident in rows.annotate(place=place).filter(place__lte=OF_ONE_SOURCE).order_by("reported", "id"):
        at = to_us(incident.reported) + DAY
        overdue = at <= as_of
        yield Due(Matter.BREAK_IN, incident, incident.service, at, overdue=overdue, critical=incident.critical)


def _more(unjudged: QuerySet[Incident], shown: Sequence[Due]) -> list[tuple[Service, int]]:
    """The services of which not all suspicions are shown, and how many are not."""
    seen = Counter(one.service for one in shown)
    counts = dict(unjudged.order_by().values_list("service").annotate(Count("id")))
    services = Service.objects.filter(id__in=counts).order_by("name")
    return [(one, counts[one.id] - seen[one]) for one in services if counts[one.id] > seen[one]]


def _drills(caller: Caller, as_of: int) -> Iterator[Due]:
    for one in drills_due(caller, as_of):
        if one.overdue and one.due is not None:
            yield Due(Matter.DRILL, one.service, one.service, one.due, overdue=True)


def _drill_due(service: Service, as_of: int) -> DrillDue:
    every = catalogue.held_at(service.id, service.organisation_id, to_datetime(as_of)).terms.drill_every
    drills = Drill.objects.filter(service=service, retracted_at=None)
    last = drills.filter(finished__lte=to_datetime(as_of)).order_by("-finished").first()
    if every is None:
        return DrillDue(service, last, None, overdue=False)
    due = to_us((last.finished if last else service.created_at) + timedelta(microseconds=every))
    return DrillDue(service, last, due, overdue=due < as_of)


def _unreviewed(service: Service, month: Period, as_of: int) -> Unreviewed:
    spans = SecurityReview.objects.filter(service=service, retracted_at=None).values_list("began", "ended")
    seen = Intervals.of((to_us(began), to_us(ended)) for began, ended in spans)
    return Unreviewed(service, month, seen.gaps(month.start, max(month.start, min(month.end, as_of))))


def _months(service: Service, as_of: int) -> list[Period]:
    there = catalogue.held_at(service.id, service.organisation_id, to_datetime(as_of)).terms.zone
    today = to_datetime(as_of).astimezone(zone(there)).date()
    return [*previous_periods(there, PeriodKind.MONTH, today, 1), containing(there, PeriodKind.MONTH, today)]
