"""Services, what was agreed about them, and who uses them."""

from django.db import models
from django.db.models import F, Q

from baken.domain.agreements import Terms
from baken.record.orgs.fields import LINE, CodeField, IdField, WrittenField
from baken.record.orgs.models import Organisation


class Service(models.Model):
    """Something the provider runs for customers and made promises about."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="services")
    code = CodeField(unique=True)
    name = WrittenField(limit=LINE)
    description = WrittenField(limit=2_000)
    created_at = models.DateTimeField()


class Agreement(models.Model):
    """The agreement about a service: its base agreement, or one customer's own."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="agreements")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="agreements")
    base = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service"], condition=Q(base=True), name="one_base_agreement"),
            models.UniqueConstraint(fields=["organisation", "service", "base"], name="one_agreement_per_customer"),
        ]


class AgreementVersion(models.Model):
    """One version of an agreement's terms, in force from `valid_from` until the next version."""

    id = IdField()
    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    valid_from = models.DateTimeField()
    recorded = models.DateTimeField()
    terms = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agreement", "version"], name="one_row_per_version")]
        ordering = ["version"]

    def read_terms(self) -> Terms:
        """The terms as the value that clocks and KPIs work with."""
        return Terms.from_codes(self.terms)


class Subscription(models.Model):
    """A customer uses a service, from `since` until `until` (None: still)."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="subscriptions")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="subscriptions")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "service"], condition=Q(until=None), name="one_live_subscription"
            )
        ]


class IntakeSpan(models.Model):
    """A time in which a service's incidents or complaints were taken in here, so that none means none.

    `ended` is None while the intake is open. `source` says who declares it: `desk`, or an import.
    """

    class What(models.TextChoices):
        INCIDENTS = "incidents"
        COMPLAINTS = "complaints"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="intake")
    what = CodeField(choices=What)
    source = CodeField()
    began = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended=None) | Q(ended__gte=F("began")), name="intake_ends_after_it_began"
            )
        ]


class Maintenance(models.Model):
    """Planned work on a service, as announced to its customers."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="maintenance")
    reason = WrittenField(limit=2_000)
    announced_at = models.DateTimeField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="maintenance_ends_after_it_starts")
        ]
