"""Looking the catalogue up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from baken.domain.agreements import Terms
from baken.domain.instants import to_us
from baken.domain.intervals import Intervals
from baken.domain.maintenance import Maintenance as PlannedWork
from baken.domain.zones import zone
from baken.record.catalogue.models import (
    Agreement,
    AgreementVersion,
    IntakeSpan,
    Maintenance,
    Service,
    Subscription,
)
from baken.record.orgs.models import Organisation
from baken.record.people.access import Caller, NotFound, Permission


@dataclass(frozen=True, slots=True)
class InForce:
    """The terms that hold at some instant, and which version of which agreement they are."""

    agreement: UUID
    version: int
    valid_from: datetime
    terms: Terms


def services(caller: Caller) -> QuerySet[Service]:
    """The services a caller may know of: all for staff, those their organisation uses for a customer."""
    caller.require(Permission.READ_CATALOGUE)
    if caller.staff:
        return Service.objects.order_by("created_at")
    return Service.objects.none() if caller.organisation is None else used_by(caller.organisation)


def used_by(organisation_id: UUID) -> QuerySet[Service]:
    """The services that a customer uses now."""
    used = Subscription.objects.filter(organisation_id=organisation_id, until=None).values("service_id")
    return Service.objects.filter(id__in=used).order_by("created_at")


def service(caller: Caller, code: str) -> Service:
    """One service by its code. Raises NotFound, also for a service that is not the caller's."""
    found = services(caller).filter(code=code).first()
    if found is None:
        raise NotFound("There is no such service.")
    return found


def agreement_for(service_id: UUID, organisation_id: UUID) -> Agreement:
    """The customer's own agreement about a service, else the service's base agreement; `held_at` says what holds."""
    rows = Agreement.objects.filter(service_id=service_id)
    own = rows.filter(organisation_id=organisation_id, base=False).first()
    return own or rows.get(base=True)


def agreements(caller: Caller, service_id: UUID) -> QuerySet[Agreement]:
    """Agreements about a service, the base agreement first: all for staff, those that hold for them for a customer."""
    caller.require(Permission.READ_CATALOGUE)
    rows = Agreement.objects.select_related("organisation", "service").filter(service_id=service_id)
    if not caller.staff:
        if caller.organisation is None or not services(caller).filter(id=service_id).exists():
            return rows.none()
        rows = rows.filter(id__in={held.agreement for held in history_for(service_id, caller.organisation)})
    return rows.order_by("-base", "id")


def agreement(caller: Caller, agreement_id: UUID) -> Agreement:
    """One agreement. Raises NotFound, also for one that does not hold for the caller."""
    found = Agreement.objects.filter(id=agreement_id).first()
    held = agreements(caller, found.service_id).filter(id=agreement_id).first() if found else None
    if held is None:
        raise NotFound("There is no such agreement.")
    return held


def agreed_version(caller: Caller, agreement_id: UUID, number: int) -> InForce:
    """One version of an agreement that the caller may see. Raises NotFound."""
    row = agreement(caller, agreement_id).versions.filter(version=number).first()
    if row is None:
        raise NotFound("There is no such version.")
    return _in_force(row)


def months_ahead(zone_name: str, after: datetime, count: int = 24) -> list[date]:
    """The first days of the months that begin after an instant in a zone: when an agreement may change."""
    local = after.astimezone(zone(zone_name)).date()
    first = local.year * 12 + local.month
    return [date(month // 12, month % 12 + 1, 1) for month in range(first, first + count)]


def in_force(agreement: Agreement, at: datetime) -> InForce:
    """The version in force at an instant; before the first version, the first: nothing else was ever agreed."""
    versions = list(agreement.versions.order_by("valid_from", "version"))
    holding = [version for version in versions if version.valid_from <= at]
    return _in_force((holding or versions[:1])[-1])


def version(agreement_id: UUID, number: int) -> InForce:
    """One version by its number."""
    return _in_force(AgreementVersion.objects.get(agreement_id=agreement_id, version=number))


def versions(agreement_ids: Sequence[UUID]) -> dict[tuple[UUID, int], Terms]:
    """The terms of every version of some agreements."""
    rows = AgreementVersion.objects.filter(agreement_id__in=list(set(agreement_ids)))
    return {(row.agreement_id, row.version): _terms(row.id, row) for row in rows}


def history(agreement: Agreement) -> list[InForce]:
    """All versions, in the order in which they come into force."""
    return [_in_force(row) for row in agreement.versions.order_by("valid_from", "version")]


def history_for(service_id: UUID, organisation_id: UUID) -> list[InForce]:
    """What held and holds between the provider and an organisation, in that order.

    That is the base agreement until the organisation's own takes effect, if it has one; so an agreement that begins
    next month changes nothing of this one, nor of any before.
    """
    agreement = agreement_for(service_id, organisation_id)
    own = history(agreement)
    if agreement.base:
        return own
    base = Agreement.objects.get(service_id=service_id, base=True)
    return [held for held in history(base) if held.valid_from < own[0].valid_from] + own


def held_at(service_id: UUID, organisation_id: UUID, at: datetime) -> InForce:
    """What holds between the provider and an organisation at an instant."""
    return holding(history_for(service_id, organisation_id), at)


def holding(versions: Sequence[InForce], at: datetime) -> InForce:
    """The version of a history that holds at an instant; before the first, the first: nothing else was ever agreed."""
    return ([held for held in versions if held.valid_from <= at] or versions[:1])[-1]


def intake(service_ids: Sequence[UUID], what: str, as_of: datetime) -> dict[UUID, Intervals]:
    """When incidents or complaints were taken in, per service, up to `as_of`."""
    spans: dict[UUID, list[tuple[int, int]]] = {id: [] for id in service_ids}
    for row in IntakeSpan.objects.filter(service_id__in=list(service_ids), what=what, began__lt=as_of):
        ended = min(row.ended, as_of) if row.ended else as_of
        spans[row.service_id].append((to_us(row.began), to_us(ended)))
    return {id: Intervals.of(pairs) for id, pairs in spans.items()}


def subscribers(service_id: UUID, at: datetime) -> QuerySet[Subscription]:
    """The customers that use a service at an instant."""
    rows = Subscription.objects.filter(service_id=service_id, since__lte=at).select_related("organisation")
    return rows.exclude(until__lte=at).order_by("since")


def subscriptions(caller: Caller, organisation_id: UUID) -> QuerySet[Subscription]:
    """The services a customer uses or used, for whoever keeps the catalogue."""
    caller.require(Permission.WRITE_CATALOGUE)
    return Subscription.objects.filter(organisation_id=organisation_id).select_related("service").order_by("since")


def subscription(caller: Caller, subscription_id: UUID) -> Subscription:
    """One that has not ended, for whoever keeps the catalogue. Raises NotFound."""
    caller.require(Permission.WRITE_CATALOGUE)
    rows = Subscription.objects.select_related("service", "organisation")
    found = rows.filter(id=subscription_id, until=None).first()
    if found is None:
        raise NotFound("There is no such subscription.")
    return found


def intake_spans(caller: Caller, service_id: UUID) -> QuerySet[IntakeSpan]:
    """Since when, and from what source, incidents and complaints of a service are taken in."""
    rows = IntakeSpan.objects.filter(service_id=service_id, service__in=services(caller))
    return rows.order_by("what", "began")


def organisation(caller: Caller, code: str) -> Organisation:
    """A customer by its code, for whoever works for customers. Raises NotFound."""
    caller.require(Permission.WORK_INCIDENTS)
    found = Organisation.objects.filter(code=code, kind=Organisation.Kind.CUSTOMER).first()
    if found is None:
        raise NotFound("There is no such customer.")
    return found


def maintenance(caller: Caller, service_id: UUID | None = None) -> QuerySet[Maintenance]:
    """Announced maintenance of the services a caller may know of, latest first."""
    rows = Maintenance.objects.filter(service__in=services(caller)).select_related("service")
    return (rows.filter(service_id=service_id) if service_id else rows).order_by("-starts")


def planned(service_id: UUID, as_of: datetime) -> list[PlannedWork]:
    """The work announced for a service by `as_of`, as the values that maintenance is judged by."""
    rows = Maintenance.objects.filter(service_id=service_id, announced_at__lte=as_of).order_by("announced_at")
    return [
        PlannedWork(
            to_us(row.announced_at),
            to_us(row.starts),
            to_us(row.ends),
            to_us(row.cancelled_at) if row.cancelled_at else None,
        )
        for row in rows
    ]


def _in_force(row: AgreementVersion) -> InForce:
    return InForce(row.agreement_id, row.version, row.valid_from, _terms(row.id, row))


def _terms(key: UUID, row: AgreementVersion) -> Terms:
    found = _parsed.get(key)
    if found is None:
        found = _parsed[key] = row.read_terms()
    return found


_parsed: dict[UUID, Terms] = {}
"""Versions never change, so their parsed terms are kept for the life of the process."""
