"""What machines notice: pure properties of what was measured, the same whoever looks at it and how late."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from baken.domain.instants import DAY, to_datetime, to_us
from baken.domain.locations import settled_through
from baken.domain.maintenance import judge_maintenance
from baken.domain.outages import Confirmation, Episode, confirmed, disagreement, episodes
from baken.domain.quorum import service_timeline
from baken.domain.timelines import State, Timeline
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.detection.models import Detected, Routine
from baken.record.monitors.models import Monitor, Sight
from baken.record.monitors.reads import measured
from baken.record.recovery.models import Drill

LOOKBACK = 31 * DAY
"""How far back results that arrive late can still open an incident."""
MILLISECOND = 1_000


@dataclass(frozen=True, slots=True)
class Noticed:
    """A confirmed episode of a service. location: who saw it when the quorum did not; None for the whole service.

    confirmed_at: the instant, in microseconds, at which the first of its outages was confirmed.
    """

    service: Service
    location: str | None
    episode: Episode
    confirmed_at: int

    @property
    def about(self) -> str:
        """The code of what can have such episodes."""
        return about(self.service.id, self.location)


def about(service_id: UUID, location: str | None = None) -> str:
    """The code under which the episodes of a service are kept, or those that one location alone sees."""
    return f"outage:{service_id}:{location}" if location else f"outage:{service_id}"


def watched() -> QuerySet[Service]:
    """The services that are measured now."""
    running = Monitor.objects.filter(stopped_at=None)
    return Service.objects.filter(id__in=running.values("service_id")).select_related("organisation")


def noticed(service: Service, as_of: int) -> list[Noticed]:
    """The confirmed episodes of a service, as known at `as_of` (microseconds), oldest first.

    Of the last month, or further back as far as an episode reaches that lasts.
    """
    monitors = list(Monitor.objects.filter(service=service))
    birth = min((to_us(monitor.created_at) for monitor in monitors), default=as_of)
    until = settled(service, as_of)
    since = min(_since(service, as_of), until)
    while True:
        since = max(since, birth)
        found = list(_found(service, monitors, since, max(since, until)))
        if since == birth or all(row.episode.start > since for row in found):
            return sorted(found, key=lambda row: row.confirmed_at)
        since -= LOOKBACK  # it began before the range did


def settled(service: Service, as_of: int) -> int:
    """Until when everything is known that will be: a check that is under way may still say otherwise after that."""
    sights = Sight.objects.filter(monitor__service=service, monitor__stopped_at=None)
    lasts = [last for sight in sights if (last := sight.last_result()) is not None]
    return min(as_of, settled_through(lasts, as_of))


def _since(service: Service, as_of: int) -> int:
    lasting = Detected.objects.filter(about__startswith=about(service.id), ended=None)
    began = [to_us(row.began) - 1 for row in lasting]
    return min([as_of - LOOKBACK, *began])


def _found(service: Service, monitors: Sequence[Monitor], since: int, as_of: int) -> Iterator[Noticed]:
    seen = measured(service.id, since, as_of, as_of)
    maintained = _Maintained(service, since, as_of)
    quiet = max((monitor.quiet for monitor in monitors), default=0) * MILLISECOND
    patience = {monitor.id: monitor.confirm_after * MILLISECOND for monitor in monitors}
    whole = maintained(seen.service)
    parts = {id: maintained(timeline) for id, timeline in seen.monitors.items()}
    for episode, at in _confirmed(whole, parts, patience, quiet, as_of):
        yield Noticed(service, None, episode, at)
    for code in sorted(seen.locations):
        apart = {id: disagreement(sights[code], whole) for id, sights in seen.sights.items() if code in sights}
        together = service_timeline({str(id): timeline for id, timeline in apart.items()}, whole.start, whole.end)
        for episode, at in _confirmed(together, apart, patience, quiet, as_of):
            yield Noticed(service, code, episode, at)


class _Maintained:
    """Paints agreed maintenance over what was seen: work that was announced alarms nobody."""

    def __init__(self, service: Service, since: int, as_of: int) -> None:
        base = catalogue.agreement_for(service.id, service.organisation_id)
        versions = [(to_us(held.valid_from), held.terms) for held in catalogue.history(base)]
        planned = catalogue.planned(service.id, to_datetime(as_of))
        self._agreed = judge_maintenance(planned, versions, since, as_of).agreed

    def __call__(self, seen: Timeline) -> Timeline:
        return seen.painted(self._agreed, State.MAINTENANCE)


def _confirmed(
    whole: Timeline, parts: Mapping[UUID, Timeline], patience: Mapping[UUID, int], quiet: int, as_of: int
) -> Iterator[tuple[Episode, int]]:
    """The episodes of the whole that one of its parts confirms, each part with its own patience."""
    confirmations = [found for id, timeline in parts.items() for found in confirmed(timeline, patience[id], as_of)]
    for episode in episodes(whole, quiet):
        instants = [found.at for found in confirmations if _belongs(found, episode)]
        if instants:
            yield episode, min(instants)


def _belongs(found: Confirmation, episode: Episode) -> bool:
    return episode.start <= found.outage.start and (episode.end is None or found.outage.start < episode.end)


def kept(service: Service) -> list[Detected]:
    """What is kept of the episodes of a service so far, by when they began."""
    rows = Detected.objects.filter(about__startswith=about(service.id)).select_related("incident")
    return list(rows.order_by("began"))


def same(row: Noticed, known: Sequence[Detected]) -> Detected | None:
    """Which of those an episode is. Late results may move its start, so it is known by its time."""
    start, over_at = row.episode.start, row.episode.over_at
    found = [
        one
        for one in known
        if one.about == row.about
        and (over_at is None or to_us(one.began) < over_at)
        and (one.ended is None or to_us(one.ended) >= start)
    ]
    return found[-1] if found else None


def failed_drills() -> list[Drill]:
    """Failed restore drills that are no incident yet, oldest first."""
    known = set(Detected.objects.filter(about="drill").values_list("key", flat=True))
    failed = Drill.objects.filter(outcome=Drill.Outcome.FAILED, retracted_at=None).select_related(
        "service__organisation"
    )
    return [drill for drill in failed.order_by("finished") if f"drill:{drill.id}" not in known]


def routines() -> dict[str, Routine]:
    """When each of the worker's routines last ended well, and since when it fails."""
    return {row.name: row for row in Routine.objects.all()}


def worker_seen() -> datetime | None:
    """When the worker last completed a round; None when none ever ran."""
    row = Routine.objects.filter(name="detection").first()
    return row.ended if row else None
