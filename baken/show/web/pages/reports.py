"""Sealing a closed period, and the reports that were sealed."""

from uuid import UUID

from django.contrib import messages
from django.forms import Form, model_to_dict
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from baken.domain.kpis import KPIS
from baken.record.incidents import flows as incidents
from baken.record.ledger import clock
from baken.record.people.access import NotFound, Permission
from baken.record.reports import flows, frozen, sealed
from baken.record.reports import reads as reading
from baken.show.web.errors import refusals
from baken.show.web.forms.reports import ConfirmClassesForm, ImprovementForm
from baken.show.web.guard import page, show
from baken.show.web.kpis import asked, words
from baken.show.web.kpis.sealing import checklist, sealed_rows
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.kpis import chosen


@page(Permission.SEAL_REPORTS)
def seal(request: PageRequest) -> HttpResponse:
    """What is missing before a period can be sealed, and the button that seals it."""
    found = _asked(request)
    if snapshot := sealed.of_scope(request.caller, found.scope):
        return redirect("report", snapshot.id)
    form = Form(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals(form):
            snapshot = flows.seal(request.caller, found.scope)
            messages.success(request, gettext("The report is sealed. Nothing changes it any more."))
            return redirect("report", snapshot.id)
    report = reading.report(request.caller, found.scope)
    context = chosen(request, found) | {
        "report": report,
        "agreement": report.agreement,
        "list": checklist(request.caller, found, report),
    }
    return show(request, "reports/seal.html", context, form=form)


@page(Permission.SEAL_REPORTS, methods=("POST",))
def confirm_classes(request: PageRequest) -> HttpResponse:
    """The classes of the selected incidents are right."""
    found = _asked(request)
    form = ConfirmClassesForm(request.POST, incidents=sealed.unconfirmed(request.caller, found.scope))
    if form.is_valid():
        numbers = form.cleaned_data["numbers"]
        for number in numbers:
            incidents.confirm_classes(request.caller, number)
        text = ngettext(
            "The classes of %(count)s incident are confirmed.", "The classes of %(count)s incidents are confirmed.",
            len(numbers),
        )  # fmt: skip
        messages.success(request, text % {"count": len(numbers)})
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect(reverse("seal") + found.address)


@page(Permission.SEAL_REPORTS)
def improvement(request: PageRequest, code: str) -> HttpResponse:
    """Cause, action, owner and date for a KPI that was missed or not proven."""
    found = _asked(request)
    if code not in KPIS or sealed.of_scope(request.caller, found.scope):
        raise NotFound("There is nothing to write down for it.")
    known = sealed.improvements(request.caller, found.scope).filter(kpi=code).first()
    form = ImprovementForm(request.POST or None, initial=model_to_dict(known) if known else None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.improve(request.caller, found.scope, code, **form.cleaned_data)
            messages.success(request, gettext("Written down."))
            return redirect(reverse("seal") + found.address)
    kpi = reading.report(request.caller, found.scope).kpis[code]
    context = {"asked": found, "kpi": kpi, "name": words.NAMES[code], "why": words.why(kpi)}
    return show(request, "reports/improvement.html", context, form=form)


@page(Permission.READ_KPIS, methods=("GET",))
def reports(request: PageRequest) -> HttpResponse:
    """Every sealed report the caller may see."""
    rows = [(row, asked.title_of(row)) for row in sealed.snapshots(request.caller)]
    return show(request, "reports/reports.html", {"rows": rows})


@page(Permission.READ_KPIS, methods=("GET",))
def report(request: PageRequest, id: UUID) -> HttpResponse:
    """One sealed report, and where its figures come out otherwise now."""
    snapshot = sealed.snapshot(request.caller, id)
    if not snapshot.content:
        context = {"snapshot": snapshot, "title": asked.title_of(snapshot)}
        return show(request, "reports/report_erased.html", context)
    corrections = sealed.correction(request.caller, snapshot, clock.now())
    context = {
        "snapshot": snapshot,
        "title": asked.title_of(snapshot),
        "address": asked.address_of(snapshot),
        "content": snapshot.content,
        "rows": sealed_rows(snapshot, corrections),
        "corrected": bool(corrections),
        "intact": flows.digest_of(snapshot.content) == snapshot.digest,
        "left_out": frozen.left_out(snapshot.content),
    }
    return show(request, "reports/report.html", context)


@page(Permission.READ_KPIS, methods=("GET",))
def report_file(request: PageRequest, id: UUID) -> HttpResponse:
    """The sealed content in its canonical form: the SHA-256 of this file is the digest of the report."""
    snapshot = sealed.snapshot(request.caller, id)
    if not snapshot.content:
        raise NotFound("There is no such report.")
    name = f"{snapshot.service.code}-{snapshot.period_to:%Y-%m-%d}-{snapshot.digest[:8]}.json"
    return HttpResponse(
        flows.canonical(snapshot.content),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _asked(request: PageRequest) -> asked.Asked:
    found = asked.read(request.caller, request.GET)
    if found is None:
        raise NotFound("There is no service to seal a report of.")
    return found
