"""Going anywhere: pages, services, customers, people and incidents by a few letters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.incidents import reads as incidents
from baken.record.orgs.models import Organisation
from baken.record.people.access import Caller, Permission
from baken.record.people.reads import customers
from baken.show.web import navigation, searching
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest

SHOWN = 8
_Named = TypeVar("_Named", Service, Organisation)


@dataclass(frozen=True, slots=True)
class Found:
    """Something to go to: what it is called, what kind of thing it is."""

    label: str
    kind: str
    url: str


@page()
def search(request: PageRequest) -> HttpResponse:
    """What fits the words: a page; for the palette, which asks while somebody types, the list alone at once."""
    if request.headers.get("HX-Request") == "true":
        return show(request, "search/found.html", _found(request, searching.typed(request)))
    if request.method == "POST":
        return searching.kept(request)
    asked = searching.asked(request)
    return show(request, "search/search.html", {"asked": asked, **_found(request, asked.words)})


def _found(request: PageRequest, words: str) -> dict[str, Any]:
    looked = words and request.caller.may(Permission.READ_INCIDENTS)
    search = incidents.found(request.caller, words) if looked else None
    found = [*_places(request, words), *(_records(request.caller, words, search) if words else ())]
    return {"words": words, "found": found, "search": search}


def _places(request: HttpRequest, words: str) -> Iterator[Found]:
    for group in navigation.menu(request, request.caller):  # type: ignore[attr-defined]
        for link in group.links:
            if words.casefold() in link.label.casefold():
                yield Found(link.label, group.label, link.url)


def _records(caller: Caller, words: str, search: incidents.Found | None) -> Iterator[Found]:
    for row in search.rows[:SHOWN] if search else ():
        yield Found(f"#{row.number} {row.subject}", gettext("Incident"), reverse("incident", args=[row.number]))
    if caller.may(Permission.READ_CATALOGUE):
        for service in _named(catalogue.services(caller), words):
            yield Found(service.name, gettext("Service"), reverse("service", args=[service.code]))
    if caller.may(Permission.WRITE_PEOPLE):
        for customer in _named(customers(caller), words):
            yield Found(customer.name, gettext("Customer"), reverse("customer", args=[customer.code]))


def _named(rows: Iterable[_Named], words: str) -> list[_Named]:
    return [row for row in rows if words.casefold() in row.name.casefold() or words.casefold() in row.code][:SHOWN]
