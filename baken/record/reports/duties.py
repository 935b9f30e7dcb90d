"""What has to be done again and again so that a period can be proven: restore drills and security reviews."""

from dataclasses import dataclass
from datetime import timedelta

from baken.domain.instants import to_datetime, to_us
from baken.domain.intervals import Intervals
from baken.domain.periods import Period, PeriodKind, containing, previous_periods
from baken.domain.zones import zone
from baken.record.audits.models import SecurityReview
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
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


def _drill_due(service: Service, as_of: int) -> DrillDue:
    every = catalogue.held_at(service.id, service.organisation_id, to_datetime(as_of)).terms.drill_every
    last = Drill.objects.filter(service=service, finished__lte=to_datetime(as_of)).order_by("-finished").first()
    if every is None:
        return DrillDue(service, last, None, overdue=False)
    due = to_us((last.finished if last else service.created_at) + timedelta(microseconds=every))
    return DrillDue(service, last, due, overdue=due < as_of)


def _unreviewed(service: Service, month: Period, as_of: int) -> Unreviewed:
    spans = SecurityReview.objects.filter(service=service).values_list("began", "ended")
    seen = Intervals.of((to_us(began), to_us(ended)) for began, ended in spans)
    return Unreviewed(service, month, seen.gaps(month.start, max(month.start, min(month.end, as_of))))


def _months(service: Service, as_of: int) -> list[Period]:
    there = catalogue.held_at(service.id, service.organisation_id, to_datetime(as_of)).terms.zone
    today = to_datetime(as_of).astimezone(zone(there)).date()
    return [*previous_periods(there, PeriodKind.MONTH, today, 1), containing(there, PeriodKind.MONTH, today)]
