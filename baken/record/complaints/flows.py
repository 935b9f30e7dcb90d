"""Lodging and handling complaints. Only the service manager handles them, never the agent they are about."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.complaints import project
from baken.record.complaints.models import Attachment, Complaint, Remark
from baken.record.complaints.reads import visible
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs.fields import clean_written, new_id
from baken.record.orgs.files import take_all
from baken.record.orgs.models import File, Organisation
from baken.record.people import access
from baken.record.people import reads as people
from baken.record.people.access import Caller, NotFound, Permission, require_not_erased
from baken.record.people.models import User


class ComplaintError(ValueError):
    """The input does not fit; the message names the field and the remedy."""


class Conflict(access.Conflict):
    """The complaint is no longer in the state this change starts from; look at it again."""


@transaction.atomic
def lodge(
    caller: Caller,
    *,
    organisation: Organisation,
    service: Service,
    subject: str,
    body: str,
    incidents: Sequence[int] = (),
    lodged: datetime | None = None,
    reporter: User | None = None,
    files: Sequence[File] = (),
) -> Complaint:
    """A new complaint, lodged now or, taken down by the manager, at an earlier instant. files: what came with it.

    Customers lodge their own, now; the manager may say who complained, and when.
    """
    caller.require(Permission.FILE_COMPLAINTS)
    _offered(caller, organisation, service)
    if not caller.may(Permission.HANDLE_COMPLAINTS):
        lodged, reporter = None, _person(caller)
    elif reporter and not people.contacts(caller, organisation.id).filter(id=reporter.id).exists():
        raise ComplaintError("reporter: choose somebody of this customer, or nobody")
    now = clock.now()
    lodged = lodged or now
    if lodged > now:
        raise ComplaintError("lodged: this instant has not come yet; give the time it was received")
    for field, value in (("subject", subject), ("message", body)):
        if not value.strip():
            raise ComplaintError(f"{field}: say what you are not satisfied with")
    terms = catalogue.held_at(service.id, organisation.id, lodged).terms
    complaint = Complaint(
        id=new_id(), organisation=organisation, number=_next_number(), service=service, reporter=reporter,
        subject=subject.strip(), incidents=sorted(set(incidents)), lodged=lodged,
        acknowledge_by=lodged + timedelta(microseconds=terms.complaint_acknowledge),
    )  # fmt: skip
    _save_new(complaint)
    data = {
        "number": complaint.number,
        "service": str(service.id),
        "acknowledge": terms.complaint_acknowledge,
    }
    append(_stream(complaint), [Entry("complaint.lodged", lodged, data)], actor=caller.actor)
    _say(complaint, reporter or _person(caller), body, visible=True, files=files)
    return complaint


@transaction.atomic
def acknowledge(caller: Caller, number: int, *, body: str) -> Complaint:
    """The manager tells the customer that the complaint is being looked at."""
    complaint = _locked(caller, number)
    _counts(complaint)
    if complaint.acknowledged_at:
        raise Conflict("It was acknowledged already.")
    _say(complaint, _person(caller), body, visible=True)
    return _record(caller, complaint, Entry("complaint.acknowledged", clock.now()))


@transaction.atomic
def remark(caller: Caller, number: int, *, body: str, visible_to_customer: bool, files: Sequence[File] = ()) -> Remark:
    """Something for the customer to read, or for the file."""
    complaint = _locked(caller, number)
    return _say(complaint, _person(caller), body, visible=visible_to_customer, files=files)


@transaction.atomic
def answer(caller: Caller, number: int, *, body: str, files: Sequence[File] = ()) -> Remark:
    """The customer adds something."""
    caller.require(Permission.FILE_COMPLAINTS)
    complaint = visible(caller).filter(number=number).first()
    if complaint is None:
        raise NotFound("There is no such complaint.")
    return _say(complaint, _person(caller), body, visible=True, files=files)


@transaction.atomic
def decide(caller: Caller, number: int, *, outcome: str, body: str) -> Complaint:
    """The outcome, with the reasons the customer reads. It can be decided once."""
    complaint = _locked(caller, number)
    _counts(complaint)
    if complaint.decided_at:
        raise Conflict("It was decided already.")
    if outcome not in Complaint.Outcome.values:
        raise ComplaintError(f"outcome: choose one of {', '.join(Complaint.Outcome.values)}")
    _say(complaint, _person(caller), body, visible=True)
    if not complaint.acknowledged_at:
        _record(caller, complaint, Entry("complaint.acknowledged", clock.now()))
    return _record(caller, complaint, Entry("complaint.decided", clock.now(), {"outcome": outcome}))


@transaction.atomic
def leave_out(caller: Caller, number: int, *, outcome: str, reason: str) -> Complaint:
    """A test, spam, or a duplicate of another complaint counts nowhere."""
    complaint = _locked(caller, number)
    _counts(complaint)
    if outcome not in {"test", "spam", "duplicate"}:
        raise ComplaintError("outcome: choose test, spam or duplicate")
    _say(complaint, _person(caller), reason, visible=False)
    return _record(caller, complaint, Entry("complaint.left_out", clock.now(), {"outcome": outcome}))


def _offered(caller: Caller, organisation: Organisation, service: Service) -> None:
    own = caller.staff or organisation.id == caller.organisation
    if not own or not catalogue.services(caller).filter(id=service.id).exists():
        raise NotFound("There is no such service.")
    if organisation.kind == Organisation.Kind.CUSTOMER and not catalogue.used_by(organisation.id).filter(id=service.id):
        raise ComplaintError("service: this customer does not use it; choose one that they use")


def _counts(complaint: Complaint) -> None:
    if complaint.left_out:
        raise Conflict("This complaint was left out of the counts.")


def _locked(caller: Caller, number: int) -> Complaint:
    caller.require(Permission.HANDLE_COMPLAINTS)
    complaint = visible(caller).select_for_update(of=("self",)).filter(number=number).first()
    if complaint is None:
        raise NotFound("There is no such complaint.")
    require_not_erased(complaint.organisation)
    return complaint


def _record(caller: Caller, complaint: Complaint, entry: Entry) -> Complaint:
    append(_stream(complaint), [entry], actor=caller.actor)
    project.refold([complaint.id])
    complaint.refresh_from_db(fields=list(project.FOLDED))
    return complaint


def _say(complaint: Complaint, author: User | None, body: str, *, visible: bool, files: Sequence[File] = ()) -> Remark:
    if not body.strip() and not files:
        raise ComplaintError("message: write something; an empty message helps nobody")
    remark = Remark(
        organisation_id=complaint.organisation_id, complaint=complaint, author=author, visible=visible,
        body=body.strip(), created_at=clock.now(),
    )  # fmt: skip
    _save_new(remark)
    Attachment.objects.bulk_create(
        Attachment(organisation_id=remark.organisation_id, remark=remark, file=file, index=index)
        for index, file in enumerate(take_all(files, complaint.organisation, at=remark.created_at, visible=visible))
    )
    return remark


def _save_new(row: Complaint | Remark) -> None:
    try:
        clean_written(row)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ComplaintError(f"{'message' if field == 'body' else field}: {' '.join(messages)}") from error
    row.save(force_insert=True)


def _person(caller: Caller) -> User | None:
    return User.objects.filter(id=caller.user).first() if caller.user else None


def _stream(complaint: Complaint) -> Stream:
    return Stream("complaint", complaint.id, complaint.organisation_id)


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('complaints_number')")
        return int(cursor.fetchone()[0])
