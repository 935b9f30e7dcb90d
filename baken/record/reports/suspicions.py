"""Beside C8: suspicions of a break-in that nobody has judged yet, and those that turned out to be none."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from baken.domain.facts import IncidentClass, Kind
from baken.domain.instants import to_datetime
from baken.record.clocks.folding import folded
from baken.record.incidents.models import Incident
from baken.record.ledger.models import LedgerFact
from baken.record.people.access import Caller, Permission
from baken.record.reports.reads import IncidentEvidence
from baken.record.reports.scopes import Scope

_TELLING = (Kind.CLASSES_CHANGED.value, Kind.BREAK_IN_REJECTED.value)
"""What makes an incident one that is not suspected any more."""


@dataclass(frozen=True, slots=True)
class Suspicions:
    """Security incidents that do not count: those still to be judged, whenever they were reported before the end of the
    period; and those of which somebody found in the period that nobody was in."""

    unjudged: list[IncidentEvidence]
    rejected: list[IncidentEvidence]


def suspicions(caller: Caller, scope: Scope) -> Suspicions:
    """What was suspected of the scope's service, as it was known at its `as_of`."""
    caller.require(Permission.READ_KPIS)
    found = Suspicions([], [])
    rows = _candidates(scope)
    for history in folded(rows, scope.as_of) if rows else ():
        one, row = history.incident, rows[history.id]
        if IncidentClass.SECURITY not in one.classes or one.outcome or one.break_in_confirmed_at is not None:
            continue
        rejected = one.break_in_rejected_at
        if rejected is None:
            found.unjudged.append(IncidentEvidence(row, history.attribution))
        elif scope.period.start <= rejected < scope.period.end:
            found.rejected.append(IncidentEvidence(row, history.attribution))
    for part in (found.unjudged, found.rejected):
        part.sort(key=lambda row: row.attribution.reported)
    return found


def _candidates(scope: Scope) -> Mapping[UUID, Incident]:
    """Rows say how it is now; so more than enough of them, of which the facts tell how it was.

    One that had another class, or no verdict, at an `as_of` in the past shows by a fact that came later.
    """
    start, end = to_datetime(scope.period.start), to_datetime(min(scope.period.end, scope.as_of + 1))
    late = Q(break_in_rejected_at=None) | Q(break_in_rejected_at__gte=start)
    changed = Exists(
        LedgerFact.objects.filter(stream_id=OuterRef("id"), kind__in=_TELLING, at__gt=to_datetime(scope.as_of))
    )
    suspected = late & Q(classes__contains=[IncidentClass.SECURITY.value])
    rows = Incident.objects.filter(suspected | changed, service=scope.service, reported__lt=end)
    rows = rows.filter(organisation=scope.customer) if scope.customer else rows
    return {row.id: row for row in rows.select_related("service", "organisation", "assignee")}
