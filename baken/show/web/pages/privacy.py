"""Exports, for oneself and by administrators; erasing people and customers, and who was erased."""

from uuid import UUID

from django.contrib import auth, messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.record.catalogue import reads as catalogue
from baken.record.people import reads as people
from baken.record.people.access import NotFound, Permission
from baken.record.privacy import flows, reads
from baken.record.privacy.flows import Export
from baken.show.web.errors import refusals
from baken.show.web.forms.privacy import CustomerErasureForm, PersonErasureForm
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.lists import paged


@page(fresh=True, methods=("POST",))
def account_export(request: PageRequest) -> HttpResponse:
    """All that is one's own, to take along."""
    assert request.caller.user is not None  # somebody is signed in
    return _sent(flows.export_person(request.caller, request.caller.user))


@page(Permission.WRITE_PEOPLE, fresh=True, methods=("POST",))
def person_export(request: PageRequest, person_id: UUID) -> HttpResponse:
    """All that is a person's own."""
    return _sent(flows.export_person(request.caller, person_id))


@page(Permission.WRITE_PEOPLE, fresh=True, methods=("POST",))
def customer_export(request: PageRequest, code: str) -> HttpResponse:
    """All that is a customer's."""
    return _sent(flows.export_organisation(request.caller, code))


@page(Permission.WRITE_PEOPLE, fresh=True)
def person_erasure(request: PageRequest, person_id: UUID) -> HttpResponse:
    """What goes and what stays, and the address typed once more."""
    row = people.person(request.caller, person_id)
    form = PersonErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            begun = flows.erase_person(request.caller, person_id, **form.cleaned_data)
            if person_id == request.caller.user:
                auth.logout(request)
                return redirect("sign-in")
            messages.success(request, gettext("They cannot sign in any more, and their name is gone."))
            return redirect("erasure", begun.number)
    return show(request, "privacy/person.html", {"person": row}, form=form)


@page(Permission.WRITE_PEOPLE, fresh=True)
def customer_erasure(request: PageRequest, code: str) -> HttpResponse:
    """What goes and what stays, and the code typed once more."""
    row = catalogue.organisation(request.caller, code)
    if row.erased_at:
        raise NotFound("There is no such customer.")
    form = CustomerErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            begun = flows.erase_organisation(request.caller, code, **form.cleaned_data)
            messages.success(request, gettext("Nobody of them gets in any more, and their keys are destroyed."))
            return redirect("erasure", begun.number)
    return show(request, "privacy/customer.html", {"customer": row}, form=form)


@page(Permission.WRITE_PEOPLE, methods=("GET",))
def erasures(request: PageRequest) -> HttpResponse:
    """Who was erased, and when."""
    return show(request, "privacy/erasures.html", {"page": paged(request, reads.erasures(request.caller))})


@page(Permission.WRITE_PEOPLE, methods=("GET",))
def erasure(request: PageRequest, number: int) -> HttpResponse:
    """One erasure. While it is not finished the page asks again how far it is."""
    row = reads.erasure(request.caller, number)
    template = "privacy/progress.html" if request.htmx else "privacy/erasure.html"  # type: ignore[attr-defined]
    return show(request, template, {"erasure": row})


def _sent(export: Export) -> HttpResponse:
    response = StreamingHttpResponse(export.pieces, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{export.name}"'
    response.headers["Cache-Control"] = "no-store"
    return response  # type: ignore[return-value]  # a streamed one is no HttpResponse to the checker alone
