"""Alerts of security tools become suspicions of a break-in: one incident for what belongs together, or a signal."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction

from baken.domain.alerts import LEVELS, Alert, Level, reaches
from baken.domain.facts import IncidentClass
from baken.domain.instants import to_us
from baken.record.detection.models import AlertGroup, AlertSource, AlertTaken
from baken.record.detection.opening import HIGH, LOW, MEDIUM, MONITOR, alone, open_incident
from baken.record.detection.sources import SWITCHED_OFF
from baken.record.incidents import flows as incidents
from baken.record.incidents.checks import DONE
from baken.record.ledger import clock
from baken.record.orgs.fields import LINE
from baken.record.orgs.search import all_standing_for, standing_for
from baken.record.people.access import Caller, Conflict, NotFound, Permission

MONTH, YEAR = timedelta(days=31), timedelta(days=400)
"""How long an alert is known when it is sent again, and how long signals that became nothing are kept."""
LONGEST = 20_000
"""Characters of an alert that are kept."""
URGENCY = {
    Level.CRITICAL: HIGH, Level.HIGH: HIGH, Level.MEDIUM: MEDIUM, Level.LOW: LOW, Level.INFO: LOW,
}  # fmt: skip
"""Impact and urgency of the incident."""


@dataclass(slots=True)
class Taken:
    """What became of alerts: how many were new, known already, or stayed signals; and the numbers of the incidents."""

    new: int = 0
    known: int = 0
    signals: int = 0
    incidents: set[int] = field(default_factory=set)


@transaction.atomic
def take(caller: Caller, code: str, alerts: Sequence[Alert]) -> Taken:
    """Take alerts of a source, each once. All of them, or none when this raises.

    Raises NotFound, Forbidden, and Conflict for a source that is switched off.
    """
    caller.require(Permission.WRITE_ALERTS)
    source = AlertSource.objects.select_related("service__organisation").filter(code=code).first()
    if source is None:
        raise NotFound("There is no such alert source.")
    if not source.active:
        raise Conflict(SWITCHED_OFF)
    alone(f"alerts:{source.id}")
    taken = Taken()
    for alert in alerts:
        if _is_known(source, alert):
            taken.known += 1
        else:
            taken.new += 1
            _take(source, alert, taken)
    AlertSource.objects.filter(id=source.id).update(last_seen=clock.now())
    return taken


def tidy() -> None:
    """Forget which alerts were taken long ago, and old signals that became no incident."""
    now = clock.now()
    AlertTaken.objects.filter(at__lt=now - MONTH).delete()
    AlertGroup.objects.filter(incident=None, last_at__lt=now - YEAR).delete()


def _is_known(source: AlertSource, alert: Alert) -> bool:
    key = hashlib.sha256(alert.key.encode()).hexdigest() if len(alert.key) > LINE else alert.key
    code, *older = all_standing_for("alert", f"{source.id}/{key}".encode())
    if AlertTaken.objects.filter(source=source, key__in=older).exists():
        return True
    _, new = AlertTaken.objects.get_or_create(
        source=source, key=code, defaults={"organisation_id": source.organisation_id, "at": clock.now()}
    )
    return not new


def _take(source: AlertSource, alert: Alert, taken: Taken) -> None:
    grave = reaches(alert.level, source.minimum)
    group = _group(source, alert, grave=grave)
    if group is None:
        group = _begin(source, alert, grave=grave)
    else:
        _goes_on(group, alert)
    if group.incident is None:
        taken.signals += 1
    else:
        taken.incidents.add(group.incident.number)


def _group(source: AlertSource, alert: Alert, *, grave: bool) -> AlertGroup | None:
    """What an alert belongs to: the same rule and host, not too long ago, and an incident that is not done."""
    since = clock.now() - timedelta(seconds=source.window)
    rows = AlertGroup.objects.filter(source=source, key=_key(alert), last_at__gte=since, incident__isnull=not grave)
    rows = rows.filter(incident__outcome="").exclude(incident__status__in=DONE) if grave else rows
    return rows.select_related("incident").order_by("-last_at").first()


def _begin(source: AlertSource, alert: Alert, *, grave: bool) -> AlertGroup:
    now, service = clock.now(), source.service
    incident = None
    if grave:
        subject = f"{service.code}: {alert.title or alert.rule}"[:LINE]
        classes = [IncidentClass.SECURITY]
        incident = open_incident(service, subject, _text(source, alert), URGENCY[alert.level], classes, to_us(now))
    return AlertGroup.objects.create(
        organisation_id=source.organisation_id, source=source, key=_key(alert), rule=alert.rule[:LINE],
        host=alert.host[:LINE], title=alert.title[:LINE], level=alert.level, incident=incident, began=now, last_at=now,
    )  # fmt: skip


def _goes_on(group: AlertGroup, alert: Alert) -> None:
    """Count it. What it says is added at 2, 4, 8, … alerts, so that a thousand alerts are ten remarks."""
    group.count += 1
    group.last_at = clock.now()
    group.level = max(Level(group.level), alert.level, key=LEVELS.index)
    group.save(update_fields=["count", "last_at", "level"])
    if group.incident and group.count & (group.count - 1) == 0:
        body = f"Alerted again; {group.count} alerts so far.\n\n{_text(group.source, alert)}"
        incidents.note(MONITOR, group.incident.number, body=body)


def _text(source: AlertSource, alert: Alert) -> str:
    where = f" on {alert.host}" if alert.host else ""
    head = f"Break-in suspected. {source.name or source.code} alerts: {alert.rule}{where}, level {alert.level.value}."
    return f"{head}\n\n{alert.text}"[:LONGEST].strip()


def _key(alert: Alert) -> str:
    return standing_for("alert/group", f"{len(alert.rule)}/{alert.rule}/{alert.host}".encode())
