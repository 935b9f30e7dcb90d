"""The customer's front door: report, follow, see how the services are."""

from django.http import HttpResponse

from baken.domain.instants import to_us
from baken.record.catalogue import reads as catalogue
from baken.record.incidents import reads as incidents
from baken.record.ledger import clock
from baken.record.monitors import reads as monitors
from baken.show.web.desk import words
from baken.show.web.guard import show
from baken.show.web.middleware import PageRequest

SHOWN = 5


def customer_front(request: PageRequest) -> HttpResponse:
    """What a customer sees first."""
    caller, now = request.caller, clock.now()
    open_ones = incidents.open_incidents(caller).order_by("-updated_at")
    states = monitors.states(caller, to_us(now))
    context = {
        "incidents": [(row, words.for_the_customer(row)) for row in open_ones[:SHOWN]],
        "services": [(service, states.get(service.id)) for service in catalogue.services(caller)],
        "planned": catalogue.maintenance(caller).filter(cancelled_at=None, ends__gt=now).order_by("starts")[:SHOWN],
    }
    return show(request, "session/front.html", context)
