"""The services: what they are, what was promised about them, who uses them."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.domain.agreements import default_terms
from baken.domain.instants import to_us
from baken.domain.timelines import State
from baken.record.catalogue import flows, reads
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.monitors import reads as monitors
from baken.record.people.access import Permission
from baken.record.people.reads import customers, provider
from baken.show.web.agreements import Spoken, agreement_of
from baken.show.web.errors import refusals
from baken.show.web.forms.services import NewServiceForm, ServiceForm, SubscriptionForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.wording import holidays_of_zone


@dataclass(frozen=True, slots=True)
class Entry:
    """A service in the list: how it is now, and what is agreed about it."""

    service: Service
    state: State | None
    agreed: Spoken


@page(Permission.READ_CATALOGUE)
def services(request: PageRequest) -> HttpResponse:
    """The services a reader may know of."""
    rows = list(reads.services(request.caller))
    seen = monitors.states(request.caller, to_us(clock.now()))
    entries = [Entry(row, seen.get(row.id), agreement_of(request.caller, row)) for row in rows]
    return show(request, "services/services.html", {"entries": entries})


@page(Permission.WRITE_CATALOGUE)
def service_new(request: PageRequest) -> HttpResponse:
    """A new service with the usual agreement, to be changed on its own page."""
    form = NewServiceForm(request.POST or None)
    owner = provider()
    assert owner is not None  # somebody is signed in
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            terms = default_terms(owner.zone, holidays_of_zone(owner.zone))
            service = flows.add_service(
                request.caller, provider=owner, terms=terms, valid_from=clock.now(), **form.cleaned_data
            )
            messages.success(request, gettext("The service was added, with the usual agreement."))
            return redirect("service", service.code)
    return show(request, "services/service_new.html", form=form)


@page(Permission.READ_CATALOGUE)
def service(request: PageRequest, code: str) -> HttpResponse:
    """One service, with everything that hangs on it."""
    row = reads.service(request.caller, code)
    return show(request, "services/service.html", _everything(request, row))


@page(Permission.WRITE_CATALOGUE)
def service_description(request: PageRequest, code: str) -> HttpResponse:
    """Another name or description."""
    row = reads.service(request.caller, code)
    form = ServiceForm(request.POST or None, initial={"name": row.name, "description": row.description})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.describe_service(request.caller, code, **form.cleaned_data)
            messages.success(request, gettext("The service was changed."))
            return redirect("service", code)
    return show(request, "services/service_description.html", {"service": row}, form=form)


@page(Permission.WRITE_CATALOGUE)
def subscription_new(request: PageRequest, code: str) -> HttpResponse:
    """A customer starts to use the service now."""
    row = reads.service(request.caller, code)
    form = SubscriptionForm(request.POST or None, customers=customers(request.caller))
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            customer = form.cleaned_data["customer"]
            flows.subscribe(request.caller, service=row, organisation=customer, since=clock.now())
            messages.success(request, gettext("%(name)s uses this service from now on.") % {"name": customer.name})
            return redirect("service", code)
    return show(request, "services/subscription_new.html", {"service": row}, form=form)


def _everything(request: PageRequest, row: Service) -> dict[str, object]:
    caller = request.caller
    return {
        "service": row,
        "state": monitors.states(caller, to_us(clock.now())).get(row.id),
        "agreed": agreement_of(caller, row),
        "agreements": reads.agreements(caller, row.id),
        "subscribers": reads.subscribers(row.id, clock.now()) if caller.staff else [],
        "monitors": monitors.monitors(caller).filter(service=row) if caller.staff else [],
        "maintenance": reads.maintenance(caller, row.id)[:5],
        "intake": reads.intake_spans(caller, row.id) if caller.staff else [],
    }
