"""What becomes of services and agreements when an organisation is erased: what was agreed stays, in codes."""

from baken.record.catalogue.models import Agreement, AgreementVersion, IntakeSpan, Maintenance, Service, Subscription
from baken.record.orgs.erasure import Fate, Rule

RULES = (
    Rule(model=IntakeSpan),
    Rule(
        model=Maintenance, with_organisation=Fate.BLANKED,
        document="maintenance",
        columns=("id", "service_id", "reason", "announced_at", "starts", "ends", "cancelled_at"),
    ),
    Rule(model=Subscription, document="subscriptions", columns=("id", "service_id", "since", "until")),
    Rule(
        model=AgreementVersion, owner="agreement__organisation_id",
        document="agreement_versions", columns=("id", "agreement_id", "version", "valid_from", "recorded", "terms"),
    ),
    Rule(model=Agreement, document="agreements", columns=("id", "service_id", "base")),
    Rule(
        model=Service, with_organisation=Fate.BLANKED,
        document="services", columns=("id", "code", "name", "description", "created_at"),
    ),
)  # fmt: skip
