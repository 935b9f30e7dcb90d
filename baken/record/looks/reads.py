"""Reading who looked: a customer at their own data, the service manager and the administrator at all of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from baken.record.looks.models import Look
from baken.record.orgs.models import Organisation
from baken.record.people import reads as people
from baken.record.people.access import Caller, Permission
from baken.record.people.models import ApiToken, User


def listed(
    caller: Caller,
    *,
    customer: Organisation | None = None,
    person: UUID | None = None,
    incident: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Look]:
    """Looks that are all of this, the latest first; what is not given may be anything. Instants are aware."""
    caller.require(Permission.READ_LOOKS)
    rows = caller.narrow(Look.objects.select_related("organisation")).order_by("-at", "-id")
    wanted: dict[str, Any] = {"organisation": customer, "person": person, "at__gte": since, "at__lt": until}
    if incident is not None:
        wanted |= {"kind": "incident", "record": str(incident)}
    return rows.filter(**{column: value for column, value in wanted.items() if value is not None})


def readers(caller: Caller) -> QuerySet[User]:
    """The people of the provider, whose looks there can be."""
    caller.require(Permission.READ_LOOKS)
    rows = User.objects.exclude(organisation__kind=Organisation.Kind.CUSTOMER).order_by("created_at")
    return rows if caller.staff else rows.none()


def names(caller: Caller, rows: Iterable[Look]) -> dict[str, str]:
    """By reader, what they are called: people by their names, to the provider tokens by theirs, commands as they are.

    A customer reads the code of a machine's token instead of its name.
    """
    rows = list(rows)
    known = people.names(row.person for row in rows if row.person)
    machines = _token_names(caller, [row for row in rows if not row.person])
    return machines | {row.reader: known[row.person] for row in rows if row.person in known}


def tokens(caller: Caller, rows: Iterable[Look]) -> dict[str, str]:
    """By reader, the token by which a person looked: its name to the provider, its code to a customer."""
    theirs = [row for row in rows if row.person]
    return _tokens(theirs) | _token_names(caller, theirs)


def _token_names(caller: Caller, rows: Iterable[Look]) -> dict[str, str]:
    """Of those that are there; none to a customer."""
    ids = _tokens(rows) if caller.staff else {}
    found = {str(token.id): token.name for token in ApiToken.objects.filter(id__in=ids.values())} if ids else {}
    return {reader: found[id] for reader, id in ids.items() if id in found}


def _tokens(rows: Iterable[Look]) -> dict[str, str]:
    """By reader, the id of a token."""
    return {row.reader: row.reader[6:] for row in rows if row.reader.startswith("token:")}
