"""Passkeys (WebAuthn level 2): a key that a device of the person keeps and uses after it has verified who they are.

What is signed names the address of this installation, so a key does nothing at a page that only looks like ours. A
challenge is made for one session and taken once: whoever calls keeps it there, and takes it out before it is answered.
"""

import hashlib
import ipaddress
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from baken.domain.keys import RSA_BITS
from baken.record.ledger import clock
from baken.record.orgs.fields import clean_written
from baken.record.people import factors, happenings, security_log
from baken.record.people.access import NotFound
from baken.record.people.flows import PeopleError
from baken.record.people.happenings import Happening
from baken.record.people.models import Passkey, User

VERIFIED = UserVerificationRequirement.REQUIRED
_RSA, _KTY, _N = 3, 1, -1
"""Of a COSE key: the type RSA, and where its type and its modulus stand (RFC 8152, RFC 8230)."""
MOST = 20
"""Passkeys of one person."""
Asked = tuple[dict[str, Any], dict[str, Any]]
"""What the browser is asked, and the challenge to keep in the session until it answers."""


class WrongPasskey(PeopleError):
    """What the browser answered is not the signature of a passkey that is known here."""


def possible() -> bool:
    """Whether browsers offer passkeys at the address of this installation: by https, or on this machine by name."""
    parts = urlsplit(settings.BAKEN_URL)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return parts.scheme == "https" or host == "localhost"
    return False


def ask_to_register(user: User) -> Asked:
    """Ask for a new passkey on a device that has none of this person yet."""
    entity = PublicKeyCredentialUserEntity(id=user.id.bytes, name=user.email, display_name=str(user))
    options, challenge = _server().register_begin(
        entity, _descriptors(Passkey.objects.filter(user=user)),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED,
    )  # fmt: skip
    return dict(options), challenge


def ask_to_sign(user: User | None) -> Asked:
    """Ask for a signature: with a passkey of this person, or of whoever the device knows."""
    known = _descriptors(Passkey.objects.filter(user=user)) if user is not None else None
    options, challenge = _server().authenticate_begin(known or None, VERIFIED)
    return dict(options), challenge


@transaction.atomic
def register(user: User, *, name: str, challenge: dict[str, Any] | None, answer: str) -> Passkey:
    """Keep the passkey that a browser made for this challenge. Raises PeopleError."""
    try:
        made = _server().register_complete(challenge, json.loads(answer)) if challenge else None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _not_made() from error
    if made is None or made.credential_data is None:
        raise _not_made()
    data = made.credential_data
    _hold_to_strength(data.public_key)
    User.objects.select_for_update().get(id=user.id)
    lookup = _lookup(data.credential_id)
    if Passkey.objects.filter(lookup=lookup).exists():
        raise PeopleError("passkey: this device holds a passkey of an account here already; use that one")
    if Passkey.objects.filter(user=user).count() >= MOST:
        raise PeopleError(f"passkey: at most {MOST} passkeys; remove one that you do not use")
    row = Passkey(
        organisation_id=user.organisation_id, user=user, name=name.strip(), lookup=lookup, credential=bytes(data),
        count=made.counter, created_at=clock.now(),
    )  # fmt: skip
    _save(row)
    happenings.note(user, Happening.PASSKEY_ADDED, passkey=str(row.id))
    return row


def signer(*, challenge: dict[str, Any] | None, answer: str, of: User | None = None) -> User:
    """Whose passkey signed this challenge; `of` when it has to be theirs. Raises WrongPasskey.

    A counter that does not go up means that there may be a copy of the key: it is refused, and that is a fact.
    """
    try:
        row, count = _checked(challenge, answer, of)
    except WrongPasskey:
        security_log.note("passkey.refused", user=of.id if of else None)
        raise
    security_log.note("passkey.accepted", user=row.user_id, passkey=row.id)
    now = clock.now()
    going_up = Q(count__lt=count) if count else Q(count=0)
    if not Passkey.objects.filter(going_up, id=row.id).update(count=count, last_used_at=now):
        happenings.note(row.user, Happening.PASSKEY_DOUBTED, passkey=str(row.id))
        raise WrongPasskey("passkey: this passkey may have been copied; remove it and register a new one")
    return row.user


@transaction.atomic
def rename(user: User, passkey_id: UUID, name: str) -> None:
    """Another name for one's own passkey. Raises NotFound, PeopleError."""
    row = one(user, passkey_id)
    row.name = name.strip()
    _save(row)


@transaction.atomic
def remove(user: User, passkey_id: UUID) -> None:
    """Let a passkey in no more. Raises NotFound, LastFactor."""
    row = one(user, passkey_id)
    factors.keeps_one(user, without=row)
    happenings.note(user, Happening.PASSKEY_REMOVED, passkey=str(row.id))
    row.delete()


def one(user: User, passkey_id: UUID) -> Passkey:
    """A passkey of this person. Raises NotFound, also for somebody else's."""
    row = Passkey.objects.filter(user=user, id=passkey_id).first()
    if row is None:
        raise NotFound("There is no such passkey.")
    return row


def _checked(challenge: dict[str, Any] | None, answer: str, of: User | None) -> tuple[Passkey, int]:
    """The passkey whose signature of the challenge is right, and the counter that came with it."""
    try:
        given = AuthenticationResponse.from_dict(json.loads(answer))
        rows = Passkey.objects.select_related("user").filter(user__is_active=True, lookup=_lookup(given.raw_id))
        row = (rows.filter(user=of) if of is not None else rows).first()
        if row is None or challenge is None or (given.response.user_handle or row.user_id.bytes) != row.user_id.bytes:
            raise _unknown()
        credential = AttestedCredentialData(bytes(row.credential))
        _server().authenticate_complete(challenge, [credential], given)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unknown() from error
    _hold_to_strength(credential.public_key)
    return row, given.response.authenticator_data.counter


def _hold_to_strength(key: CoseKey) -> None:
    """A strict installation takes no key with less than 128 bits of strength. Raises WrongPasskey."""
    if settings.BAKEN_STRICT and key[_KTY] == _RSA and int.from_bytes(key[_N]).bit_length() < RSA_BITS:
        raise WrongPasskey("passkey: its RSA key has fewer than 3,072 bits, too few here; use another device")


def _unknown() -> WrongPasskey:
    return WrongPasskey("passkey: this passkey is not known here, or the page was open for too long; try again")


def _not_made() -> PeopleError:
    return PeopleError("passkey: no passkey was made; try again")


def _save(row: Passkey) -> None:
    if not row.name:
        raise PeopleError("name: give it a name, such as that of the device")
    try:
        clean_written(row)
    except ValidationError as error:
        raise PeopleError(f"name: {' '.join(error.messages)}") from error
    row.save()


def _server() -> Fido2Server:
    """The side of the protocol that we are: our host's name, and answers from our own pages alone."""
    parts = urlsplit(settings.BAKEN_URL)
    entity = PublicKeyCredentialRpEntity(id=parts.hostname or "", name="Baken")
    origin = f"{parts.scheme}://{parts.netloc}"
    return Fido2Server(entity, verify_origin=lambda given: given == origin)


def _descriptors(rows: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY, id=AttestedCredentialData(bytes(row.credential)).credential_id
        )
        for row in rows
    ]


def _lookup(credential_id: bytes) -> str:
    """A credential's id is long and random: a digest without a key gives nothing away."""
    return hashlib.sha256(credential_id).hexdigest()
