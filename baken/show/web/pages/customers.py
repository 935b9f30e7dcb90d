"""Customers: who they are, what they use, their people."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.record.catalogue import flows, reads
from baken.record.ledger import clock
from baken.record.orgs.models import Organisation
from baken.record.people.access import Permission
from baken.record.people.reads import customers as all_customers
from baken.record.people.reads import people, provider
from baken.show.web.errors import refusals
from baken.show.web.forms.people import CustomerForm, CustomerNameForm
from baken.show.web.forms.services import UseForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.lists import paged


@page(Permission.WRITE_PEOPLE, methods=("GET",))
def customers(request: PageRequest) -> HttpResponse:
    """Everybody who is a customer."""
    return show(request, "customers/customers.html", {"page": paged(request, all_customers(request.caller))})


@page(Permission.WRITE_PEOPLE, fresh=True)
def customer_new(request: PageRequest) -> HttpResponse:
    """A new customer."""
    owner = provider()
    usual = {"language": owner.language, "zone": owner.zone} if owner else {}
    form = CustomerForm(request.POST or None, initial=usual)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            made = flows.add_organisation(request.caller, kind=Organisation.Kind.CUSTOMER, **form.cleaned_data)
            messages.success(request, gettext("The customer was added. Say next what they use, and who works there."))
            return redirect("customer", made.code)
    return show(request, "customers/customer_new.html", form=form)


@page(Permission.WRITE_PEOPLE, methods=("GET",))
def customer(request: PageRequest, code: str) -> HttpResponse:
    """One customer."""
    row = reads.organisation(request.caller, code)
    context = {
        "customer": row,
        "subscriptions": reads.subscriptions(request.caller, row.id).filter(until=None),
        "people": people(request.caller).filter(memberships__organisation=row).distinct()[:100],
    }
    return show(request, "customers/customer.html", context)


@page(Permission.WRITE_PEOPLE, fresh=True)
def customer_name(request: PageRequest, code: str) -> HttpResponse:
    """Another name."""
    row = reads.organisation(request.caller, code)
    form = CustomerNameForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.rename_organisation(request.caller, code, **form.cleaned_data)
            messages.success(request, gettext("The name was changed."))
            return redirect("customer", code)
    return show(request, "customers/customer_name.html", {"customer": row}, form=form)


@page(Permission.WRITE_PEOPLE, fresh=True)
def provider_name(request: PageRequest) -> HttpResponse:
    """Another name for the provider."""
    owner = provider()
    assert owner is not None  # somebody is signed in
    form = CustomerNameForm(request.POST or None, initial={"name": owner.name})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.rename_organisation(request.caller, owner.code, **form.cleaned_data)
            messages.success(request, gettext("The name was changed."))
            return redirect("health")
    return show(request, "customers/provider_name.html", form=form)


@page(Permission.WRITE_CATALOGUE)
def use_new(request: PageRequest, code: str) -> HttpResponse:
    """The customer starts to use a service now."""
    row = reads.organisation(request.caller, code)
    form = UseForm(request.POST or None, services=reads.services(request.caller))
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.subscribe(request.caller, service=form.cleaned_data["service"], organisation=row, since=clock.now())
            messages.success(request, gettext("%(name)s uses this service from now on.") % {"name": row.name})
            return redirect("customer", code)
    return show(request, "customers/use_new.html", {"customer": row}, form=form)


@page(Permission.WRITE_CATALOGUE)
def subscription_ending(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """The customer stops using a service; asked first, because reports to them end with it."""
    held = reads.subscription(request.caller, subscription_id)
    if request.method == "POST":
        flows.unsubscribe(request.caller, subscription_id)
        messages.success(request, gettext("%(name)s no longer uses this service.") % {"name": held.organisation.name})
        return redirect("service", held.service.code)
    return show(request, "customers/subscription_ending.html", {"subscription": held})
