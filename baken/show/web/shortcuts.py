"""Keyboard shortcuts: each works by the character it types and can be switched off (WCAG 2.1.4).

A page offers one by giving a link, button or field the attribute `data-shortcut` with the code. The others are global.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from baken.record.people.access import Caller, Permission


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One shortcut. keys: what is typed, in order. `code` names it in settings and in `data-shortcut`."""

    code: str
    keys: tuple[str, ...]
    label: str | Promise
    needs: Permission | None = None
    goes_to: str = ""  # the name of an address


_WORK = Permission.WORK_INCIDENTS
ALL = (
    Shortcut("next", ("j",), _("next in the list")),
    Shortcut("previous", ("k",), _("previous in the list")),
    Shortcut("reply", ("r",), _("reply"), Permission.READ_INCIDENTS),
    Shortcut("note", ("n",), _("write a note"), _WORK),
    Shortcut("assign", ("a",), _("assign"), _WORK),
    Shortcut("priority", ("p",), _("change the priority"), _WORK),
    Shortcut("class", ("c",), _("change the class"), _WORK),
    Shortcut("wait", ("w",), _("wait"), _WORK),
    Shortcut("resolve", ("e",), _("resolve"), _WORK),
    Shortcut("merge", ("m",), _("merge"), _WORK),
    Shortcut("go-queue", ("g", "q"), _("go to the queue"), Permission.READ_INCIDENTS, "incidents"),
    Shortcut("go-kpis", ("g", "k"), _("go to the KPIs"), Permission.READ_KPIS, "kpis"),
    Shortcut("go-services", ("g", "s"), _("go to the services"), Permission.READ_CATALOGUE, "services"),
    Shortcut("search", ("/",), _("search")),
    Shortcut("help", ("?",), _("show this list")),
)
CODES = tuple(shortcut.code for shortcut in ALL)


@dataclass(frozen=True, slots=True)
class Offered:
    """A shortcut as a person has it: on or off, and where it goes if it goes anywhere."""

    shortcut: Shortcut
    on: bool
    url: str


def of(off: Collection[str], caller: Caller | None) -> list[Offered]:
    """The shortcuts that make sense for a caller, each with whether it is on."""
    return [
        Offered(shortcut, shortcut.code not in off, reverse(shortcut.goes_to) if shortcut.goes_to else "")
        for shortcut in ALL
        if shortcut.needs is None or (caller is not None and caller.may(shortcut.needs))
    ]
