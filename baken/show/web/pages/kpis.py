"""The control room, and from each number to its records."""

from django.core.paginator import Paginator
from django.http import HttpResponse

from baken.domain.instants import to_us
from baken.domain.kpis import KPIS
from baken.domain.periods import PeriodKind
from baken.record.catalogue import reads as catalogue
from baken.record.ledger import clock
from baken.record.people import reads as people
from baken.record.people.access import NotFound, Permission
from baken.record.reports import duties, sealed
from baken.record.reports import reads as reports
from baken.show.web.guard import page, show
from baken.show.web.kpis import asked, evidence, room, words
from baken.show.web.middleware import PageRequest

ROWS = 100
"""How many records of an evidence list are on one page."""


@page(Permission.READ_KPIS, methods=("GET",))
def kpis(request: PageRequest) -> HttpResponse:
    """Seven success factors, fourteen KPIs, of one service and period."""
    found = asked.read(request.caller, request.GET)
    if found is None:
        return show(request, "kpi/none.html")
    report = reports.report(request.caller, found.scope, found.past_periods)
    context = chosen(request, found) | {
        "report": report,
        "tiles": room.tiles(report),
        "rows": room.rows(found, report),
        "before": asked.titles(found.past[-2:-1])[0],
        "left_out": sorted(report.reported.left_out.items()),
        "agreement": report.agreement,
        "snapshot": sealed.of_scope(request.caller, found.scope),
    }
    return show(request, "kpi/room.html", context | {"due": due_for(request)})


@page(Permission.READ_KPIS, methods=("GET",))
def kpi(request: PageRequest, code: str) -> HttpResponse:
    """One KPI: its value, the sum it comes from, and the records behind it."""
    found = asked.read(request.caller, request.GET)
    if found is None or code not in KPIS:
        raise NotFound("There is no such KPI.")
    shown = _page_number(request)
    behind = reports.evidence(request.caller, found.scope, code, first=(shown - 1) * ROWS, limit=ROWS)
    trend = reports.trend(request.caller, found.scope, code, found.past_periods)
    trend = [*trend[:-1], behind.kpi]
    context = chosen(request, found) | {
        "agreement": found.scope.in_force,
        "kpi": behind.kpi,
        "name": words.NAMES[code],
        "meaning": words.MEANINGS[code],
        "why": words.why(behind.kpi),
        "aside": room.aside(behind.kpi),
        "evidence": behind,
        "page": Paginator(range(behind.total), ROWS).get_page(shown),
        "trend": evidence.trend(found, trend),
        **evidence.told(request.caller, found, behind),
    }
    return show(request, f"kpi/evidence_{behind.kind}.html", context)


def due_for(request: PageRequest) -> dict[str, object]:
    """What cannot wait, for whoever looks after it, and where the rest of it is listed; empty when that is nothing."""
    if not request.caller.may(Permission.WRITE_DRILLS):
        return {}
    found = duties.due(request.caller, to_us(clock.now()))
    more = [(service, count, asked.this_month(service)) for service, count in found.more]
    return {"first": found.first, "more": more} if found.first else {}


def chosen(request: PageRequest, found: asked.Asked) -> dict[str, object]:
    """What the bar at the top needs: the choices, and what is chosen."""
    return {
        "asked": found,
        "services": catalogue.services(request.caller),
        "customers": people.customers(request.caller) if request.caller.staff else (),
        "kinds": [(kind.name.lower(), found.as_kind(kind), kind is found.kind) for kind in PeriodKind],
    }


def _page_number(request: PageRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), 100_000) if text.isascii() and text.isdigit() and len(text) < 7 else 1
