"""Reading audits: an external auditor sees the ones asked of them, and nothing else."""

from django.db.models import QuerySet

from baken.record.audits.models import Audit, SecurityReview
from baken.record.people.access import Caller, NotFound, Permission


def visible(caller: Caller) -> QuerySet[Audit]:
    """Every audit the caller may see, newest first."""
    caller.require(Permission.READ_AUDITS)
    rows = Audit.objects.select_related("organisation", "invited", "report").order_by("-number")
    if caller.staff:
        return rows
    return rows.filter(invited_id=caller.user) if caller.user else rows.none()


def audit(caller: Caller, number: int) -> Audit:
    """One audit by its number. Raises NotFound, also for somebody else's."""
    found = visible(caller).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such audit.")
    return found


def reviews(caller: Caller) -> QuerySet[SecurityReview]:
    """Security reviews, latest first, for those who do them."""
    caller.require(Permission.WRITE_DRILLS)
    return SecurityReview.objects.select_related("service", "reviewer").order_by("-ended")
