"""First passwords: made for somebody by somebody else. They let in for a day, to choose a password of one's own."""

import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction

from baken.record.ledger import clock
from baken.record.people import happenings
from baken.record.people.access import Caller
from baken.record.people.flows import add_user, set_password
from baken.record.people.happenings import Happening
from baken.record.people.models import User
from baken.record.people.recovery_codes import ALPHABET
from baken.record.people.security_log import note

LIFE = timedelta(hours=24)
"""Until the same hour of the next day: time to tell it to somebody who sleeps now, and none to be found later."""
GROUPS, OF = 4, 5
"""Twenty characters, which is 99 bits, in groups that can be told over a telephone."""


@transaction.atomic
def add_person(caller: Caller, *, password: str | None = None, **given: Any) -> tuple[User, str]:
    """A new person, and their first password, to be shown once.

    given: as of `add_user`. password: one that was typed, for scripts; None for a random one. Raises PeopleError.
    """
    user = add_user(caller, **given)
    return user, give(caller, user, password)


@transaction.atomic
def give(caller: Caller, user: User, password: str | None = None) -> str:
    """A first password instead of whatever they had, to be shown once. Raises PeopleError for one that is refused."""
    password = password if password is not None else _made()
    set_password(caller, user, password, until=clock.now() + LIFE)
    happenings.note(user, Happening.FIRST_PASSWORD_MADE, actor=caller.actor)
    note("first-password.made", user=user.id, by=caller.actor)
    return password


def is_held(user: User) -> bool:
    """Whether the password of this person was made for them, and they have not chosen another."""
    return user.first_password_until is not None


def is_over(user: User) -> bool:
    """Whether they hold one that lets them in no more."""
    return user.first_password_until is not None and user.first_password_until <= clock.now()


def has_own(user: User) -> bool:
    """Whether they have a password that they chose themselves."""
    return user.has_usable_password() and not is_held(user)


def lets_in(user: User) -> bool:
    """Whether they have a password, and it is not over."""
    return user.has_usable_password() and not is_over(user)


def matches(user: User, password: str) -> bool:
    """Whether this is their password and it is not over. Takes equally long either way."""
    return user.check_password(password) and not is_over(user)


def _made() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(OF)) for _ in range(GROUPS))
