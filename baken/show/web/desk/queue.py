"""The desk's queue as it is asked for: a view or a search, narrowed, a page of it, in order of time left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from baken.domain.instants import to_datetime
from baken.record.catalogue import reads as catalogue
from baken.record.clocks import reads as clocks
from baken.record.incidents import reads
from baken.record.incidents.models import Incident
from baken.record.people import reads as people
from baken.record.people.access import Caller
from baken.show.web import searching
from baken.show.web.desk.badges import Badge, faces_now, most_urgent
from baken.show.web.forms.queue import QueueForm
from baken.show.web.middleware import PageRequest
from baken.show.web.searching import Search

SHOWN = 40
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One incident of a list, and the clock that matters now. gone: it is not in this view any more."""

    incident: Incident
    badge: Badge
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. search: instead of a view. query: the address's part that asks for the same.

    found: what the words of the search found.
    """

    form: QueueForm
    view: str
    search: Search
    query: str
    rows: QuerySet[Incident]
    found: reads.Found | None

    def page(self, number: str | None) -> Page[Incident]:
        """One page of the incidents, in order."""
        return Paginator(self.rows, SHOWN).get_page(number)


def asked(request: PageRequest) -> Asked:
    """The queue that an address asks for; what it asks wrongly counts as not asked."""
    caller, search = request.caller, searching.asked(request)
    services = {service.code: service for service in catalogue.services(caller)}
    customers = {customer.code: customer for customer in people.customers(caller)}
    form = QueueForm(
        {**request.GET.dict(), "words": search.words},
        services=[(code, service.name) for code, service in services.items()],
        customers=[(code, customer.name) for code, customer in customers.items()],
    )
    form.is_valid()
    wanted: dict[str, Any] = {name: value for name, value in form.cleaned_data.items() if value}
    wanted.pop("words", None)
    view = wanted.pop("view", "open")
    narrow = reads.Wanted(
        service=services.get(wanted.get("service", "")),
        customer=customers.get(wanted.get("customer", "")),
        priorities=[wanted[name] for name in ("priority",) if name in wanted],
        classes=[wanted[name] for name in ("class",) if name in wanted],
    )
    found = reads.found(caller, search.words, narrow) if search.words else None
    rows = found.rows if found else _viewed(caller, view, narrow)
    query = urlencode({"view": view, **({"in": search.id} if search.id else {}), **wanted})
    return Asked(form, view, search, query, rows, found)


def _viewed(caller: Caller, view: str, narrow: reads.Wanted) -> QuerySet[Incident]:
    rows = reads.narrowed(reads.queue(caller, view), narrow)
    return rows.order_by("-resolved_at") if view == "resolved" else clocks.ordered_by_time_left(rows)


def rows(incidents: Iterable[Incident], view: Iterable[int] | None = None) -> list[Row]:
    """Incidents with their badges. view: the numbers that are in the view, for marking the others as gone."""
    found = list(incidents)
    faces = faces_now(found)
    within = None if view is None else set(view)
    return [Row(row, most_urgent(faces[row.id]), within is not None and row.number not in within) for row in found]


def shown(request: HttpRequest) -> list[int]:
    """The numbers that a page says it shows."""
    given = request.GET.getlist("shown")[:MOST_AT_ONCE]
    return [int(number) for number in given if number.isdecimal() and len(number) < 19]


def news(asked: Asked, since: str, numbers: Sequence[int]) -> int:
    """How many incidents of the view changed since the page was made (microseconds) that it does not show."""
    if not (since.isdecimal() and len(since) < 18):
        return 0
    return asked.rows.filter(updated_at__gt=to_datetime(int(since))).exclude(number__in=numbers).count()
