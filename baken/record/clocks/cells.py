"""Readings counted by the database, once for all KPIs of adjoining periods.

What happened to an incident (reported, resolved, judged, broken into) is an event at an instant. The database counts
events by slice of time and by everything a KPI asks of an incident; the few hundred sums it gives are added up here
to the tallies of `baken.domain.tallies`. A test holds the two to each other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from baken.domain.facts import LEAVES_EVERYTHING, Outcome, Priority
from baken.domain.periods import Period
from baken.domain.tallies import IntegrityCounts, ReportedCounts, ResolutionTally, Tally

_MINE = """
FROM clocks_reading WHERE service_id = %(service)s AND (%(customer)s::uuid IS NULL OR organisation_id = %(customer)s)
    AND incident_id <> ALL (%(live)s)
"""

EVENTS = f"""
SELECT 'reported', width_bucket(reported, %(cuts)s::bigint[]), priority, FALSE, origin = 'monitor', exclusion <> '',
    left_out, 'availability' = ANY (classes), outage IS NOT NULL, FALSE, FALSE, count(*), 0, 0, 0
{_MINE} AND reported >= %(first)s AND reported < %(last)s GROUP BY 2, 3, 5, 6, 7, 8, 9
UNION ALL
SELECT 'resolved', width_bucket(resolved_at, %(cuts)s::bigint[]), '', FALSE, FALSE, exclusion <> '',
    '', TRUE, outage IS NOT NULL, resolved_timed, FALSE, count(*),
    sum(resolve_elapsed)::bigint, sum(resolve_working)::bigint, max(resolve_elapsed)
{_MINE} AND resolved_at >= %(first)s AND resolved_at < %(last)s AND left_out = '' AND 'availability' = ANY (classes)
GROUP BY 2, 6, 9, 10
UNION ALL
SELECT 'broken_in', width_bucket(break_in_confirmed_at, %(cuts)s::bigint[]), '', FALSE, origin = 'monitor',
    exclusion <> '', left_out, FALSE, outage IS NOT NULL, FALSE, FALSE, count(*), 0, 0, 0
{_MINE} AND break_in_confirmed_at >= %(first)s AND break_in_confirmed_at < %(last)s GROUP BY 2, 5, 6, 7, 9
UNION ALL
SELECT 'response', width_bucket(response_judged_at, %(cuts)s::bigint[]), '', in_peak, origin = 'monitor',
    exclusion <> '', '', FALSE, outage IS NOT NULL, FALSE, response_breached_at IS NOT NULL, count(*), 0, 0, 0
{_MINE} AND response_judged_at >= %(first)s AND response_judged_at < %(last)s
    AND (response_breached_at IS NULL OR response_breached_at < %(as_of)s) GROUP BY 2, 4, 5, 6, 9, 11
UNION ALL
SELECT 'resolution', width_bucket(resolution_judged_at, %(cuts)s::bigint[]), '', in_peak, origin = 'monitor',
    exclusion <> '', '', FALSE, outage IS NOT NULL, FALSE, resolution_breached_at IS NOT NULL, count(*), 0, 0, 0
{_MINE} AND resolution_judged_at >= %(first)s AND resolution_judged_at < %(last)s
    AND (resolution_breached_at IS NULL OR resolution_breached_at < %(as_of)s) GROUP BY 2, 4, 5, 6, 9, 11
"""

INTEGRITY = f"""
WITH mine AS MATERIALIZED (
    SELECT exclusion <> '' AS excluded, restored_at, not_restorable_at, resolution_breached_at,
        open_starts, open_ends, open_ends[cardinality(open_ends)] AS last_end
    {_MINE} AND left_out = '' AND 'integrity' = ANY (classes)
), found AS (
    SELECT period.start, period.stop, excluded, not_restorable_at < period.stop AS lost,
        COALESCE(resolution_breached_at < least(period.stop, %(as_of)s), FALSE) AS late
    FROM unnest(%(starts)s::bigint[], %(stops)s::bigint[]) AS period (start, stop) JOIN mine
    ON (not_restorable_at >= period.start AND not_restorable_at < period.stop)
        OR ((restored_at IS NULL OR restored_at >= period.stop)
            AND (not_restorable_at IS NULL OR not_restorable_at >= period.stop)
            AND (last_end IS NULL OR last_end >= period.stop)
            AND EXISTS (
                SELECT FROM unnest(open_starts, open_ends) AS span (start, stop)
                WHERE span.start < period.stop AND (span.stop IS NULL OR span.stop >= period.stop)
            ))
)
SELECT start, stop, count(*) FILTER (WHERE lost AND NOT excluded),
    count(*) FILTER (WHERE lost IS NOT TRUE AND late AND NOT excluded),
    count(*) FILTER (WHERE lost IS NOT TRUE AND NOT late AND NOT excluded),
    count(*) FILTER (WHERE (lost OR late) AND excluded)
FROM found GROUP BY start, stop
"""  # noqa: S608  our own text
"""The last of the spans in which an incident is open ends last: most are told by that."""

_PRIORITIES = {"C3": Priority.HIGH, "C4": Priority.MEDIUM, "C5": Priority.LOW}
_CLOCKS = {"D1": "response", "D2": "response", "D3": "resolution", "D4": "resolution"}


class Cell(NamedTuple):
    """Events alike in everything that a KPI asks of them, in one slice of time: their number, sums in microseconds.

    What no KPI asks of an event is empty or false.
    """

    event: str
    slice: int
    priority: str
    in_peak: bool
    monitor: bool
    excluded: bool
    left_out: str
    availability: bool
    joined: bool
    timed: bool
    breached: bool
    number: int
    elapsed: int
    working: int
    longest: int


class Cells:
    """The events of a service, or of one customer of it, in the slices that some periods are made of.

    live: incidents that are counted elsewhere. as_of: instant in microseconds; breaches ahead of it are none yet.
    """

    def __init__(
        self, service: UUID, customer: UUID | None, periods: Sequence[Period], as_of: int, live: Iterable[UUID]
    ) -> None:
        self._whole_service = customer is None
        self._cuts = sorted({edge for period in periods for edge in period})
        bounds: dict[str, Any] = {"cuts": self._cuts, "first": self._cuts[0], "last": self._cuts[-1], "as_of": as_of}
        with connection.cursor() as cursor:
            cursor.execute(EVENTS, {"service": service, "customer": customer, "live": list(live), **bounds})
            self._cells = [Cell(*values) for values in cursor.fetchall()]

    def tally(self, code: str, period: Period) -> Tally:
        """C3, C4, C5, C8, D1 to D4."""
        total = Tally()
        for cell in self._behind(code, period):
            listed = cell.number if cell.breached or code not in _CLOCKS else 0
            total += Tally(
                count=0 if cell.excluded else listed,
                of=cell.number if code in _CLOCKS and not cell.excluded else 0,
                monitor=listed if cell.monitor and not cell.excluded else 0,
                excluded=listed if cell.excluded else 0,
            )
        return total

    def resolutions(self, period: Period, *, excluded: bool = False) -> ResolutionTally:
        """C6, or what is left out of it by consent."""
        total = ResolutionTally()
        for cell in self._behind("C6", period):
            if cell.excluded != excluded:
                continue
            if cell.timed:
                total += ResolutionTally(cell.number, cell.elapsed, cell.working, cell.longest)
            else:
                total += ResolutionTally(untimed=cell.number)
        return total

    def reported(self, period: Period) -> ReportedCounts:
        """What was received."""
        total = ReportedCounts()
        for cell in self._in(period):
            if cell.event != "reported":
                continue
            if cell.left_out:
                total += ReportedCounts(left_out=Counter({Outcome(cell.left_out): cell.number}))
            else:
                total += ReportedCounts(cell.number, cell.number if cell.monitor else 0)
        return total

    def _in(self, period: Period) -> Iterable[Cell]:
        slices = {
            number
            for number, (start, end) in enumerate(pairwise(self._cuts), start=1)
            if period.start <= start and end <= period.end
        }
        return (cell for cell in self._cells if cell.slice in slices)

    def _behind(self, code: str, period: Period) -> Iterable[Cell]:
        return (cell for cell in self._in(period) if self._concerns(code, cell))

    def _concerns(self, code: str, cell: Cell) -> bool:
        """The rules of `baken.domain.attribution`, on what the cell says."""
        if self._whole_service and cell.joined and code not in ("C8", "D1", "D2"):
            return False
        if code in _PRIORITIES:
            alike = cell.event == "reported" and cell.priority == _PRIORITIES[code]
            return alike and cell.availability and not cell.left_out
        if code == "C6":
            return cell.event == "resolved" and cell.availability and not cell.left_out
        if code == "C8":
            return cell.event == "broken_in" and cell.left_out not in LEAVES_EVERYTHING
        return cell.event == _CLOCKS[code] and (cell.in_peak or code in ("D1", "D3"))


def integrity(
    service: UUID, customer: UUID | None, periods: Iterable[Period], as_of: int, live: Iterable[UUID]
) -> dict[Period, IntegrityCounts]:
    """C7 of each period, and what stands beside it, of the incidents that are not counted elsewhere (`live`)."""
    wanted = set(periods)
    bounds = {"starts": [period.start for period in wanted], "stops": [period.end for period in wanted]}
    with connection.cursor() as cursor:
        cursor.execute(
            INTEGRITY, {"service": service, "customer": customer, "live": list(live), "as_of": as_of, **bounds}
        )
        found = {Period(start, stop): IntegrityCounts(*counts) for start, stop, *counts in cursor.fetchall()}
    return {period: found.get(period, IntegrityCounts()) for period in wanted}
