"""The health of the installation, and what needs a decision."""

from django.http import HttpResponse

from baken.record.detection.health import health as read_health
from baken.record.people import factors
from baken.record.people.access import Permission
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.kpis import due_for


@page(Permission.WRITE_PEOPLE, methods=("GET",))
def health(request: PageRequest) -> HttpResponse:
    """How the installation is now."""
    return show(request, "health/health.html", {
        "health": read_health(request.caller), "demand": factors.demand(), "due": due_for(request),
    })  # fmt: skip
