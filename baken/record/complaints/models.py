"""Complaints and what was said about them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from baken.record.catalogue.models import Service
from baken.record.orgs.fields import LINE, CodeField, IdField, WrittenField
from baken.record.orgs.models import File, Organisation
from baken.record.people.models import User


class Complaint(models.Model):
    """A complaint about a service. It counts in the period in which it was lodged, upheld or not.

    `incidents` are the numbers of incidents it refers to: complaints and incidents do not know each other's tables.
    """

    class Outcome(models.TextChoices):
        UPHELD = "upheld"
        PARTLY_UPHELD = "partly_upheld"
        NOT_UPHELD = "not_upheld"
        WITHDRAWN = "withdrawn"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="complaints")
    number = models.PositiveBigIntegerField(unique=True)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="complaints")
    reporter = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    subject = WrittenField(limit=LINE)
    incidents = ArrayField(models.PositiveBigIntegerField(), default=list, blank=True)
    lodged = models.DateTimeField()
    acknowledge_by = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    outcome = CodeField(choices=Outcome, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    left_out = CodeField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["service", "lodged"], name="complaint_by_service")]


class Remark(models.Model):
    """Something said about a complaint: to the customer, or for the file only."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, related_name="remarks")
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    visible = models.BooleanField()
    body = WrittenField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]


class Attachment(models.Model):
    """A file that came with a remark. Whoever may read the remark may have it; it is gone when either is.

    index: which of its files it is, from 0 on.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    remark = models.ForeignKey(Remark, on_delete=models.CASCADE, related_name="attachments")
    file = models.OneToOneField(File, on_delete=models.CASCADE, related_name="+")
    index = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["index"]
