"""Reading complaints: the customer's own, or all of them for whoever handles them."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from baken.record.complaints.models import Attachment, Complaint, Remark
from baken.record.orgs import opened
from baken.record.orgs.models import File, Organisation
from baken.record.people.access import Caller, NotFound, Permission, require_not_erased
from baken.record.people.models import Membership


def visible(caller: Caller) -> QuerySet[Complaint]:
    """Every complaint the caller may see. An agent sees none: it may be about them."""
    rows = Complaint.objects.select_related("service", "organisation", "reporter").order_by("-lodged")
    if caller.may(Permission.HANDLE_COMPLAINTS):
        return rows
    caller.require(Permission.FILE_COMPLAINTS)
    return rows.filter(organisation_id=caller.organisation) if caller.organisation else rows.none()


STATES = ("new", "open", "done")
"""Not acknowledged yet; acknowledged and not decided; decided or left out."""


def in_state(caller: Caller, state: str) -> QuerySet[Complaint]:
    """Those in one of the `STATES`; what has to be acknowledged first comes first."""
    done = Q(decided_at__isnull=False) | ~Q(left_out="")
    wanted = {"new": ~done & Q(acknowledged_at=None), "open": ~done & Q(acknowledged_at__isnull=False), "done": done}
    rows = visible(caller).filter(wanted[state])
    return rows if state == "done" else rows.order_by("acknowledge_by")


def complaint(caller: Caller, number: int) -> Complaint:
    """One complaint by its number. Raises NotFound, also for a stranger's."""
    found = visible(caller).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such complaint.")
    opened.about(found.organisation_id, "complaint", number)
    return found


def remarks(caller: Caller, complaint: Complaint) -> QuerySet[Remark]:
    """What was said, oldest first; a customer reads what is meant for them.

    `by_customer` says of each remark whether its author is one of the customer's people.
    """
    theirs = Membership.objects.filter(user=OuterRef("author"), organisation=OuterRef("organisation"))
    rows = Remark.objects.filter(complaint=complaint).select_related("author").annotate(by_customer=Exists(theirs))
    return rows if caller.may(Permission.HANDLE_COMPLAINTS) else rows.filter(visible=True)


def conversation(caller: Caller, complaint: Complaint) -> QuerySet[Remark]:
    """The same remarks, each with its attachments."""
    return remarks(caller, complaint).prefetch_related(Prefetch("attachments", _WITH_FILES))


def attachments(caller: Caller, complaint: Complaint) -> QuerySet[Attachment]:
    """The files that came with what the caller may read of it, oldest first."""
    return _WITH_FILES.filter(remark__in=remarks(caller, complaint).values("id")).order_by(
        "remark__created_at", "remark", "index"
    )


def attachment(caller: Caller, number: int, id: UUID) -> File:
    """One of them by its id. Raises NotFound, also for what is for the file only."""
    found = attachments(caller, complaint(caller, number)).filter(id=id).first()
    if found is None:
        raise NotFound("There is no such attachment.")
    return found.file


def files_go_to(caller: Caller, number: int) -> Organisation:
    """Whose a file is that is sent with a remark, before it is sent. Raises Forbidden, NotFound, Conflict."""
    caller.require(Permission.FILE_COMPLAINTS)
    organisation = complaint(caller, number).organisation
    require_not_erased(organisation)
    return organisation


_WITH_FILES = Attachment.objects.select_related("file", "remark")
