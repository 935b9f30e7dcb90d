"""Changing the catalogue. Every change of an agreement is a new, dated version."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.db.models import Max

from baken.domain.agreements import Terms
from baken.domain.instants import to_us
from baken.domain.periods import PeriodKind, containing
from baken.domain.zones import zone as known_zone
from baken.record.catalogue import project
from baken.record.catalogue.models import (
    Agreement,
    AgreementVersion,
    IntakeSpan,
    Maintenance,
    Service,
    Subscription,
)
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs.fields import new_id
from baken.record.orgs.models import Organisation
from baken.record.people.access import Caller, NotFound, Permission


class CatalogueError(ValueError):
    """The catalogue cannot be changed so; the message names the field and the remedy."""


def service_stream(service: Service) -> Stream:
    """The stream of a service's facts: made, intake, maintenance."""
    return Stream("service", service.id, service.organisation_id)


@transaction.atomic
def add_organisation(
    caller: Caller, *, code: str, name: str, kind: str, language: str, zone: str, demonstration: bool = False
) -> Organisation:
    """A customer, or once the provider itself. Raises CatalogueError, and UnknownZone for its zone."""
    caller.require(Permission.WRITE_PEOPLE)
    _slug(code, Organisation)
    known_zone(zone)
    organisation = Organisation(
        code=code, name=_named(name), kind=kind, language=language, zone=zone,
        demonstration=demonstration, created_at=clock.now(),
    )  # fmt: skip
    organisation.full_clean()
    organisation.save()
    stream = Stream("organisation", organisation.id, organisation.id)
    entry = Entry("organisation.added", organisation.created_at, {"code": code, "kind": kind, "zone": zone})
    append(stream, [entry], actor=caller.actor)
    return organisation


@transaction.atomic
def add_service(
    caller: Caller,
    *,
    provider: Organisation,
    code: str,
    name: str,
    terms: Terms,
    valid_from: datetime,
    description: str = "",
    intake_open: bool = True,
) -> Service:
    """A service with its base agreement. Its intake opens now, unless only an import will speak for it."""
    caller.require(Permission.WRITE_CATALOGUE)
    _slug(code, Service)
    service = Service(
        organisation=provider, code=code, name=_named(name), description=description.strip(), created_at=clock.now()
    )
    service.full_clean()
    service.save()
    append(
        service_stream(service),
        [Entry("service.added", service.created_at, {"code": code})],
        actor=caller.actor,
    )
    _add_agreement(caller, service, provider, terms, valid_from, base=True)
    if intake_open:
        for what in IntakeSpan.What.values:
            declare_intake(caller, service, what=what, source="desk", began=service.created_at)
    return service


@transaction.atomic
def describe_service(caller: Caller, code: str, *, name: str, description: str) -> None:
    """A service's name and what is said about it."""
    caller.require(Permission.WRITE_CATALOGUE)
    service = Service.objects.filter(code=code).first()
    if service is None:
        raise NotFound("There is no such service.")
    service.name, service.description = _named(name), description.strip()
    service.full_clean()
    service.save(update_fields=["name", "description"])


@transaction.atomic
def rename_organisation(caller: Caller, code: str, *, name: str) -> None:
    """What a customer, or the provider, is called."""
    caller.require(Permission.WRITE_PEOPLE)
    organisation = Organisation.objects.filter(code=code, erased_at=None).first()
    if organisation is None:
        raise NotFound("There is no such customer.")
    organisation.name = _named(name)
    organisation.full_clean()
    organisation.save(update_fields=["name"])


@transaction.atomic
def declare_intake(
    caller: Caller,
    service: Service,
    *,
    what: str,
    source: str,
    began: datetime,
    ended: datetime | None = None,
) -> None:
    """Say that incidents or complaints of a service were taken in during a span. Saying it twice says it once."""
    caller.require(Permission.WRITE_CATALOGUE)
    if ended is not None and ended < began:
        raise CatalogueError("ended: an intake cannot end before it began")
    known = IntakeSpan.objects.filter(service=service, what=what, source=source, began=began, ended=ended)
    if known.exists():
        return
    data = {"what": what, "source": source, "ended": to_us(ended) if ended else None}
    append(service_stream(service), [Entry("service.intake_declared", began, data)], actor=caller.actor)
    project.services([service.id])


@transaction.atomic
def agree(
    caller: Caller, *, service: Service, organisation: Organisation | None, terms: Terms, valid_from: datetime
) -> AgreementVersion:
    """A new version of the base agreement, or of the one with `organisation`; the first makes the agreement.

    Changes take effect at the start of a calendar month in the agreement's zone, never in a period under way, and
    never before the versions that are there. Only with a customer who does not use the service yet may an agreement
    begin at any instant. Raises CatalogueError.
    """
    caller.require(Permission.WRITE_CATALOGUE)
    base = organisation is None
    owner = organisation or service.organisation
    agreement = Agreement.objects.select_for_update().filter(service=service, organisation=owner, base=base).first()
    if agreement is None and not _uses(service, owner):
        return _add_agreement(caller, service, owner, terms, valid_from, base=base)
    if not _starts_a_month(terms.zone, valid_from):
        raise CatalogueError("valid from: an agreement changes only at the start of a month in its own zone")
    if valid_from <= clock.now():
        raise CatalogueError("valid from: choose a month that has not begun; a period under way is not changed")
    if agreement is None:
        return _add_agreement(caller, service, owner, terms, valid_from, base=base)
    latest = agreement.versions.aggregate(latest=Max("valid_from"))["latest"]
    if valid_from <= latest:
        raise CatalogueError(f"valid from: the version before holds from {latest:%Y-%m-%d}; choose a later month")
    return _add_version(caller, agreement, terms, valid_from)


@transaction.atomic
def subscribe(caller: Caller, *, service: Service, organisation: Organisation, since: datetime) -> Subscription:
    """A customer starts to use a service."""
    caller.require(Permission.WRITE_CATALOGUE)
    if organisation.erased_at:
        raise NotFound("There is no such customer.")
    if Subscription.objects.filter(service=service, organisation=organisation, until=None).exists():
        raise CatalogueError("customer: uses this service already")
    stream = Stream("subscription", new_id(), organisation.id)
    append(stream, [Entry("subscription.began", since, {"service": str(service.id)})], actor=caller.actor)
    project.subscriptions([stream.id])
    return Subscription.objects.get(id=stream.id)


@transaction.atomic
def unsubscribe(caller: Caller, subscription_id: UUID) -> None:
    """A customer stops using a service now."""
    caller.require(Permission.WRITE_CATALOGUE)
    held = Subscription.objects.select_for_update().filter(id=subscription_id, until=None).first()
    if held is None:
        raise NotFound("There is no such subscription.")
    stream = Stream("subscription", held.id, held.organisation_id)
    append(stream, [Entry("subscription.ended", clock.now())], actor=caller.actor)
    project.subscriptions([held.id])


@transaction.atomic
def announce_maintenance(
    caller: Caller, *, service: Service, starts: datetime, ends: datetime, reason: str = ""
) -> Maintenance:
    """Announce planned work. Whether it counts as maintenance is for the agreement to say, when it is measured."""
    caller.require(Permission.WRITE_CATALOGUE)
    if ends <= starts:
        raise CatalogueError("ends: maintenance ends after it starts")
    if ends <= clock.now():
        raise CatalogueError("ends: work that is over cannot be announced")
    row = Maintenance(
        organisation=service.organisation, service=service, reason=reason,
        announced_at=clock.now(), starts=starts, ends=ends,
    )  # fmt: skip
    row.full_clean()
    row.save()
    data = {"maintenance": str(row.id), "starts": to_us(starts), "ends": to_us(ends)}
    append(service_stream(service), [Entry("maintenance.announced", row.announced_at, data)], actor=caller.actor)
    return row


@transaction.atomic
def cancel_maintenance(caller: Caller, maintenance_id: UUID) -> None:
    """Call planned work off; what was already done stays as it was seen."""
    caller.require(Permission.WRITE_CATALOGUE)
    row = Maintenance.objects.select_for_update().filter(id=maintenance_id, cancelled_at=None).first()
    if row is None:
        raise NotFound("There is no such maintenance.")
    entry = Entry("maintenance.cancelled", clock.now(), {"maintenance": str(row.id)})
    append(service_stream(row.service), [entry], actor=caller.actor)
    project.services([row.service_id])


def _add_agreement(
    caller: Caller, service: Service, owner: Organisation, terms: Terms, valid_from: datetime, *, base: bool
) -> AgreementVersion:
    agreement = Agreement.objects.create(organisation=owner, service=service, base=base)
    return _add_version(caller, agreement, terms, valid_from)


def _add_version(caller: Caller, agreement: Agreement, terms: Terms, valid_from: datetime) -> AgreementVersion:
    data = {"service": str(agreement.service_id), "base": agreement.base, "terms": terms.to_codes()}
    stream = Stream("agreement", agreement.id, agreement.organisation_id)
    append(stream, [Entry("agreement.versioned", valid_from, data)], actor=caller.actor)
    project.agreements([agreement.id])
    return agreement.versions.latest("version")


def _uses(service: Service, organisation: Organisation) -> bool:
    """Whether an organisation began to use a service before now, so that another agreement held with it."""
    begun = Subscription.objects.filter(service=service, organisation=organisation, since__lt=clock.now())
    return begun.exists()


def _starts_a_month(zone_name: str, moment: datetime) -> bool:
    local_day = moment.astimezone(known_zone(zone_name)).date()
    return containing(zone_name, PeriodKind.MONTH, local_day).start == to_us(moment)


def _named(name: str) -> str:
    if not name.strip():
        raise CatalogueError("name: give it a name by which people know it")
    return name.strip()


def _slug(code: str, model: type[Organisation] | type[Service]) -> None:
    try:
        validate_slug(code)
    except ValidationError as error:
        raise CatalogueError(f"code: {code!r} may hold letters, digits, hyphens and underscores only") from error
    if code == "new":
        raise CatalogueError("code: 'new' is kept for adding one; choose another")
    if model._default_manager.filter(code=code).exists():
        raise CatalogueError(f"code: {code!r} is taken; choose another")
