"""What becomes of people when they, or their organisation, are erased.

Their row stays without name and address, so that what refers to it still adds up: its id is the pseudonym that facts
carry. What they sign in with goes.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import models
from django.db.models.functions import Cast, Concat

from baken.record.orgs.erasure import Fate, Rule
from baken.record.people.models import (
    ApiToken,
    Authenticator,
    HoneyToken,
    HoneyUse,
    Identity,
    IdentityProvider,
    Membership,
    Passkey,
    RecoveryCode,
    SignIn,
    Storm,
    User,
)

NOBODY = "erased:"
NAMELESS = {
    "email_key": Concat(models.Value(NOBODY), Cast("pk", models.CharField())),
    "password": "!",
    "first_password_until": None,
    "last_login": None,
    "language": "nl",
    "zone": "UTC",
    "theme": User.Theme.SYSTEM.value,
    "shortcuts_off": [],
    "is_active": False,
}
"""What a row of a person says when they are nobody. No address has such a key, so theirs is free again."""

RULES = (
    Rule(
        model=SignIn, owner="user__organisation_id", person="user_id",
        with_person=Fate.GOES, with_organisation=Fate.GOES,
        document="sign_ins", columns=("id", "user_id", "device", "address", "began", "last_used"),
    ),
    Rule(
        model=ApiToken, person="user_id", with_person=Fate.GOES, with_organisation=Fate.GOES,
        document="tokens",
        columns=(
            "id", "user_id", "name", "role", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at",
        ),
    ),
    Rule(
        model=Authenticator, person="user_id", with_person=Fate.GOES, with_organisation=Fate.GOES,
        document="authenticators", columns=("id", "user_id", "created_at", "confirmed_at"), withheld=("secret",),
    ),
    Rule(
        model=RecoveryCode, person="user_id", with_person=Fate.GOES, with_organisation=Fate.GOES,
        document="recovery_codes", columns=("id", "user_id"), withheld=("digest",),
    ),
    Rule(
        model=Passkey, person="user_id", with_person=Fate.GOES, with_organisation=Fate.GOES,
        document="passkeys", columns=("id", "user_id", "name", "created_at", "last_used_at"),
    ),
    Rule(
        model=Identity, person="user_id", with_person=Fate.GOES, with_organisation=Fate.GOES,
        document="identities", columns=("id", "user_id", "provider_id", "created_at", "last_used_at"),
    ),
    Rule(
        model=IdentityProvider, with_organisation=Fate.GOES,
        document="identity_providers",
        columns=(
            "id", "name", "issuer", "client_id", "domains", "new_role", "second_factor", "acr_values", "created_at",
            "ended_at",
        ),
        withheld=("client_secret", "subject_key"),
    ),
    Rule(model=HoneyUse, with_organisation=Fate.GOES, withheld=("address", "device")),
    Rule(model=HoneyToken, with_organisation=Fate.GOES, withheld=("lure", "planted")),
    # Of a person it holds the id alone, which is their pseudonym.
    Rule(model=Storm, with_organisation=Fate.GOES, withheld=("tried",)),
    Rule(
        model=Membership, person="user_id", document="memberships", columns=("id", "user_id", "role"),
    ),
    Rule(
        model=User, person="pk", with_person=Fate.BLANKED, with_organisation=Fate.BLANKED, also=NAMELESS,
        document="people",
        columns=(
            "id", "email", "name", "language", "zone", "theme", "shortcuts_off", "is_active", "created_at",
            "last_login", "erased_at",
        ),
    ),
)  # fmt: skip


def lock_out(people: Iterable[UUID], at: datetime) -> None:
    """Nobody gets in as one of these people any more, whoever is in is out, and they have no name. at: since when."""
    ids = list(people)
    User.objects.filter(id__in=ids).update(erased_at=at, name="", email="", **NAMELESS)
    held = SignIn.objects.filter(user_id__in=ids)
    Session.objects.filter(session_key__in=held.values("session_key")).delete()
    held.delete()
    ApiToken.objects.filter(user_id__in=ids).delete()


def lock_out_organisation(organisation: UUID, at: datetime) -> None:
    """The same for everybody of an organisation, and for its programs."""
    lock_out(User.objects.filter(organisation_id=organisation).values_list("id", flat=True), at)
    ApiToken.objects.filter(organisation_id=organisation).delete()


def not_erased(people: Iterable[UUID]) -> list[UUID]:
    """Those of whom there is still a name: they came back with an older backup."""
    rows = User.objects.filter(id__in=list(people))
    return list(rows.exclude(erased_at__isnull=False, email_key__startswith=NOBODY).values_list("id", flat=True))
