"""Alerts of security tools become suspicions of a break-in: one incident for what belongs together, or a signal.

However many come in a request, what is asked of the database is nearly the same: they are looked up and kept together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from baken.domain.alerts import LEVELS, Alert, Level, excerpt, reaches
from baken.domain.facts import IncidentClass
from baken.domain.instants import to_us
from baken.record.detection import floods, known
from baken.record.detection.models import AlertGroup, AlertSource
from baken.record.detection.opening import HIGH, LOW, MEDIUM, MONITOR, alone, line, open_incident
from baken.record.detection.sources import SWITCHED_OFF
from baken.record.incidents import flows as incidents
from baken.record.incidents.checks import DONE
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.orgs import bulk
from baken.record.orgs.search import standing_for
from baken.record.people.access import Caller, Conflict, NotFound, Permission

YEAR = timedelta(days=400)
"""How long signals that became nothing are kept."""
LONGEST = 20_000
"""Characters of an alert that are kept."""
MOST_REMARKS = 20
"""Remarks that the alerts of one request make in incidents; what goes on without one is counted."""
URGENCY = {
    Level.CRITICAL: HIGH, Level.HIGH: HIGH, Level.MEDIUM: MEDIUM, Level.LOW: LOW, Level.INFO: LOW,
}  # fmt: skip
"""Impact and urgency of the incident."""
Matter = tuple[bool, str]
"""Which alerts belong together: whether they are grave enough for an incident, and a code of rule and host."""


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
    going = _going(source, {_matter(source, alert) for alert in alerts})
    new = known.new_ones(source, alerts, lambda alert: not _grave(source, alert) or _matter(source, alert) in going)
    taken = Taken(new=len(new), known=len(alerts) - len(new))
    taken.signals = sum(not _grave(source, alert) for alert in new)
    together: dict[Matter, list[Alert]] = {}
    for alert in new:
        together.setdefault(_matter(source, alert), []).append(alert)
    _go_on(source, [(going[matter], some) for matter, some in together.items() if matter in going])
    going |= _begin(source, {matter: some for matter, some in together.items() if matter not in going})
    taken.incidents = {group.incident.number for matter in together if (group := going[matter]).incident}
    AlertSource.objects.filter(id=source.id).update(last_seen=clock.now())
    return taken


def tidy() -> None:
    """Forget which alerts were taken long ago, and old signals that became no incident."""
    known.tidy()
    AlertGroup.objects.filter(incident=None, last_at__lt=clock.now() - YEAR).delete()


def _going(source: AlertSource, matters: Iterable[Matter]) -> dict[Matter, AlertGroup]:
    """What alerts can join: the same rule and host, not too long ago, and an incident that is not done or judged."""
    since = clock.now() - timedelta(seconds=source.window)
    keys = {grave: [key for one, key in matters if one is grave] for grave in (True, False)}
    rows = AlertGroup.objects.filter(source=source, last_at__gte=since).order_by("last_at")
    joined = _joinable(rows.filter(key__in=keys[True])).select_related("incident")
    signals = rows.filter(key__in=keys[False], incident=None)
    return {(True, row.key): row for row in joined} | {(False, row.key): row for row in signals}


def _joinable(rows: QuerySet[AlertGroup]) -> QuerySet[AlertGroup]:
    """Judged to be no break-in, it would be seen by nobody any more."""
    security = [IncidentClass.SECURITY.value]
    rows = rows.filter(incident__outcome="", incident__classes__contains=security, incident__break_in_rejected_at=None)
    return rows.exclude(incident__status__in=DONE)


def _begin(source: AlertSource, together: Mapping[Matter, Sequence[Alert]]) -> dict[Matter, AlertGroup]:
    """The groups of new matters, the gravest first, each with an incident when it is grave enough for one."""
    flood = {critical: floods.Flood(source, critical=critical) for critical in (True, False)}
    begun = {}
    for matter, some in sorted(together.items(), key=lambda one: -_gravest(one[1])):
        incident = None
        if matter[0]:
            first = max(some, key=lambda alert: LEVELS.index(alert.level))
            of = flood[first.level is Level.CRITICAL]
            incident = of.incident_of(first, lambda first=first: _open(source, first))  # type: ignore[misc]
        begun[matter] = _group(source, matter, some, incident)
    bulk.seal(list(begun.values()))
    AlertGroup.objects.bulk_create(begun.values())
    for one in flood.values():
        one.close()
    _remark(source, [(group, 1, some) for matter, some in together.items() if (group := begun[matter]).count > 1])
    return begun


def _open(source: AlertSource, alert: Alert) -> Incident:
    subject = line(f"{source.service.code}: {alert.title or alert.rule}")
    level, now = URGENCY[alert.level], to_us(clock.now())
    return open_incident(source.service, subject, _text(source, alert), level, [IncidentClass.SECURITY], now)


def _group(source: AlertSource, matter: Matter, some: Sequence[Alert], incident: Incident | None) -> AlertGroup:
    now, alert = clock.now(), some[0]
    return AlertGroup(
        organisation_id=source.organisation_id, source=source, key=matter[1], rule=line(alert.rule),
        host=line(alert.host), title=line(alert.title), level=LEVELS[_gravest(some)], incident=incident, began=now,
        last_at=now, count=len(some),
    )  # fmt: skip


def _go_on(source: AlertSource, joining: Sequence[tuple[AlertGroup, Sequence[Alert]]]) -> None:
    """Count them. One that is graver than all before it is told of whatever their number."""
    before = []
    for group, some in joining:
        level = max(Level(group.level), LEVELS[_gravest(some)], key=LEVELS.index)
        before.append((group, group.count if level == group.level else 0, some))
        group.count, group.last_at, group.level = group.count + len(some), clock.now(), level
    AlertGroup.objects.bulk_update([group for group, _ in joining], ["count", "last_at", "level"])
    _remark(source, before)


def _remark(source: AlertSource, joining: Sequence[tuple[AlertGroup, int, Sequence[Alert]]]) -> None:
    """Say what the latest alerts say at 2, 4, 8, … of them, so that a thousand are a few remarks.

    joining: each group with how many it had. What joins a flood is told of there.
    """
    doubled = [
        (group, some)
        for group, before, some in joining
        if group.incident and before.bit_length() < group.count.bit_length()
    ]
    floating = floods.of_floods(source, [group for group, _ in doubled])
    for group, some in [one for one in doubled if one[0].incident_id not in floating][:MOST_REMARKS]:
        body = f"Alerted again; {group.count} alerts so far.\n\n{_text(source, some[-1])}"
        incidents.note(MONITOR, group.incident.number, body=body)  # type: ignore[union-attr]


def _gravest(some: Sequence[Alert]) -> int:
    return max(LEVELS.index(alert.level) for alert in some)


def _grave(source: AlertSource, alert: Alert) -> bool:
    return reaches(alert.level, source.minimum)


def _text(source: AlertSource, alert: Alert) -> str:
    where = f" on {line(alert.host)}" if alert.host else ""
    what = f"{line(source.name or source.code)} alerts: {line(alert.rule)}{where}, level {alert.level.value}."
    return excerpt(f"Break-in suspected. {what}\n\n{alert.text}".strip(), LONGEST)


def _matter(source: AlertSource, alert: Alert) -> Matter:
    key = standing_for("alert/group", f"{len(alert.rule)}/{alert.rule}/{alert.host}".encode())
    return _grave(source, alert), key
