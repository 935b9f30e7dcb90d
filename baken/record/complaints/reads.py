"""Reading complaints: the customer's own, or all of them for whoever handles them."""

from django.db.models import QuerySet

from baken.record.complaints.models import Complaint, Remark
from baken.record.people.access import Caller, NotFound, Permission


def visible(caller: Caller) -> QuerySet[Complaint]:
    """Every complaint the caller may see. An agent sees none: it may be about them."""
    rows = Complaint.objects.select_related("service", "organisation", "reporter").order_by("-lodged")
    if caller.may(Permission.HANDLE_COMPLAINTS):
        return rows
    caller.require(Permission.FILE_COMPLAINTS)
    return rows.filter(organisation_id=caller.organisation) if caller.organisation else rows.none()


def complaint(caller: Caller, number: int) -> Complaint:
    """One complaint by its number. Raises NotFound, also for a stranger's."""
    found = visible(caller).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such complaint.")
    return found


def remarks(caller: Caller, complaint: Complaint) -> QuerySet[Remark]:
    """What was said, oldest first; a customer reads what is meant for them."""
    rows = Remark.objects.filter(complaint=complaint).select_related("author")
    return rows if caller.may(Permission.HANDLE_COMPLAINTS) else rows.filter(visible=True)
