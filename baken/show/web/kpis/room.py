"""The rows and tiles of the control room."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext

from baken.domain.kpis import FACTORS, Kpi, Status, worst
from baken.domain.tallies import CLOCK_KPIS
from baken.record.reports.reads import Report
from baken.show.web.kpis import words
from baken.show.web.kpis.asked import Asked, titles
from baken.show.web.kpis.figures import change, direction, percent
from baken.show.web.kpis.sparks import Spark, spark
from baken.show.web.templatetags.baken import duration


@dataclass(frozen=True, slots=True)
class Row:
    """One KPI. aside: what stands under its value. records: the words for how many are behind it."""

    kpi: Kpi
    name: str | Promise
    why: str
    aside: str
    spark: Spark
    change: str
    direction: str
    records: str
    url: str


@dataclass(frozen=True, slots=True)
class Change:
    """A KPI whose status differs from that of the period before."""

    code: str
    before: Status
    now: Status


@dataclass(frozen=True, slots=True)
class Tile:
    """A success factor: its status, that of the period before, and which of its KPIs changed."""

    name: str | Promise
    status: Status
    before: Status
    codes: Sequence[str]
    changes: Sequence[Change]


def rows(asked: Asked, report: Report) -> list[Row]:
    """The fourteen, in their order."""
    labels = titles(asked.past)
    return [_row(asked, kpi, [*report.trends[code][:-1], kpi], labels) for code, kpi in report.kpis.items()]


def tiles(report: Report) -> list[Tile]:
    """The seven success factors."""
    found = []
    for factor, codes in FACTORS.items():
        before = {code: report.trends[code][-2].status for code in codes}
        changes = [
            Change(code, before[code], report.kpis[code].status)
            for code in codes
            if before[code] != report.kpis[code].status
        ]
        found.append(Tile(words.FACTORS[factor], report.factors[factor], worst(before.values()), codes, changes))
    return found


def aside(kpi: Kpi) -> str:
    """What belongs to a value: its coverage, of how many it is, how many it is the mean of."""
    beside = kpi.beside
    if kpi.exact is None:
        return ""
    if kpi.code in ("C1", "C2"):
        return gettext("measured %(share)s") % {"share": percent(100 * beside["coverage"])}
    if kpi.code in CLOCK_KPIS:
        return gettext("of %(count)s") % {"count": beside["of"]}
    if kpi.code == "C6" and beside["number"]:
        return gettext("median %(length)s") % {"length": duration(int(beside["median"] or 0))}
    if kpi.code == "C7" and beside["being_restored"]:
        return gettext("%(count)s being restored") % {"count": beside["being_restored"]}
    return ""


def records(kpi: Kpi) -> str:
    """How many records are behind a value, in words."""
    count = kpi.evidence_count
    if kpi.code in ("C1", "C2"):
        text = ngettext("%(count)s outage", "%(count)s outages", count)
    elif kpi.code == "C9":
        text = ngettext("%(count)s audit", "%(count)s audits", count)
    elif kpi.code == "D5":
        text = ngettext("%(count)s complaint", "%(count)s complaints", count)
    else:
        text = ngettext("%(count)s incident", "%(count)s incidents", count)
    return text % {"count": count}


def _row(asked: Asked, kpi: Kpi, trend: Sequence[Kpi], labels: Sequence[str]) -> Row:
    return Row(
        kpi=kpi,
        name=words.NAMES[kpi.code],
        why=words.why(kpi),
        aside=aside(kpi),
        spark=spark(trend, labels),
        change=change(kpi, trend[-2]),
        direction=direction(kpi, trend[-2]),
        records=records(kpi),
        url=reverse("kpi", args=[kpi.code]) + asked.address,
    )
