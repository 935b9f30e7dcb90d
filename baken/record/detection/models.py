"""What machines noticed and the incidents it became; the tools that alert; and when the worker's routines last ran."""

from django.db import models

from baken.domain.alerts import LEVELS, Level
from baken.record.catalogue.models import Service
from baken.record.incidents.models import Incident
from baken.record.orgs.fields import LINE, CodeField, IdField, WrittenField
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


class AlertSource(models.Model):
    """A tool that sends alerts, and the service that they concern. `code` is the last part of its address.

    minimum: the level from which an alert opens an incident. window: seconds within which alerts of the same rule and
    host belong together.
    """

    class Tool(models.TextChoices):
        CROWDSEC = "crowdsec"
        WAZUH = "wazuh"
        FALCO = "falco"
        FAIL2BAN = "fail2ban"
        GENERIC = "generic"

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    code = CodeField(unique=True)
    tool = CodeField(choices=Tool)
    name = WrittenField(limit=LINE)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    minimum = CodeField(choices=[(level.value, level.value) for level in LEVELS], default=Level.MEDIUM)
    window = models.PositiveIntegerField(default=3_600)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    last_seen = models.DateTimeField(null=True)


class AlertGroup(models.Model):
    """Alerts of one source, rule and host that came close together: one incident, or none when they were not grave.

    `key` stands for rule and host; `level` is the gravest of them.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(AlertSource, on_delete=models.CASCADE, related_name="groups")
    key = CodeField(max_length=64)
    rule = WrittenField(limit=LINE)
    host = WrittenField(limit=LINE)
    title = WrittenField(limit=LINE)
    level = CodeField()
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="alerts")
    began = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["source", "key", "-last_at"], name="alert_group_by_key"),
            models.Index(fields=["-last_at"], name="alert_group_by_time"),
        ]


class AlertTaken(models.Model):
    """An alert was taken already: `key` stands for it. Forgotten after a month."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(AlertSource, on_delete=models.CASCADE, related_name="+")
    key = CodeField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="alert_taken_once")]
        indexes = [models.Index(fields=["at"], name="alert_taken_by_time")]
