"""What a period still needs before its seal, and what a sealed report says beside what is known now."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

from baken.domain.kpis import Kpi
from baken.record.incidents.models import Incident
from baken.record.people.access import Caller
from baken.record.reports import frozen, sealed
from baken.record.reports.models import Improvement, Snapshot
from baken.record.reports.reads import Report
from baken.record.reports.sealed import Difference
from baken.show.web.kpis import words
from baken.show.web.kpis.asked import Asked
from baken.show.web.kpis.room import aside


@dataclass(frozen=True, slots=True)
class Wanted:
    """A KPI that was missed or not proven, and what was written down about it."""

    kpi: Kpi
    name: str | Promise
    why: str
    improvement: Improvement | None


@dataclass(frozen=True, slots=True)
class Checklist:
    """What is asked of whoever seals. ready: nothing is missing any more."""

    unconfirmed: Sequence[Incident]
    wanted: Sequence[Wanted]
    ready: bool

    @property
    def written(self) -> bool:
        """Whether every improvement is written down."""
        return all(one.improvement for one in self.wanted)


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A KPI as it was sealed, and as it comes out now where that differs."""

    kpi: Kpi
    name: str | Promise
    why: str
    aside: str
    now: Kpi | None


def checklist(caller: Caller, asked: Asked, report: Report) -> Checklist:
    """Classes to confirm, improvements to write down."""
    missing = sealed.missing(caller, asked.scope, report)
    known = {row.kpi: row for row in sealed.improvements(caller, asked.scope)}
    wanted = [
        Wanted(kpi, words.NAMES[code], words.why(kpi), known.get(code))
        for code, kpi in report.kpis.items()
        if kpi.status in sealed.NEEDS_IMPROVEMENT
    ]
    return Checklist(missing.unconfirmed, wanted, asked.scope.closed and not missing)


def sealed_rows(snapshot: Snapshot, corrections: Sequence[Difference]) -> list[SealedRow]:
    """The fourteen as frozen, each with its correction."""
    return [
        SealedRow(kpi, words.NAMES[code], words.why(kpi), aside(kpi), _now(snapshot, code, corrections))
        for code, kpi in frozen.kpis(snapshot.content).items()
    ]


def _now(snapshot: Snapshot, code: str, corrections: Sequence[Difference]) -> Kpi | None:
    changed = {difference.field: difference.now for difference in corrections if difference.code == code}
    return frozen.kpi(code, {**snapshot.content["report"]["kpis"][code], **changed}) if changed else None
