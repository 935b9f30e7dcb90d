"""Monitors and what the locations saw.

Raw results live in `monitors_result`, partitioned by day (see the first migration); they are dropped after the
retention period. Changes of state are facts, kept for ever, and `StateChange` is their fold.
"""

from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q

from baken.domain.instants import to_us
from baken.domain.locations import ProbeResult
from baken.record.catalogue.models import Service
from baken.record.orgs.fields import LINE, CodeField, IdField, WrittenField
from baken.record.orgs.models import Organisation


class Location(models.Model):
    """A place from which is probed. It signs its results with the key whose public half is here.

    `told_at` is when it last said what keeps it from giving results, by its own clock.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    code = CodeField(unique=True)
    name = WrittenField(limit=LINE)
    public_key = CodeField(max_length=64)
    acknowledged = models.BigIntegerField(default=0)
    last_seen = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class Monitor(models.Model):
    """An address of a service, asked every `interval` milliseconds from every location.

    Quorum: the service is down when `quorum` of the reporting locations see it down (0: a majority), unknown when
    fewer than `minimum_reporting` report. A run of failures is confirmed after `confirm_after` milliseconds, which
    delays the incident and not the history; outages less than `quiet` apart make one incident.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="monitors")
    name = WrittenField(limit=LINE)
    url = WrittenField(limit=2_000)
    method = CodeField(default="GET", max_length=8)
    interval = models.PositiveIntegerField(default=30_000)
    tolerance = models.PositiveIntegerField(default=15_000)
    timeout = models.PositiveIntegerField(default=10_000)
    expect_status = CodeField(default="200-399")
    expect_text = WrittenField(limit=LINE)
    follow_redirects = models.BooleanField(default=True)
    verify_tls = models.BooleanField(default=True)
    quorum = models.PositiveSmallIntegerField(default=0)
    minimum_reporting = models.PositiveSmallIntegerField(default=1)
    confirm_after = models.PositiveIntegerField(default=60_000)
    quiet = models.PositiveIntegerField(default=300_000)
    created_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(interval__gte=200), name="interval_at_least_200_ms"),
            models.CheckConstraint(condition=Q(minimum_reporting__gte=1), name="somebody_reports"),
        ]

    @property
    def address(self) -> str:
        """The URL without what may be a secret: user, password and query. For everybody who does not configure it."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


class Trouble(models.Model):
    """What keeps a location from giving results of a monitor (None: of any), as it told last."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="troubles")
    monitor = models.ForeignKey(Monitor, null=True, blank=True, on_delete=models.CASCADE, related_name="troubles")
    reason = CodeField(max_length=32)
    detail = WrittenField(limit=LINE)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["location", "monitor"], nulls_distinct=False, name="one_trouble_each")
        ]
        ordering = ["since", "id"]


class MonitorVersion(models.Model):
    """How a monitor was judged from `valid_from` on: a change today leaves the past as it was measured."""

    id = models.BigAutoField(primary_key=True)
    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="versions")
    valid_from = models.DateTimeField()
    quorum = models.PositiveSmallIntegerField()
    minimum_reporting = models.PositiveSmallIntegerField()
    confirm_after = models.PositiveIntegerField()
    quiet = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "valid_from"], name="one_version_at_a_time")]
        ordering = ["valid_from"]


class Sight(models.Model):
    """What one location last saw of one monitor: the result that the next one is folded onto.

    `started` is None until the first result. `interval` and `tolerance` are those of the last check, milliseconds.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="sights")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="sights")
    started = models.DateTimeField(null=True, blank=True)
    up = models.BooleanField(default=False)
    reason = CodeField(max_length=32, blank=True, default="")
    interval = models.PositiveIntegerField(default=0)
    tolerance = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "location"], name="one_sight_each")]

    def last_result(self) -> ProbeResult | None:
        """The last result as the value that the next one is folded onto; None when there is none yet."""
        if self.started is None:
            return None
        scale = 1_000
        return ProbeResult(
            to_us(self.started), self.up, self.interval * scale, self.tolerance * scale, self.reason or None
        )


class StateChange(models.Model):
    """From `at` on, a location saw a monitor in `state`. Folded from the ledger, kept for ever."""

    id = models.BigAutoField(primary_key=True)
    sight = models.ForeignKey(Sight, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    state = CodeField(max_length=16)
    reason = CodeField(max_length=32, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sight", "at"], name="one_change_at_a_time")]
