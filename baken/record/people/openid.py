"""Signing in at an identity provider: which providers there are, and which of our people somebody there is.

An account there is bound to one of ours at the first sign-in, by an address that the provider has verified, and from
then on by issuer and subject alone. It is never bound to a second one.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.module_loading import import_string

from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs.fields import clean_written
from baken.record.orgs.models import Organisation
from baken.record.people import happenings, lures
from baken.record.people.access import Caller, NotFound, Permission, Role, program
from baken.record.people.acting import acting
from baken.record.people.flows import PeopleError, add_user, fitting
from baken.record.people.happenings import Happening
from baken.record.people.models import Identity, IdentityProvider, User
from baken.record.people.reads import by_email

SecondFactor = IdentityProvider.SecondFactor

PATIENCE = timedelta(minutes=15)
"""How long somebody may take at the provider."""
RECENT = timedelta(minutes=10)
"""How long ago somebody signed in there who was asked to do so anew."""
_ACR = re.compile(r"[!#-\[\]-~]+")
"""A value of `acr`, in ASCII; there is no quote in it and no backslash."""
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
SAID = {
    "address": "issuer: give an address that begins with https://",
    "private": "issuer: its network address is not public; the setting BAKEN_OPENID_PRIVATE allows that",
    "unreachable": "issuer: it does not answer; check the address, or try again later",
    "answer": "issuer: what answers there is no OpenID Connect provider",
    "other_issuer": "issuer: it calls itself otherwise; write its issuer exactly as it does",
    "refused": "It does not take our client id and secret. Ask an administrator to check them.",
    "weak_key": "It signs with a key that is too short here (RSA under 3,072 bits). Ask an administrator.",
    "token": "What it says about you cannot be trusted. Ask an administrator to look into the log.",
}


class ProviderFailed(PeopleError):
    """An identity provider cannot be used. problem: why, as one of the codes in `SAID`."""

    def __init__(self, problem: str) -> None:
        super().__init__(SAID[problem])


class Refused(PeopleError):
    """The provider says who somebody is, and that is nobody who may sign in here."""


class Registration(Protocol):
    """Who we are to a provider."""

    @property
    def issuer(self) -> str: ...


class Person(Protocol):
    """Who signed in, as the provider says: `email` is empty unless it was verified there."""

    @property
    def subject(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def signed_in(self) -> int | None: ...
    @property
    def several_factors(self) -> bool: ...
    @property
    def context(self) -> str: ...


class Arrived(NamedTuple):
    """Who is back from a provider. strong: it asked them for a second factor, as far as this provider is believed."""

    user: User
    strong: bool


class Client(Protocol):
    """What talks to providers; `settings.BAKEN_OPENID` names it. Each method raises ProviderFailed."""

    def check(self, issuer: str) -> None: ...
    def registration(self, issuer: str, client_id: str, secret: str, returns: str) -> Any: ...
    def address(self, us: Any, *, state: str, nonce: str, verifier: str, anew: bool, contexts: str) -> str: ...
    def person(self, us: Any, *, code: str, nonce: str, verifier: str, now: int) -> Person: ...


def providers() -> list[IdentityProvider]:
    """Those one can sign in with, in the order in which they were added."""
    return list(IdentityProvider.objects.filter(ended_at=None).order_by("created_at"))


def providers_of(user: User) -> list[IdentityProvider]:
    """Those that know this person."""
    return list(IdentityProvider.objects.filter(ended_at=None, identities__user=user).order_by("created_at"))


def provider(provider_id: UUID) -> IdentityProvider:
    """One that can be signed in with. Raises NotFound."""
    row = IdentityProvider.objects.filter(id=provider_id, ended_at=None).select_related("organisation").first()
    if row is None:
        raise NotFound("There is no such identity provider.")
    return row


def all_providers(caller: Caller) -> list[IdentityProvider]:
    """Those that were ended too, for whoever manages people."""
    caller.require(Permission.WRITE_PEOPLE)
    return list(IdentityProvider.objects.select_related("organisation").order_by("created_at"))


def add_provider(
    caller: Caller, *, organisation: Organisation, issuer: str, client_secret: str = "", **given: Any
) -> IdentityProvider:
    """A provider whose word about the people of `organisation` is taken. Raises PeopleError.

    given: name, client_id, domains, new_role, second_factor, acr_values, as on the row. The issuer never changes
    afterwards.
    """
    caller.require(Permission.WRITE_PEOPLE)
    _client().check(issuer)
    row = IdentityProvider(
        organisation=organisation, issuer=issuer, client_secret=client_secret, subject_key=secrets.token_urlsafe(32),
        created_at=clock.now(), **given,
    )  # fmt: skip
    _save(caller, row, "added")
    return row


def change_provider(caller: Caller, provider_id: UUID, *, client_secret: str = "", **given: Any) -> IdentityProvider:
    """Change what `add_provider` was given; an empty secret leaves the one there is. Raises NotFound, PeopleError."""
    caller.require(Permission.WRITE_PEOPLE)
    row = provider(provider_id)
    for name, value in given.items():
        setattr(row, name, value)
    row.client_secret = client_secret or row.client_secret
    _save(caller, row, "changed")
    return row


@transaction.atomic
def end_provider(caller: Caller, provider_id: UUID) -> None:
    """Take its word no more. Sessions that it began go on until they end. Raises NotFound."""
    caller.require(Permission.WRITE_PEOPLE)
    row = provider(provider_id)
    row.ended_at = clock.now()
    row.save(update_fields=["ended_at"])
    _note(caller, row, "ended")


def begin(row: IdentityProvider, *, returns: str, anew: bool = False) -> tuple[str, dict[str, str]]:
    """Where somebody goes to sign in, and what to keep in their session until they are back.

    anew: they have to show again who they are. Raises ProviderFailed.
    """
    kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    address = _client().address(_us(row, returns), anew=anew, contexts=row.acr_values, **kept)
    return address, {**kept, "provider": str(row.id), "anew": "yes" if anew else "", "at": clock.now().isoformat()}


def finish(
    row: IdentityProvider,
    *,
    returns: str,
    kept: Mapping[str, str] | None,
    given: Mapping[str, str],
    present: User | None = None,
) -> Arrived:
    """Who is back from the provider.

    kept: from `begin`, taken out of the session. given: the query that they came back with. present: who is signed in
    and had to show that it is still them. Raises ProviderFailed and Refused.
    """
    if kept is None or not _answers(row, kept, given) or bool(kept["anew"]) != bool(present):
        raise Refused("Signing in there took too long or was broken off. Try again.")
    found = _client().person(
        _us(row, returns), code=given["code"], nonce=kept["nonce"], verifier=kept["verifier"],
        now=int(clock.now().timestamp()),
    )  # fmt: skip
    if present is None:
        return Arrived(_ours(row, found), _strong(row, found))
    if (found.signed_in or 0) < (clock.now() - RECENT).timestamp() or _bound(row, found) != present:
        raise Refused("The provider did not confirm that it is you. Sign out and in again.")
    return Arrived(present, _strong(row, found))


def _strong(row: IdentityProvider, found: Person) -> bool:
    """Whether there was a second factor there. Where nothing is said of it there was none: the least there can be."""
    if row.second_factor == SecondFactor.SAID:
        return found.several_factors or found.context in row.acr_values.split()
    return row.second_factor == SecondFactor.TRUSTED and not settings.BAKEN_STRICT


def _answers(row: IdentityProvider, kept: Mapping[str, str], given: Mapping[str, str]) -> bool:
    """Whether what came back is the answer to what was asked: same session, same provider, in time."""
    in_time = datetime.fromisoformat(kept["at"]) > clock.now() - PATIENCE
    same = secrets.compare_digest(kept["state"].encode(), given.get("state", "").encode())
    issued = given.get("iss", row.issuer) == row.issuer  # RFC 9207
    return in_time and same and issued and kept["provider"] == str(row.id) and bool(given.get("code"))


@transaction.atomic
def _ours(row: IdentityProvider, found: Person) -> User:
    """Who of our people this is: by what was bound before, else by the address, else somebody new."""
    known = _bound(row, found)
    if known is not None:
        return _active(known)
    user = _active(_by_address(row, found))
    if Identity.objects.filter(user=user, provider=row).exists():
        raise Refused("This account belongs to somebody else at the provider. Ask an administrator.")
    now = clock.now()
    Identity.objects.create(
        organisation_id=user.organisation_id, user=user, provider=row, subject=_subject(row, found), created_at=now,
        last_used_at=now,
    )  # fmt: skip
    happenings.note(user, Happening.IDENTITY_LINKED, provider=str(row.id))
    return user


def _bound(row: IdentityProvider, found: Person) -> User | None:
    """Whom of ours this account there is bound to; that it was used is noted."""
    held = Identity.objects.filter(provider=row, subject=_subject(row, found)).select_related("user").first()
    if held is None:
        return None
    held.last_used_at = clock.now()
    held.save(update_fields=["last_used_at"])
    return held.user


def _subject(row: IdentityProvider, found: Person) -> str:
    """What stands for an account there; the issuer of a provider never changes."""
    return hmac.digest(row.subject_key.encode(), found.subject.encode(), "sha256").hex()


def _by_address(row: IdentityProvider, found: Person) -> User:
    """The person of the provider's organisation with this verified address; a new one where that is allowed."""
    if not found.email:
        raise Refused("The provider does not say that your e-mail address is verified, so nobody is signed in by it.")
    _local, at, domain = found.email.rpartition("@")
    if not at or domain.casefold() not in row.domains.split():
        raise Refused("This provider does not speak for your e-mail address. Ask an administrator.")
    user = by_email(found.email)
    if user is not None and user.organisation_id == row.organisation_id:
        return user
    if user is not None or not row.new_role or lures.accounts(found.email):
        raise Refused("Nobody here has your e-mail address. Ask an administrator to add you.")
    caller = program(f"identity-provider:{row.id}")
    with acting(caller):  # at the door nobody is made
        return add_user(
            caller, organisation=row.organisation, email=found.email, name=found.name[:200] or found.email,
            roles=[Role(row.new_role)],
        )  # fmt: skip


def _active(user: User) -> User:
    if not user.is_active:
        raise Refused("An administrator has closed your account.")
    return user


@transaction.atomic
def _save(caller: Caller, row: IdentityProvider, what: str) -> None:
    row.name, row.client_id = row.name.strip(), row.client_id.strip()
    row.domains = " ".join(dict.fromkeys(re.split(r"[\s,;]+", row.domains.strip().casefold())))
    row.acr_values = " ".join(dict.fromkeys(row.acr_values.split()))
    for name in ("name", "client_id"):
        if not getattr(row, name):
            raise PeopleError(f"{name}: the provider needs one")
    if not all(_DOMAIN.fullmatch(domain) for domain in row.domains.split(" ")):
        raise PeopleError("domains: write domains like example.org, with spaces between them")
    if not all(_ACR.fullmatch(value) for value in row.acr_values.split()):
        raise PeopleError("acr_values: write them as the provider does, with spaces between them")
    if row.second_factor == SecondFactor.TRUSTED and settings.BAKEN_STRICT:
        raise PeopleError("second_factor: this installation is strict; choose what the provider says itself")
    if row.new_role == Role.ADMINISTRATOR:
        raise PeopleError("new_role: administrators are made by hand; choose another role")
    if row.new_role:
        fitting(row.organisation, [Role(row.new_role)], field="new_role")
    try:
        clean_written(row)
    except ValidationError as error:
        field, problems = next(iter(error.message_dict.items()))
        raise PeopleError(f"{field}: {' '.join(problems)}") from error
    row.save()
    _note(caller, row, what)


def _note(caller: Caller, row: IdentityProvider, what: str) -> None:
    stream = Stream("identity_provider", row.id, row.organisation_id)
    append(stream, [Entry(f"identity_provider.{what}", clock.now(), {})], actor=caller.actor)


def _us(row: IdentityProvider, returns: str) -> Any:
    return _client().registration(row.issuer, row.client_id, row.client_secret, returns)


def _client() -> Client:
    make = import_string(settings.BAKEN_OPENID)
    made: Client = make(allow_private=settings.BAKEN_OPENID_PRIVATE, strict=settings.BAKEN_STRICT)
    return made
