"""Who asks, and what they may.

A `Caller` is what every flow and every read gets first. It is made from a signed-in user, from a token, or for the
program itself; nothing else in the house knows about sessions or headers.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import QuerySet

if TYPE_CHECKING:  # commands name roles before Django is set up
    from baken.record.orgs.models import Organisation


class Role(StrEnum):
    """The five people, and their front pages."""

    CUSTOMER = "customer"
    AGENT = "agent"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What can be allowed; the same codes are the scopes of an API token."""

    READ_INCIDENTS = "incidents:read"
    REPORT_INCIDENTS = "incidents:report"
    WORK_INCIDENTS = "incidents:work"
    FILE_COMPLAINTS = "complaints:file"
    HANDLE_COMPLAINTS = "complaints:handle"
    READ_KPIS = "kpis:read"
    SEAL_REPORTS = "reports:seal"
    READ_CATALOGUE = "catalogue:read"
    WRITE_CATALOGUE = "catalogue:write"
    READ_MONITORS = "monitors:read"
    WRITE_MONITORS = "monitors:write"
    READ_AUDITS = "audits:read"
    WRITE_AUDITS = "audits:write"
    WRITE_DRILLS = "drills:write"
    READ_ALERTS = "alerts:read"
    WRITE_ALERTS = "alerts:write"
    WRITE_PEOPLE = "people:write"
    CORRECT_FACTS = "facts:correct"
    READ_LOOKS = "looks:read"


_P = Permission
_CUSTOMER = {
    _P.READ_INCIDENTS, _P.REPORT_INCIDENTS, _P.FILE_COMPLAINTS, _P.READ_KPIS, _P.READ_CATALOGUE, _P.READ_MONITORS,
    _P.READ_LOOKS,
}  # fmt: skip
_AGENT = (_CUSTOMER - {_P.FILE_COMPLAINTS, _P.READ_LOOKS}) | {_P.WORK_INCIDENTS}
_MANAGER = _AGENT | {
    _P.FILE_COMPLAINTS, _P.HANDLE_COMPLAINTS, _P.SEAL_REPORTS, _P.READ_AUDITS, _P.WRITE_AUDITS, _P.WRITE_DRILLS,
    _P.CORRECT_FACTS, _P.READ_ALERTS, _P.READ_LOOKS,
}  # fmt: skip
_ADMINISTRATOR = _AGENT | {
    _P.WRITE_CATALOGUE, _P.WRITE_MONITORS, _P.WRITE_PEOPLE, _P.READ_AUDITS, _P.WRITE_DRILLS,
    _P.READ_ALERTS, _P.WRITE_ALERTS, _P.READ_LOOKS,
}  # fmt: skip

ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.CUSTOMER: frozenset(_CUSTOMER),
    Role.AGENT: frozenset(_AGENT),
    Role.MANAGER: frozenset(_MANAGER),
    Role.ADMINISTRATOR: frozenset(_ADMINISTRATOR),
    Role.AUDITOR: frozenset({_P.READ_AUDITS, _P.WRITE_AUDITS}),
}

STAFF = frozenset({Role.AGENT, Role.MANAGER, Role.ADMINISTRATOR})


class Forbidden(Exception):
    """You are signed in, but your role does not include this. Ask an administrator for the role you need."""


class NotFound(Exception):
    """There is no such record, or it is not yours to see; both look the same on purpose."""


class Conflict(Exception):
    """The record is no longer in the state this change starts from; look at it again."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    actor: the code that facts carry. organisation: the one the caller belongs to. roles: held there. user: id of the
    person, None for a machine. scopes: limits a token puts on its roles; None for no limit.
    """

    actor: str
    organisation: UUID | None
    roles: frozenset[Role] = frozenset()
    user: UUID | None = None
    scopes: frozenset[str] | None = None
    everything: bool = field(default=False)

    def may(self, permission: Permission) -> bool:
        """Whether a role allows it and no scope forbids it."""
        if self.everything:
            return True
        if self.scopes is not None and permission not in self.scopes:
            return False
        return any(permission in ALLOWED[role] for role in self.roles)

    def require(self, permission: Permission) -> None:
        """Raise Forbidden unless the caller may."""
        if not self.may(permission):
            raise Forbidden(f"This needs the permission {permission.value}.")

    @property
    def staff(self) -> bool:
        """Works for the provider, so sees every customer."""
        return self.everything or bool(self.roles & STAFF)

    def narrow(self, rows: QuerySet[Any], organisation: str = "organisation_id") -> QuerySet[Any]:
        """The rows of this caller's organisation; all of them for staff; none for anybody else."""
        if self.staff:
            return rows
        if self.organisation is None or Role.CUSTOMER not in self.roles:
            return rows.none()
        return rows.filter(**{organisation: self.organisation})


def program(actor: str) -> Caller:
    """The program itself: the worker, an import, the command line. `actor` says which."""
    return Caller(actor=actor, organisation=None, everything=True)


NOBODY = Caller(actor="anonymous", organisation=None)
"""Somebody who is not signed in."""


OF_A_CUSTOMER = "This customer was erased; nothing can be written about it any more."


def require_not_erased(organisation: "Organisation") -> None:
    """Raise Conflict for a customer who was erased: nothing that is written about them could be read.

    This looks at what was loaded, to refuse early; what is written is held to it by `privacy.writers`.
    """
    if organisation.erased_at:
        raise Conflict(OF_A_CUSTOMER)


def actor_of(user: UUID) -> str:
    """How facts name a person."""
    return f"user:{user}"
