"""External security audits: asked, filled in, signed off, and their findings followed."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from baken.domain.instants import to_us
from baken.record.audits import flows, reads, signing
from baken.record.audits.models import Audit
from baken.record.catalogue import reads as catalogue
from baken.record.ledger import clock
from baken.record.orgs.models import File, Organisation
from baken.record.people import reads as people
from baken.record.people.access import Caller, Permission
from baken.show.files import takes_files
from baken.show.web import sending
from baken.show.web.errors import refusals
from baken.show.web.forms.audits import (
    ClosureForm,
    DescribeForm,
    FindingForm,
    InviteForm,
    NewFindingForm,
    OpenAuditForm,
    ReasonForm,
    ReportFileForm,
    SignOffForm,
)
from baken.show.web.guard import page, show
from baken.show.web.middleware import PageRequest
from baken.show.web.pages.handing_out import handed_out

DESCRIBED = tuple(DescribeForm.base_fields)
WRITTEN = ("auditor", "accreditation", "independence", "scope", "exclusions", "method")


@page(Permission.READ_AUDITS, methods=("GET",))
def audits(request: PageRequest) -> HttpResponse:
    """Every audit the caller may see, with how long its grade is valid."""
    now = to_us(clock.now())
    rows = []
    for audit in reads.visible(request.caller):
        first = min(reads.validity(audit, now), key=lambda one: one.until, default=None)
        rows.append((audit, reads.in_scope(audit), first, first and first.expired(now)))
    return show(request, "audits/audits.html", {"rows": rows})


@page(Permission.HANDLE_COMPLAINTS)
def audit_new(request: PageRequest) -> HttpResponse:
    """The manager asks for an audit."""
    services = catalogue.services(request.caller)
    form = OpenAuditForm(request.POST or None, services=services, auditors=people.auditors())
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            provider = people.provider()
            assert provider is not None
            number = sending.made(
                request, form, lambda: flows.open_audit(request.caller, provider=provider, **form.said()).number
            )
            messages.success(request, gettext("The audit is opened."))
            return redirect("audit", number)
    return show(request, "audits/new.html", form=form)


@page(Permission.READ_AUDITS, methods=("GET",))
def audit(request: PageRequest, number: int) -> HttpResponse:
    """One audit: what was asked, what was found, the grade."""
    found = reads.audit(request.caller, number)
    context = _context(request, found) | {"file_form": ReportFileForm(), "sign_form": SignOffForm()}
    return show(request, "audits/audit.html", context)


@page(Permission.HANDLE_COMPLAINTS)
def invite(request: PageRequest, number: int) -> HttpResponse:
    """The manager asks another auditor."""
    found = _open(request, number)
    others = people.auditors().exclude(id=found.invited_id)
    form = InviteForm(request.POST or None, auditors=others)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.invite(request.caller, number, **form.cleaned_data)
            messages.success(request, gettext("The audit is asked of somebody else."))
            return redirect("audit", number)
    return show(request, "audits/invite.html", {"audit": found, "others": others}, form=form)


@page(Permission.HANDLE_COMPLAINTS)
def withdraw(request: PageRequest, number: int) -> HttpResponse:
    """The manager ends an audit that nobody will sign off."""
    found = _open(request, number)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.withdraw(request.caller, number, **form.cleaned_data)
            messages.success(request, gettext("The audit is withdrawn."))
            return redirect("audit", number)
    return show(request, "audits/withdraw.html", {"audit": found}, form=form)


@page(Permission.WRITE_AUDITS)
def describe(request: PageRequest, number: int) -> HttpResponse:
    """What the audit says of itself; until it is signed off."""
    found = _open(request, number)
    form = DescribeForm(request.POST or None, initial={name: getattr(found, name) for name in DESCRIBED})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.describe(request.caller, number, **form.cleaned_data)
            messages.success(request, gettext("Saved."))
            return redirect("audit", number)
    return show(request, "audits/describe.html", {"audit": found}, form=form)


@page(Permission.WRITE_AUDITS)
def finding_new(request: PageRequest, number: int) -> HttpResponse:
    """One more finding."""
    found = _open(request, number)
    form = NewFindingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            sending.once(request, form, lambda: flows.add_finding(request.caller, number, **form.said()))
            messages.success(request, gettext("The finding is added."))
            return redirect("audit", number)
    return show(request, "audits/finding.html", {"audit": found}, form=form)


@page(Permission.WRITE_AUDITS)
def finding_edit(request: PageRequest, id: UUID) -> HttpResponse:
    """A finding, changed before the sign-off."""
    finding = reads.finding(request.caller, id)
    flows.unsigned(finding.audit)
    flows.for_whoever_signs(request.caller, finding.audit)
    form = FindingForm(request.POST or None, initial={name: getattr(finding, name) for name in FindingForm.base_fields})
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.change_finding(request.caller, id, **form.cleaned_data)
            messages.success(request, gettext("Saved."))
            return redirect("audit", finding.audit.number)
    return show(request, "audits/finding.html", {"audit": finding.audit, "finding": finding}, form=form)


@page(Permission.WRITE_AUDITS, methods=("POST",))
def finding_removal(request: PageRequest, id: UUID) -> HttpResponse:
    """It was none after all."""
    number = reads.finding(request.caller, id).audit.number
    flows.remove_finding(request.caller, id)
    messages.success(request, gettext("The finding is removed."))
    return redirect("audit", number)


@page(Permission.WRITE_AUDITS)
def reopen_finding(request: PageRequest, id: UUID) -> HttpResponse:
    """A finding that was closed is not solved after all."""
    finding = reads.finding(request.caller, id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.reopen_finding(request.caller, id, **form.cleaned_data)
            messages.success(request, gettext("The finding is open again."))
            return redirect("audit", finding.audit.number)
    return show(request, "audits/reopening.html", {"finding": finding}, form=form)


@page(Permission.WRITE_AUDITS)
def close_finding(request: PageRequest, id: UUID) -> HttpResponse:
    """A finding is solved, and this shows it."""
    finding = reads.finding(request.caller, id)
    form = ClosureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            flows.close_finding(request.caller, id, **form.cleaned_data)
            messages.success(request, gettext("The finding is closed."))
            return redirect("audit", finding.audit.number)
    return show(request, "audits/closure.html", {"finding": finding}, form=form)


def _report_goes(request: PageRequest, number: int) -> tuple[Caller, Organisation, str]:
    return request.caller, flows.report_goes_to(request.caller, number), File.Kind.REPORT


@takes_files(_report_goes)
@page(Permission.READ_AUDITS)
def report(request: PageRequest, number: int) -> HttpResponse:
    """The signed report: fetched, or put there before the sign-off. While there is none this leads to the audit."""
    found = reads.audit(request.caller, number)
    if request.method != "POST":
        return handed_out(request, found.report) if found.report else redirect("audit", number)
    form = ReportFileForm(request.POST, request.FILES)
    if form.is_valid():
        with refusals(form):
            flows.attach_report(request.caller, number, file=form.cleaned_data["file"].arrived())
            messages.success(request, gettext("The report is attached."))
            return redirect("audit", number)
    context = _context(request, found) | {"file_form": form, "sign_form": SignOffForm()}
    return show(request, "audits/audit.html", context, form=form)


@page(Permission.WRITE_AUDITS)
def sign_off(request: PageRequest, number: int) -> HttpResponse:
    """The grade, after which the audit is frozen. Who loads this again is led to the audit."""
    found = reads.audit(request.caller, number)
    if request.method != "POST":
        return redirect("audit", number)
    form = SignOffForm(request.POST)
    if form.is_valid():
        with refusals(form):
            given = form.cleaned_data
            signing.sign_off(request.caller, number, grade=int(given["grade"] * 10), version=given["version"])
            messages.success(request, gettext("The audit is signed off."))
            return redirect("audit", number)
    found = reads.audit(request.caller, number)  # as it is now, if it was changed meanwhile
    context = _context(request, found) | {"file_form": ReportFileForm(), "sign_form": form}
    if not form.has_error(NON_FIELD_ERRORS, code="conflict"):
        context["version"] = form["version"].value() or ""
    return show(request, "audits/audit.html", context, form=form)


def _context(request: PageRequest, audit: Audit) -> dict[str, object]:
    now = to_us(clock.now())
    return {
        "audit": audit,
        "services": reads.in_scope(audit),
        "findings": reads.findings(request.caller, audit),
        "validity": [(one, one.expired(now)) for one in reads.validity(audit, now)],
        "description": [(DescribeForm.base_fields[name].label, getattr(audit, name)) for name in WRITTEN],
        "today": clock.now().date(),
        "writable": reads.open_still(audit) and request.caller.may(Permission.WRITE_AUDITS),
        "version": reads.version(audit) if reads.open_still(audit) else "",
        "followed": audit.withdrawn_at is None and request.caller.may(Permission.WRITE_AUDITS),
        "signer": audit.invited_id in (None, request.caller.user),
        "missing": _missing(audit),
    }


def _missing(audit: Audit) -> list[str]:
    """The labels of what is still empty and should not be when the audit is signed off."""
    return [
        str(field.label)
        for name, field in DescribeForm.base_fields.items()
        if field.required and not getattr(audit, name)
    ]


def _open(request: PageRequest, number: int) -> Audit:
    """An audit that can still be changed."""
    return flows.unsigned(reads.audit(request.caller, number))
