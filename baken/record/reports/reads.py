"""The fourteen KPIs of a service and a period, their trend, and the records behind each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any
from uuid import UUID

from baken.domain import tallies
from baken.domain.attribution import Attribution
from baken.domain.instants import to_us
from baken.domain.kpis import FACTORS, KPIS, Kpi, Status, worst
from baken.domain.periods import Period
from baken.domain.tallies import Backlog, ReportedCounts, Tally
from baken.domain.verdicts import count_kpi, grade_kpi, integrity_kpi, mean_kpi
from baken.record.catalogue.reads import InForce
from baken.record.clocks.counting import Counting, Listed
from baken.record.incidents.models import Incident
from baken.record.people.access import Caller, NotFound, Permission, program
from baken.record.people.acting import acting
from baken.record.reports import others
from baken.record.reports.scopes import Scope, scope
from baken.record.reports.uptimes import OutageEvidence, Uptimes

__all__ = ["Evidence", "IncidentEvidence", "OutageEvidence", "Report", "Scope", "evidence", "report", "scope", "trend"]

KINDS = {"C1": "outages", "C2": "outages", "C9": "audits", "D5": "complaints"}
"""What is behind each KPI; incidents behind the others."""


@dataclass(frozen=True, slots=True)
class Report:
    """All fourteen KPIs in their order, the seven success factors, and what stands beside them.

    trends: each KPI over the periods that were asked for, in their order; what costs most beside C6 is left out there.
    """

    scope: Scope
    kpis: dict[str, Kpi]
    factors: dict[str, Status]
    agreement: InForce
    reported: ReportedCounts
    backlog: Backlog
    trends: dict[str, list[Kpi]]


@dataclass(frozen=True, slots=True)
class IncidentEvidence:
    """An incident behind a KPI, and why it is there."""

    incident: Incident
    attribution: Attribution


@dataclass(frozen=True, slots=True)
class Evidence:
    """The records behind a KPI, `rows` being part of `total`. excluded: those that consent left out.

    There are no rows for somebody to whom the records are closed: complaints may be about the agent who looks.
    kind: incidents, outages, audits or complaints, which says what rows are: `IncidentEvidence`, `OutageEvidence`,
    `Audit`, `Complaint`.
    """

    code: str
    kind: str
    kpi: Kpi
    total: int
    rows: Sequence[Any]
    excluded: Sequence[Any] = ()


def report(caller: Caller, scope: Scope, periods: Sequence[Period] = ()) -> Report:
    """The KPIs of a scope, computed now from what is recorded, and their trend over adjoining `periods`."""
    caller.require(Permission.READ_KPIS)
    figures = _Figures(scope, [*periods, scope.period])
    kpis = {code: figures.kpi(code, scope.period, in_full=True) for code in KPIS}
    return Report(
        scope=scope,
        kpis=kpis,
        factors={factor: worst(kpis[code].status for code in codes) for factor, codes in FACTORS.items()},
        agreement=scope.in_force,
        reported=figures.counting.reported(scope.period),
        backlog=figures.counting.backlog(scope.period),
        trends={code: [figures.kpi(code, period, in_full=False) for period in periods] for code in KPIS},
    )


def trend(caller: Caller, scope: Scope, code: str, periods: Sequence[Period]) -> list[Kpi]:
    """One KPI over adjoining periods, as in a report's `trends`."""
    caller.require(Permission.READ_KPIS)
    figures = _Figures(scope, periods)
    return [figures.kpi(code, period, in_full=False) for period in periods]


def evidence(caller: Caller, scope: Scope, code: str, *, first: int = 0, limit: int | None = None) -> Evidence:
    """The records behind a KPI, from number `first` on, at most `limit`. Raises NotFound for an unknown code."""
    caller.require(Permission.READ_KPIS)
    if code not in KPIS:
        raise NotFound("There is no such KPI.")
    figures = _Figures(scope, [scope.period])
    kpi, kind = figures.kpi(code, scope.period, in_full=True), KINDS.get(code, "incidents")
    end = None if limit is None else first + limit
    if kind == "incidents":
        listed = list(islice(figures.counting.listed(code, scope.period), first, end))
        excluded = list(figures.counting.excluded(code, scope.period))
        return Evidence(code, kind, kpi, kpi.evidence_count, _incidents(listed), _incidents(excluded))
    rows: Sequence[Any]
    if kind == "outages":
        rows = figures.uptimes.outages(code, scope.period)
    else:
        rows = others.valid_audits(scope) if kind == "audits" else others.complaints(scope, scope.period)
    readable = kind != "complaints" or others.reads_complaints(caller)
    return Evidence(code, kind, kpi, len(rows), rows[first:end] if readable else [])


def being_restored(caller: Caller, scope: Scope) -> list[IncidentEvidence]:
    """Beside C7: what was still to be restored at the end of the period, inside the agreed time."""
    caller.require(Permission.READ_KPIS)
    counting = Counting(scope.service, _customer_id(scope), [scope.period], scope.as_of)
    return _incidents(list(counting.being_restored(scope.period)))


def uptimes(caller: Caller, scope: Scope) -> Uptimes:
    """What was measured of the service in the period: timelines, outages, maintenance, locations."""
    caller.require(Permission.READ_KPIS)
    return _Figures(scope, [scope.period]).uptimes


class _Figures:
    """KPIs of one scope over some periods, from sums made once for all of them."""

    def __init__(self, scope: Scope, periods: Sequence[Period]) -> None:
        self._scope, self._periods = scope, periods
        self._agreed = scope.agreed
        self.counting = Counting(scope.service, _customer_id(scope), periods, scope.as_of)
        self.uptimes = Uptimes(scope, periods, self.counting)

    def kpi(self, code: str, period: Period, *, in_full: bool) -> Kpi:
        """One KPI of one of the periods."""
        if code in ("C1", "C2"):
            return self.uptimes.kpi(code, period)
        if code == "C6":
            return self._mean(period, in_full=in_full)
        if code == "C7":
            return self._integrity(period)
        if code == "C9":
            return self._grade(period)
        return self._count(code, period)

    def _count(self, code: str, period: Period) -> Kpi:
        tally = self._complaints(period) if code == "D5" else self.counting.tally(code, period)
        source = {"C8": "reviews", "D5": "complaints"}.get(code, "incidents")
        running = code in tallies.CLOCK_KPIS and period.start <= self._scope.as_of < period.end
        return count_kpi(
            code, tally, self._target(code, period), self._sources[source], period, self._scope.as_of,
            self.counting.endangered(code, period) if running else 0,
        )  # fmt: skip

    def _mean(self, period: Period, *, in_full: bool) -> Kpi:
        return mean_kpi(
            self.counting.resolutions(period),
            tallies.median(self.counting.times_to_resolve(period)) if in_full else None,
            self._target("C6", period),
            self._sources["incidents"],
            period,
            self._scope.as_of,
            self.counting.open_past_time(period) if in_full else 0,
            self.counting.resolutions(period, excluded=True),
        )

    def _integrity(self, period: Period) -> Kpi:
        terms = self._agreed.at(period.start).terms
        return integrity_kpi(
            self.counting.integrity(period), self._target("C7", period), self._sources["incidents"],
            period, self._scope.as_of, others.overdue(self._scope, period, terms),
        )  # fmt: skip

    def _grade(self, period: Period) -> Kpi:
        service, target = str(self._scope.service.id), self._target("C9", period)
        return grade_kpi(self._audits, service, target, period, self._scope.as_of)

    def _complaints(self, period: Period) -> Tally:
        return Tally(sum(period.start <= lodged < period.end for lodged in self._lodged))

    def _target(self, code: str, period: Period) -> Any:
        return self._agreed.at(period.start).terms.kpi_targets.get(code)

    @cached_property
    def _lodged(self) -> Sequence[int]:
        start, end = min(period.start for period in self._periods), max(period.end for period in self._periods)
        return [to_us(complaint.lodged) for complaint in others.complaints(self._scope, Period(start, end))]

    @cached_property
    def _sources(self) -> Any:
        return others.sources(self._scope)

    @cached_property
    def _audits(self) -> Any:
        return list(others.graded(self._scope))


def _customer_id(scope: Scope) -> Any:
    return scope.customer.id if scope.customer else None


def _incidents(listed: Sequence[Listed]) -> list[IncidentEvidence]:
    rows = Incident.objects.select_related("service", "organisation", "assignee").in_bulk([one.id for one in listed])
    rows |= _of_the_service([one.id for one in listed if one.id not in rows])
    return [IncidentEvidence(rows[one.id], one.attribution) for one in listed if one.id in rows]


def _of_the_service(ids: Sequence[UUID]) -> dict[UUID, Incident]:
    """What befell the whole service and counts for each of its customers: to them without what was written of it."""
    if not ids:
        return {}
    with acting(program("reports")):
        rows = Incident.objects.select_related("service", "organisation").defer("subject", "assignee").in_bulk(ids)
    for row in rows.values():
        row.subject = ""
    return rows
