"""Reading audits: an external auditor sees the ones asked of them, and nothing else."""

from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from django.db.models import Case, F, QuerySet, When

from baken.domain.grades import Audit as Graded
from baken.domain.instants import to_us
from baken.record.audits.models import Audit, Finding, SecurityReview
from baken.record.catalogue.models import Service
from baken.record.catalogue.reads import held_at
from baken.record.people.access import Caller, NotFound, Permission


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
    return SecurityReview.objects.select_related("service", "reviewer").order_by("-ended")


@dataclass(frozen=True, slots=True)
class Validity:
    """How long a grade is valid for one of the services in scope: up to `until`, microseconds."""

    service: Service
    until: int


def in_scope(audit: Audit) -> list[Service]:
    """The services that an audit is about; its auditor may know of these and of no others."""
    return list(Service.objects.filter(id__in=audit.services).order_by("created_at"))


def validity(audit: Audit) -> list[Validity]:
    """How long the grade is valid, per service, by the base agreement of each. Nothing before the sign-off."""
    if audit.signed_off_at is None or audit.grade is None:
        return []
    graded = Graded("", "", frozenset(), to_us(audit.signed_off_at), Fraction(audit.grade, 10))
    found = []
    for service in in_scope(audit):
        terms = held_at(service.id, service.organisation_id, audit.signed_off_at).terms
        found.append(Validity(service, graded.expires(terms.zone, terms.audit_grace_days)))
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
