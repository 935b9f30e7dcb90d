"""What machines noticed and the incidents it became; and when the worker's routines last ran."""

from django.db import models

from baken.record.incidents.models import Incident
from baken.record.orgs.fields import CodeField, IdField
from baken.record.orgs.models import Organisation


class Detected(models.Model):
    """One episode that was noticed: `key` names it, so that it becomes one incident however often it is seen.

    about: what can have several episodes, one after the other: a service, or a service as one location sees it.
    outages: how many of them the episode has had. `ended` is None while it lasts.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    about = CodeField(max_length=120)
    key = CodeField(max_length=160, unique=True)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="detections")
    began = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)
    outages = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["about", "-began"], name="detected_by_about")]


class Routine(models.Model):
    """Something the worker does again and again: when it last ended well, and since when it fails (None: it works)."""

    name = CodeField(primary_key=True)
    ended = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
