"""How many incidents a source opens: few at once, so that what it sends does not decide what people find.

What goes beyond joins one incident, the flood's, until no new matter came for an hour. Each alert is kept either way.
Critical ones are counted apart, so that lesser ones do not use up their share.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from baken.domain.alerts import Alert, Level
from baken.domain.facts import IncidentClass
from baken.domain.instants import to_us
from baken.record.detection.models import AlertGroup, AlertSource, Detected
from baken.record.detection.opening import HIGH, MEDIUM, MONITOR, keep, line, open_about, open_incident, utc
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident
from baken.record.ledger import clock

MOST_NEW = 10
"""Incidents that a source opens by alerts within `CALM`; as many by critical ones."""
CALM = timedelta(hours=1)
LISTED = 20
"""Alerts that a remark of a flood names."""


class Flood:
    """The flood of a source's alerts, critical or not: whether there is one, and what joins it in this request."""

    def __init__(self, source: AlertSource, *, critical: bool) -> None:
        self._source, self._critical = source, critical
        self._about = f"flood:{source.id}:{'critical' if critical else 'other'}"
        self._kept = open_about(self._about)
        self._joining: list[Alert] = []
        self._opened = self._opened_lately()

    def incident_of(self, alert: Alert, own: Callable[[], Incident]) -> Incident:
        """The incident of a new matter: its own, or that of the flood."""
        kept = self._kept
        lasts = kept is not None and kept.ended is not None and kept.ended >= clock.now() - CALM
        if not lasts and self._opened < MOST_NEW:
            self._opened += 1
            return own()
        self._kept = kept or self._begin()
        self._joining.append(alert)
        return self._kept.incident

    def close(self) -> None:
        """Keep how many joined; a remark names some of them at 2, 4, 8, … matters."""
        if self._kept is None or not self._joining:
            return
        before, self._kept.outages = self._kept.outages, self._kept.outages + len(self._joining)
        self._kept.ended = clock.now()
        self._kept.save(update_fields=["outages", "ended"])
        if before.bit_length() < self._kept.outages.bit_length():
            incidents.note(MONITOR, self._kept.incident.number, body=self._told(self._kept.outages))

    def _opened_lately(self) -> int:
        since = clock.now() - CALM
        rows = AlertGroup.objects.filter(source=self._source, last_at__gte=since, began__gte=since)
        rows = rows.exclude(incident=None)
        rows = rows.filter(level=Level.CRITICAL) if self._critical else rows.exclude(level=Level.CRITICAL)
        return rows.values("incident").distinct().count()

    def _begin(self) -> Detected:
        source, now = self._source, to_us(clock.now())
        name = source.name or source.code
        critical = " of level critical" if self._critical else ""
        body = (
            f"Break-in suspected. {name} alerts of more than {MOST_NEW} rules and machines{critical} within an hour. "
            f"The first have incidents of their own; from {utc(now)} on all further ones are counted here, until none "
            "is new for an hour. The page of alerts lists every one of them."
        )
        subject = f"{source.service.code}: flood of alerts{critical}"
        level = HIGH if self._critical else MEDIUM
        incident = open_incident(source.service, subject, body, level, [IncidentClass.SECURITY], now)
        kept = keep(self._about, f"flood:{incident.id}", incident, began=now, ended=now)
        kept.outages = 0
        return kept

    def _told(self, number: int) -> str:
        named = [f"{line(one.rule)} on {line(one.host or '?')}, level {one.level.value}" for one in self._joining]
        more = f"\n… and {len(named) - LISTED} more" if len(named) > LISTED else ""
        return f"Rules and machines so far: {number}. The latest:\n\n" + "\n".join(named[:LISTED]) + more


def of_floods(source: AlertSource, groups: Sequence[AlertGroup]) -> set[UUID]:
    """The incidents of these groups that are those of floods, by id."""
    ids = {group.incident_id for group in groups if group.incident_id}
    rows = Detected.objects.filter(about__startswith=f"flood:{source.id}:", incident__in=ids)
    return set(rows.values_list("incident_id", flat=True))
