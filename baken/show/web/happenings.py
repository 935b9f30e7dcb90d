"""What became of how somebody gets in and of what they may, as lines of a table: when, what, by whom."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from baken.record.ledger.models import LedgerFact
from baken.record.people import reads as people
from baken.record.people.happenings import Happening
from baken.show.web.forms.people import ROLE_NAMES

Data = Mapping[str, Any]
ROWS = 20
"""On a page."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fact in words."""

    at: datetime
    what: str
    who: str


def lines(rows: Iterable[LedgerFact]) -> list[Line]:
    """Facts of a person's stream, or of their tokens', in words."""
    rows = list(rows)
    names = people.names(UUID(row.actor[5:]) for row in rows if row.actor.startswith("user:"))
    return [Line(row.at, _what(row), _who(row.actor, names)) for row in rows]


def by_stream(rows: Iterable[LedgerFact]) -> dict[UUID, list[Line]]:
    """The same, of several streams, by the id of each."""
    rows, found = list(rows), dict[UUID, list[Line]]()
    for row, line in zip(rows, lines(rows), strict=True):
        found.setdefault(row.stream_id, []).append(line)
    return found


def _who(actor: str, names: Mapping[UUID, str]) -> str:
    kind, _colon, id = actor.partition(":")
    if kind == "user":
        return names.get(UUID(id)) or gettext("somebody who is gone")
    return str(ACTORS.get(kind, actor))


def _what(row: LedgerFact) -> str:
    words = WORDS.get(row.kind, row.kind)
    return words(row.data) if callable(words) else str(words)


def _roles(codes: Iterable[str]) -> str:
    return ", ".join(str(ROLE_NAMES.get(code, code)) for code in codes) or "–"


def _locked(data: Data) -> str:
    minutes = data["minutes"]
    text = ngettext(
        "second step locked for %(count)s minute after wrong codes",
        "second step locked for %(count)s minutes after wrong codes", minutes,
    )  # fmt: skip
    return text % {"count": minutes}


ACTORS: Mapping[str, str | Promise] = {
    "command-line": _("command line"),
    "demonstration": _("the demonstration"),
    "identity-provider": _("an identity provider"),
    "setup": _("the first-run setup"),
    "sign-in": _("Baken"),
    "token": _("an API client"),
}
WORDS: Mapping[str, str | Promise | Callable[[Data], str]] = {
    Happening.ADDED: lambda data: gettext("added as %(roles)s") % {"roles": _roles(data["roles"])},
    Happening.ROLES_CHANGED: lambda data: (
        gettext("roles changed from %(before)s to %(roles)s")
        % {"before": _roles(data["before"]), "roles": _roles(data["roles"])}
    ),
    Happening.LET_IN: _("let in again"),
    Happening.SHUT_OUT: _("kept out"),
    Happening.TOKEN_MADE: lambda data: gettext("API token made, as %(role)s") % {"role": _roles([data["role"]])},
    Happening.TOKEN_REVOKED: _("API token revoked"),
    Happening.FIRST_PASSWORD_MADE: _("first password made"),
    Happening.PASSWORD_CHOSEN: _("own password chosen"),
    Happening.AUTHENTICATOR_ADDED: _("app for codes added"),
    Happening.AUTHENTICATOR_REMOVED: _("app for codes removed"),
    Happening.PASSKEY_ADDED: _("passkey added"),
    Happening.PASSKEY_REMOVED: _("passkey removed"),
    Happening.PASSKEY_DOUBTED: _("passkey refused: there may be a copy of it"),
    Happening.CODES_MADE: _("recovery codes made"),
    Happening.CODE_USED: _("recovery code used"),
    Happening.IDENTITY_LINKED: _("account at an identity provider linked"),
    Happening.IDENTITIES_UNLINKED: _("accounts at identity providers unlinked"),
    Happening.STEP_LOCKED: _locked,
    Happening.FACTORS_RESET: _("second step taken away"),
    "person.exported": _("data exported"),
}
"""What each kind of fact is."""
