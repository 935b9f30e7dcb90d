"""What becomes of audits when somebody is erased: the grade and its dates stay, the name of the auditor goes.

Findings and the rest of an audit are the provider's proof, and the auditor who was asked takes along what they wrote
of it. It is the provider's own, so with an organisation nothing of it goes in practice; the rules say what would.
"""

from baken.record.audits.models import Audit, Finding, SecurityReview
from baken.record.orgs.erasure import Fate, Rule

RULES = (
    Rule(
        model=Finding, mentions=("closed_by",), with_organisation=Fate.GOES,
        document="findings",
        columns=(
            "id", "audit_id", "title", "detail", "severity", "owner", "deadline", "closed_at", "evidence",
            "doubt",
        ),
        writer="audit__invited_id", written=("id", "audit_id", "title", "detail", "severity", "owner", "deadline"),
    ),
    Rule(
        model=Audit, person="invited_id", mentions=("signed_off_by",), texts=("auditor",),
        with_person=Fate.BLANKED, with_organisation=Fate.BLANKED,
        document="audits",
        columns=(
            "id", "number", "services", "auditor", "accreditation", "independence", "scope", "exclusions", "method",
            "period_from", "period_to", "grade", "next_due", "signed_off_at", "created_at", "withdrawn_at",
            "reason",
        ),
        written=(
            "id", "number", "services", "auditor", "accreditation", "independence", "scope", "exclusions", "method",
            "period_from", "period_to", "grade", "next_due", "signed_off_at", "created_at", "withdrawn_at",
        ),
    ),
    Rule(
        model=SecurityReview, person="reviewer_id", with_person=Fate.BLANKED, with_organisation=Fate.BLANKED,
        document="security_reviews",
        columns=("id", "service_id", "began", "ended", "remarks", "recorded", "retracted_at", "reason"),
    ),
)  # fmt: skip
