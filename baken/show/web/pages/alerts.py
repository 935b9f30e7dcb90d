"""Alerts of security tools, where they come from, and honey tokens."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.domain.instants import SECOND
from baken.record.catalogue import reads as catalogue
from baken.record.detection import sources
from baken.record.people import honey, reads
from baken.record.people.access import Permission
from baken.show.web import errors, sending
from baken.show.web.device import address_of, device_of
from baken.show.web.errors import refusals
from baken.show.web.forms.alerts import AlertSourceForm, HoneyForm, NewAlertSourceForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.lists import paged


@page(Permission.READ_ALERTS, methods=("GET",))
def alerts(request: PageRequest) -> HttpResponse:
    """What was alerted, by what belongs together; `?only=` incidents or signals."""
    rows, only = sources.groups(request.caller), request.GET.get("only")
    if only in ("incidents", "signals"):
        rows = rows.filter(incident__isnull=only == "signals")
    known = sources.sources(request.caller)
    return show(request, "alerts/alerts.html", {"page": paged(request, rows), "only": only, "sources": known})


@page(Permission.WRITE_MONITORS, methods=("GET",))
def alert_sources(request: PageRequest) -> HttpResponse:
    """The tools that may alert."""
    context = {"sources": sources.sources(request.caller), "hub": settings.BAKEN_URL}
    return show(request, "alerts/sources.html", context)


@page(Permission.WRITE_MONITORS)
def alert_source_new(request: PageRequest) -> HttpResponse:
    """One more tool that may alert."""
    form = NewAlertSourceForm(request.POST or None, services=catalogue.services(request.caller))
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            sources.add_source(request.caller, **form.cleaned_data)
            messages.success(request, gettext("The source was added. Give its tool a token that may send alerts."))
            return redirect("alert-sources")
    return show(request, "alerts/source_new.html", form=form)


@page(Permission.WRITE_MONITORS)
def alert_source(request: PageRequest, code: str) -> HttpResponse:
    """Judge the alerts of a source differently from now on."""
    row = sources.source(request.caller, code)
    now = {"service": row.service.code, "name": row.name, "minimum": row.minimum, "active": row.active}
    form = AlertSourceForm(
        request.POST or None, services=catalogue.services(request.caller), initial=now | {"window": row.window * SECOND}
    )
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            sources.change_source(request.caller, code, **form.cleaned_data)
            messages.success(request, gettext("The source was changed."))
            return redirect("alert-sources")
    return show(request, "alerts/source.html", {"source": row, "hub": settings.BAKEN_URL}, form=form)


@page(Permission.WRITE_PEOPLE, methods=("GET",))
def honey_tokens(request: PageRequest) -> HttpResponse:
    """Every honey token, and when it was used."""
    return show(request, "honey/honey.html", {"page": paged(request, honey.honey_tokens(request.caller))})


@page(Permission.WRITE_PEOPLE, fresh=True)
def honey_new(request: PageRequest) -> HttpResponse:
    """A new honey token. What to put somewhere is on the answer to this request alone."""
    form = HoneyForm(request.POST or None)
    owner = reads.provider()
    assert owner is not None  # somebody is signed in
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            if planted := sending.once(
                request, form, lambda: honey.plant(request.caller, provider=owner, **form.said())
            ):
                row, secret = planted
                return show(request, "honey/planted.html", {"honey": row, "secret": secret, "hub": settings.BAKEN_URL})
            messages.info(
                request, gettext("It was made before, and is shown once: remove it if you have not copied it.")
            )
            return redirect("honey-tokens")
    return show(request, "honey/honey_new.html", form=form)


@page(Permission.WRITE_PEOPLE, fresh=True, methods=("POST",))
def honey_removal(request: PageRequest, honey_id: UUID) -> HttpResponse:
    """A honey token tells nothing any more."""
    honey.remove(request.caller, honey_id)
    messages.success(request, gettext("The honey token was removed; nothing happens any more when it is used."))
    return redirect("honey-tokens")


@page(public=True, methods=("GET",))
def shared(request: PageRequest, secret: str) -> HttpResponse:
    """A link to a file that opens nothing: there is none behind such links, and some of them are honey tokens."""
    honey.try_link(secret, address=address_of(request), device=device_of(request))
    return errors.answer(request, 404)
