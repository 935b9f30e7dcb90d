"""The customer's front door: report, follow, see how the services are."""

from django.http import HttpResponse

from baken.record.catalogue import reads as catalogue
from baken.record.incidents import reads as incidents
from baken.show.web.guard import show
from baken.show.web.middleware import PageRequest

SHOWN = 5


def customer_front(request: PageRequest) -> HttpResponse:
    """What a customer sees first."""
    rows = incidents.open_incidents(request.caller).order_by("-reported")
    context = {
        "incidents": rows[:SHOWN],
        "more": max(0, rows.count() - SHOWN),
        "services": catalogue.services(request.caller),
    }
    return show(request, "session/front.html", context)
