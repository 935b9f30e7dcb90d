"""A complaint's row as a fold of its facts."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from baken.domain.facts import standing
from baken.domain.instants import to_datetime
from baken.record.complaints.models import Complaint
from baken.record.ledger import reads as ledger

FOLDED = ("acknowledged_at", "outcome", "decided_at", "left_out")


def refold(ids: Iterable[UUID]) -> None:
    """Bring the rows of these complaints in line with the ledger, making those a replay does not have yet."""
    by_complaint = ledger.of_streams(ids)
    owners = ledger.owners(by_complaint)
    for id, facts in by_complaint.items():
        lodged, latest = facts[0], {fact.kind: fact for fact in standing(facts)}
        acknowledged, decided = latest.get("complaint.acknowledged"), latest.get("complaint.decided")
        left_out = latest.get("complaint.left_out")
        folded = {
            "acknowledged_at": to_datetime(acknowledged.at) if acknowledged else None,
            "decided_at": to_datetime(decided.at) if decided else None,
            "outcome": decided.data["outcome"] if decided else "",
            "left_out": left_out.data["outcome"] if left_out else "",
        }
        made = {
            "organisation_id": owners[id],
            "number": lodged.data["number"],
            "service_id": lodged.data["service"],
            "lodged": to_datetime(lodged.at),
            "acknowledge_by": to_datetime(lodged.at) + timedelta(microseconds=lodged.data["acknowledge"]),
        }
        Complaint.objects.update_or_create(id=id, defaults=folded, create_defaults={**made, **folded})
