"""Who looked: of the provider, at which customer's data, and when."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from baken.domain.sheets import csv_text
from baken.record.looks import reads
from baken.record.looks.models import Look
from baken.record.people import reads as people
from baken.record.people.access import Permission
from baken.show.web.forms.looks import LooksForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.lists import paged

MOST_IN_A_FILE = 100_000
DOORS: Mapping[str, str | Promise] = {"web": _("page"), "api": _("API"), "command": _("command line")}
RECORDS: Mapping[str, str | Promise] = {
    "incident": _("incident #%(record)s"),
    "complaint": _("complaint #%(record)s"),
    "snapshot": _("a sealed report"),
    "file": _("a file"),
    "user": _("a person"),
    "export": _("an export"),
}


@page(Permission.READ_LOOKS, methods=("GET",))
def looks(request: PageRequest) -> HttpResponse:
    """A page of the list, narrowed."""
    form = _form(request)
    part = paged(request, _asked(request, form))
    context = {"page": part, "rows": _told(request, part.object_list), "narrowed": any(request.GET.values())}
    return show(request, "looks/looks.html", context | {"filters": form})


@page(Permission.READ_LOOKS, methods=("GET",))
def looks_file(request: PageRequest) -> HttpResponse:
    """The same as a table for a spreadsheet program, the latest `MOST_IN_A_FILE`.

    Like the page it tells customers nothing of how the program calls its pages.
    """
    rows = _told(request, _asked(request, _form(request))[:MOST_IN_A_FILE])
    staff = request.caller.staff
    head = [gettext("When"), gettext("Who"), gettext("Customer"), gettext("What"), gettext("How")]
    head += [gettext("Where")] if staff else []
    body = (
        [
            timezone.localtime(row["look"].at).isoformat(timespec="seconds"), row["who"],
            row["look"].organisation.name, row["what"], row["door"], *([row["look"].page] if staff else []),
        ]
        for row in rows
    )  # fmt: skip
    headers = {"Content-Disposition": 'attachment; filename="looks.csv"'}
    return HttpResponse(csv_text([head, *body]), content_type="text/csv; charset=utf-8", headers=headers)


def _form(request: PageRequest) -> LooksForm:
    caller = request.caller
    customers = people.customers(caller) if caller.staff else None
    return LooksForm(request.GET, customers=customers, readers=reads.readers(caller))


def _asked(request: PageRequest, form: LooksForm) -> QuerySet[Look]:
    return reads.listed(request.caller, **form.asked())


def _told(request: PageRequest, looks: Iterable[Look]) -> list[dict[str, Any]]:
    """Looks with their words."""
    rows = list(looks)
    names, tokens = reads.names(request.caller, rows), reads.tokens(request.caller, rows)
    return [
        {
            "look": row,
            "who": _who(row, names, tokens),
            "what": what(row),
            "door": str(DOORS.get(row.door, row.door)),
        }
        for row in rows
    ]


def _who(look: Look, names: Mapping[str, str], tokens: Mapping[str, str]) -> str:
    """Who looked, and by which token if it was by one; whoever has no name any more by their code."""
    if (token := tokens.get(look.reader)) is None:
        return names.get(look.reader, look.reader)
    person = names.get(look.reader) or f"user:{look.person}"
    return gettext("%(person)s, by the token %(token)s") % {"person": person, "token": token}


def what(look: Look) -> str:
    """What was seen, in words."""
    if look.record:
        return str(RECORDS.get(look.kind, _("a record"))) % {"record": look.record}
    text = _list(look.kind, look.count)
    if look.found is None:
        return gettext("a list with %(records)s") % {"records": text}
    found = ngettext("a search that found %(count)s", "a search that found %(count)s", look.found)
    return gettext("%(search)s, showing %(records)s") % {"search": found % {"count": look.found}, "records": text}


def _list(kind: str, count: int) -> str:
    text = {
        "incident": ngettext("%(count)s incident", "%(count)s incidents", count),
        "complaint": ngettext("%(count)s complaint", "%(count)s complaints", count),
        "message": ngettext("%(count)s message", "%(count)s messages", count),
        "user": ngettext("%(count)s person", "%(count)s people", count),
        "file": ngettext("%(count)s file", "%(count)s files", count),
    }.get(kind) or ngettext("%(count)s record", "%(count)s records", count)
    return text % {"count": count}
