"""Incidents: one address each, for the desk and for the customer whose they are."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from baken.record.catalogue import reads as catalogue
from baken.record.incidents import flows, presence, reads
from baken.record.incidents.models import Incident
from baken.record.orgs.models import File, Organisation
from baken.record.people import reads as people
from baken.record.people.access import Caller, Permission
from baken.show.files import takes_files
from baken.show.web import searching
from baken.show.web.desk import page as pages
from baken.show.web.desk.actions import ACTIONS
from baken.show.web.errors import refusals
from baken.show.web.forms.incidents import ActionForm, CallerForm, RegisterForm, ReportForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages import portal, queue
from baken.show.web.pages.handing_out import handed_out
from baken.show.web.sending import made


@page(Permission.READ_INCIDENTS)
def incidents(request: PageRequest) -> HttpResponse:
    """The queue, or a customer's own incidents."""
    if request.method == "POST":
        return searching.kept(request, *queue.NARROWED)
    return queue.queue(request) if request.caller.staff else portal.own_incidents(request)


def _reports_go(request: PageRequest) -> tuple[Caller, Organisation, str]:
    request.caller.require(Permission.REPORT_INCIDENTS)
    code = request.GET.get("customer") if request.caller.staff else None
    return request.caller, people.organisation(request.caller, code), File.Kind.ATTACHMENT


@takes_files(_reports_go)
@page(Permission.REPORT_INCIDENTS)
def incident_new(request: PageRequest) -> HttpResponse:
    """Report an incident; at the desk: register what a caller says."""
    if not request.caller.staff:
        return _report(request)
    code = request.GET.get("customer", "")
    return _register(request, code) if code else _who_calls(request)


def _report(request: PageRequest) -> HttpResponse:
    services = catalogue.services(request.caller)
    form = ReportForm(*_sent(request), services=services)
    if request.method == "POST" and form.is_valid():
        own = people.organisation(request.caller, None)
        with refusals(form):
            number = made(request, form, lambda: flows.report(request.caller, organisation=own, **form.report()).number)
            messages.success(request, gettext("Thank you. Your incident has number %s.") % number)
            return redirect("incident", number)
    return show(request, "portal/incident_new.html", {"services": services}, form=form)


def _sent(request: PageRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _who_calls(request: PageRequest) -> HttpResponse:
    customers = [(customer.code, customer.name) for customer in people.customers(request.caller)]
    return show(request, "desk/caller.html", form=CallerForm(customers=customers))


def _register(request: PageRequest, code: str) -> HttpResponse:
    customer = people.organisation(request.caller, code)
    form = RegisterForm(
        *_sent(request),
        services=catalogue.used_by(customer.id), contacts=people.contacts(request.caller, customer.id),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            number = made(
                request, form, lambda: flows.report(request.caller, organisation=customer, **form.report()).number
            )
            messages.success(request, gettext("Registered as %s.") % f"#{number}")
            return redirect("incident", number)
    return show(request, "desk/incident_new.html", {"customer": customer}, form=form)


@page(Permission.READ_INCIDENTS, methods=("GET",))
def incident(request: PageRequest, number: int) -> HttpResponse:
    """One incident."""
    return _shown(request, reads.incident(request.caller, number), {})


def acting(name: str) -> Callable[..., HttpResponse]:
    """The view of one action: it is posted to, and leads back to the incident."""
    action = ACTIONS[name]

    @page(action.needs)
    def act(request: PageRequest, number: int) -> HttpResponse:
        found = reads.incident(request.caller, number)
        if request.method != "POST":
            return _to(request, number)
        form = pages.form_for(name, request.caller, found, request.POST, files=request.FILES)
        if form.is_valid():
            with refusals(form):
                changed = action.do(request.caller, number, form.cleaned_data)
                messages.success(request, str(action.done))
                return _to(request, changed.number if isinstance(changed, Incident) else number)
        return _shown(request, reads.incident(request.caller, number), {name: form})

    return takes_files(_files_go)(act) if action.takes_files else act


def _files_go(request: PageRequest, number: int) -> tuple[Caller, Organisation, str]:
    return request.caller, reads.files_go_to(request.caller, number), File.Kind.ATTACHMENT


@page(Permission.READ_INCIDENTS, methods=("GET",))
def attachment(request: PageRequest, number: int, id: UUID) -> HttpResponse:
    """A file that came with a message."""
    return handed_out(request, reads.attachment(request.caller, number, id))


@page(Permission.REPORT_INCIDENTS, Permission.WORK_INCIDENTS, methods=("POST",))
def draft(request: PageRequest, number: int, kind: str) -> HttpResponse:
    """Keep what somebody is writing; sent by the page at every pause."""
    try:
        flows.save_draft(request.caller, number, kind=kind, body=request.POST.get("message", ""))
    except flows.IncidentError:
        return HttpResponse(status=422)
    return render(request, "desk/draft.html")


@page(Permission.WORK_INCIDENTS, methods=("POST",))
def incident_presence(request: PageRequest, number: int) -> HttpResponse:
    """The page is open; what happened meanwhile: who wrote, who reads, who writes. 204 when it shows that already."""
    found = presence.look(request.caller, number)
    last = reads.messages(request.caller, found).exclude(author_id=request.caller.user).order_by("id").last()
    fresh = last if last and str(last.id) > request.POST.get("seen", "") else None
    here = presence.colleagues(request.caller, found)
    known = " ".join([str(fresh.id) if fresh else "", *(f"{one.person.id}{one.writes:d}" for one in here)])
    if request.POST.get("known") == known:
        return HttpResponse(status=204)
    return render(request, "desk/presence.html", {"fresh": fresh, "here": here, "known": known})


def _shown(request: PageRequest, found: Incident, bound: pages.Bound) -> HttpResponse:
    """The page of an incident, with a form that did not go through in place of the fresh one."""
    failed = next(iter(bound.values()), None)
    conflict = _conflict(failed)
    if request.caller.staff:
        context = {**pages.desk_page(request.caller, found, bound), **queue.beside(request), "conflict": conflict}
        response = show(request, "desk/incident.html", context, form=failed)
    else:
        context = {**pages.portal_page(request.caller, found, bound), "conflict": conflict}
        response = show(request, "portal/incident.html", context, form=failed)
    if conflict:
        response.status_code = 409
    return response


def _conflict(form: ActionForm | None) -> str:
    """What to say when somebody else was first."""
    problems = form.errors.as_data().get(NON_FIELD_ERRORS, []) if form else []
    return next((str(problem.message) for problem in problems if problem.code == "conflict"), "")


def _to(request: PageRequest, number: int) -> HttpResponse:
    """Back to an incident, in the view that it was opened from."""
    query = request.GET.urlencode()
    return redirect(reverse("incident", args=[number]) + (f"?{query}" if query else ""))
