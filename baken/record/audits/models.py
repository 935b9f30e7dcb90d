"""External security audits, their findings, and the security reviews of a period."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from baken.record.catalogue.models import Service
from baken.record.orgs.fields import LINE, CodeField, IdField, WrittenField
from baken.record.orgs.models import File, Organisation
from baken.record.people.models import User


class Audit(models.Model):
    """One audit by an external party. Its grade, from 1 to 10, is the auditor's own; nobody converts another scale.

    `grade` is in tenths: 78 is 7.8. It counts from `signed_off_at`, for the services in `services`. `auditor_code`
    stands for the auditor's name on the ledger. `signed_by_auditor`: the one who was invited signed it off themself;
    otherwise the provider entered it. `reason`: why it was asked of others and withdrawn, in turn.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="audits")
    number = models.PositiveBigIntegerField(unique=True)
    services = ArrayField(models.UUIDField())
    invited = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    auditor = WrittenField(limit=LINE)
    auditor_code = CodeField(blank=True, default="")
    accreditation = WrittenField(limit=LINE)
    independence = WrittenField(limit=5_000)
    scope = WrittenField(limit=10_000)
    exclusions = WrittenField(limit=10_000)
    method = WrittenField(limit=5_000)
    period_from = models.DateField()
    period_to = models.DateField()
    grade = models.PositiveSmallIntegerField(null=True, blank=True)
    scale = CodeField(default="1-10")
    report = models.ForeignKey(File, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    next_due = models.DateField(null=True, blank=True)
    signed_off_at = models.DateTimeField(null=True, blank=True)
    signed_off_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    signed_by_auditor = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    reason = WrittenField(limit=5_000)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(grade=None) | Q(grade__range=(10, 100)), name="grade_from_1_to_10"),
            models.CheckConstraint(condition=Q(period_to__gte=F("period_from")), name="audit_period_in_order"),
            models.CheckConstraint(
                condition=Q(signed_off_at=None) | Q(grade__isnull=False), name="signed_off_has_a_grade"
            ),
        ]


class Finding(models.Model):
    """Something the auditor found, followed to its closure.

    evidence: what shows that it is solved. doubt: why it was opened again after it had been closed.
    """

    class Severity(models.TextChoices):
        CRITICAL = "critical"
        HIGH = "high"
        MEDIUM = "medium"
        LOW = "low"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    audit = models.ForeignKey(Audit, on_delete=models.CASCADE, related_name="findings")
    title = WrittenField(limit=LINE)
    detail = WrittenField(limit=10_000)
    severity = CodeField(choices=Severity)
    owner = WrittenField(limit=LINE)
    deadline = models.DateField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    evidence = WrittenField(limit=10_000)
    doubt = WrittenField(limit=10_000)


class SecurityReview(models.Model):
    """Somebody looked for break-ins over a span of time, so that none found means none.

    One that was retracted, for this `reason`, was a mistake and proves nothing.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="reviews")
    began = models.DateTimeField()
    ended = models.DateTimeField()
    reviewer = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    remarks = WrittenField(limit=10_000)
    recorded = models.DateTimeField()
    retracted_at = models.DateTimeField(null=True, blank=True)
    reason = WrittenField(limit=10_000)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(ended__gt=F("began")), name="review_spans_time")]
