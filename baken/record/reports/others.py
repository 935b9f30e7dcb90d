"""C9 and D5, and what the counts of incidents rest on: intake, reviews, drills."""

from collections.abc import Sequence
from datetime import timedelta

from baken.domain.agreements import Terms
from baken.domain.grades import Audit as Graded
from baken.domain.grades import valid_before
from baken.domain.instants import to_datetime, to_us
from baken.domain.intervals import Intervals
from baken.domain.periods import Period
from baken.record.audits import reads as audits
from baken.record.audits.models import Audit, SecurityReview
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import IntakeSpan
from baken.record.complaints.models import Complaint
from baken.record.people.access import Caller, Permission
from baken.record.recovery.models import Drill
from baken.record.reports.scopes import Scope

DRILL = "restore_drill"
"""The code of what is overdue when no restore drill was made in the agreed time."""


def graded(scope: Scope) -> dict[Graded, Audit]:
    """The audits that cover the service, signed off by `as_of`, as the domain judges them."""
    signed = Audit.objects.filter(
        services__contains=[scope.service.id], signed_off_at__lte=to_datetime(scope.as_of), grade__isnull=False
    )
    agreed = scope.agreed.history
    return {audits.graded(row, agreed): row for row in signed.order_by("signed_off_at", "number")}


def valid_audits(scope: Scope) -> list[Audit]:
    """The audits whose grade was valid at the end of the period, or is now while it is open; the lowest first."""
    known = graded(scope)
    edge = min(scope.period.end, scope.as_of + 1)
    found = valid_before(known, str(scope.service.id), edge)
    return [known[audit] for audit in found] if scope.period.start < scope.as_of else []


def complaints(scope: Scope, period: Period) -> list[Complaint]:
    """Those lodged in the period, by this customer if the scope has one."""
    end = min(period.end, scope.as_of + 1)
    rows = Complaint.objects.filter(
        service=scope.service, left_out="", lodged__gte=to_datetime(period.start), lodged__lt=to_datetime(end)
    )
    rows = rows.filter(organisation=scope.customer) if scope.customer else rows
    return list(rows.select_related("organisation", "service").order_by("lodged", "number"))


def reads_complaints(caller: Caller) -> bool:
    """Whether complaints may be shown: to the manager, and to the customer whose own they are."""
    own = not caller.staff and caller.may(Permission.FILE_COMPLAINTS)
    return own or caller.may(Permission.HANDLE_COMPLAINTS)


def sources(scope: Scope) -> dict[str, Intervals]:
    """When incidents and complaints were taken in, and when somebody looked for break-ins."""
    service, now = scope.service.id, to_datetime(scope.as_of)
    found = {what: catalogue.intake([service], what, now)[service] for what in IntakeSpan.What.values}
    reviews = SecurityReview.objects.filter(service=service, recorded__lte=now, retracted_at=None)
    spans = reviews.values_list("began", "ended")
    return found | {"reviews": Intervals.of((to_us(began), to_us(ended)) for began, ended in spans)}


def overdue(scope: Scope, period: Period, terms: Terms) -> Sequence[str]:
    """What should have been done by the end of the period, or by now, and was not."""
    if terms.drill_every is None:
        return []
    edge = to_datetime(min(period.end, scope.as_of))
    drills = Drill.objects.filter(service=scope.service, retracted_at=None)
    made = drills.filter(finished__lte=edge).order_by("-finished").first()
    since = made.finished if made else scope.service.created_at
    return [DRILL] if edge - since > timedelta(microseconds=terms.drill_every) else []
