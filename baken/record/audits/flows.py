"""Recording audits, their findings and files, and security reviews."""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from baken.domain.instants import to_us
from baken.record.audits import project
from baken.record.audits.models import Audit, Finding, SecurityReview
from baken.record.audits.reads import visible
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs import files
from baken.record.orgs.fields import new_id
from baken.record.orgs.models import File, Organisation
from baken.record.people import access
from baken.record.people.access import Caller, Forbidden, NotFound, Permission, Role, program
from baken.record.people.acting import acting
from baken.record.people.models import User

WRITTEN = (
    "auditor",
    "accreditation",
    "independence",
    "scope",
    "exclusions",
    "method",
    "period_from",
    "period_to",
    "next_due",
)

REMARKS = 10_000
"""Longest remarks of a review, in characters."""
NEEDED = ("auditor", "accreditation", "independence", "scope", "method")
"""What an audit says of itself before it is signed off; nothing may be excluded, so that may stay empty."""


class AuditError(ValueError):
    """The audit does not fit; the message names the field and the remedy."""


class Conflict(access.Conflict):
    """The audit is signed off and no longer changes; record a new one to correct it."""


@transaction.atomic
def open_audit(
    caller: Caller,
    *,
    provider: Organisation,
    services: Sequence[Service],
    invited: User | None = None,
    **written: Any,
) -> Audit:
    """A new audit of some services, to be filled in by the auditor who is `invited` or by the manager."""
    caller.require(Permission.WRITE_AUDITS)
    if not caller.everything and Role.MANAGER not in caller.roles:
        caller.require(Permission.HANDLE_COMPLAINTS)
    if not services:
        raise AuditError("services: choose the services in scope")
    audit = Audit(
        organisation=provider, number=_next_number(), services=sorted(service.id for service in services),
        invited=invited, created_at=clock.now(), **_known(written),
    )  # fmt: skip
    _clean(audit)
    audit.save(force_insert=True)
    data = {"number": audit.number, "services": [str(id) for id in audit.services]}
    append(_stream(audit), [Entry("audit.opened", audit.created_at, data)], actor=caller.actor)
    return audit


@transaction.atomic
def describe(caller: Caller, number: int, **written: Any) -> Audit:
    """Fill in what the audit says of itself, before it is signed off."""
    audit = _locked(caller, number)
    for name, value in _known(written).items():
        setattr(audit, name, value)
    _clean(audit)
    audit.save()
    return audit


def report_goes_to(caller: Caller, number: int) -> Organisation:
    """Whose file the report of an audit is, before it is sent. Raises Forbidden, NotFound, Conflict."""
    caller.require(Permission.WRITE_AUDITS)
    audit = visible(caller).filter(number=number).select_related("organisation").first()
    return _unsigned(audit).organisation


@transaction.atomic
def attach_report(caller: Caller, number: int, *, file: File) -> Audit:
    """The signed report file, which has arrived; its digest is what the sign-off signs. Raises FileError."""
    audit = _locked(caller, number)
    if audit.report is not None:
        files.release(audit.report)  # while it is the report of this audit, which is what its auditor may change
    audit.report = files.take(file, audit.organisation, kind=File.Kind.REPORT, at=clock.now())
    audit.save(update_fields=["report"])
    return audit


@transaction.atomic
def add_finding(caller: Caller, number: int, **finding: Any) -> Finding:
    """One finding, with severity, owner and deadline."""
    audit = _locked(caller, number)
    row = Finding(organisation=audit.organisation, audit=audit, **finding)
    if not row.title.strip():
        raise AuditError("title: say in one line what was found")
    _clean(row)
    row.save(force_insert=True)
    return row


@transaction.atomic
def close_finding(caller: Caller, finding_id: UUID, *, evidence: str) -> Finding:
    """The finding is solved, which `evidence` shows. Findings are followed after the sign-off too."""
    caller.require(Permission.WRITE_AUDITS)
    row = Finding.objects.select_for_update(of=("self",)).filter(id=finding_id, audit__in=visible(caller)).first()
    if row is None:
        raise NotFound("There is no such finding.")
    if not evidence.strip():
        raise AuditError("evidence: say what shows that it is solved, and where that can be looked up")
    if row.closed_at is None:
        row.closed_at, row.evidence = clock.now(), evidence.strip()
        row.closed_by = User.objects.filter(id=caller.user).first() if caller.user else None
        _clean(row)
        row.save(update_fields=["closed_at", "evidence", "closed_by"])
        data = {"finding": str(row.id), "severity": row.severity}
        append(_stream(row.audit), [Entry("audit.finding_closed", row.closed_at, data)], actor=caller.actor)
    return row


@transaction.atomic
def sign_off(
    caller: Caller, number: int, *, grade: int, scale: str = "1-10", signed_off_at: datetime | None = None
) -> Audit:
    """The auditor's grade, in tenths from 10 to 100, counts from now or from the earlier `signed_off_at`.

    An auditor who was invited gives it themself: nobody grades their own service.
    """
    audit = _locked(caller, number)
    if audit.invited_id not in (None, caller.user) and not caller.everything:
        raise Forbidden("The auditor who was invited gives the grade and signs off.")
    at = signed_off_at or clock.now()
    if not 10 <= grade <= 100:
        raise AuditError("grade: the auditor gives a grade from 1.0 to 10.0")
    if scale != "1-10":
        raise AuditError("scale: the auditor gives the grade from 1 to 10; nobody converts another scale")
    if at > clock.now():
        raise AuditError("signed off: this instant has not come yet")
    if audit.report is None:
        raise AuditError("report: attach the signed report file first")
    if empty := [name for name in NEEDED if not getattr(audit, name).strip()]:
        raise AuditError(f"description: write down first: {', '.join(empty)}")
    data = {
        "services": [str(id) for id in audit.services], "grade": grade, "scale": scale,
        "report_sha256": audit.report.sha256, "auditor": _code_of(audit),
        "by": "provider" if caller.staff or audit.invited_id is None else "auditor",
    }  # fmt: skip
    Audit.objects.filter(id=audit.id).update(signed_off_by=caller.user)
    append(_stream(audit), [Entry("audit.signed_off", at, data)], actor=caller.actor)
    project.audits([audit.id])
    audit.refresh_from_db()
    return audit


@transaction.atomic
def record_review(
    caller: Caller, *, service: Service, began: datetime, ended: datetime, remarks: str = ""
) -> SecurityReview:
    """Somebody looked for break-ins over [began, ended); what they found are incidents of their own."""
    caller.require(Permission.WRITE_DRILLS)
    if ended <= began:
        raise AuditError("ended: a review ends after it began")
    if ended > clock.now():
        raise AuditError("ended: a time that has not passed cannot be reviewed yet")
    if len(remarks) > REMARKS:
        raise AuditError(f"remarks: at most {REMARKS} characters; attach the rest to an incident")
    stream = Stream("review", new_id(), service.organisation_id)
    data = {"service": str(service.id), "ended": to_us(ended)}
    append(stream, [Entry("security.reviewed", began, data)], actor=caller.actor)
    project.reviews([stream.id])
    review = SecurityReview.objects.get(id=stream.id)
    review.reviewer = User.objects.filter(id=caller.user).first() if caller.user else None
    review.remarks = remarks.strip()
    review.save(update_fields=["reviewer", "remarks"])
    return review


def _code_of(audit: Audit) -> str:
    """What stands for an auditor's name on the ledger: two audits of one auditor, by account or name, have the same.

    It is random, because what is on the ledger stays when the keys are replaced and when a name is erased; after that
    nobody can tell whose it was, and nothing takes the place of that grade until it ends. The program looks for it: an
    auditor sees none of the audits of others.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('auditor', 0))")
    with acting(program("audits")):
        earlier = list(Audit.objects.exclude(auditor_code="").order_by("signed_off_at"))
    return next((it.auditor_code for it in earlier if _same_auditor(it, audit)), token_hex(8))


def _same_auditor(one: Audit, other: Audit) -> bool:
    account = one.signed_by_auditor and one.invited_id == other.invited_id
    return account or _folded(one.auditor) == _folded(other.auditor)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _locked(caller: Caller, number: int) -> Audit:
    caller.require(Permission.WRITE_AUDITS)
    return _unsigned(visible(caller).select_for_update(of=("self",)).filter(number=number).first())


def _unsigned(audit: Audit | None) -> Audit:
    if audit is None:
        raise NotFound("There is no such audit.")
    if audit.signed_off_at:
        raise Conflict(str(Conflict.__doc__))
    return audit


def _known(written: dict[str, Any]) -> dict[str, Any]:
    if unknown := set(written) - set(WRITTEN):
        raise AuditError(f"{min(unknown)}: an audit has no such field")
    return written


def _clean(row: Audit | Finding) -> None:
    try:
        row.clean_fields()
        if isinstance(row, Audit) and row.period_to < row.period_from:
            raise AuditError("period_to: choose the first day of the period or a later one")
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise AuditError(f"{field}: {' '.join(messages)}") from error


def _stream(audit: Audit) -> Stream:
    return Stream("audit", audit.id, audit.organisation_id)


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('audits_number')")
        return int(cursor.fetchone()[0])
