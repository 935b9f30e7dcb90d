"""Readings: what the clocks of every incident say, folded from the ledger, ready to be counted."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from baken.record.orgs.fields import CodeField


class Reading(models.Model):
    """One incident's attribution to KPIs: the columns are those of `baken.domain.attribution.Attribution`.

    Instants and durations are whole microseconds, as the domain has them. Some lie ahead: a breach needs nobody to
    look, it falls when its instant has passed. So a row says the same whenever it is read, and is only written again
    after a new fact. `*_endangered_at` is when three quarters of the time are used up. `next_due` is the first
    deadline of a clock that still runs. `last_at` is when the latest of the facts happened. `next_signal_at` is when
    the next warning or breach has to be written down.
    """

    incident_id = models.UUIDField(primary_key=True)
    organisation_id = models.UUIDField()
    service_id = models.UUIDField()
    reported = models.BigIntegerField()
    origin = CodeField()
    classes = ArrayField(CodeField())
    classes_confirmed = models.BooleanField()
    priority = CodeField()
    in_peak = models.BooleanField()
    left_out = CodeField(blank=True, default="")
    left_out_at = models.BigIntegerField(null=True)
    exclusion = CodeField(blank=True, default="")
    outage = models.UUIDField(null=True)
    open_starts = ArrayField(models.BigIntegerField())
    open_ends = ArrayField(models.BigIntegerField(null=True))
    resolved_at = models.BigIntegerField(null=True)
    resolved_timed = models.BooleanField()
    resolve_elapsed = models.BigIntegerField(null=True)
    resolve_working = models.BigIntegerField(null=True)
    response_due = models.BigIntegerField(null=True)
    response_judged_at = models.BigIntegerField(null=True)
    response_breached_at = models.BigIntegerField(null=True)
    response_endangered_at = models.BigIntegerField(null=True)
    resolution_due = models.BigIntegerField(null=True)
    resolution_judged_at = models.BigIntegerField(null=True)
    resolution_breached_at = models.BigIntegerField(null=True)
    resolution_endangered_at = models.BigIntegerField(null=True)
    restored_at = models.BigIntegerField(null=True)
    not_restorable_at = models.BigIntegerField(null=True)
    break_in_confirmed_at = models.BigIntegerField(null=True)
    agreement_id = models.UUIDField()
    agreement_version = models.PositiveIntegerField()
    tzdata_version = CodeField()
    holidays_version = CodeField()
    next_due = models.BigIntegerField(null=True)
    last_at = models.BigIntegerField()
    next_signal_at = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["service_id", "reported"], name="reading_by_reported"),
            models.Index(fields=["service_id", "resolved_at"], name="reading_by_resolved"),
            models.Index(fields=["service_id", "response_judged_at"], name="reading_by_response"),
            models.Index(fields=["service_id", "resolution_judged_at"], name="reading_by_resolution"),
            models.Index(fields=["service_id", "last_at"], name="reading_by_last"),
            models.Index(fields=["outage"], condition=Q(outage__isnull=False), name="reading_by_outage"),
            models.Index(
                fields=["next_signal_at"], condition=Q(next_signal_at__isnull=False), name="reading_next_signal"
            ),
        ]


class Cursor(models.Model):
    """How far a follower of the ledger has read."""

    name = CodeField(primary_key=True)
    position = models.BigIntegerField(default=0)
