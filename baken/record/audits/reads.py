"""Reading audits: an external auditor sees the ones asked of them, and nothing else."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from django.db.models import Case, F, QuerySet, When

from baken.domain.grades import Audit as Graded
from baken.domain.grades import expiry, standing
from baken.domain.instants import to_us
from baken.record.audits.models import Audit, Finding, SecurityReview
from baken.record.catalogue.models import Service
from baken.record.catalogue.reads import InForce, history_for, holding
from baken.record.people.access import Caller, NotFound, Permission

SIGNED = (
    "services", "auditor", "accreditation", "independence", "scope", "exclusions", "method", "period_from",
    "period_to", "next_due",
)  # fmt: skip
SIGNED_OF_A_FINDING = ("id", "title", "detail", "severity", "owner", "deadline", "closed_at", "evidence", "doubt")


def visible(caller: Caller) -> QuerySet[Audit]:
    """Every audit the caller may see, newest first."""
    caller.require(Permission.READ_AUDITS)
    rows = Audit.objects.select_related("organisation", "invited", "signed_off_by", "report")
    rows = rows.order_by("-number")
    if caller.staff:
        return rows
    return rows.filter(invited_id=caller.user) if caller.user else rows.none()


def audit(caller: Caller, number: int) -> Audit:
    """One audit by its number. Raises NotFound, also for somebody else's."""
    found = visible(caller).filter(number=number).first()
    if found is None:
        raise NotFound("There is no such audit.")
    return found


def reviews(caller: Caller) -> QuerySet[SecurityReview]:
    """Security reviews, latest first, for those who do them."""
    caller.require(Permission.WRITE_DRILLS)
    return SecurityReview.objects.select_related("service", "reviewer").order_by("-ended", "-id")


def open_still(audit: Audit) -> bool:
    """Whether it may still change: it is neither signed off nor withdrawn."""
    return audit.signed_off_at is None and audit.withdrawn_at is None


def version(audit: Audit) -> str:
    """A digest of what somebody signs with a grade: the description, the findings, the report.

    It changes with any of them, so that nobody signs what they have not read.
    """
    described = [str(getattr(audit, name)) for name in SIGNED]
    found = [[str(getattr(row, name)) for name in SIGNED_OF_A_FINDING] for row in audit.findings.order_by("id")]
    said = [described, found, audit.report.sha256 if audit.report else ""]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Validity:
    """How long a grade is valid for one of the services in scope: up to `until`, microseconds.

    replaced: another grade of the same auditor and scope has taken its place.
    """

    service: Service
    until: int
    replaced: bool = False

    def expired(self, as_of: int) -> bool:
        """Whether it is no longer valid at an instant: at `until` it is not, as in C9."""
        return self.until <= as_of


def in_scope(audit: Audit) -> list[Service]:
    """The services that an audit is about; its auditor may know of these and of no others."""
    return list(Service.objects.filter(id__in=audit.services).order_by("created_at"))


def graded(audit: Audit, agreed: Sequence[InForce]) -> Graded:
    """A signed-off audit as the domain judges it, by what was `agreed` about a service when it was signed off.

    Everything that says how long a grade is valid asks this: C9, the pages, the reminders.
    """
    assert audit.signed_off_at is not None
    assert audit.grade is not None
    services = frozenset(str(id) for id in audit.services)
    terms = holding(agreed, audit.signed_off_at).terms
    signed_off = to_us(audit.signed_off_at)
    return Graded(
        auditor=audit.auditor_code, scope=",".join(sorted(services)), services=services, signed_off=signed_off,
        until=expiry(terms.zone, signed_off, terms.audit_grace_days), grade=Fraction(audit.grade, 10),
        own=audit.signed_by_auditor,
    )  # fmt: skip


def graded_of(service: Service) -> dict[Graded, Audit]:
    """The signed-off audits of a service, by its base agreement."""
    agreed = history_for(service.id, service.organisation_id)
    signed = Audit.objects.filter(services__contains=[service.id]).exclude(signed_off_at=None)
    rows = signed.select_related("organisation").order_by("signed_off_at", "number")
    return {graded(row, agreed): row for row in rows}


def validity(audit: Audit, as_of: int) -> list[Validity]:
    """How long the grade is valid, per service, by the base agreement of each. Nothing before the sign-off."""
    if audit.signed_off_at is None:
        return []
    return [_validity(audit, service, as_of) for service in in_scope(audit)]


def _validity(audit: Audit, service: Service, as_of: int) -> Validity:
    one = graded(audit, history_for(service.id, service.organisation_id))
    return Validity(service, one.until, one not in standing(graded_of(service), str(service.id), as_of + 1))


def review(caller: Caller, id: UUID) -> SecurityReview:
    """One security review, for those who do them. Raises NotFound."""
    found = reviews(caller).filter(id=id).first()
    if found is None:
        raise NotFound("There is no such review.")
    return found


def finding(caller: Caller, id: UUID) -> Finding:
    """One finding of an audit that the caller may see. Raises NotFound."""
    found = Finding.objects.filter(id=id, audit__in=visible(caller)).select_related("audit").first()
    if found is None:
        raise NotFound("There is no such finding.")
    return found


def findings(caller: Caller, audit: Audit) -> QuerySet[Finding]:
    """The findings of an audit that the caller may see: open ones first, the gravest first."""
    caller.require(Permission.READ_AUDITS)
    gravest_first = Case(*(When(severity=code, then=rank) for rank, code in enumerate(Finding.Severity.values)))
    rows = Finding.objects.filter(audit=audit).select_related("closed_by")
    return rows.order_by(F("closed_at").asc(nulls_first=True), gravest_first, "deadline", "id")
