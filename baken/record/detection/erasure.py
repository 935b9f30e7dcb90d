"""What becomes of what was detected when an organisation is erased: episodes are codes and times, and stay; what tools
told of hosts goes.
"""

from baken.record.detection.models import AlertGroup, AlertSource, AlertTaken, Detected
from baken.record.orgs.erasure import Fate, Rule

RULES = (
    Rule(model=Detected),
    Rule(model=AlertTaken, with_organisation=Fate.GOES),
    Rule(
        model=AlertGroup, with_organisation=Fate.GOES,
        document="alerts", columns=("id", "source_id", "rule", "host", "title", "level", "began", "last_at", "count"),
    ),
    Rule(
        model=AlertSource, with_organisation=Fate.GOES,
        document="alert_sources", columns=("id", "code", "tool", "name", "service_id", "created_at", "last_seen"),
    ),
)  # fmt: skip
