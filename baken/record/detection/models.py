"""What a machine noticed, and the incident it became."""

from django.db import models

from baken.record.incidents.models import Incident
from baken.record.orgs.fields import CodeField, IdField
from baken.record.orgs.models import Organisation


class Detected(models.Model):
    """One episode that was noticed: `key` names it, so that it becomes one incident however often it is seen.

    `ended` is None while it lasts.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    key = CodeField(max_length=160, unique=True)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="detections")
    began = models.DateTimeField()
    ended = models.DateTimeField(null=True)
