"""Readings: what the clocks of every incident say, folded from the ledger, ready to be counted."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from baken.record.orgs.fields import CodeField


class Reading(models.Model):
    """One incident's attribution to KPIs and its two clocks, on the facts there are.

    Instants lie in the future where a deadline is still ahead: a breach needs nobody to look, it falls when its
    instant has passed. So a row says the same whenever it is read, and is only written again after a new fact.
    `*_judged_at` is when the verdict falls, `*_breached_at` the same when it is a breach. `*_due` is None for a
    clock that stands still. Durations are whole microseconds.
    """

    incident_id = models.UUIDField(primary_key=True)
    organisation_id = models.UUIDField()
    service_id = models.UUIDField()
    reported = models.DateTimeField()
    counted = models.BooleanField()
    left_out = CodeField(blank=True, default="")
    origin = CodeField()
    classes = ArrayField(CodeField())
    priority = CodeField()
    in_peak = models.BooleanField()
    resolved_at = models.DateTimeField(null=True)
    resolved_timed = models.BooleanField()
    resolve_elapsed = models.BigIntegerField(null=True)
    resolve_working = models.BigIntegerField(null=True)
    response_state = CodeField(max_length=20)
    response_due = models.DateTimeField(null=True)
    response_judged_at = models.DateTimeField(null=True)
    response_breached_at = models.DateTimeField(null=True)
    resolution_state = CodeField(max_length=20)
    resolution_due = models.DateTimeField(null=True)
    resolution_judged_at = models.DateTimeField(null=True)
    resolution_breached_at = models.DateTimeField(null=True)
    restored_at = models.DateTimeField(null=True)
    not_restorable_at = models.DateTimeField(null=True)
    break_in_confirmed_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    next_signal_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["service_id", "reported"], name="reading_by_reported"),
            models.Index(fields=["service_id", "resolved_at"], name="reading_by_resolved"),
            models.Index(fields=["service_id", "response_judged_at"], name="reading_by_response"),
            models.Index(fields=["service_id", "resolution_judged_at"], name="reading_by_resolution"),
            models.Index(
                fields=["next_signal_at"],
                condition=Q(next_signal_at__isnull=False),
                name="reading_next_signal",
            ),
        ]


class Cursor(models.Model):
    """How far a follower of the ledger has read."""

    name = CodeField(primary_key=True)
    position = models.BigIntegerField(default=0)
