"""Agreements: what holds, what held, and a new version of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.domain.agreements import Terms
from baken.record.catalogue import flows, reads
from baken.record.catalogue.models import Agreement, Service
from baken.record.ledger import clock
from baken.record.orgs.models import Organisation
from baken.record.people.access import Permission
from baken.show.web.agreements import spoken
from baken.show.web.errors import refusals
from baken.show.web.forms.agreement import AgreementForms
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest


@page(Permission.READ_CATALOGUE)
def agreement(request: PageRequest, agreement_id: UUID) -> HttpResponse:
    """What holds now."""
    row = reads.agreement(request.caller, agreement_id)
    return _version(request, row, reads.in_force(row, clock.now()))


@page(Permission.READ_CATALOGUE)
def agreement_version(request: PageRequest, agreement_id: UUID, number: int) -> HttpResponse:
    """What held, or will hold."""
    row = reads.agreement(request.caller, agreement_id)
    return _version(request, row, reads.agreed_version(request.caller, agreement_id, number))


@page(Permission.WRITE_CATALOGUE)
def agreement_version_new(request: PageRequest, agreement_id: UUID) -> HttpResponse:
    """A new version, from a month that has not begun; it starts from the latest one."""
    row = reads.agreement(request.caller, agreement_id)
    latest = reads.history(row)[-1]
    months = _Months(latest.terms, max(clock.now(), latest.valid_from))
    organisation = None if row.base else row.organisation
    return _edit(request, months, service=row.service, organisation=organisation, context={"agreement": row})


@page(Permission.WRITE_CATALOGUE)
def customer_agreement_new(request: PageRequest, code: str, customer: str) -> HttpResponse:
    """A customer's own agreement about a service, from the base agreement on."""
    service = reads.service(request.caller, code)
    organisation = reads.organisation(request.caller, customer)
    held = reads.agreement_for(service.id, organisation.id)
    if not held.base:
        return redirect("agreement-version-new", held.id)
    months = _Months(reads.in_force(held, clock.now()).terms, clock.now())
    return _edit(request, months, service=service, organisation=organisation, context={})


class _Months:
    """Terms to start from, and the months from which changed ones can hold."""

    def __init__(self, terms: Terms, after: datetime) -> None:
        self.terms = terms
        self.choices = reads.months_ahead(terms.zone, after)


def _edit(
    request: PageRequest,
    start: _Months,
    *,
    service: Service,
    organisation: Organisation | None,
    context: Mapping[str, Any],
) -> HttpResponse:
    forms = AgreementForms(request.POST or None, terms=start.terms, months=start.choices)
    if request.method == "POST" and forms.is_valid():
        with refusals(forms.general):
            made = flows.agree(
                request.caller, service=service, organisation=organisation, terms=forms.terms(),
                valid_from=forms.valid_from(),
            )  # fmt: skip
            messages.success(request, gettext("Version %(number)s was agreed.") % {"number": made.version})
            return redirect("agreement-version", made.agreement_id, made.version)
    everything = {"service": service, "organisation": organisation, **context}
    return show(request, "agreements/edit.html", everything, form=forms)


def _version(request: PageRequest, row: Agreement, held: reads.InForce) -> HttpResponse:
    context = {"agreement": row, "spoken": spoken(held), "history": reads.history(row), "now": clock.now()}
    return show(request, "agreements/agreement.html", context)
