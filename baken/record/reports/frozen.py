"""Reading a sealed report back: from plain values to KPIs that can be shown like any other."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from baken.domain.instants import SECOND, to_us
from baken.domain.kpis import Kpi, Reason, Status, Why
from baken.record.reports.wire import DURATIONS, INSTANTS


def kpis(content: Mapping[str, Any]) -> dict[str, Kpi]:
    """The fourteen as they were sealed, in their order."""
    found = content["report"]["kpis"]
    return {code: kpi(code, found[code]) for code in sorted(found)}


def kpi(code: str, values: Mapping[str, Any]) -> Kpi:
    """One KPI from what `kpi_to_wire` made of it. Values are those that were written, to the last digit."""
    lower, upper = values["lower"], values["upper"]
    why = {name: _value(code, name, value) for name, value in values["reason"].items() if name != "code"}
    return Kpi(
        code=code,
        exact=None if lower is None or upper is None else (_exact(lower), _exact(upper)),
        target=None if values["target"] is None else _exact(values["target"]),
        status=Status(values["status"]),
        reason=Reason(Why(values["reason"]["code"]), why),
        evidence_count=values["evidence_count"],
        beside={name: _value(code, name, value) for name, value in values["beside"].items()},
    )


def left_out(content: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What was received and not counted, by reason."""
    return sorted(content["report"]["reported"]["left_out"].items())


def _exact(value: float) -> Fraction:
    return Fraction(repr(value))


def _value(code: str, name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in DURATIONS or (code == "C6" and name == "with_excluded"):
        return round(value * SECOND)
    if name in INSTANTS:
        return to_us(datetime.fromisoformat(value))
    if name == "gaps":
        return [[to_us(datetime.fromisoformat(edge)) for edge in gap] for gap in value]
    return value
