"""Honey tokens: ways in that are none, put where only an intruder looks. Who uses one has been where they should not.

An API token, an account or a link to a file, each as real ones look. The use is answered as any that is not valid is;
it is kept, and a signal on the ledger, which detection makes a security incident of.
"""

import secrets
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, QuerySet

from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.ledger.signals import TOUCHED, raise_once
from baken.record.orgs.fields import LINE, clean_written, new_id
from baken.record.orgs.models import Organisation
from baken.record.orgs.search import standing_for
from baken.record.people import lures
from baken.record.people.access import Caller, NotFound, Permission
from baken.record.people.acting import acting
from baken.record.people.flows import PeopleError, new_secret, token_digest, valid_email
from baken.record.people.lures import HONEY
from baken.record.people.models import HoneyToken, HoneyUse
from baken.record.people.network import counted_as
from baken.record.people.reads import by_email

QUIET = timedelta(minutes=10)
"""Uses of one honey token from one address within this time are kept once."""
Kind = HoneyToken.Kind


def honey_tokens(caller: Caller) -> QuerySet[HoneyToken]:
    """Every honey token, the newest first, with how often it was used (`used`) and when last (`last_used`)."""
    caller.require(Permission.WRITE_PEOPLE)
    rows = HoneyToken.objects.annotate(used=Count("uses"), last_used=Max("uses__at"))
    return rows.order_by("-created_at")


@transaction.atomic
def plant(caller: Caller, *, provider: Organisation, kind: str, planted: str, lure: str = "") -> tuple[HoneyToken, str]:
    """A new honey token. The second value is what to put somewhere, shown once: a token, an address, a part of a link.

    planted: where it will be put. lure: the e-mail address of an account. Raises PeopleError, Forbidden.
    """
    caller.require(Permission.WRITE_PEOPLE)
    id = new_id()
    secret, digest = _secret(kind, lure, id)
    row = HoneyToken(
        id=id, organisation=provider, kind=kind, digest=digest, planted=planted.strip(), created_at=clock.now(),
        lure=secret if kind == Kind.ACCOUNT else "",
    )  # fmt: skip
    if not row.planted:
        raise PeopleError("planted: say where you put it, so that a use tells where somebody has been")
    try:
        clean_written(row)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise PeopleError(f"{field}: {' '.join(messages)}") from error
    row.save(force_insert=True)
    _told(caller, row, "honey.planted")
    return row, secret


@transaction.atomic
def remove(caller: Caller, honey_id: UUID) -> None:
    """A honey token is a wrong token from now on: using it tells nothing any more. Raises NotFound."""
    caller.require(Permission.WRITE_PEOPLE)
    row = HoneyToken.objects.select_for_update().filter(id=honey_id).first()
    if row is None:
        raise NotFound("There is no such honey token.")
    if row.removed_at is None:
        row.removed_at = clock.now()
        row.save(update_fields=["removed_at"])
        _told(caller, row, "honey.removed")


def try_token(secret: str, *, address: str | None, device: str = "") -> None:
    """An API token that is none was used; if it is a honey token, keep that."""
    _try_secret(Kind.TOKEN, secret, address, device)


def try_link(secret: str, *, address: str | None, device: str = "") -> None:
    """The same of a link."""
    _try_secret(Kind.LINK, secret, address, device)


def try_account(email: str, *, address: str | None) -> None:
    """A sign-in failed; if the account is a honey token, keep that."""
    with acting(HONEY), transaction.atomic():
        for row in lures.accounts(email):
            _keep(row, address, "")


def _try_secret(kind: str, secret: str, address: str | None, device: str) -> None:
    with acting(HONEY), transaction.atomic():
        row = HoneyToken.objects.filter(kind=kind, removed_at=None, digest=token_digest(secret)).first()
        if row is not None:
            _keep(row, address, device)


def _keep(row: HoneyToken, address: str | None, device: str) -> None:
    origin = standing_for("honey", counted_as(address).encode())
    now = clock.now()
    if HoneyUse.objects.filter(honey=row, origin=origin, at__gt=now - QUIET).exists():
        return
    use = HoneyUse.objects.create(
        organisation_id=row.organisation_id, honey=row, origin=origin, at=now, address=address or "",
        device=device[:LINE],
    )  # fmt: skip
    data = {"honey": str(row.id), "use": str(use.id)}
    raise_once(TOUCHED, organisation=row.organisation_id, about=str(use.id), data=data, actor="honey", at=now)


def _secret(kind: str, lure: str, id: UUID) -> tuple[str, str]:
    if kind == Kind.TOKEN:
        secret = new_secret()
    elif kind == Kind.LINK:
        secret = secrets.token_urlsafe(24)
    elif kind == Kind.ACCOUNT:
        return _free(lure), str(id)
    else:
        raise PeopleError(f"kind: choose one of {', '.join(Kind.values)}")
    return secret, token_digest(secret)


def _free(email: str) -> str:
    email = valid_email(email)
    if by_email(email) is not None:
        raise PeopleError("email: somebody with this address exists already")
    return email


def _told(caller: Caller, row: HoneyToken, kind: str) -> None:
    stream = Stream("honey", row.id, row.organisation_id)
    append(stream, [Entry(kind, clock.now(), {"kind": row.kind})], actor=caller.actor)
