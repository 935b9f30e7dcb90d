"""Who was erased, for administrators."""

from django.db.models import QuerySet

from baken.record.people.access import Caller, NotFound, Permission
from baken.record.privacy.models import Tombstone


def erasures(caller: Caller) -> QuerySet[Tombstone]:
    """Every erasure, the latest first."""
    caller.require(Permission.WRITE_PEOPLE)
    return Tombstone.objects.order_by("-number")


def erasure(caller: Caller, number: int) -> Tombstone:
    """One erasure, and how far it is. Raises NotFound."""
    found = erasures(caller).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such erasure.")
    return found
