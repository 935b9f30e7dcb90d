"""Recording audits, their findings and files, and security reviews."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from baken.domain.facts import Kind
from baken.domain.instants import to_us
from baken.record.audits import project
from baken.record.audits.models import Audit, Finding, SecurityReview
from baken.record.audits.reads import reviews, visible
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs import files
from baken.record.orgs.fields import new_id
from baken.record.orgs.models import File, Organisation
from baken.record.people import access
from baken.record.people.access import Caller, Forbidden, NotFound, Permission, Role
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
LONGEST_REVIEW = timedelta(days=366)
"""The longest time that one review covers: a year. Nobody looked through more at once; more is a year typed wrong."""


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
    _for_the_manager(caller)
    if not services:
        raise AuditError("services: choose the services in scope")
    audit = Audit(
        organisation=provider, number=_next_number(), services=sorted(service.id for service in services),
        invited=invited, created_at=clock.now(), **_known(written),
    )  # fmt: skip
    _clean(audit)
    audit.save(force_insert=True)
    data = {"number": audit.number, "services": [str(id) for id in audit.services]}
    append(stream_of(audit), [Entry("audit.opened", audit.created_at, data)], actor=caller.actor)
    return audit


@transaction.atomic
def invite(caller: Caller, number: int, *, invited: User, reason: str) -> Audit:
    """The manager asks another auditor, and says why: the one who was asked was erased, shut out, or cannot do it.

    Who audits is what the new one says of themself; what was looked at and found stays, to be changed by them.
    """
    _for_the_manager(caller)
    audit = locked(caller, number)
    if audit.invited_id == invited.id:
        raise AuditError("invited: this auditor is asked already; choose somebody else")
    audit.invited, audit.reason = invited, _also(audit.reason, reason)
    audit.auditor = audit.accreditation = audit.independence = ""
    _clean(audit)
    audit.save(update_fields=["invited", "reason", "auditor", "accreditation", "independence"])
    append(stream_of(audit), [Entry("audit.invited", clock.now(), {"user": str(invited.id)})], actor=caller.actor)
    return audit


@transaction.atomic
def withdraw(caller: Caller, number: int, *, reason: str) -> Audit:
    """The manager ends an audit that nobody will sign off, and says why. It stays readable, and nothing follows."""
    _for_the_manager(caller)
    audit = locked(caller, number)
    audit.reason = _also(audit.reason, reason)
    _clean(audit)
    audit.save(update_fields=["reason"])
    append(stream_of(audit), [Entry("audit.withdrawn", clock.now())], actor=caller.actor)
    project.audits([audit.id])
    audit.refresh_from_db()
    return audit


@transaction.atomic
def describe(caller: Caller, number: int, **written: Any) -> Audit:
    """Fill in what the audit says of itself, before it is signed off."""
    audit = locked(caller, number)
    for name, value in _known(written).items():
        setattr(audit, name, value)
    _clean(audit)
    audit.save()
    return audit


def report_goes_to(caller: Caller, number: int) -> Organisation:
    """Whose file the report of an audit is, before it is sent. Raises Forbidden, NotFound, Conflict."""
    caller.require(Permission.WRITE_AUDITS)
    audit = visible(caller).filter(number=number).select_related("organisation").first()
    return unsigned(audit).organisation


@transaction.atomic
def attach_report(caller: Caller, number: int, *, file: File) -> Audit:
    """The signed report file, which has arrived; its digest is what the sign-off signs. Raises FileError."""
    audit = locked(caller, number)
    if audit.report is not None:
        files.release(audit.report)  # while it is the report of this audit, which is what its auditor may change
    audit.report = files.take(file, audit.organisation, kind=File.Kind.REPORT, at=clock.now())
    audit.save(update_fields=["report"])
    return audit


@transaction.atomic
def add_finding(caller: Caller, number: int, **finding: Any) -> Finding:
    """One finding, with severity, owner and deadline."""
    audit = locked(caller, number)
    row = Finding(organisation=audit.organisation, audit=audit, **finding)
    _check(row)
    row.save(force_insert=True)
    return row


@transaction.atomic
def change_finding(caller: Caller, finding_id: UUID, **finding: Any) -> Finding:
    """What is given of a finding changes, until the sign-off; by the auditor who was invited, if one was."""
    row = _draft(caller, finding_id)
    for name, value in finding.items():
        setattr(row, name, value)
    _check(row)
    row.save(update_fields=list(finding))
    return row


@transaction.atomic
def remove_finding(caller: Caller, finding_id: UUID) -> None:
    """It was none after all; until the sign-off, by the auditor who was invited, if one was."""
    _draft(caller, finding_id).delete()


@transaction.atomic
def close_finding(caller: Caller, finding_id: UUID, *, evidence: str) -> Finding:
    """The finding is solved, which `evidence` shows. Findings are followed after the sign-off too."""
    row = _followed(caller, finding_id)
    if row.closed_at:
        raise Conflict("This finding is closed already; open it again first if what shows that it is solved is wrong.")
    if not evidence.strip():
        raise AuditError("evidence: say what shows that it is solved, and where that can be looked up")
    row.closed_at, row.evidence = clock.now(), evidence.strip()
    row.closed_by = User.objects.filter(id=caller.user).first() if caller.user else None
    _clean(row)
    row.save(update_fields=["closed_at", "evidence", "closed_by"])
    return _noted(caller, row, "audit.finding_closed")


@transaction.atomic
def reopen_finding(caller: Caller, finding_id: UUID, *, reason: str) -> Finding:
    """It is not solved after all, and this is why; it is followed, and reminded of, as before it was closed."""
    row = _followed(caller, finding_id)
    if row.closed_at is None:
        raise Conflict("This finding is open already.")
    row.closed_at, row.closed_by, row.doubt = None, None, _why(reason)
    _clean(row)
    row.save(update_fields=["closed_at", "closed_by", "doubt"])
    return _noted(caller, row, "audit.finding_reopened")


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
    if ended - began > LONGEST_REVIEW:
        raise AuditError("began: a review covers at most 366 days; record longer times as several")
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


@transaction.atomic
def retract_review(caller: Caller, id: UUID, *, reason: str) -> SecurityReview:
    """The manager says that a review was recorded wrongly, and why. It stays readable, and proves nothing any more."""
    caller.require(Permission.CORRECT_FACTS)
    review = reviews(caller).select_for_update(of=("self",)).filter(id=id).first()
    if review is None:
        raise NotFound("There is no such review.")
    if review.retracted_at:
        raise Conflict("This review was retracted already.")
    review.reason = _why(reason)
    _clean(review)
    review.save(update_fields=["reason"])
    stream = Stream("review", review.id, review.organisation_id)
    append(stream, [Entry(Kind.RETRACTED, clock.now(), {"seq": 1})], actor=caller.actor)
    project.reviews([review.id])
    review.refresh_from_db()
    return review


def locked(caller: Caller, number: int) -> Audit:
    """An audit that may still change, kept from changes by others until the transaction ends."""
    caller.require(Permission.WRITE_AUDITS)
    return unsigned(visible(caller).select_for_update(of=("self",)).filter(number=number).first())


def unsigned(audit: Audit | None) -> Audit:
    """The audit, if there is one and it may still change. Raises NotFound, Conflict."""
    if audit is None:
        raise NotFound("There is no such audit.")
    _not_withdrawn(audit)
    if audit.signed_off_at:
        raise Conflict(str(Conflict.__doc__))
    return audit


def _not_withdrawn(audit: Audit) -> None:
    if audit.withdrawn_at:
        raise Conflict("The audit was withdrawn; open a new one.")


def _for_the_manager(caller: Caller) -> None:
    caller.require(Permission.WRITE_AUDITS)
    if not caller.everything and Role.MANAGER not in caller.roles:
        caller.require(Permission.HANDLE_COMPLAINTS)


def for_whoever_signs(caller: Caller, audit: Audit) -> None:
    """Nobody but the auditor who was invited, if one was: nobody grades their own service. Raises Forbidden."""
    if audit.invited_id not in (None, caller.user) and not caller.everything:
        raise Forbidden("The auditor who was invited gives the grade and signs off.")


def _draft(caller: Caller, finding_id: UUID) -> Finding:
    """A finding that may still be changed by the caller, with its audit locked."""
    row = _followed(caller, finding_id)
    unsigned(row.audit)
    for_whoever_signs(caller, row.audit)
    return row


def _followed(caller: Caller, finding_id: UUID) -> Finding:
    """A finding of an audit that was not withdrawn. Both are locked, the audit first, as for the sign-off."""
    caller.require(Permission.WRITE_AUDITS)
    audit = visible(caller).select_for_update(of=("self",)).filter(findings__id=finding_id).first()
    row = Finding.objects.select_for_update().filter(id=finding_id).first() if audit else None
    if audit is None or row is None:
        raise NotFound("There is no such finding.")
    _not_withdrawn(audit)
    row.audit = audit
    return row


def _noted(caller: Caller, row: Finding, kind: str) -> Finding:
    data = {"finding": str(row.id), "severity": row.severity}
    append(stream_of(row.audit), [Entry(kind, clock.now(), data)], actor=caller.actor)
    return row


def _check(row: Finding) -> None:
    if not row.title.strip():
        raise AuditError("title: say in one line what was found")
    _clean(row)


def _why(reason: str) -> str:
    if not reason.strip():
        raise AuditError("reason: say why")
    return reason.strip()


def _also(said: str, reason: str) -> str:
    """What was said before stays."""
    return "\n\n".join(filter(None, (said, _why(reason))))


def _known(written: dict[str, Any]) -> dict[str, Any]:
    if unknown := set(written) - set(WRITTEN):
        raise AuditError(f"{min(unknown)}: an audit has no such field")
    return written


def _clean(row: Audit | Finding | SecurityReview) -> None:
    try:
        row.clean_fields()
        if isinstance(row, Audit) and row.period_to < row.period_from:
            raise AuditError("period_to: choose the first day of the period or a later one")
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise AuditError(f"{field}: {' '.join(messages)}") from error


def stream_of(audit: Audit) -> Stream:
    """Where its facts are."""
    return Stream("audit", audit.id, audit.organisation_id)


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('audits_number')")
        return int(cursor.fetchone()[0])
