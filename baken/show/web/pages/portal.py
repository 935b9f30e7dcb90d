"""What customers see of their own incidents."""

from django.core.paginator import Paginator
from django.http import HttpResponse

from baken.record.incidents import reads
from baken.show.web import searching
from baken.show.web.desk import words
from baken.show.web.guard import show
from baken.show.web.middleware import PageRequest

SHOWN = 20


def own_incidents(request: PageRequest) -> HttpResponse:
    """A customer's incidents: those that are open, or those that are done."""
    done = request.GET.get("show") == "done"
    asked = searching.asked(request)
    search = reads.found(request.caller, asked.words) if asked.words else None
    if search:
        rows = search.rows
    else:
        rows = reads.done(request.caller) if done else reads.open_incidents(request.caller).order_by("-updated_at")
    page = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    said = reads.last_said(request.caller, list(page.object_list))
    context = {
        "page": page,
        "rows": [(row, words.for_the_customer(row), said.get(row.id)) for row in page.object_list],
        "done": done,
        "asked": asked,
        "words": asked.words,
        "search": search,
        "open_count": reads.open_incidents(request.caller).count(),
    }
    return show(request, "portal/incidents.html", context)
