"""Looks, as lists show them: folded from the facts."""

from django.db import models

from baken.record.orgs.fields import CodeField, IdField
from baken.record.orgs.models import Organisation


class Look(models.Model):
    """Somebody of the provider looked at data of a customer, once or several times within a few minutes.

    reader: who, as facts name them. person: whose token it is, or who it was; null for a machine. door: `web`, `api` or
    `command`. page: the name of the page, the operation, the command. kind: of what was seen, as the program calls such
    records. record: number or id of the one that was looked at; empty for a list. count: how many were on it. shown: a
    digest of which they were, on which page. found: how many a search found; null when it was none.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    reader = CodeField(max_length=80)
    person = models.UUIDField(null=True)
    door = CodeField()
    page = CodeField(max_length=80)
    kind = CodeField()
    record = CodeField()
    count = models.PositiveIntegerField()
    shown = CodeField(max_length=32)
    found = models.PositiveIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-at"], name="look_by_organisation"),
            models.Index(fields=["reader", "shown", "-at"], name="look_by_reader"),
            models.Index(fields=["person", "-at"], name="look_by_person"),
            models.Index(fields=["-at"], name="look_by_time"),
            models.Index(fields=["kind", "record", "-at"], name="look_by_record"),
        ]
