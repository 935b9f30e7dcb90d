"""What every page needs besides its own."""

from typing import Any

from django.http import HttpRequest

from baken.record.people.access import Permission
from baken.record.people.reads import provider


def page(request: HttpRequest) -> dict[str, Any]:
    """The provider (for the banner of a demonstration), and what the caller may do (for the menu)."""
    caller = getattr(request, "caller", None)
    may = {permission.name.lower() for permission in Permission if caller and caller.may(permission)}
    return {"provider": provider(), "may": may, "caller": caller}
