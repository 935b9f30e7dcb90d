"""Audits and reviews as folds of their facts."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from baken.domain.facts import Fact, retracted_at, standing
from baken.domain.instants import to_datetime
from baken.record.audits.models import Audit, SecurityReview
from baken.record.ledger import reads as ledger


def audits(ids: Iterable[UUID]) -> None:
    """Bring sign-offs and withdrawals in line with the ledger, making audits that a replay does not have yet."""
    owners = ledger.owners(ids)
    for id, facts in ledger.of_streams(ids).items():
        opened = facts[0]
        now = {name: value for fact in standing(facts) for name, value in _ended(fact).items()}
        day = to_datetime(opened.at).date()
        made = {
            "organisation_id": owners[id], "number": opened.data["number"], "period_from": day, "period_to": day,
            "services": opened.data["services"], "created_at": to_datetime(opened.at),
        }  # fmt: skip
        Audit.objects.update_or_create(id=id, defaults=now, create_defaults={**made, **now})


def reviews(ids: Iterable[UUID]) -> None:
    """Security reviews from the ledger."""
    owners = ledger.owners(ids)
    for id, facts in ledger.of_streams(ids).items():
        reviewed, retracted = facts[0], retracted_at(facts, 1)
        SecurityReview.objects.update_or_create(
            id=id,
            defaults={
                "organisation_id": owners[id], "service_id": reviewed.data["service"],
                "began": to_datetime(reviewed.at), "ended": to_datetime(reviewed.data["ended"]),
                "recorded": to_datetime(reviewed.recorded),
                "retracted_at": None if retracted is None else to_datetime(retracted),
            },
        )  # fmt: skip


def _ended(fact: Fact) -> dict[str, Any]:
    """What a fact that ends an audit makes of its row."""
    if fact.kind == "audit.withdrawn":
        return {"withdrawn_at": to_datetime(fact.at)}
    if fact.kind != "audit.signed_off":
        return {}
    data = fact.data
    return {
        "grade": data["grade"], "signed_off_at": to_datetime(fact.at), "auditor_code": data["auditor"],
        "signed_by_auditor": data["by"] == "auditor",
    }  # fmt: skip
