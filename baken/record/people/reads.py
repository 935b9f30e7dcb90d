"""Looking people up, and turning them into callers."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import opened
from baken.record.orgs.models import Organisation
from baken.record.orgs.search import address_keys
from baken.record.people import first_passwords
from baken.record.people.access import Caller, NotFound, Permission, Role, actor_of
from baken.record.people.flows import token_digest
from baken.record.people.models import ApiToken, Membership, User


class Unnamed(ValueError):
    """Somebody has to be named; the message names the field and the remedy."""


def by_email(email: str) -> User | None:
    """The person with this address, in any case."""
    return User.objects.filter(email_key__in=address_keys(email)).first()


def caller_of(user: User) -> Caller:
    """The caller that a signed-in user is."""
    held = list(Membership.objects.filter(user=user).values_list("organisation_id", "role"))
    return Caller(
        actor=actor_of(user.id),
        organisation=held[0][0] if held else None,
        roles=frozenset(Role(role) for _, role in held),
        user=user.id,
    )


def caller_of_token(secret: str) -> Caller | None:
    """The caller behind a token; None when it is unknown, expired or revoked. Notes its use once a minute.

    A person's token ends with their account, and with the role they hold.
    """
    now = clock.now()
    live = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    token = ApiToken.objects.filter(live, digest=token_digest(secret)).select_related("user").first()
    if token is None or (token.user and not _holds(token.user, token)):
        return None
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(minutes=1))
    ApiToken.objects.filter(stale, id=token.id).update(last_used_at=now)
    return Caller(
        actor=f"token:{token.id}",
        organisation=token.organisation_id,
        roles=frozenset({Role(token.role)}),
        user=token.user_id,
        scopes=frozenset(token.scopes),
    )


def _holds(user: User, token: ApiToken) -> bool:
    held = user.memberships.filter(organisation_id=token.organisation_id, role=token.role)
    return user.is_active and held.exists()


def names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of people by id, for showing who did what; whoever was erased has none."""
    return {user.id: str(user) for user in User.objects.filter(id__in=set(ids), erased_at=None)}


def people(caller: Caller) -> QuerySet[User]:
    """Everybody who was not erased, for whoever manages people."""
    caller.require(Permission.WRITE_PEOPLE)
    return User.objects.filter(erased_at=None).prefetch_related("memberships__organisation").order_by("created_at")


def person(caller: Caller, user_id: UUID) -> User:
    """One person, for whoever manages people. Raises NotFound."""
    found = people(caller).filter(id=user_id).first()
    if found is None:
        raise NotFound("There is no such person.")
    opened.about(found.organisation_id, "user", user_id)
    return found


def history(caller: Caller, user_id: UUID) -> QuerySet[LedgerFact]:
    """What became of how a person gets in, of what they may and of their API tokens, the latest first.

    For themselves, and for whoever manages people.
    """
    if caller.user != user_id or caller.scopes is not None:
        caller.require(Permission.WRITE_PEOPLE)
    tokens = ApiToken.objects.filter(user_id=user_id).values_list("id", flat=True)
    rows = LedgerFact.objects.filter(stream_id__in=[user_id, *tokens])
    return rows.order_by("-recorded", "stream_id", "-seq")  # not by position: that would walk the whole ledger


def of_tokens(caller: Caller, tokens: Iterable[ApiToken]) -> QuerySet[LedgerFact]:
    """What was done to API tokens: of each in order, made, and perhaps revoked."""
    caller.require(Permission.WRITE_PEOPLE)
    return LedgerFact.objects.filter(stream_id__in=[token.id for token in tokens]).order_by("stream_id", "seq")


def agents() -> QuerySet[User]:
    """The people an incident can be assigned to."""
    desk = [Role.AGENT.value, Role.MANAGER.value]
    return User.objects.filter(is_active=True, memberships__role__in=desk).distinct().order_by("created_at")


def auditors() -> QuerySet[User]:
    """The people an audit can be asked of."""
    return User.objects.filter(is_active=True, memberships__role=Role.AUDITOR.value).order_by("created_at")


def customers(caller: Caller) -> QuerySet[Organisation]:
    """The customers somebody at the desk may work for, in the order in which they came."""
    caller.require(Permission.WORK_INCIDENTS)
    return Organisation.objects.filter(kind=Organisation.Kind.CUSTOMER, erased_at=None).order_by("created_at")


def one_of(people: QuerySet[User], user_id: UUID) -> User:
    """The one with this id. Raises NotFound."""
    found = people.filter(id=user_id).first()
    if found is None:
        raise NotFound("There is no such person, or not in this role.")
    return found


def organisation(caller: Caller, code: str | None) -> Organisation:
    """The one that is meant: for a customer's caller their own. Raises NotFound for a stranger's.

    Raises Unnamed when the provider's people name none.
    """
    if not code and caller.staff:
        raise Unnamed("customer: say which one, by its code")
    rows = caller.narrow(Organisation.objects.all(), "id")
    found: Organisation | None = (rows.filter(code=code) if code else rows).first()
    if found is None:
        raise NotFound("There is no such customer.")
    return found


def customer(caller: Caller, code: str) -> Organisation:
    """A customer by its code. Raises NotFound, also for a stranger's and for the provider's."""
    found = organisation(caller, code)
    if found.kind != Organisation.Kind.CUSTOMER:
        raise NotFound("There is no such customer.")
    return found


def organisations(caller: Caller) -> QuerySet[Organisation]:
    """The provider and every customer, for whoever manages people."""
    caller.require(Permission.WRITE_PEOPLE)
    return Organisation.objects.filter(erased_at=None).order_by("created_at")


def contacts(caller: Caller, organisation_id: UUID) -> QuerySet[User]:
    """The people of a customer who may call the desk."""
    caller.require(Permission.WORK_INCIDENTS)
    held = User.objects.filter(is_active=True, memberships__organisation_id=organisation_id)
    return held.distinct().order_by("created_at")


def tokens(caller: Caller) -> QuerySet[ApiToken]:
    """Every token, newest first."""
    caller.require(Permission.WRITE_PEOPLE)
    return ApiToken.objects.select_related("organisation", "user").order_by("-created_at")


def provider() -> Organisation | None:
    """The provider of this installation; None until the first-run setup."""
    return Organisation.objects.filter(kind=Organisation.Kind.PROVIDER).first()


class EmailBackend(BaseBackend):
    """Signs in with e-mail address and password, taking equally long whether or not the address exists."""

    def authenticate(
        self, request: HttpRequest | None, email: str = "", password: str = "", **credentials: object
    ) -> User | None:
        user = by_email(email) if email else None
        if user is None:
            User().set_password(password)
            return None
        return user if first_passwords.matches(user, password) and user.is_active else None

    def get_user(self, user_id: UUID) -> User | None:
        return User.objects.filter(id=user_id, is_active=True).first()
