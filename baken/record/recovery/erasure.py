"""What becomes of restore drills when an organisation is erased."""

from baken.record.orgs.erasure import Fate, Rule
from baken.record.recovery.models import Drill

RULES = (
    Rule(
        model=Drill, with_organisation=Fate.BLANKED,
        document="drills", columns=("id", "service_id", "finished", "outcome", "remarks", "retracted_at", "reason"),
    ),
)  # fmt: skip
