"""Complaints: customers file and follow their own, the service manager handles them. Agents see none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from baken.record.catalogue import reads as catalogue
from baken.record.complaints import flows, reads
from baken.record.complaints.models import Complaint
from baken.record.incidents import reads as incidents
from baken.record.ledger import clock
from baken.record.orgs.models import File, Organisation
from baken.record.people import reads as people
from baken.record.people.access import Caller, Permission
from baken.show.files import all_arrived, takes_files
from baken.show.web import sending
from baken.show.web.errors import refusals
from baken.show.web.forms import complaints as made
from baken.show.web.forms.incidents import CallerForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.handing_out import handed_out

_FILE, _HANDLE = Permission.FILE_COMPLAINTS, Permission.HANDLE_COMPLAINTS
SHOWN = 30
REFERABLE = 15
"""So many of a customer's latest incidents can be named in a complaint."""
STATES: Mapping[str, Promise] = {"new": _("To acknowledge"), "open": _("To decide"), "done": _("Done")}


def _open(complaint: Complaint) -> bool:
    return not complaint.left_out


def _undecided(complaint: Complaint) -> bool:
    return _open(complaint) and complaint.decided_at is None


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done about a complaint: a form, the call of its flow, and when it makes sense."""

    form: type[forms.Form]
    do: Callable[..., object]
    done: str | Promise
    needs: Permission = _HANDLE
    fits: Callable[[Complaint], bool] = _open


ACTIONS: Mapping[str, Action] = {
    "acknowledgement": Action(
        made.AcknowledgeForm,
        flows.acknowledge,
        _("The complaint is acknowledged."),
        fits=lambda complaint: _undecided(complaint) and complaint.acknowledged_at is None,
    ),
    "remark": Action(made.RemarkForm, flows.remark, _("Your remark was added.")),
    "answer": Action(made.AnswerForm, flows.answer, _("Your message was sent."), needs=_FILE),
    "decision": Action(made.DecideForm, flows.decide, _("The complaint is decided."), fits=_undecided),
    "exclusion": Action(made.LeaveOutForm, flows.leave_out, _("It is left out of the counts.")),
}


@page(_FILE, _HANDLE, methods=("GET",))
def complaints(request: PageRequest) -> HttpResponse:
    """The manager's list by what is to be done; a customer's own."""
    handles = request.caller.may(_HANDLE)
    state = request.GET.get("show", "new")
    state = state if state in reads.STATES else "new"
    rows = reads.in_state(request.caller, state) if handles else reads.visible(request.caller)
    context = {
        "page": Paginator(rows, SHOWN).get_page(request.GET.get("page")),
        "now": clock.now(),
        "states": [
            (code, STATES[code], reads.in_state(request.caller, code).count(), code == state) for code in reads.STATES
        ],
    }
    return show(request, "desk/complaints.html" if handles else "portal/complaints.html", context)


def _complaints_go(request: PageRequest) -> tuple[Caller, Organisation, str]:
    request.caller.require(_FILE)
    code = request.GET.get("customer") if request.caller.staff else None
    return request.caller, people.organisation(request.caller, code), File.Kind.ATTACHMENT


@takes_files(_complaints_go)
@page(_FILE)
def complaint_new(request: PageRequest) -> HttpResponse:
    """File a complaint; the manager first says whose it is."""
    code = request.GET.get("customer")
    if request.caller.staff and not code:
        customers = [(customer.code, customer.name) for customer in people.customers(request.caller)]
        return show(request, "desk/complainant.html", form=CallerForm(customers=customers))
    customer = people.organisation(request.caller, code)
    form = _form(request, customer)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            number = sending.made(
                request, form, lambda: flows.lodge(request.caller, organisation=customer, **form.complaint()).number
            )
            messages.success(request, gettext("The complaint has number %s.") % number)
            return redirect("complaint", number)
    return show(request, "portal/complaint_new.html", {"customer": customer}, form=form)


def _form(request: PageRequest, customer: Organisation) -> made.ComplaintForm:
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    about = request.GET.get("incident", "")
    theirs = incidents.visible(request.caller).filter(organisation=customer).order_by("-reported")
    named = list(theirs.filter(number=int(about))) if about.isdecimal() and len(about) < 19 else []
    given: dict[str, Any] = {
        "services": catalogue.used_by(customer.id),
        "incidents": named + [row for row in theirs[:REFERABLE] if row not in named],
        "initial": {"incidents": [about]} if about else {},
    }
    if request.caller.may(_HANDLE):
        return made.TakenDownForm(*sent, contacts=people.contacts(request.caller, customer.id), **given)
    return made.ComplaintForm(*sent, **given)


@page(_FILE, _HANDLE, methods=("GET",))
def complaint(request: PageRequest, number: int) -> HttpResponse:
    """One complaint."""
    return _shown(request, reads.complaint(request.caller, number), {})


def acting(name: str) -> Callable[..., HttpResponse]:
    """The view of one action: it is posted to, and leads back to the complaint."""
    action = ACTIONS[name]

    @page(action.needs)
    def act(request: PageRequest, number: int) -> HttpResponse:
        found = reads.complaint(request.caller, number)
        if request.method != "POST":
            return redirect("complaint", number)
        form = action.form(request.POST, request.FILES, auto_id=f"{name}-%s")
        if form.is_valid():
            with refusals(form):
                action.do(request.caller, number, **_given(name, form.cleaned_data))
                messages.success(request, str(action.done))
                return redirect("complaint", number)
        return _shown(request, found, {name: form})

    return takes_files(_files_go)(act) if "file" in action.form.base_fields else act


def _files_go(request: PageRequest, number: int) -> tuple[Caller, Organisation, str]:
    return request.caller, reads.files_go_to(request.caller, number), File.Kind.ATTACHMENT


@page(_FILE, _HANDLE, methods=("GET",))
def attachment(request: PageRequest, number: int, id: UUID) -> HttpResponse:
    """A file that came with a remark."""
    return handed_out(request, reads.attachment(request.caller, number, id))


def _given(name: str, cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """What the flow takes; leaving out wants a reason, the others a body. Raises what a file was refused with."""
    given = dict(cleaned)
    if "file" in given:
        given["files"] = all_arrived(given.pop("file"))
    return {"reason" if name == "exclusion" else "body": given.pop("message"), **given}


def _shown(request: PageRequest, found: Complaint, bound: Mapping[str, forms.Form]) -> HttpResponse:
    offered = {
        name: action.form(auto_id=f"{name}-%s") for name, action in ACTIONS.items() if _can(request.caller, name, found)
    }
    numbers = incidents.visible(request.caller).filter(number__in=found.incidents)
    context = {
        "complaint": found,
        "remarks": reads.conversation(request.caller, found),
        "about": numbers.order_by("number"),
        "can": {**offered, **bound},
        "failed": next(iter(bound), ""),
        "now": clock.now(),
    }
    handles = request.caller.may(_HANDLE)
    template = "desk/complaint.html" if handles else "portal/complaint.html"
    return show(request, template, context, form=next(iter(bound.values()), None))


def _can(caller: Caller, name: str, found: Complaint) -> bool:
    action = ACTIONS[name]
    own = name != "answer" or not caller.may(_HANDLE)  # whoever handles it remarks, and does not answer
    return own and caller.may(action.needs) and action.fits(found)
