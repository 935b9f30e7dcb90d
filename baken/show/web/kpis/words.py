"""KPIs and success factors in plain words, and a sentence for every reason of a status."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from baken.domain.kpis import Kpi, Reason, Why
from baken.show.web.kpis.figures import day, percent, short_of_target

FACTORS: Mapping[str, Promise] = {
    "cloud.available": _("Data is available around the clock"),
    "cloud.everywhere": _("Data is available everywhere"),
    "cloud.backed_up": _("There are recent backups of the data"),
    "cloud.confidential": _("Data is confidential and secured"),
    "desk.responds": _("Incidents are responded to in time"),
    "desk.resolves": _("Incidents are resolved in time"),
    "desk.reachable": _("The service desk is there for you"),
}

NAMES: Mapping[str, Promise] = {
    "C1": _("Uptime"),
    "C2": _("Uptime during peak hours"),
    "C3": _("Availability incidents, high priority"),
    "C4": _("Availability incidents, medium priority"),
    "C5": _("Availability incidents, low priority"),
    "C6": _("Mean time to resolve an availability incident"),
    "C7": _("Data that could not be restored"),
    "C8": _("Confirmed break-ins"),
    "C9": _("Grade of the security audit"),
    "D1": _("Not responded to in time"),
    "D2": _("Not responded to in time, peak hours"),
    "D3": _("Not resolved in time"),
    "D4": _("Not resolved in time, peak hours"),
    "D5": pgettext_lazy("KPI", "Complaints"),
}

MEANINGS: Mapping[str, Promise] = {
    "C1": _(
        "The share of all time, day and night, in which the service was seen to work. Time that nobody measured may "
        "have been up or down, so there are two bounds: what is proven, and what cannot be ruled out."
    ),
    "C2": _(
        "The share of the agreed peak hours in which the service was seen to work. Time that nobody measured may have "
        "been up or down, so there are two bounds: what is proven, and what cannot be ruled out."
    ),
    "C3": _("Incidents about availability that were reported in the period and have high priority."),
    "C4": _("Incidents about availability that were reported in the period and have medium priority."),
    "C5": _("Incidents about availability that were reported in the period and have low priority."),
    "C6": _(
        "From the report to the last resolution in elapsed time, of the incidents about availability that were "
        "resolved in the period."
    ),
    "C7": _(
        "Incidents about the integrity of data that were closed in the period because the data is lost, or were still "
        "to be restored at its end, past the agreed time."
    ),
    "C8": _("Security incidents of which a person confirmed in the period that somebody had broken in."),
    "C9": _(
        "The grade, from 1 to 10, that an external auditor gave, as far as it is valid at the end of the period. Of "
        "several valid audits the lowest grade counts."
    ),
    "D1": _("Incidents whose agreed response time ran out in the period without a response."),
    "D2": _(
        "Incidents reported during peak hours whose agreed response time ran out in the period without a response."
    ),
    "D3": _("Incidents whose agreed resolution time ran out in the period without a resolution."),
    "D4": _(
        "Incidents reported during peak hours whose agreed resolution time ran out in the period without a resolution."
    ),
    "D5": _("Complaints that reached the service manager in the period, upheld or not."),
}

OVERDUE: Mapping[str, Promise] = {"restore_drill": _("a restore drill")}


def why(kpi: Kpi) -> str:
    """The reason of a KPI's status as a sentence."""
    if kpi.reason.code is Why.TARGET_MISSED:
        return short_of_target(kpi)
    return sentence(kpi.reason)


def sentence(reason: Reason) -> str:
    """The same without what only the KPI knows."""
    told = _SENTENCES[reason.code]
    return told(reason.data) if callable(told) and not isinstance(told, Promise) else str(told)


def _gaps(data: Mapping[str, Any]) -> str:
    spans = ", ".join(
        gettext("%(start)s to %(end)s") % {"start": day(start), "end": day(end)} for start, end in data["gaps"][:3]
    )
    more = len(data["gaps"]) - 3
    return spans if more <= 0 else gettext("%(spans)s and %(count)s more") % {"spans": spans, "count": more}


def _partly(data: Mapping[str, Any]) -> str:
    return gettext("There are no data for part of the period: %(spans)s.") % {"spans": _gaps(data)}


def _clocks(data: Mapping[str, Any]) -> str:
    text = ngettext(
        "%(count)s clock is running out, and would take it over the target.",
        "%(count)s clocks are running out, and would take it over the target.",
        data["clocks"],
    )
    return text % {"count": data["clocks"]}


def _coverage(data: Mapping[str, Any]) -> str:
    return gettext("Only %(share)s of the time was measured.") % {"share": percent(100 * data["coverage"])}


def _overdue(data: Mapping[str, Any]) -> str:
    what: Sequence[str] = [str(OVERDUE.get(code, code)) for code in data["what"]]
    return gettext("It is not shown that data can be restored: %(what)s is overdue.") % {"what": ", ".join(what)}


def _no_grade(data: Mapping[str, Any]) -> str:
    if data["expired_at"] is None:
        return gettext("There has been no audit of this service yet.")
    return gettext("No audit is valid; the last grade expired on %(day)s.") % {"day": day(data["expired_at"])}


def _expires(data: Mapping[str, Any]) -> str:
    return gettext("The grade expires on %(day)s, before the period ends.") % {"day": day(data["expires_at"])}


_SENTENCES: Mapping[Why, Promise | Callable[[Mapping[str, Any]], str]] = {
    Why.NOT_BEGUN: _("The period has not begun."),
    Why.NO_TARGET: _("No target was agreed."),
    Why.NO_DATA: _("Nothing was recorded in this period, so nothing is known."),
    Why.PARTLY_COVERED: _partly,
    Why.NOTHING_TO_AVERAGE: _("There is nothing to take a figure of in this period."),
    Why.TARGET_REACHED: _("The target is reached."),
    Why.TARGET_MISSED: _("The target is missed."),
    Why.CAN_RECOVER: _("Past the target so far; the rest of the period can make it good."),
    Why.ONE_MORE_MISSES: _("At the target: one more and it is missed."),
    Why.CLOCKS_RUNNING_OUT: _clocks,
    Why.BUDGET_RUNNING_OUT: _("More than three quarters of the time that may be lost is lost."),
    Why.LOW_COVERAGE: _coverage,
    Why.TARGET_BETWEEN_BOUNDS: _("Too much time was not measured to say whether the target is reached."),
    Why.OVERDUE: _overdue,
    Why.NO_VALID_GRADE: _no_grade,
    Why.GRADE_EXPIRES: _expires,
}
