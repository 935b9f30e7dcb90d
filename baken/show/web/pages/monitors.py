"""Monitors: which addresses of a service are measured, and how they are judged."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.record.catalogue import reads as catalogue
from baken.record.monitors import flows, reads
from baken.record.people.access import Permission
from baken.show.web.errors import refusals
from baken.show.web.forms.monitors import MonitorForm, NewMonitorForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.lists import paged


@page(Permission.READ_MONITORS)
def monitors(request: PageRequest) -> HttpResponse:
    """What is measured."""
    return show(request, "monitors/monitors.html", {"page": paged(request, reads.monitors(request.caller))})


@page(Permission.WRITE_MONITORS)
def monitor_new(request: PageRequest) -> HttpResponse:
    """Start measuring an address."""
    services = catalogue.services(request.caller)
    form = NewMonitorForm(request.POST or None, services=services, initial={"service": request.GET.get("service")})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            made = flows.add_monitor(request.caller, **form.cleaned_data)
            messages.success(request, gettext("The monitor was added; every location begins with it at once."))
            return redirect("service", made.service.code)
    return show(request, "monitors/monitor_new.html", form=form)


@page(Permission.WRITE_MONITORS)
def monitor(request: PageRequest, monitor_id: UUID) -> HttpResponse:
    """Measure an address differently from now on."""
    row = reads.monitor(request.caller, monitor_id)
    form = MonitorForm(request.POST or None, initial={name: getattr(row, name) for name in MonitorForm.base_fields})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.change_monitor(request.caller, monitor_id, **form.cleaned_data)
            messages.success(request, gettext("The monitor was changed. What was seen before stays as it was judged."))
            return redirect("monitor", monitor_id)
    return show(request, "monitors/monitor.html", {"monitor": row}, form=form)


@page(Permission.WRITE_MONITORS)
def monitor_ending(request: PageRequest, monitor_id: UUID) -> HttpResponse:
    """Measure an address no longer; asked first."""
    row = reads.monitor(request.caller, monitor_id)
    if request.method == "POST":
        flows.stop_monitor(request.caller, monitor_id)
        messages.success(request, gettext("The monitor was stopped. What it saw until now stays."))
        return redirect("service", row.service.code)
    return show(request, "monitors/monitor_ending.html", {"monitor": row})
