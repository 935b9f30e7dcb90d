"""What a period still needs before it is sealed, and sealed reports beside what the ledger says now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from baken.domain.instants import to_datetime, to_iso, to_us
from baken.domain.kpis import Status
from baken.domain.periods import Period
from baken.record.clocks.counting import Counting
from baken.record.incidents.models import Incident
from baken.record.orgs import opened
from baken.record.people.access import Caller, NotFound, Permission
from baken.record.reports import reads
from baken.record.reports.models import Improvement, Snapshot
from baken.record.reports.scopes import Scope
from baken.record.reports.wire import to_wire

NEEDS_IMPROVEMENT = frozenset({Status.MISSED, Status.NOT_PROVEN})
COMPARED = ("value", "lower", "upper", "status", "target")


@dataclass(frozen=True, slots=True)
class Missing:
    """What stands between a closed period and its seal. False when nothing does.

    unconfirmed: incidents whose classes nobody confirmed. improvements: KPIs that were missed or not proven and have
    no cause, action, owner and date yet.
    """

    unconfirmed: list[Incident]
    improvements: list[str]

    def __bool__(self) -> bool:
        return bool(self.unconfirmed or self.improvements)

    def __str__(self) -> str:
        said = []
        if self.unconfirmed:
            count = len(self.unconfirmed)
            of = "one incident" if count == 1 else f"{count} incidents"
            said.append(f"classes: confirm the classes of {of} first")
        if self.improvements:
            said.append(f"improvements: give cause, action, owner and date for {', '.join(self.improvements)}")
        return "; ".join(said)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of a sealed report that comes out otherwise now: a correction, shown beside it."""

    code: str
    field: str
    sealed: Any
    now: Any


def missing(caller: Caller, scope: Scope, report: reads.Report) -> Missing:
    """What has to be written down before the period can be sealed."""
    caller.require(Permission.SEAL_REPORTS)
    told = {row.kpi for row in improvements(caller, scope)}
    wanted = [code for code, kpi in report.kpis.items() if kpi.status in NEEDS_IMPROVEMENT and code not in told]
    return Missing(unconfirmed(caller, scope), wanted)


def unconfirmed(caller: Caller, scope: Scope) -> list[Incident]:
    """Incidents of the period whose classes a person still has to confirm."""
    caller.require(Permission.SEAL_REPORTS)
    counting = Counting(scope.service, scope.customer.id if scope.customer else None, [scope.period], scope.as_of)
    return list(Incident.objects.filter(id__in=counting.unconfirmed(scope.period)).order_by("number"))


def improvements(caller: Caller, scope: Scope) -> QuerySet[Improvement]:
    """What was written down for the period, by KPI."""
    caller.require(Permission.READ_KPIS)
    start, end = (to_datetime(instant) for instant in scope.period)
    rows = Improvement.objects.filter(service=scope.service, customer=scope.customer, period_from=start, period_to=end)
    return rows.order_by("kpi")


def snapshots(caller: Caller) -> QuerySet[Snapshot]:
    """Sealed reports, the latest period first; a customer sees those made for them."""
    caller.require(Permission.READ_KPIS)
    rows = Snapshot.objects.select_related("service", "customer", "sealed_by").order_by("-period_from", "-sealed_at")
    return caller.narrow(rows, "customer_id")


def snapshot(caller: Caller, id: UUID) -> Snapshot:
    """One sealed report. Raises NotFound, also for a stranger's."""
    found = snapshots(caller).filter(id=id).first()
    if found is None:
        raise NotFound("There is no such report.")
    opened.about(found.organisation_id, "snapshot", id)
    return found


def of_scope(caller: Caller, scope: Scope) -> Snapshot | None:
    """The sealed report of just this service, customer and period, if there is one."""
    start, end = (to_datetime(instant) for instant in scope.period)
    rows = snapshots(caller).filter(service=scope.service, period_from=start, period_to=end)
    return rows.filter(customer=scope.customer).first()


def correction(caller: Caller, snapshot: Snapshot, as_of: datetime) -> list[Difference]:
    """Where the figures differ when they are computed again for the same period, as of now.

    None of a report whose customer was erased: what it said is gone.
    """
    if not snapshot.content:
        return []
    period = Period(to_us(snapshot.period_from), to_us(snapshot.period_to))
    scope = Scope(snapshot.service, snapshot.customer, period, to_us(as_of))
    now, then = to_wire(reads.report(caller, scope))["kpis"], snapshot.content["report"]["kpis"]
    return [
        Difference(code, field, then[code][field], now[code][field])
        for code in then
        for field in COMPARED
        if then[code][field] != now[code][field]
    ]


def evidence_ids(caller: Caller, scope: Scope, code: str) -> list[Any]:
    """What names the records behind a KPI for good: ids, or start and end of an outage."""
    found = reads.evidence(caller, scope, code)
    if found.kind == "incidents":
        return [str(row.incident.id) for row in found.rows]
    if found.kind == "outages":
        return [[to_iso(row.outage.start), row.outage.end and to_iso(row.outage.end)] for row in found.rows]
    return [str(row.id) for row in found.rows]
