"""What machines noticed becomes incidents, once, however many workers look and however late."""

from collections.abc import Sequence

from django.db import transaction

from baken.domain.facts import IncidentClass
from baken.domain.instants import to_datetime, to_us
from baken.record.catalogue.models import Service
from baken.record.detection import reads
from baken.record.detection.models import Detected
from baken.record.detection.opening import HIGH, MEDIUM, MONITOR, alone, keep, open_incident, own_service, utc
from baken.record.detection.reads import Noticed
from baken.record.detection.signals import take_up_signals
from baken.record.incidents import flows as incidents
from baken.record.incidents import machine
from baken.record.ledger import clock
from baken.record.ledger.reads import Broken
from baken.record.recovery.models import Drill


def detect() -> int:
    """Bring the incidents in line with what was measured until now; how many were opened, added to or ended.

    Every service in a transaction of its own. Whatever instant this runs at, incidents carry the instants at which
    things happened.
    """
    changed = sum(watch(service) for service in reads.watched())
    return changed + sum(take_up_drill(drill) for drill in reads.failed_drills()) + take_up_signals()


@transaction.atomic
def watch(service: Service) -> int:
    """The same for the outages of one service."""
    alone(f"detection:{service.id}")
    known = reads.kept(service)
    return sum(_take_up(row, known) for row in reads.noticed(service, to_us(clock.now())))


@transaction.atomic
def take_up_drill(drill: Drill) -> int:
    """A failed restore drill is an integrity incident: the data could not be brought back."""
    alone(f"drill:{drill.id}")
    key = f"drill:{drill.id}"
    if Detected.objects.filter(key=key).exists():
        return 0
    subject = f"{drill.service.code}: restore drill failed"
    body = f"The restore drill that finished at {utc(to_us(drill.finished))} failed."
    incident = open_incident(drill.service, subject, body, HIGH, [IncidentClass.INTEGRITY], to_us(drill.finished))
    keep("drill", key, incident, began=to_us(drill.finished), ended=to_us(drill.finished))
    return 1


@transaction.atomic
def take_up_broken_chain(broken: Sequence[Broken]) -> int:
    """Facts that somebody changed are a security incident of this installation's own service; one for each stream."""
    service = own_service()
    if service is None:
        return 0
    alone("chain")
    opened = 0
    for where in {row.stream_id: row for row in reversed(broken)}.values():
        key = f"chain:{where.stream_id}:{where.seq}"
        if Detected.objects.filter(key=key).exists():
            continue
        subject = f"{service.code}: the ledger was changed"
        body = f"The chain of {where.stream_kind} {where.stream_id} is broken at fact {where.seq}. Verify the backups."
        now = to_us(clock.now())
        incident = open_incident(service, subject, body, HIGH, [IncidentClass.SECURITY, IncidentClass.INTEGRITY], now)
        keep("chain", key, incident, began=now, ended=now)
        opened += 1
    return opened


def _take_up(row: Noticed, known: list[Detected]) -> int:
    """Open the incident of an episode, add to it, end it: whatever is still to be done. How much that was."""
    kept = reads.same(row, known)
    if kept is not None:
        return _goes_on(kept, row) + _is_over(kept, row)
    known.append(kept := _begin(row))
    return 1 + _goes_on(kept, row) + _is_over(kept, row)


def _begin(row: Noticed) -> Detected:
    began = row.episode.start
    where = f" from {row.location}" if row.location else ""
    reason = row.episode.outages[0].reason or "unknown"
    body = f"Down{where} since {utc(began)} ({reason}), confirmed at {utc(row.confirmed_at)}."
    if row.location:
        body += " The other locations see the service up."
    level = MEDIUM if row.location else HIGH
    subject = f"{row.service.code}: down{where}"
    incident = open_incident(row.service, subject, body, level, [IncidentClass.AVAILABILITY], row.confirmed_at)
    return keep(row.about, f"{row.about}:{began}", incident, began=began, ended=None)


def _goes_on(kept: Detected, row: Noticed) -> int:
    """It went down again: say so, less and less often. If it had ended, late results say otherwise: open it again."""
    outages = row.episode.outages
    text = f"Down again since {utc(outages[-1].start)}; outages so far: {len(outages)}."
    if kept.ended is not None:
        ended = to_us(kept.ended)
        beyond = [outage for outage in outages if outage.end is None or outage.end > ended]
        if not beyond:
            return 0
        at = to_datetime(max(ended, beyond[0].start))
        machine.reopen(MONITOR, kept.incident.number, at=at, body=text)
    elif len(outages).bit_length() > kept.outages.bit_length():
        incidents.note(MONITOR, kept.incident.number, body=text)
    else:
        return 0
    kept.outages, kept.ended = len(outages), None
    kept.save(update_fields=["outages", "ended"])
    return 1


def _is_over(kept: Detected, row: Noticed) -> int:
    """It was up long enough since: the incident ended when the last outage did."""
    end = row.episode.end
    if row.episode.over_at is None or end is None or kept.ended is not None:
        return 0
    count = len(row.episode.outages)
    down = sum(outage.down for outage in row.episode.outages) // 1_000_000
    text = f"Up since {utc(end)}; outages: {count}, down for {down} s."
    machine.resolve(MONITOR, kept.incident.number, at=to_datetime(end), body=text)
    kept.outages, kept.ended = count, to_datetime(end)
    kept.save(update_fields=["outages", "ended"])
    return 1
