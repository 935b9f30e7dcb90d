"""What becomes of monitors and locations when an organisation is erased: what was measured stays, names go."""

from baken.record.monitors.models import Location, Monitor, Sight, Trouble
from baken.record.orgs.erasure import Fate, Rule

RULES = (
    Rule(model=Trouble, with_organisation=Fate.GOES, document="troubles", columns=("id", "reason", "detail", "since")),
    Rule(model=Sight),
    Rule(
        model=Monitor, with_organisation=Fate.BLANKED,
        document="monitors",
        columns=("id", "service_id", "name", "url", "method", "expect_text", "created_at", "stopped_at"),
    ),
    Rule(
        model=Location, with_organisation=Fate.BLANKED,
        document="locations", columns=("id", "code", "name", "created_at", "revoked_at"),
    ),
)  # fmt: skip
