"""The first run: provider, administrator, first service and its monitors, all of it or nothing."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils.text import slugify

from baken.domain.agreements import Terms
from baken.record.catalogue import flows as catalogue
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.orgs.models import Organisation
from baken.record.people import flows as people
from baken.record.people.access import Conflict, Role, program
from baken.record.people.acting import acting
from baken.record.people.models import User
from baken.record.people.reads import provider

SETUP = program("setup")


class FirstRunError(ValueError):
    """The setup cannot be done so; the message names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who keeps the installation from now on."""

    name: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class FirstService:
    """What is run for customers, the addresses it is measured at, and what is promised."""

    name: str
    addresses: Sequence[str]
    terms: Terms


def token_file() -> Path:
    """Where the starter of the program leaves the one-time token."""
    return Path(settings.BAKEN_HOME) / "setup.token"


def set_up(
    *, token: str, provider_name: str, language: str, zone: str, administrator: Administrator, service: FirstService
) -> User:
    """Set the installation up; gives the administrator. The token works once.

    Raises FirstRunError and the errors of the flows below for what does not fit, Conflict when it is set up already.
    """
    _check(token)
    with acting(SETUP), transaction.atomic():
        _alone()
        organisation = catalogue.add_organisation(
            SETUP, code=slugify(provider_name) or "provider", name=provider_name,
            kind=Organisation.Kind.PROVIDER, language=language, zone=zone,
        )  # fmt: skip
        made = people.add_user(
            SETUP, organisation=organisation, email=administrator.email, name=administrator.name,
            roles=[Role.ADMINISTRATOR, Role.MANAGER], password=administrator.password,
        )  # fmt: skip
        _begin(organisation, service)
    token_file().unlink(missing_ok=True)
    return made


def _begin(organisation: Organisation, service: FirstService) -> None:
    made = catalogue.add_service(
        SETUP, provider=organisation, code=slugify(service.name) or "service", name=service.name,
        terms=service.terms, valid_from=clock.now(),
    )  # fmt: skip
    for address in service.addresses:
        try:
            monitors.add_monitor(SETUP, service=made, name=address[:200], url=address)
        except monitors.MonitorError as error:
            raise FirstRunError(f"addresses: {address[:80]}: {str(error).partition(': ')[2]}") from error


def _check(token: str) -> None:
    try:
        expected = token_file().read_text().strip()
    except OSError:
        expected = ""
    if not expected or not hmac.compare_digest(expected.encode(), token.strip().encode()):
        raise FirstRunError("token: this is not the one that `baken up` printed; copy it from there")


def _alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('first run', 0))")
    if provider() is not None:
        raise Conflict("This installation is set up already; sign in.")
