"""Where one can go, by what one may do: the menu, the palette and the shortcuts are made of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from baken.record.people.access import Caller, Permission, Role


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the menu: the name of its address, its label, and who finds it there."""

    name: str
    label: str | Promise
    needs: tuple[Permission, ...]
    staff: bool | None = None  # None: everybody; True: staff alone; False: everybody else

    def open_to(self, caller: Caller) -> bool:
        """Whether the caller finds it in the menu."""
        if self.staff is not None and self.staff != caller.staff:
            return False
        return any(caller.may(permission) for permission in self.needs)


_P = Permission
MENU: tuple[tuple[str | Promise, tuple[Place, ...]], ...] = (
    (
        _("Desk"),
        (
            Place("incident-new", _("Report an incident"), (_P.REPORT_INCIDENTS,), staff=False),
            Place("incidents", _("My incidents"), (_P.READ_INCIDENTS,), staff=False),
            Place("incidents", _("Queue"), (_P.READ_INCIDENTS,), staff=True),
            Place("complaints", _("Complaints"), (_P.FILE_COMPLAINTS, _P.HANDLE_COMPLAINTS)),
        ),
    ),
    (
        _("Service level"),
        (
            Place("kpis", _("Control room"), (_P.READ_KPIS,), staff=True),
            Place("kpis", _("Service level"), (_P.READ_KPIS,), staff=False),
            Place("reports", _("Reports"), (_P.READ_KPIS,)),
            Place("looks", _("Who looked"), (_P.READ_LOOKS,)),
            Place("status", _("Service state"), (_P.READ_MONITORS,), staff=False),
            Place("outages", _("Outages"), (_P.READ_MONITORS,), staff=True),
            Place("audits", _("Audits"), (_P.READ_AUDITS,)),
            Place("drills", _("Restore drills"), (_P.WRITE_DRILLS,)),
            Place("reviews", _("Security reviews"), (_P.WRITE_DRILLS,)),
            Place("alerts", _("Alerts"), (_P.READ_ALERTS,)),
        ),
    ),
    (
        _("Catalogue"),
        (
            Place("services", _("Services"), (_P.READ_CATALOGUE,)),
            Place("maintenance", _("Maintenance"), (_P.READ_CATALOGUE,), staff=True),
            Place("monitors", _("Monitors"), (_P.READ_MONITORS,), staff=True),
        ),
    ),
    (
        _("Administration"),
        (
            Place("customers", _("Customers"), (_P.WRITE_PEOPLE,)),
            Place("people", _("People"), (_P.WRITE_PEOPLE,)),
            Place("identity-providers", _("Identity providers"), (_P.WRITE_PEOPLE,)),
            Place("tokens", _("API tokens"), (_P.WRITE_PEOPLE,)),
            Place("locations", _("Locations"), (_P.WRITE_MONITORS,)),
            Place("alert-sources", _("Alert sources"), (_P.WRITE_MONITORS,)),
            Place("honey-tokens", _("Honey tokens"), (_P.WRITE_PEOPLE,)),
            Place("health", _("Health"), (_P.WRITE_PEOPLE,)),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A place with its address; `here` when the page shown is part of it."""

    name: str
    label: str
    url: str
    here: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Links under one heading."""

    label: str
    links: list[Link]


def menu(request: HttpRequest, caller: Caller | None) -> list[Group]:
    """The menu of a caller, with the entry that holds the page shown marked."""
    if caller is None:
        return []
    found = [(label, [place for place in places if place.open_to(caller)]) for label, places in MENU]
    addresses = {place.name: reverse(place.name) for _, places in found for place in places}
    here = _longest_prefix(request.path, addresses.values())
    groups = [
        Group(str(label), [
            Link(place.name, str(place.label), addresses[place.name], addresses[place.name] == here)
            for place in places
        ])
        for label, places in found
    ]  # fmt: skip
    return [group for group in groups if group.links]


def front_page(caller: Caller) -> str | None:
    """The name of the address that somebody of these roles sees first; None for a customer, whose it is itself."""
    for role, name in (
        (Role.ADMINISTRATOR, "health"), (Role.MANAGER, "kpis"), (Role.AGENT, "incidents"), (Role.AUDITOR, "audits"),
    ):  # fmt: skip
        if role in caller.roles:
            return name
    return None


def _longest_prefix(path: str, addresses: Iterable[str]) -> str | None:
    matching = [url for url in addresses if path.startswith(url)]
    return max(matching, key=len, default=None)
