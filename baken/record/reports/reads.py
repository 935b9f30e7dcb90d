"""The fourteen KPIs of a service and a period, their trend, and the records behind each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from baken.domain import tallies
from baken.domain.attribution import Attribution
from baken.domain.kpis import FACTORS, KPIS, Kpi, Status, worst
from baken.domain.periods import Period
from baken.domain.tallies import Backlog, ReportedCounts, Tally
from baken.domain.verdicts import count_kpi, grade_kpi, integrity_kpi, mean_kpi
from baken.record.catalogue.reads import InForce
from baken.record.clocks.counting import Counting, Listed
from baken.record.incidents.models import Incident
from baken.record.people.access import Caller, NotFound, Permission
from baken.record.reports import others
from baken.record.reports.scopes import Scope, scope
from baken.record.reports.uptimes import OutageEvidence, Uptimes

__all__ = ["Evidence", "IncidentEvidence", "OutageEvidence", "Report", "Scope", "evidence", "report", "scope", "trends"]

KINDS = {"C1": "outages", "C2": "outages", "C9": "audits", "D5": "complaints"}
"""What is behind each KPI; incidents behind the others."""


@dataclass(frozen=True, slots=True)
class Report:
    """All fourteen KPIs in their order, the seven success factors, and what stands beside them."""

    scope: Scope
    kpis: dict[str, Kpi]
    factors: dict[str, Status]
    agreement: InForce
    reported: ReportedCounts
    backlog: Backlog


@dataclass(frozen=True, slots=True)
class IncidentEvidence:
    """An incident behind a KPI, and why it is there."""

    incident: Incident
    attribution: Attribution


@dataclass(frozen=True, slots=True)
class Evidence:
    """The records behind a KPI, `rows` being part of `total`. excluded: those that consent left out.

    kind: incidents, outages, audits or complaints, which says what rows are: `IncidentEvidence`, `OutageEvidence`,
    `Audit`, `Complaint`.
    """

    code: str
    kind: str
    kpi: Kpi
    total: int
    rows: Sequence[Any]
    excluded: Sequence[Any] = ()


def report(caller: Caller, scope: Scope) -> Report:
    """The KPIs of a scope, computed now from what is recorded."""
    caller.require(Permission.READ_KPIS)
    figures = _Figures(scope, [scope.period])
    kpis = {code: figures.kpi(code, scope.period, in_full=True) for code in KPIS}
    return Report(
        scope=scope,
        kpis=kpis,
        factors={factor: worst(kpis[code].status for code in codes) for factor, codes in FACTORS.items()},
        agreement=scope.in_force,
        reported=figures.counting.reported(scope.period),
        backlog=figures.counting.backlog(scope.period),
    )


def trends(caller: Caller, scope: Scope, periods: Sequence[Period]) -> dict[str, list[Kpi]]:
    """Each KPI over adjoining periods, in the order given. What stands beside C6 and costs most is left out."""
    caller.require(Permission.READ_KPIS)
    figures = _Figures(scope, periods)
    return {code: [figures.kpi(code, period, in_full=False) for period in periods] for code in KPIS}


def evidence(caller: Caller, scope: Scope, code: str, *, first: int = 0, limit: int | None = None) -> Evidence:
    """The records behind a KPI, from number `first` on, at most `limit`. Raises NotFound for an unknown code."""
    caller.require(Permission.READ_KPIS)
    if code not in KPIS:
        raise NotFound("There is no such KPI.")
    figures = _Figures(scope, [scope.period])
    kpi, kind = figures.kpi(code, scope.period, in_full=True), KINDS.get(code, "incidents")
    part = slice(first, None if limit is None else first + limit)
    if kind == "incidents":
        listed = figures.counting.listed(code, scope.period)
        excluded = figures.counting.excluded(code, scope.period)
        return Evidence(code, kind, kpi, len(listed), _incidents(listed[part]), _incidents(excluded))
    rows: Sequence[Any]
    if kind == "outages":
        rows = figures.uptimes.outages(code, scope.period)
    else:
        rows = others.valid_audits(scope) if kind == "audits" else others.complaints(scope, scope.period)
    return Evidence(code, kind, kpi, len(rows), rows[part])


def uptimes(caller: Caller, scope: Scope) -> Uptimes:
    """What was measured of the service in the period: timelines, outages, maintenance, locations."""
    caller.require(Permission.READ_KPIS)
    return _Figures(scope, [scope.period]).uptimes


class _Figures:
    """KPIs of one scope over some periods, from sums made once for all of them."""

    def __init__(self, scope: Scope, periods: Sequence[Period]) -> None:
        self._scope = scope
        self._versions = {period: scope.over(period).in_force for period in periods}
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
        terms = self._versions[period].terms
        return integrity_kpi(
            self.counting.integrity(period), self._target("C7", period), self._sources["incidents"],
            period, self._scope.as_of, others.overdue(self._scope, period, terms),
        )  # fmt: skip

    def _grade(self, period: Period) -> Kpi:
        terms, service = self._versions[period].terms, str(self._scope.service.id)
        target, as_of = self._target("C9", period), self._scope.as_of
        return grade_kpi(self._audits, service, terms.zone, terms.audit_grace_days, target, period, as_of)

    def _complaints(self, period: Period) -> Tally:
        return Tally(len(others.complaints(self._scope, period)))

    def _target(self, code: str, period: Period) -> Any:
        return self._versions[period].terms.kpi_targets.get(code)

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
    return [IncidentEvidence(rows[one.id], one.attribution) for one in listed if one.id in rows]
