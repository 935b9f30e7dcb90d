"""The desk's queue, and what changes in it while somebody looks at it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from baken.domain.instants import to_us
from baken.record.incidents import reads
from baken.record.ledger import clock
from baken.record.people.access import Permission
from baken.show.web.desk import queue as queues
from baken.show.web.desk import words
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest

NARROWED = ("view", "service", "customer", "priority", "class")
"""What else than words is asked of the queue."""


def queue(request: PageRequest) -> HttpResponse:
    """A view of the queue, or what a search finds."""
    asked = queues.asked(request)
    found = asked.page(request.GET.get("page"))
    context = {
        "asked": asked,
        "page": found,
        "rows": queues.rows(found.object_list),
        "views": _views(request, asked),
        "now": to_us(clock.now()),
    }
    return show(request, "desk/queue.html", context)


@page(Permission.WORK_INCIDENTS, methods=("GET",))
def changes(request: PageRequest) -> HttpResponse:
    """The rows that a page shows as they are now, each for its own place, and how many there are beside them."""
    asked = queues.asked(request)
    numbers = queues.shown(request)
    rows = reads.visible(request.caller).filter(number__in=numbers)
    within = asked.rows.filter(number__in=numbers).values_list("number", flat=True)
    fresh = queues.news(asked, request.GET.get("since", ""), numbers)
    said = request.GET.get("news", "0")
    context = {
        "asked": asked,
        "rows": queues.rows(rows, within),
        "news": fresh if str(fresh) != said else None,
    }
    return render(request, "desk/changes.html", context)


def beside(request: PageRequest) -> dict[str, Any]:
    """The list that stands beside an incident opened from it; nothing for an address without a view."""
    if "view" not in request.GET:
        return {}
    asked = queues.asked(request)
    found = asked.page(request.GET.get("page"))
    return {"asked": asked, "page": found, "rows": queues.rows(found.object_list), "views": _views(request, asked)}


def _views(request: PageRequest, asked: queues.Asked) -> list[tuple[str, str, int, bool]]:
    """Code, label, size of each view, and whether it is the one shown."""
    sizes = reads.queue_sizes(request.caller)
    here = "" if asked.search.words else asked.view
    return [(view, str(words.VIEW[view]), sizes[view], view == here) for view in reads.VIEWS]
