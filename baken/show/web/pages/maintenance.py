"""Maintenance: planned work, announced and called off."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.record.catalogue import flows, reads
from baken.record.ledger import clock
from baken.record.people.access import Permission
from baken.show.web import sending
from baken.show.web.errors import refusals
from baken.show.web.forms.services import MaintenanceForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.lists import paged


@page(Permission.READ_CATALOGUE)
def maintenance(request: PageRequest) -> HttpResponse:
    """What is planned, and what was."""
    context = {"page": paged(request, reads.maintenance(request.caller)), "now": clock.now()}
    return show(request, "maintenance/maintenance.html", context)


@page(Permission.WRITE_CATALOGUE)
def maintenance_new(request: PageRequest) -> HttpResponse:
    """Announce planned work."""
    services = reads.services(request.caller)
    form = MaintenanceForm(request.POST or None, services=services, initial={"service": request.GET.get("service")})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            sending.once(request, form, lambda: flows.announce_maintenance(request.caller, **form.said()))
            messages.success(request, gettext("The work was announced."))
            return redirect("maintenance")
    return show(request, "maintenance/maintenance_new.html", form=form)


@page(Permission.WRITE_CATALOGUE, methods=("POST",))
def maintenance_cancellation(request: PageRequest, maintenance_id: UUID) -> HttpResponse:
    """Call planned work off."""
    flows.cancel_maintenance(request.caller, maintenance_id)
    messages.success(request, gettext("The work was called off."))
    return redirect("maintenance")
