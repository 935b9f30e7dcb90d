"""What becomes of what machines noticed when an organisation is erased: codes and times stay, names of hosts go."""

from baken.record.detection.models import AlertGroup, AlertSource, AlertTaken, Detected
from baken.record.orgs.erasure import Fate, Rule

RULES = (
    Rule(model=AlertTaken),
    Rule(
        model=AlertGroup, with_organisation=Fate.BLANKED,
        document="alerts", columns=("id", "source_id", "rule", "host", "title", "level", "began", "last_at", "count"),
    ),
    Rule(
        model=AlertSource, with_organisation=Fate.BLANKED,
        document="alert_sources", columns=("id", "code", "tool", "name", "service_id", "created_at", "last_seen"),
    ),
    Rule(model=Detected),
)  # fmt: skip
"""Episodes that a monitor noticed are of the incident that they became."""
