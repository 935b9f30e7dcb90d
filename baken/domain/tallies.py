"""Sums over incidents, from which KPIs are computed.

Tallies are integers and add up: those of two adjoining periods make that of both together, exactly, whatever
the order. What does not add up (C7, whose incidents count once in a longer period; medians) is not a tally.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from baken.domain.attribution import (
    Attribution,
    being_restored,
    data_lost,
    excluded_from,
    judged,
    not_restored_in_time,
    on_list,
    untimed,
)
from baken.domain.facts import Origin, Outcome
from baken.domain.periods import Period

CLOCK_KPIS = frozenset({"D1", "D2", "D3", "D4"})
"""Those that say of how many clocks they are the breaches."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Incidents on the list of a KPI. of: clocks judged, for D1 to D4. monitor: how many a monitor opened.

    excluded: how many are left out by consent, hence not in `count`.
    """

    count: int = 0
    of: int = 0
    monitor: int = 0
    excluded: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.count + other.count,
            self.of + other.of,
            self.monitor + other.monitor,
            self.excluded + other.excluded,
        )


@dataclass(frozen=True, slots=True)
class ResolutionTally:
    """Times to resolve in microseconds: number, sums, the longest. untimed: how many have no time."""

    count: int = 0
    elapsed: int = 0
    working: int = 0
    longest: int = 0
    untimed: int = 0

    def __add__(self, other: "ResolutionTally") -> "ResolutionTally":
        return ResolutionTally(
            self.count + other.count,
            self.elapsed + other.elapsed,
            self.working + other.working,
            max(self.longest, other.longest),
            self.untimed + other.untimed,
        )


@dataclass(frozen=True, slots=True)
class ReportedCounts:
    """What was received: counted, and left out with the reasons. monitor: how many of `counted` it opened."""

    counted: int = 0
    monitor: int = 0
    left_out: Mapping[Outcome, int] = field(default_factory=dict)

    @property
    def received(self) -> int:
        """Counted + left out."""
        return self.counted + sum(self.left_out.values())

    def __add__(self, other: "ReportedCounts") -> "ReportedCounts":
        left_out = Counter(self.left_out) + Counter(other.left_out)
        return ReportedCounts(self.counted + other.counted, self.monitor + other.monitor, dict(left_out))


@dataclass(frozen=True, slots=True)
class IntegrityCounts:
    """C7 of one period; no incident is in two of them. Those of other incidents add up, of another period they do not.

    lost: closed as not restorable. past_time: still to be restored at the end, past the agreed time.
    being_restored: the same, inside it. excluded: lost or past their time, but left out by consent.
    """

    lost: int = 0
    past_time: int = 0
    being_restored: int = 0
    excluded: int = 0

    def __add__(self, other: "IntegrityCounts") -> "IntegrityCounts":
        return IntegrityCounts(
            self.lost + other.lost,
            self.past_time + other.past_time,
            self.being_restored + other.being_restored,
            self.excluded + other.excluded,
        )

    @property
    def unrestorable(self) -> int:
        """What C7 counts."""
        return self.lost + self.past_time


@dataclass(frozen=True, slots=True)
class Backlog:
    """Open incidents: at the start of a period, in, out. Reopened and readmitted ones come in again."""

    at_start: int
    came_in: int
    went_out: int

    @property
    def at_end(self) -> int:
        """Open at the end."""
        return self.at_start + self.came_in - self.went_out


def tally(code: str, incidents: Iterable[Attribution], period: Period, as_of: int) -> Tally:
    """The count of a KPI: C3, C4, C5, C8, D1 to D4."""
    clock = code in CLOCK_KPIS
    total = Tally()
    for incident in incidents:
        listed = on_list(code, incident, period, as_of)
        total += Tally(
            count=listed,
            of=clock and judged(code, incident, period, as_of),
            monitor=listed and incident.origin is Origin.MONITOR,
            excluded=excluded_from(code, incident, period, as_of),
        )
    return total


def resolution_tally(
    incidents: Iterable[Attribution], period: Period, as_of: int, *, excluded: bool = False
) -> ResolutionTally:
    """The sums behind C6; those of the incidents left out by consent with `excluded`."""
    total = ResolutionTally()
    listed = excluded_from if excluded else on_list
    for incident in incidents:
        if listed("C6", incident, period, as_of):
            elapsed, working = incident.resolve_elapsed or 0, incident.resolve_working or 0
            total += ResolutionTally(1, elapsed, working, elapsed)
        elif untimed(incident, period) and (incident.exclusion is not None) == excluded:
            total += ResolutionTally(untimed=1)
    return total


def integrity_counts(incidents: Iterable[Attribution], period: Period, as_of: int) -> IntegrityCounts:
    """What C7 counts, and what stands beside it."""
    everyone = list(incidents)
    counted = [incident for incident in everyone if incident.exclusion is None]
    return IntegrityCounts(
        lost=sum(data_lost(incident, period) for incident in counted),
        past_time=sum(not_restored_in_time(incident, period, as_of) for incident in counted),
        being_restored=sum(being_restored(incident, period, as_of) for incident in counted),
        excluded=sum(excluded_from("C7", incident, period, as_of) for incident in everyone),
    )


def reported_counts(incidents: Iterable[Attribution], period: Period) -> ReportedCounts:
    """What was reported in a period."""
    total = ReportedCounts()
    for incident in incidents:
        if not period.start <= incident.reported < period.end:
            continue
        if incident.left_out:
            total += ReportedCounts(left_out={incident.left_out: 1})
        else:
            total += ReportedCounts(1, incident.origin is Origin.MONITOR)
    return total


def backlog(incidents: Iterable[Attribution], period: Period) -> Backlog:
    """The work to be done over a period. Start + in − out is what was open at the end."""
    spans = [span for incident in incidents for span in incident.open]
    return Backlog(
        at_start=sum(start < period.start and (end is None or period.start <= end) for start, end in spans),
        came_in=sum(period.start <= start < period.end for start, _ in spans),
        went_out=sum(end is not None and period.start <= end < period.end for _, end in spans),
    )


def median(values: Iterable[int]) -> Fraction | None:
    """The middle value, or the mean of the middle two; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return Fraction(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2], 2)
