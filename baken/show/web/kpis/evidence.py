"""The records behind a KPI, as the lists that add up to its number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from django.urls import reverse

from baken.domain.attribution import Attribution, data_lost
from baken.domain.deadlines import Duty
from baken.domain.instants import SECOND
from baken.domain.kpis import Kpi
from baken.domain.uptime import UptimeTally
from baken.record.incidents.break_ins import duties_of
from baken.record.incidents.models import Incident
from baken.record.people.access import Caller, Permission
from baken.record.reports import reads as reports
from baken.record.reports.reads import Evidence, IncidentEvidence
from baken.record.reports.suspicions import suspicions
from baken.show.web.kpis.asked import Asked, titles
from baken.show.web.kpis.figures import change, percent, to_add_up
from baken.show.web.kpis.sparks import Spark, spark

_STATES = ("up", "down", "unknown")
CLOCKS = {"D1": "response", "D2": "response", "D3": "resolution", "D4": "resolution"}


@dataclass(frozen=True, slots=True)
class Period:
    """One of the thirteen periods: its value, its address, and what it did since the one before."""

    title: str
    kpi: Kpi
    url: str
    change: str


@dataclass(frozen=True, slots=True)
class Trend:
    """The thirteen periods, the newest first, and their picture."""

    periods: list[Period]
    chart: Spark


@dataclass(frozen=True, slots=True)
class Line:
    """An incident behind a KPI. at: the instant that puts it on the list. url: None when it is not theirs to open."""

    incident: Incident
    attribution: Attribution
    at: int | None
    url: str | None
    clock_url: str | None = None
    duties: Sequence[Duty] = ()
    elapsed: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the time behind C1 or C2, and its share of all that counts."""

    state: str
    length: int
    share: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A service as one location saw it."""

    location: str
    tally: UptimeTally
    lower: str
    upper: str
    worst: bool


def trend(asked: Asked, kpis: Sequence[Kpi]) -> Trend:
    """The thirteen periods that end with the one asked for."""
    labels = titles(asked.past)
    periods = [
        Period(label, kpi, asked.address_of(*dates), change(kpi, before) if before else "")
        for label, dates, kpi, before in zip(labels, asked.past, kpis, [None, *kpis[:-1]], strict=True)
    ]
    return Trend(periods[::-1], spark(kpis, labels, width=640, height=96))


def told(caller: Caller, asked: Asked, behind: Evidence) -> Mapping[str, Any]:
    """What the page of a KPI shows beside its value, by the kind of its records."""
    if behind.kind == "incidents":
        return _incidents(caller, asked, behind)
    if behind.kind == "outages":
        return _outages(caller, asked, behind)
    if behind.kind == "complaints":
        return {"closed": behind.total > 0 and not behind.rows}
    return {"openable": caller.may(Permission.READ_AUDITS)}


def _incidents(caller: Caller, asked: Asked, behind: Evidence) -> Mapping[str, Any]:
    lines = [_line(caller, asked, behind.code, row) for row in behind.rows]
    found: dict[str, Any] = {
        "lines": lines,
        "excluded": [_line(caller, asked, behind.code, row) for row in behind.excluded],
        "clock": CLOCKS.get(behind.code),
    }
    if behind.code == "C6":
        elapsed = to_add_up([line.attribution.resolve_elapsed or 0 for line in lines])
        found["lines"] = [replace(line, elapsed=length) for line, length in zip(lines, elapsed, strict=True)]
        found |= _durations(behind.kpi)
    if behind.code == "C8":
        found |= _suspected(caller, asked)
    if behind.code == "C7":
        lost = [line for line in lines if data_lost(line.attribution, asked.scope.period)]
        busy = reports.being_restored(caller, asked.scope)
        found |= {
            "lost": lost,
            "past_time": [line for line in lines if line not in lost],
            "being_restored": [_line(caller, asked, "C7", row) for row in busy],
        }
    return found


def _suspected(caller: Caller, asked: Asked) -> Mapping[str, Any]:
    """What does not count: suspicions that nobody judged yet, and those that were found to be none."""
    beside = suspicions(caller, asked.scope)
    return {
        "unjudged": [_line(caller, asked, "", row) for row in beside.unjudged],
        "rejected": [_line(caller, asked, "", row) for row in beside.rejected],
    }


def _line(caller: Caller, asked: Asked, code: str, row: IncidentEvidence) -> Line:
    incident, one = row.incident, row.attribution
    own = caller.staff or incident.organisation_id == caller.organisation
    clock = CLOCKS.get(code)
    return Line(
        incident=incident,
        attribution=one,
        at=_instant(code, one),
        url=reverse("incident", args=[incident.number]) if own else None,
        clock_url=reverse("clock", args=[incident.number, clock]) if own and clock else None,
        duties=duties_of(incident, asked.scope.as_of) if code == "C8" else (),
    )


def _instant(code: str, one: Attribution) -> int | None:
    if code == "C6":
        return one.resolved_at
    if code == "C8":
        return one.break_in_confirmed_at
    if code == "C7":
        return one.resolution_due if one.not_restorable_at is None else one.not_restorable_at
    if clock := CLOCKS.get(code):
        return one.response_breached_at if clock == "response" else one.resolution_breached_at
    return one.reported


def _durations(kpi: Kpi) -> Mapping[str, Any]:
    """The sum that, divided by the number, is the mean."""
    number = kpi.beside["number"]
    mean = kpi.exact[0] * SECOND if kpi.exact else Fraction(0)
    return {
        "sum": int(mean * number),
        "mean": int(mean),
        "with_excluded": _microseconds(kpi.beside["with_excluded"]),
        "median": _microseconds(kpi.beside["median"]),
        "working_mean": _microseconds(kpi.beside["working_mean"]),
    }


def _microseconds(value: float | None) -> int | None:
    return None if value is None else int(value)


def _outages(caller: Caller, asked: Asked, behind: Evidence) -> Mapping[str, Any]:
    beside, code = behind.kpi.beside, behind.code
    measured = reports.uptimes(caller, asked.scope)
    places = measured.by_location(code, asked.scope.period)
    worst = beside.get("worst_location")
    tally = UptimeTally(*(beside[state] for state in ("up", "down", "unknown", "maintenance")))
    shown = to_add_up([tally.up, tally.down, tally.unknown])
    judged = measured.maintenance(asked.scope.period)
    alike = len({(seen.up, seen.down, seen.unknown) for seen in places.values()}) == 1
    return {
        "tally": tally,
        "parts": [_part(state, length, tally.net) for state, length in zip(_STATES, shown, strict=True)],
        "down": shown[1],
        "outages": list(zip(behind.rows, to_add_up([row.within for row in behind.rows]), strict=True)),
        "places": [_seen(name, seen, None if alike else worst) for name, seen in sorted(places.items())],
        "refused": sum(spans.total() for spans in judged.refused.values()),
        "gross": (percent(beside["gross_lower"]), percent(beside["gross_upper"])) if tally.total else None,
        "with_excluded": _with_excluded(behind.kpi),
    }


def _with_excluded(kpi: Kpi) -> tuple[str, str] | None:
    """Both bounds with what consent left out; None when it left out nothing."""
    lower, upper = kpi.beside["with_excluded_lower"], kpi.beside["with_excluded_upper"]
    if lower is None or (lower, upper) == (kpi.lower, kpi.upper):
        return None
    return percent(lower), percent(upper)


def _part(state: str, length: int, whole: int) -> Part:
    return Part(state, length, percent(Fraction(100 * length, whole), 3) if whole else "")


def _seen(name: str, tally: UptimeTally, worst: str | None) -> Seen:
    lower, upper = (percent(100 * bound) if bound is not None else "" for bound in (tally.lower, tally.upper))
    return Seen(name, tally, lower, upper, name == worst)
