"""Audits and reviews as folds of their facts."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from baken.domain.facts import Fact, standing
from baken.domain.instants import to_datetime
from baken.record.audits.models import Audit, SecurityReview
from baken.record.ledger import reads as ledger


def audits(ids: Iterable[UUID]) -> None:
    """Bring sign-offs in line with the ledger, making audits that a replay does not have yet."""
    owners = ledger.owners(ids)
    for id, facts in ledger.of_streams(ids).items():
        opened = facts[0]
        signed = [fact for fact in standing(facts) if fact.kind == "audit.signed_off"]
        grade = _grade(signed[-1]) if signed else {}
        day = to_datetime(opened.at).date()
        made = {
            "organisation_id": owners[id], "number": opened.data["number"], "period_from": day, "period_to": day,
            "services": opened.data["services"], "created_at": to_datetime(opened.at),
        }  # fmt: skip
        Audit.objects.update_or_create(id=id, defaults=grade, create_defaults={**made, **grade})


def reviews(ids: Iterable[UUID]) -> None:
    """Security reviews from the ledger."""
    owners = ledger.owners(ids)
    for id, facts in ledger.of_streams(ids).items():
        reviewed = facts[0]
        SecurityReview.objects.update_or_create(
            id=id,
            defaults={
                "organisation_id": owners[id], "service_id": reviewed.data["service"],
                "began": to_datetime(reviewed.at), "ended": to_datetime(reviewed.data["ended"]),
                "recorded": to_datetime(reviewed.recorded),
            },
        )  # fmt: skip


def _grade(signed: Fact) -> dict[str, Any]:
    data = signed.data
    return {
        "grade": data["grade"], "signed_off_at": to_datetime(signed.at), "auditor_code": data["auditor"],
        "signed_by_auditor": data["by"] == "auditor",
    }  # fmt: skip
