"""C1 and C2: what was measured of a service, judged by an agreement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from baken.domain.agreements import Terms
from baken.domain.calendars import calendar
from baken.domain.instants import to_datetime
from baken.domain.intervals import Intervals
from baken.domain.kpis import Kpi
from baken.domain.maintenance import Maintenance, MaintenanceJudgement, apply_maintenance, judge_maintenance
from baken.domain.outages import Outage, outages
from baken.domain.periods import Period
from baken.domain.timelines import Timeline
from baken.domain.uptime import UptimeTally, exclude, measure, worst_location
from baken.domain.verdicts import uptime_kpi
from baken.record.catalogue import reads as catalogue
from baken.record.clocks.counting import Counting
from baken.record.monitors import reads as monitors
from baken.record.reports.scopes import Scope


@dataclass(frozen=True, slots=True)
class OutageEvidence:
    """An outage behind C1 or C2. within: microseconds of it that count; location: None for the service as a whole."""

    outage: Outage
    within: int
    location: str | None


class Uptimes:
    """A service over adjoining periods, as known at the scope's `as_of`."""

    def __init__(self, scope: Scope, periods: Sequence[Period], counting: Counting) -> None:
        self._scope, self._counting = scope, counting
        self._start = min(period.start for period in periods)
        self._end = max(period.end for period in periods)
        self._agreed = scope.agreed
        self._peaks: dict[Period, Intervals] = {}
        self._versions = scope.agreed.versions

    @cached_property
    def measured(self) -> monitors.Measured:
        """What every location saw, up to now."""
        end = max(min(self._end, self._scope.as_of), self._start)
        return monitors.measured(self._scope.service.id, self._start, end, self._scope.as_of)

    @cached_property
    def service(self) -> Timeline:
        """The service, with agreed maintenance."""
        return apply_maintenance(self.measured.service, self._planned, self._versions)

    @cached_property
    def locations(self) -> dict[str, Timeline]:
        """The service as each location saw it, with agreed maintenance."""
        return {
            code: apply_maintenance(timeline, self._planned, self._versions)
            for code, timeline in self.measured.locations.items()
        }

    def kpi(self, code: str, period: Period) -> Kpi:
        """C1, or C2 within the peak hours."""
        terms = self._agreed.at(period.start).terms
        within = self._within(code, period)
        seen = self.service.clip(period.start, period.end)
        full, counted = exclude(seen, self._excluded, within)
        places = {name: timeline.clip(period.start, period.end) for name, timeline in self.locations.items()}
        return uptime_kpi(
            code,
            counted,
            terms.kpi_targets.get(code),
            terms.coverage,
            period,
            self._scope.as_of,
            remaining=self._remaining(period, within),
            excluded=full - counted,
            outages=len(self.outages(code, period)),
            worst_location=worst_location(places, within),
        )

    def outages(self, code: str, period: Period) -> list[OutageEvidence]:
        """The outages of the service in the period, as far as they count for C1 or C2."""
        within = self._within(code, period)
        seen = self.service.clip(period.start, period.end)
        found = (OutageEvidence(outage, _counted(outage, within, self._excluded), None) for outage in outages(seen))
        return [evidence for evidence in found if evidence.within]

    def by_location(self, code: str, period: Period) -> dict[str, UptimeTally]:
        """The time in each state as each location saw it."""
        within = self._within(code, period)
        return {
            name: measure(timeline.clip(period.start, period.end), within) for name, timeline in self.locations.items()
        }

    def maintenance(self, period: Period) -> MaintenanceJudgement:
        """What of the announced work in the period counts as maintenance, and why the rest does not."""
        return judge_maintenance(self._planned, self._versions, period.start, period.end)

    def _within(self, code: str, period: Period) -> Intervals | None:
        if code != "C2":
            return None
        if period not in self._peaks:
            self._peaks[period] = self._peak(period)
        return self._peaks[period]

    def _peak(self, period: Period) -> Intervals:
        hours = Intervals.empty()
        for since, until, terms in _epochs(self._versions, *period):
            hours |= calendar(terms.peak).intervals(since, until)
        return hours

    def _remaining(self, period: Period, within: Intervals | None) -> int:
        """Time that will count between now and the end of a period that is still open."""
        now = max(self._scope.as_of, period.start)
        if now >= period.end:
            return 0
        ahead = (
            Intervals.of([(now, period.end)]) - judge_maintenance(self._planned, self._versions, now, period.end).agreed
        )
        return (ahead if within is None else ahead & within).total()

    @cached_property
    def _planned(self) -> list[Maintenance]:
        return catalogue.planned(self._scope.service.id, to_datetime(self._scope.as_of))

    @cached_property
    def _excluded(self) -> Intervals:
        """The outages behind the incidents that the customer agreed to leave out."""
        incidents = Intervals.of(self._counting.consented())
        if not len(incidents):
            return incidents
        spans = (Intervals.of([(one.start, one.end or self._end)]) for one in outages(self.service))
        return Intervals.of(pair for span in spans if len(span & incidents) for pair in span)


def _counted(outage: Outage, within: Intervals | None, excluded: Intervals) -> int:
    down = Intervals.of(outage.seen_down) - excluded
    return (down if within is None else down & within).total()


def _epochs(versions: Sequence[tuple[int, Terms]], start: int, end: int) -> Iterator[tuple[int, int, Terms]]:
    """The terms that hold in each part of [start, end); the first ones before they were agreed, too."""
    begins = [start, *(since for since, _ in versions[1:]), end]
    for (since, until), (_, terms) in zip(pairwise(begins), versions, strict=True):
        if max(since, start) < min(until, end):
            yield max(since, start), min(until, end), terms
