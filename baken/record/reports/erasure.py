"""What becomes of sealed reports when a customer is erased: the seal and its digest stay, the content goes.

A report that was sealed for one customer belongs to that customer, with its keys; one for all customers to the
provider.
"""

from baken.record.orgs.erasure import Fate, Rule
from baken.record.reports.models import Improvement, Snapshot

RULES = (
    Rule(
        model=Improvement, mentions=("customer",), with_organisation=Fate.GOES,
        document="improvements",
        columns=("id", "service_id", "kpi", "cause", "action", "owner", "due", "period_from", "period_to"),
    ),
    Rule(
        model=Snapshot, mentions=("customer", "sealed_by"), with_organisation=Fate.BLANKED,
        document="sealed_reports",
        columns=("id", "service_id", "period_from", "period_to", "as_of", "content", "digest", "sealed_at"),
    ),
)  # fmt: skip
