"""Second factors: who has them, of whom one is asked, and what becomes of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from baken.record.people import access
from baken.record.people.access import STAFF, Caller, Permission, Role
from baken.record.people.happenings import Happening, done
from baken.record.people.models import Authenticator, Identity, Passkey, RecoveryCode, User


class Demand(StrEnum):
    """Of whom a second factor is asked: of nobody, of the desk and auditors, of everybody."""

    OFF = "off"
    STAFF = "staff"
    EVERYONE = "everyone"


class LastFactor(access.Conflict):
    """A second step is asked of you; add another one before you remove this."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a person has besides a password."""

    authenticator: Authenticator | None
    passkeys: list[Passkey]
    codes_left: int

    def __bool__(self) -> bool:
        """Whether there is a second factor; recovery codes alone are none."""
        return self.authenticator is not None or bool(self.passkeys)


def held(user: User) -> Held:
    """What a person has besides a password now."""
    return Held(
        authenticator=Authenticator.objects.filter(user=user).exclude(confirmed_at=None).first(),
        passkeys=list(Passkey.objects.filter(user=user).order_by("created_at")),
        codes_left=RecoveryCode.objects.filter(user=user).count(),
    )


def holds(user: User) -> bool:
    """Whether a person has a second factor; recovery codes alone are none."""
    app = Authenticator.objects.filter(user=user).exclude(confirmed_at=None)
    return app.exists() or Passkey.objects.filter(user=user).exists()


def demand() -> Demand:
    """Of whom this installation asks a second factor."""
    return Demand(settings.BAKEN_SECOND_FACTOR)


def demanded(roles: Iterable[Role]) -> bool:
    """Whether a second factor is asked of somebody with these roles."""
    if demand() is Demand.STAFF:
        return bool(set(roles) & (STAFF | {Role.AUDITOR}))
    return demand() is Demand.EVERYONE


def keeps_one(user: User, *, without: Authenticator | Passkey) -> None:
    """Whoever a second factor is asked of keeps one. Raises LastFactor."""
    now = held(user)
    left = [row for row in (now.authenticator, *now.passkeys) if row is not None and row != without]
    roles = (Role(role) for role in user.memberships.values_list("role", flat=True))
    if not left and demanded(roles):
        raise LastFactor
    if not left:
        RecoveryCode.objects.filter(user=user).delete()


@transaction.atomic
def reset(caller: Caller, user: User) -> None:
    """Take every second factor from somebody who lost theirs: the password alone lets them in again."""
    caller.require(Permission.WRITE_PEOPLE)
    for model in (Authenticator, Passkey, RecoveryCode):
        model._default_manager.filter(user=user).delete()
    done(caller, user, Happening.FACTORS_RESET)


@transaction.atomic
def unlink(caller: Caller, user: User) -> int:
    """Undo what ties a person to accounts at identity providers; gives how many there were.

    The next sign-in there ties them anew, by their address.
    """
    caller.require(Permission.WRITE_PEOPLE)
    count = Identity.objects.filter(user=user).delete()[0]
    if count:
        done(caller, user, Happening.IDENTITIES_UNLINKED, count=count)
    return count
