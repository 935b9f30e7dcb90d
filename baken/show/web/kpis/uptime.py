"""Uptime as pages show it: bars per service, monitor and location, and what counts as maintenance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext, ngettext

from baken.domain.instants import to_us
from baken.domain.intervals import Intervals
from baken.domain.maintenance import Refusal
from baken.domain.outages import Outage
from baken.domain.periods import Period
from baken.domain.timelines import State
from baken.record.catalogue.models import Maintenance
from baken.record.reports.status import ServiceStatus
from baken.show.web.kpis.bars import Bars, bars


@dataclass(frozen=True, slots=True)
class Shown:
    """A service on a page."""

    status: ServiceStatus
    sentence: str
    bars: Bars
    outages: Sequence[Outage]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A monitor, or what one location saw of it."""

    name: str
    bars: Bars
    places: Sequence["Sighting"] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """Announced work. agreed: how much of it counts as maintenance. refused: what does not, with the reason."""

    row: Maintenance
    ahead: bool
    agreed: int
    refused: list[tuple[str, int]]


def shown(status: ServiceStatus) -> Shown:
    """A service with its sentence and its bars."""
    drawn = bars(status.timeline, status.zone, status.today)
    return Shown(status, sentence(status.service.name, status.state), drawn, status.outages)


def sentence(name: str, state: State) -> str:
    """How one service is."""
    told = {
        State.UP: gettext("%(service)s works."),
        State.DOWN: gettext("%(service)s is down."),
        State.UNKNOWN: gettext("It is not known whether %(service)s works."),
        State.MAINTENANCE: gettext("%(service)s is under planned maintenance."),
    }
    return told[state] % {"service": name}


@dataclass(frozen=True, slots=True)
class Works:
    """One sentence about all services, and the state that it is about."""

    sentence: str
    state: str


def works(statuses: Sequence[ServiceStatus]) -> Works:
    """The sentence at the top of the status page: what is down first, then what is not known."""
    if not statuses:
        return Works(gettext("Nothing is measured here yet."), State.UNKNOWN.value)
    names = {state: [one.service.name for one in statuses if one.state is state] for state in State}
    if down := names[State.DOWN]:
        return Works(_counted(down, statuses, State.DOWN), State.DOWN.value)
    if unknown := names[State.UNKNOWN]:
        return Works(_counted(unknown, statuses, State.UNKNOWN), State.UNKNOWN.value)
    if resting := names[State.MAINTENANCE]:
        return Works(_counted(resting, statuses, State.MAINTENANCE), State.MAINTENANCE.value)
    text = ngettext("%(name)s works.", "All services work.", len(statuses))
    return Works(text % {"name": statuses[0].service.name}, State.UP.value)


def _counted(names: Sequence[str], statuses: Sequence[ServiceStatus], state: State) -> str:
    if len(names) == 1:
        return sentence(names[0], state)
    texts = {
        State.DOWN: gettext("%(count)s of %(of)s services are down."),
        State.UNKNOWN: gettext("Of %(count)s of %(of)s services it is not known whether they work."),
        State.MAINTENANCE: gettext("%(count)s of %(of)s services are under planned maintenance."),
    }
    return texts[state] % {"count": len(names), "of": len(statuses)}


def sightings(status: ServiceStatus, names: Mapping[UUID, str]) -> list[Sighting]:
    """Each monitor, and below it each location."""
    seen = status.measured.measured
    return [
        Sighting(
            names.get(id, ""),
            bars(timeline, status.zone, status.today),
            [Sighting(code, bars(place, status.zone, status.today)) for code, place in sorted(seen.sights[id].items())],
        )
        for id, timeline in seen.monitors.items()
    ]


def planned(status: ServiceStatus, rows: Iterable[Maintenance], now: int) -> list[Planned]:
    """The work announced for the days shown and for later, each with what of it counts."""
    start = status.timeline.start
    announced = [row for row in rows if to_us(row.ends) > start]
    end = max([status.timeline.end, *(to_us(row.ends) for row in announced)], default=start + 1)
    judged = status.measured.maintenance(Period(start, max(end, start + 1)))
    return [_planned(row, judged.agreed, judged.refused, now) for row in announced]


def _planned(row: Maintenance, agreed: Intervals, refused: Mapping[Refusal, Intervals], now: int) -> Planned:
    starts, ends = to_us(row.starts), to_us(row.ends)
    if row.cancelled_at:
        ends = max(starts, min(ends, to_us(row.cancelled_at)))
    left_out = [(str(why), spans.clip(starts, ends).total()) for why, spans in refused.items()]
    return Planned(
        row,
        starts > now and row.cancelled_at is None,
        agreed.clip(starts, ends).total(),
        [(why, length) for why, length in left_out if length],
    )
