"""Whether the services work, and whether they did: for users, for customers, for everybody."""

from django.http import HttpResponse

from baken.domain.instants import to_datetime, to_us
from baken.record.catalogue import reads as catalogue
from baken.record.ledger import clock
from baken.record.monitors import reads as monitors
from baken.record.people.access import Permission
from baken.record.reports import status as reading
from baken.show.web.guard import page, show
from baken.show.web.kpis import bars
from baken.show.web.kpis.uptime import planned, shown, sightings, works
from baken.show.web.middleware import PageRequest


@page(Permission.READ_MONITORS, methods=("GET",))
def outages(request: PageRequest) -> HttpResponse:
    """Every service: how it is now, its ninety days, its outages."""
    found = reading.of_all(request.caller, bars.DAYS, to_us(clock.now()))
    return show(request, "uptime/outages.html", {"services": [shown(one) for one in found]})


@page(Permission.READ_MONITORS, methods=("GET",))
def service(request: PageRequest, code: str) -> HttpResponse:
    """One service: its state in a sentence, ninety days, outages, monitors, locations, maintenance."""
    found = catalogue.service(request.caller, code)
    now = to_us(clock.now())
    status = reading.of_service(request.caller, found, bars.DAYS, now)
    context = {
        "one": shown(status),
        "sightings": sightings(status, monitors.names(request.caller, found.id)),
        "planned": planned(status, catalogue.maintenance(request.caller, found.id), now),
        "measured": monitors.has_results(found.id),
    }
    return show(request, "uptime/service.html", context)


@page(public=True, methods=("GET",))
def status(request: PageRequest) -> HttpResponse:
    """The status page: one sentence, and ninety days of every service. No data of any customer."""
    found, now = reading.for_everybody(bars.DAYS, to_us(clock.now()))
    context = {"services": [shown(one) for one in found], "works": works(found), "now": to_datetime(now)}
    response = show(request, "uptime/status.html", context)
    response.headers["Cache-Control"] = "no-store" if request.user.is_authenticated else "private, max-age=10"
    return response
