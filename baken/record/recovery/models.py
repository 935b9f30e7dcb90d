"""Restore drills: a backup is proven by restoring it."""

from django.db import models

from baken.record.catalogue.models import Service
from baken.record.orgs.fields import CodeField, IdField, WrittenField
from baken.record.orgs.models import Organisation


class Drill(models.Model):
    """One restore drill of a service's data, and whether the data came back.

    One that was retracted, for this `reason`, was a mistake and proves nothing.
    """

    class Outcome(models.TextChoices):
        PASSED = "passed"
        FAILED = "failed"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="drills")
    finished = models.DateTimeField()
    outcome = CodeField(choices=Outcome)
    remarks = WrittenField(limit=10_000)
    retracted_at = models.DateTimeField(null=True, blank=True)
    reason = WrittenField(limit=10_000)

    class Meta:
        indexes = [models.Index(fields=["service", "finished"], name="drill_by_service")]
