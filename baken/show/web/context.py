"""What every page needs besides its own."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from baken.record.people.access import Permission
from baken.record.people.models import User
from baken.record.people.reads import provider
from baken.show.web import entering, navigation, shortcuts

THEMES = tuple(User.Theme.values)


def page(request: HttpRequest) -> dict[str, Any]:
    """The provider (for the banner of a demonstration), the caller and what they may do, the menu, the theme.

    Somebody who has to choose a password first gets no menu: nothing of it opens.
    """
    caller = getattr(request, "caller", None)
    user = getattr(request, "user", None)
    person = user if isinstance(user, User) else None
    held_up = person is not None and entering.owes_password(request)
    return {
        "provider": provider(),
        "caller": caller,
        "may": {permission.name.lower() for permission in Permission if caller and caller.may(permission)},
        "menu": [] if held_up else navigation.menu(request, caller),
        "theme": person.theme if person else theme_of(request),
        "themes": THEMES,
        "shortcuts": shortcuts.of(person.shortcuts_off, caller) if person and not held_up else [],
    }


def theme_of(request: HttpRequest) -> str:
    """The theme that the cookie of somebody who is not signed in asks for."""
    asked = request.COOKIES.get(settings.BAKEN_THEME_COOKIE, "")
    return asked if asked in THEMES else User.Theme.SYSTEM.value
