"""A report as plain values: what the API and the command line give, and what is sealed.

Durations are seconds, instants ISO 8601 in UTC, percentages up to 100.
"""

from collections.abc import Mapping
from typing import Any

from baken.domain.instants import SECOND, to_iso
from baken.domain.kpis import Kpi, plain
from baken.record.reports.reads import Report

DURATIONS = frozenset({"median", "longest", "working_mean", "up", "down", "unknown", "maintenance"})
INSTANTS = frozenset({"expires_at", "expired_at"})


def to_wire(report: Report) -> dict[str, Any]:
    """The whole report; `kpis` maps each code to what `kpi_to_wire` gives."""
    scope = report.scope
    return {
        "service": scope.service.code,
        "customer": scope.customer.code if scope.customer else None,
        "from": to_iso(scope.period.start),
        "to": to_iso(scope.period.end),
        "zone": report.agreement.terms.zone,
        "as_of": to_iso(scope.as_of),
        "agreement_version": report.agreement.version,
        "kpis": {code: kpi_to_wire(kpi) for code, kpi in report.kpis.items()},
        "factors": {factor: status.value for factor, status in report.factors.items()},
        "reported": {
            "received": report.reported.received,
            "counted": report.reported.counted,
            "by_monitor": report.reported.monitor,
            "left_out": {outcome.value: count for outcome, count in sorted(report.reported.left_out.items())},
        },
        "backlog": {
            "at_start": report.backlog.at_start,
            "came_in": report.backlog.came_in,
            "went_out": report.backlog.went_out,
            "at_end": report.backlog.at_end,
        },
    }


def kpi_to_wire(kpi: Kpi) -> dict[str, Any]:
    """One KPI. `value` is the lower, proven bound where there is a pair; None when nothing is known."""
    return {
        "value": kpi.value,
        "lower": kpi.lower,
        "upper": kpi.upper,
        "unit": kpi.unit.value,
        "target": None if kpi.target is None else plain(kpi.target, kpi.unit),
        "status": kpi.status.value,
        "reason": {"code": kpi.reason.code.value, **_values(kpi.code, kpi.reason.data)},
        "evidence_count": kpi.evidence_count,
        "beside": _values(kpi.code, kpi.beside),
    }


def _values(code: str, beside: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(code, name, value) for name, value in beside.items()}


def _value(code: str, name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in DURATIONS or (code == "C6" and name == "with_excluded"):
        return value / SECOND
    if name in INSTANTS:
        return to_iso(value)
    if name == "gaps":
        return [[to_iso(start), to_iso(end)] for start, end in value]
    return value
