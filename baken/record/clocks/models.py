"""Readings: what the clocks of every incident say, folded from the ledger, ready to be counted."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from baken.record.orgs.fields import CodeField


class Reading(models.Model):
    """One incident's attribution to KPIs and the state of its two clocks, as of its latest fact.

    The columns are those of `baken.domain.kpis.Attribution`; durations are whole microseconds. A deadline that has
    not passed yet is in `*_due`: it becomes a breach by the passing of time alone, with nobody looking.
    """

    incident_id = models.UUIDField(primary_key=True)
    organisation_id = models.UUIDField()
    service_id = models.UUIDField()
    through = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["service_id", "incident_id"], name="reading_by_service")]


class Cursor(models.Model):
    """How far a follower of the ledger has read."""

    name = CodeField(primary_key=True)
    position = models.BigIntegerField(default=0)
