"""What becomes of how somebody gets in and of what they may, on the person's own stream: who did it, and when."""

from enum import StrEnum
from typing import Any

from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.people import security_log
from baken.record.people.access import Caller, actor_of
from baken.record.people.models import ApiToken, User


class Happening(StrEnum):
    """Kinds of facts on a person's stream, and on that of a token; the comment names the keys of `data`."""

    ADDED = "person.added"  # roles
    ROLES_CHANGED = "person.roles_changed"  # before, roles
    LET_IN = "person.let_in"  # again, after they were kept out
    SHUT_OUT = "person.shut_out"
    AUTHENTICATOR_ADDED = "person.authenticator_added"
    AUTHENTICATOR_REMOVED = "person.authenticator_removed"
    PASSKEY_ADDED = "person.passkey_added"  # passkey
    PASSKEY_REMOVED = "person.passkey_removed"  # passkey
    PASSKEY_DOUBTED = "person.passkey_doubted"  # passkey; its counter went back, so there may be a copy
    CODES_MADE = "person.recovery_codes_made"  # count
    CODE_USED = "person.recovery_code_used"  # left
    IDENTITY_LINKED = "person.identity_linked"  # provider
    IDENTITIES_UNLINKED = "person.identities_unlinked"  # count
    STEP_LOCKED = "person.second_step_locked"  # minutes; after ten wrong codes
    FIRST_PASSWORD_MADE = "person.first_password_made"  # noqa: S105  by somebody else; it ends by itself
    PASSWORD_CHOSEN = "person.password_chosen"  # noqa: S105  by themself, in place of a first one
    TOKEN_MADE = "token.made"  # noqa: S105  role, scopes, user (of a machine's empty), expires (microseconds, or null)
    TOKEN_REVOKED = "token.revoked"  # noqa: S105
    FACTORS_RESET = "person.factors_reset"  # by somebody else, for a person who lost them


def note(user: User, kind: Happening, *, actor: str = "", **data: Any) -> None:
    """A fact on a person's stream, in the caller's transaction. actor: the person themself when it is not given."""
    stream = Stream("person", user.id, user.organisation_id)
    append(stream, [Entry(kind.value, clock.now(), data)], actor=actor or actor_of(user.id))


def done(caller: Caller, user: User, kind: Happening, **data: int | list[str]) -> None:
    """Somebody did it to a person: a fact, and a line in the log."""
    note(user, kind, actor=caller.actor, **data)
    told = {name: "+".join(value) if isinstance(value, list) else value for name, value in data.items()}
    security_log.note(_event(kind), user=user.id, by=caller.actor, **told)


def done_to_token(caller: Caller, token: ApiToken, kind: Happening, **data: Any) -> None:
    """Somebody made or ended a token: a fact on the token's stream, and a line in the log."""
    append(Stream("token", token.id, token.organisation_id), [Entry(kind.value, clock.now(), data)], actor=caller.actor)
    security_log.note(_event(kind), token=token.id, user=token.user_id, role=token.role, by=caller.actor)


def _event(kind: Happening) -> str:
    return kind.value.replace("_", "-")
