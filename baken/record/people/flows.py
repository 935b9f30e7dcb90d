"""Adding people and tokens."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from baken.domain.instants import to_us
from baken.domain.zones import zone as known_zone
from baken.record.ledger import clock
from baken.record.orgs import indexkeys
from baken.record.orgs.models import Organisation
from baken.record.orgs.search import address_key, address_keys
from baken.record.people import lures
from baken.record.people.access import ALLOWED, Caller, Forbidden, NotFound, Permission, Role
from baken.record.people.happenings import Happening, done, done_to_token
from baken.record.people.models import ApiToken, Membership, User


class PeopleError(ValueError):
    """A user or token cannot be made; the message names the field and the remedy."""


@transaction.atomic
def add_user(
    caller: Caller,
    *,
    organisation: Organisation,
    email: str,
    name: str,
    roles: Iterable[Role],
    password: str | None = None,
    language: str = "",
    zone: str = "",
) -> User:
    """A new person with `roles` in `organisation`. Without a password nobody can sign in as them yet.

    password: one that they chose themselves; whoever adds somebody else makes them a first one (`first_passwords`).
    """
    caller.require(Permission.WRITE_PEOPLE)
    roles = fitting(organisation, roles)
    email = valid_email(email)
    indexkeys.hold()  # so that nobody else takes the address by another version of the key
    if User.objects.filter(email_key__in=address_keys(email)).exists():
        raise PeopleError("email: somebody with this address exists already")
    if lures.accounts(email):  # else each slip of the pen at their sign-in would be a suspicion of a break-in
        raise PeopleError("email: this is the address of a honey token; choose another, or remove that first")
    if zone:
        known_zone(zone)
    user = User(
        organisation=organisation, email=email, email_key=address_key(email), name=name.strip(), created_at=clock.now(),
        language=language or organisation.language, zone=zone or organisation.zone,
    )  # fmt: skip
    _set_password(user, password)
    user.full_clean(exclude=["password"])
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:  # somebody else added them in the meantime
        raise PeopleError("email: somebody with this address exists already") from error
    Membership.objects.bulk_create(Membership(organisation=organisation, user=user, role=role.value) for role in roles)
    done(caller, user, Happening.ADDED, roles=codes(roles))
    return user


@transaction.atomic
def set_password(caller: Caller, user: User, password: str, *, until: datetime | None = None) -> None:
    """Replace a person's password: by one of their own, or by a first one, which lets them in `until` then.

    One of their own is for themself alone, a first one for an administrator.
    """
    if until is not None:
        caller.require(Permission.WRITE_PEOPLE)
    elif caller.user != user.id:
        raise Forbidden("Nobody chooses the password of somebody else.")
    _set_password(user, password)
    user.first_password_until = until
    user.save(update_fields=["password", "first_password_until"])


def set_appearance(caller: Caller, *, language: str = "", theme: str = "") -> None:
    """The caller's own language and theme; what is empty stays as it is."""
    changes = {"language": language, "theme": theme}
    User.objects.filter(id=_self(caller).id).update(**{name: value for name, value in changes.items() if value})


@transaction.atomic
def change_profile(caller: Caller, *, name: str, language: str, zone: str) -> None:
    """The caller's own name, language and time zone."""
    user = _self(caller)
    known_zone(zone)
    user.name, user.language, user.zone = name.strip(), language, zone
    _clean(user)
    user.save(update_fields=["name", "language", "zone"])


def switch_shortcuts_off(caller: Caller, codes: Iterable[str]) -> None:
    """The keyboard shortcuts the caller does not want."""
    user = _self(caller)
    user.shortcuts_off = sorted(set(codes))
    user.save(update_fields=["shortcuts_off"])


@transaction.atomic
def set_active(caller: Caller, user_id: UUID, *, active: bool) -> None:
    """Let a person in, or keep them out; what they did stays. The last administrator cannot be kept out."""
    caller.require(Permission.WRITE_PEOPLE)
    if not active and caller.user == user_id:
        raise PeopleError("active: you cannot lock yourself out; ask another administrator")
    if not active and administrators() == {user_id}:
        raise PeopleError("active: nobody else is an administrator; make somebody else one first")
    living = User.objects.select_for_update(of=("self",)).filter(erased_at=None, organisation__erased_at=None)
    user = living.filter(id=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    if user.is_active != active:
        User.objects.filter(id=user_id).update(is_active=active)
        done(caller, user, Happening.LET_IN if active else Happening.SHUT_OUT)


@transaction.atomic
def set_roles(caller: Caller, user_id: UUID, roles: Iterable[Role]) -> None:
    """The roles a person holds in their organisation from now on. There is always an administrator left."""
    caller.require(Permission.WRITE_PEOPLE)
    last = administrators() == {user_id}
    living = User.objects.select_for_update(of=("self",)).select_related("organisation").filter(erased_at=None)
    user = living.filter(id=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    held = codes(Membership.objects.filter(user_id=user_id).values_list("role", flat=True))
    roles = fitting(user.organisation, roles)
    if caller.user == user_id and Role.ADMINISTRATOR not in roles:
        raise PeopleError("roles: you cannot take the administrator role from yourself; ask another administrator")
    if last and Role.ADMINISTRATOR not in roles:
        raise PeopleError("roles: nobody else is an administrator; make somebody else one first")
    if held == codes(roles):
        return
    Membership.objects.filter(user_id=user_id).exclude(role__in=roles).delete()
    Membership.objects.bulk_create(
        Membership(organisation=user.organisation, user=user, role=role.value) for role in roles if role not in held
    )
    done(caller, user, Happening.ROLES_CHANGED, before=held, roles=codes(roles))


def administrators() -> set[UUID]:
    """Those who can sign in as one, kept as they are for the transaction: two cannot take the role from each other."""
    held = Membership.objects.select_for_update().filter(role=Role.ADMINISTRATOR.value, user__is_active=True)
    return set(held.order_by("id").values_list("user_id", flat=True))


def codes(roles: Iterable[str]) -> list[str]:
    """Roles as facts name them."""
    return sorted(str(role) for role in roles)


@transaction.atomic
def add_token(
    caller: Caller,
    *,
    organisation: Organisation,
    name: str,
    role: Role,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    user: User | None = None,
) -> tuple[ApiToken, str]:
    """A token with some of a role's permissions. The second value is the secret, to be shown once.

    user: the person it acts for, who answers for what is done with it; None for a machine.
    """
    caller.require(Permission.WRITE_PEOPLE)
    fitting(organisation, [role])
    if user and not user.memberships.filter(organisation=organisation, role=role.value).exists():
        raise PeopleError(f"user: this person is no {role.value} of that organisation; choose somebody who is")
    wanted = sorted(set(scopes))
    if unknown := [scope for scope in wanted if scope not in ALLOWED[role]]:
        raise PeopleError(f"scopes: {role.value} does not have {', '.join(unknown)}")
    if not wanted:
        raise PeopleError("scopes: choose at least one")
    secret = new_secret()
    token = ApiToken(
        organisation=organisation, user=user, name=name.strip(), digest=token_digest(secret), role=role.value,
        scopes=wanted, created_at=clock.now(), expires_at=expires_at,
    )  # fmt: skip
    token.full_clean()
    token.save()
    done_to_token(
        caller, token, Happening.TOKEN_MADE, role=role.value, scopes=wanted, user=str(user.id) if user else "",
        expires=to_us(expires_at) if expires_at else None,
    )  # fmt: skip
    return token, secret


@transaction.atomic
def revoke_token(caller: Caller, token_id: UUID) -> None:
    """End a token now. Revoking twice keeps the first instant."""
    caller.require(Permission.WRITE_PEOPLE)
    token = ApiToken.objects.select_for_update().filter(id=token_id).first()
    if token is None:
        raise NotFound("There is no such token.")
    if token.revoked_at is None:
        ApiToken.objects.filter(id=token_id).update(revoked_at=clock.now())
        done_to_token(caller, token, Happening.TOKEN_REVOKED)


def _self(caller: Caller) -> User:
    user = User.objects.filter(id=caller.user, erased_at=None).first() if caller.user else None
    if user is None:
        raise NotFound("There is no such person.")
    return user


def _clean(row: User | ApiToken) -> None:
    try:
        row.clean_fields(exclude=["password"])
    except ValidationError as error:
        field, problems = next(iter(error.message_dict.items()))
        raise PeopleError(f"{field}: {' '.join(problems)}") from error


def new_secret() -> str:
    """What an API token looks like."""
    return "baken_" + secrets.token_urlsafe(32)


def token_digest(secret: str) -> str:
    """What is kept of a token: it is random and long, so a plain digest cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def fitting(organisation: Organisation, roles: Iterable[Role], *, field: str = "roles") -> list[Role]:
    """Customers hold customer roles, the provider's people the others; auditors are the provider's guests."""
    if organisation.erased_at:
        raise NotFound("There is no such customer.")
    roles = sorted(set(roles))
    if not roles:
        raise PeopleError("roles: choose at least one")
    customer = organisation.kind == Organisation.Kind.CUSTOMER
    if customer != all(role is Role.CUSTOMER for role in roles) or (not customer and Role.CUSTOMER in roles):
        raise PeopleError(f"{field}: {', '.join(roles)} do not fit an organisation that is a {organisation.kind}")
    return roles


def valid_email(email: str) -> str:
    """The address without spaces around it. Raises PeopleError for what is none."""
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError as error:
        raise PeopleError("email: write an address like name@example.org") from error
    return email


def _set_password(user: User, password: str | None) -> None:
    if password is None:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PeopleError("password: " + " ".join(error.messages)) from error
    user.set_password(password)
