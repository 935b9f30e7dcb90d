"""Sealed KPIs: a verdict frozen with everything it was made from."""

from typing import Any

from django.db import models

from baken.record.catalogue.models import Service
from baken.record.orgs.fields import CodeField, ContentField, IdField, WrittenField
from baken.record.orgs.models import Organisation
from baken.record.people.models import User


class Snapshot(models.Model):
    """The KPIs of one service and one closed period, sealed. `customer` is None for the service as a whole.

    `content` holds values, targets, statuses, reasons, the ids of the records behind each, the versions of
    agreement, calendars and time-zone data, and the improvements as people wrote them: so it is sealed as a whole.
    `digest` is the SHA-256 of its canonical form, and is on the ledger.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="snapshots")
    customer = models.ForeignKey(Organisation, null=True, on_delete=models.CASCADE, related_name="+")
    period_from = models.DateTimeField()
    period_to = models.DateTimeField()
    as_of = models.DateTimeField()
    content: Any = ContentField()
    digest = CodeField(max_length=64)
    sealed_at = models.DateTimeField()
    sealed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "customer", "period_from", "period_to"],
                nulls_distinct=False,
                name="sealed_once",
            )
        ]


class Improvement(models.Model):
    """What will be done about a KPI that was missed or not proven: needed before a period can be sealed."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="improvements")
    customer = models.ForeignKey(Organisation, null=True, on_delete=models.CASCADE, related_name="+")
    period_from = models.DateTimeField()
    period_to = models.DateTimeField()
    kpi = CodeField(max_length=2)
    cause = WrittenField(limit=5_000)
    action = WrittenField(limit=5_000)
    owner = WrittenField(limit=200)
    due = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "customer", "period_from", "period_to", "kpi"],
                nulls_distinct=False,
                name="one_improvement_each",
            )
        ]
