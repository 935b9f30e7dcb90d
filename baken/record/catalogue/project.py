"""The catalogue's rows as a fold of its facts: the same code after a change and in a replay of the whole ledger."""

from collections.abc import Iterable
from uuid import UUID

from baken.domain.facts import Fact, standing
from baken.domain.instants import to_datetime
from baken.record.catalogue.models import (
    Agreement,
    AgreementVersion,
    IntakeSpan,
    Maintenance,
    Service,
    Subscription,
)
from baken.record.ledger import reads as ledger
from baken.record.orgs.fields import new_id
from baken.record.orgs.models import Organisation


def organisations(ids: Iterable[UUID]) -> None:
    """Make organisations that a replay does not know yet; their names are not on the ledger."""
    for id, facts in ledger.of_streams(ids).items():
        added = facts[0]
        Organisation.objects.get_or_create(
            id=id, defaults={**_only(added, "code", "kind", "zone"), "created_at": to_datetime(added.at)}
        )


def services(ids: Iterable[UUID]) -> None:
    """Rebuild services with their intake and maintenance."""
    owners = ledger.owners(ids)
    for id, facts in ledger.of_streams(ids).items():
        added = facts[0]
        service, _ = Service.objects.get_or_create(
            id=id,
            defaults={
                "organisation_id": owners[id],
                "code": added.data["code"],
                "created_at": to_datetime(added.at),
            },
        )
        _intake(service, facts)
        _maintenance(service, facts)


def agreements(ids: Iterable[UUID]) -> None:
    """Rebuild agreements: versions are numbered in the order in which they were agreed."""
    owners = ledger.owners(ids)
    for id, facts in ledger.of_streams(ids).items():
        first = facts[0].data
        Agreement.objects.get_or_create(
            id=id,
            defaults={"organisation_id": owners[id], "service_id": first["service"], "base": first["base"]},
        )
        for number, fact in enumerate(facts, start=1):
            AgreementVersion.objects.update_or_create(
                agreement_id=id,
                version=number,
                defaults={
                    "valid_from": to_datetime(fact.at),
                    "recorded": to_datetime(fact.recorded),
                    "terms": fact.data["terms"],
                },
            )


def subscriptions(ids: Iterable[UUID]) -> None:
    """Rebuild subscriptions."""
    owners = ledger.owners(ids)
    for id, facts in ledger.of_streams(ids).items():
        ended = [to_datetime(fact.at) for fact in facts if fact.kind == "subscription.ended"]
        Subscription.objects.update_or_create(
            id=id,
            defaults={
                "organisation_id": owners[id],
                "service_id": facts[0].data["service"],
                "since": to_datetime(facts[0].at),
                "until": ended[0] if ended else None,
            },
        )


def _intake(service: Service, facts: list[Fact]) -> None:
    declared = [fact for fact in standing(facts) if fact.kind == "service.intake_declared"]
    IntakeSpan.objects.filter(service=service).delete()
    IntakeSpan.objects.bulk_create(
        IntakeSpan(
            id=new_id(),
            organisation_id=service.organisation_id,
            service=service,
            **_only(fact, "what", "source"),
            began=to_datetime(fact.at),
            ended=to_datetime(fact.data["ended"]) if fact.data["ended"] is not None else None,
        )
        for fact in declared
    )


def _maintenance(service: Service, facts: list[Fact]) -> None:
    cancelled = {
        fact.data["maintenance"]: to_datetime(fact.at) for fact in facts if fact.kind == "maintenance.cancelled"
    }
    for fact in facts:
        if fact.kind != "maintenance.announced":
            continue
        Maintenance.objects.update_or_create(
            id=fact.data["maintenance"],
            defaults={
                "organisation_id": service.organisation_id,
                "service": service,
                "announced_at": to_datetime(fact.at),
                "starts": to_datetime(fact.data["starts"]),
                "ends": to_datetime(fact.data["ends"]),
                "cancelled_at": cancelled.get(fact.data["maintenance"]),
            },
        )


def _only(fact: Fact, *keys: str) -> dict[str, str]:
    return {key: fact.data[key] for key in keys}
