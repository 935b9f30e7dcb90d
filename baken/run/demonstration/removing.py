"""Takes the demonstration away: everything of its organisations, their history on the ledger included."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connections, models, transaction
from django.db.backends.utils import CursorWrapper

from baken.record.catalogue.models import Subscription
from baken.record.complaints.models import Complaint
from baken.record.incidents.models import Incident
from baken.record.orgs.models import FilePart, Organisation
from baken.record.people.models import Membership, SignIn, User
from baken.record.privacy.models import Tombstone
from baken.run.demonstration import passwords

Say = Callable[[str], None]
REMEDY = "Start your own installation with another BAKEN_HOME and BAKEN_DEMO=no, and import or enter them there."
OWN = "organisation_id = ANY(%(ids)s)"
USERS = f"""id IN (SELECT user_id FROM {Membership._meta.db_table} WHERE organisation_id = ANY(%(ids)s))
AND id NOT IN (SELECT user_id FROM {Membership._meta.db_table} WHERE organisation_id <> ALL(%(ids)s))"""  # noqa: S608


class Kept(Exception):
    """The demonstration cannot be taken away; the message says why, and what to do."""


def remove(say: Say) -> None:
    """Delete all that belongs to demonstration organisations, and nothing else; `say` hears what that was.

    The ledger refuses to be changed; its owner sets that guard aside for this one transaction, and only streams of
    demonstration organisations go. Raises Kept when there is no demonstration, or something real hangs on it.
    """
    ids = list(Organisation.objects.filter(demonstration=True).values_list("id", flat=True))
    if not ids:
        raise Kept("There is no demonstration here; nothing was removed.")
    try:
        _refuse_if_in_use(ids)
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            _delete(cursor, ids, say)
        _mark().touch()
        passwords.place().unlink(missing_ok=True)
    except IntegrityError as error:
        raise Kept(f"Something real refers to the demonstration; nothing was removed. {REMEDY}") from error


def was_removed() -> bool:
    """Whether a demonstration was taken away here: the next start does not make it again by itself."""
    return _mark().exists()


def forget_removal() -> None:
    """Somebody asks for a demonstration again."""
    _mark().unlink(missing_ok=True)


def _mark() -> Path:
    return Path(settings.BAKEN_HOME) / "demonstration.removed"


def _refuse_if_in_use(ids: list[UUID]) -> None:
    for kind in (Incident, Complaint, Subscription):
        found = kind._default_manager.filter(service__organisation__in=ids).exclude(organisation__in=ids)
        owners = sorted(set(found.values_list("organisation__code", flat=True)))
        if owners:
            raise Kept(
                f"The demonstration's services hold records of {', '.join(owners)}; nothing was removed. {REMEDY}"
            )


def _delete(cursor: CursorWrapper, ids: list[UUID], say: Say) -> None:
    # Foreign keys are checked at the end of the transaction; the order is that in which conditions find their rows.
    cursor.execute("SET LOCAL lock_timeout = '10s'")
    cursor.execute("ALTER TABLE ledger_ledgerfact DISABLE TRIGGER ledger_append_only")
    for table, condition in _tables():
        cursor.execute(f"DELETE FROM {table} WHERE {condition}", {"ids": ids})  # noqa: S608  names of our own
        if cursor.rowcount:
            say(f"removed {cursor.rowcount:>7,} from {table}")
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("ALTER TABLE ledger_ledgerfact ENABLE ALWAYS TRIGGER ledger_append_only")


def _tables() -> Iterator[tuple[str, str]]:
    """Tables and the condition for what is the demonstration's in them, those first that are found through others."""
    signed_in = f"SELECT session_key FROM people_signin WHERE {_condition(SignIn)}"  # noqa: S608
    yield Session._meta.db_table, f"session_key IN ({signed_in})"
    yield "monitors_result", OWN  # Django knows no model of it
    own = [model for model in apps.get_models() if model.__module__.startswith("baken.record.") and _condition(model)]
    own.remove(FilePart)  # outlasts its file until the object that it names was removed
    own.remove(Tombstone)  # each is signed with the one before
    for model in sorted(own, key=_depth, reverse=True):
        yield model._meta.db_table, _condition(model)


@cache
def _condition(model: type[models.Model]) -> str:
    """What is the demonstration's in a table: by its organisation, or by what it belongs to; empty if by nothing."""
    if model is User:
        return USERS
    if model is Organisation:
        return "id = ANY(%(ids)s)"
    if any(field.attname == "organisation_id" for field in model._meta.concrete_fields):
        return OWN
    for field in model._meta.concrete_fields:
        parent = field.related_model
        if parent and not field.null and not isinstance(parent, str) and _condition(parent):
            table = parent._meta.db_table
            return f"{field.column} IN (SELECT id FROM {table} WHERE {_condition(parent)})"  # noqa: S608
    return ""


def _depth(model: type[models.Model]) -> int:
    """How many tables lie between a row and its organisation."""
    return _condition(model).count("SELECT") + (model is not Membership and model is not Organisation)
