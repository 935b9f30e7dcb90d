"""The incidents of a service, or of one of its customers, counted for some periods.

Most are counted by the database from their readings. Those that the readings do not speak for are folded from the
ledger and counted by the domain: with facts the follower has not read yet, with facts after `as_of`, and what befell
the whole service in a customer's report, judged there by the customer's own agreement.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from baken.domain import tallies
from baken.domain.agreements import Terms
from baken.domain.attribution import (
    Attribution,
    being_restored,
    counts_for_service,
    excluded_from,
    on_list,
    open_past_time,
)
from baken.domain.facts import IncidentClass, Origin
from baken.domain.instants import to_datetime, to_us
from baken.domain.periods import Period
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service, Subscription
from baken.record.clocks import project
from baken.record.clocks.cells import Cells, integrity
from baken.record.clocks.folding import folded
from baken.record.clocks.models import Reading
from baken.record.clocks.reads import behind

_HAPPENS = {
    "C3": "reported", "C4": "reported", "C5": "reported", "C6": "resolved_at", "C8": "break_in_confirmed_at",
    "D1": "response_breached_at", "D2": "response_breached_at",
    "D3": "resolution_breached_at", "D4": "resolution_breached_at",
}  # fmt: skip
"""The instant that puts an incident on the list of a KPI; C7 has none, it looks at what is open."""

OPEN = """
WITH mine AS NOT MATERIALIZED (
    SELECT open_starts, open_ends FROM clocks_reading
    WHERE service_id = %(service)s AND (%(customer)s::uuid IS NULL OR organisation_id = %(customer)s)
        AND incident_id <> ALL (%(live)s) AND reported < %(end)s
), span (start, stop) AS (
    SELECT open_starts[1], open_ends[1] FROM mine WHERE cardinality(open_starts) = 1
    UNION ALL
    SELECT one.start, one.stop FROM mine CROSS JOIN LATERAL unnest(open_starts, open_ends) AS one (start, stop)
    WHERE cardinality(open_starts) > 1
)
SELECT count(*) FILTER (WHERE start < %(start)s AND (stop IS NULL OR stop >= %(start)s)),
    count(*) FILTER (WHERE start >= %(start)s AND start < %(end)s),
    count(*) FILTER (WHERE stop >= %(start)s AND stop < %(end)s)
FROM span
"""

LATE = """
SELECT count(*) FROM clocks_reading
WHERE service_id = %(service)s AND (organisation_id = %(customer)s OR (%(customer)s::uuid IS NULL AND outage IS NULL))
    AND incident_id <> ALL (%(live)s) AND resolution_breached_at < %(now)s
    AND left_out = '' AND 'availability' = ANY (classes)
    AND EXISTS (
        SELECT FROM unnest(open_starts, open_ends) AS span (start, stop)
        WHERE span.start < %(end)s AND (span.stop IS NULL OR span.stop >= %(end)s)
    )
"""

_Rule = Callable[[str, Attribution, Period, int], bool]


def _to_be_restored(code: str, incident: Attribution, period: Period, as_of: int) -> bool:
    return incident.exclusion is None and being_restored(incident, period, as_of)


def _befell_all(one: Attribution, begin: int) -> bool:
    """An outage that a monitor saw and that lasted until `begin`, or a break-in confirmed since then."""
    outage = one.origin is Origin.MONITOR and IncidentClass.AVAILABILITY in one.classes
    lasted = one.resolved_at is None or one.resolved_at >= begin
    return (outage and lasted) or (one.break_in_confirmed_at or begin - 1) >= begin


class Listed(NamedTuple):
    """An incident behind a KPI."""

    id: UUID
    attribution: Attribution


class _Live(NamedTuple):
    attribution: Attribution
    endangered_at: Mapping[str, int | None]


class Counting:
    """The counts of `periods` as they are at `as_of` (microseconds). customer: its organisation, None for all."""

    def __init__(self, service: Service, customer: UUID | None, periods: Sequence[Period], as_of: int) -> None:
        self._service, self._customer, self._periods, self._as_of = service, customer, periods, as_of
        self._behind = behind()
        stale = self._behind | set(self._stored().filter(last_at__gt=as_of).values_list("incident_id", flat=True))
        self._spoken_for = stale
        self._live = dict(self._fold(stale, {}))
        shared = self._shared(customer, periods) if customer else {}
        self._spoken_for = stale | set(shared)
        self._live |= dict(self._fold(shared, shared))
        self._told_again = self._reports_beside_the_first() if customer else set()
        self._live |= dict(self._fold(self._told_again - self._spoken_for, {}))
        self._spoken_for |= self._told_again

    def tally(self, code: str, period: Period) -> tallies.Tally:
        """C3, C4, C5, C8, D1 to D4."""
        live = tallies.tally(code, self._counted(code), period, self._as_of)
        return self._cells.tally(code, period) + live

    def resolutions(self, period: Period, *, excluded: bool = False) -> tallies.ResolutionTally:
        """The sums behind C6."""
        live = tallies.resolution_tally(self._counted("C6"), period, self._as_of, excluded=excluded)
        return self._cells.resolutions(period, excluded=excluded) + live

    def times_to_resolve(self, period: Period) -> list[int]:
        """Each of the times behind C6, microseconds."""
        rows = self._happening("C6", period).filter(
            resolved_timed=True, left_out="", exclusion="", classes__contains=[IncidentClass.AVAILABILITY.value]
        )
        rows = rows if self._customer else rows.filter(outage=None)
        found = [elapsed for elapsed in rows.values_list("resolve_elapsed", flat=True) if elapsed is not None]
        live = [one for one in self._counted("C6") if on_list("C6", one, period, self._as_of)]
        return found + [one.resolve_elapsed or 0 for one in live]

    def integrity(self, period: Period) -> tallies.IntegrityCounts:
        """What C7 counts, and what stands beside it."""
        live = tallies.integrity_counts(self._counted("C7"), period, self._as_of)
        return self._integrity[period] + live

    def reported(self, period: Period) -> tallies.ReportedCounts:
        """What was received: counted and left out."""
        live = (attribution for attribution, _ in self._live.values())
        return self._cells.reported(period) + tallies.reported_counts(live, period)

    def backlog(self, period: Period) -> tallies.Backlog:
        """Open at the start, in, out, open at the end."""
        with connection.cursor() as cursor:
            cursor.execute(OPEN, self._bounds() | {"start": period.start, "end": period.end})
            stored = cursor.fetchone()
        live = tallies.backlog((attribution for attribution, _ in self._live.values()), period)
        return tallies.Backlog(stored[0] + live.at_start, stored[1] + live.came_in, stored[2] + live.went_out)

    def open_past_time(self, period: Period) -> int:
        """Availability incidents still open past their agreed resolution time at the end of the period, or now."""
        now = min(period.end, self._as_of)
        with connection.cursor() as cursor:
            cursor.execute(LATE, self._bounds() | {"end": period.end, "now": now})
            stored: int = cursor.fetchone()[0]
        live = (one for one in self._counted("C6") if IncidentClass.AVAILABILITY in one.classes)
        return stored + sum(open_past_time(one, period, self._as_of) for one in live)

    def endangered(self, code: str, period: Period) -> int:
        """Clocks past three quarters of their time whose deadline is still ahead, in the period: D1 to D4."""
        clock = "response" if code in ("D1", "D2") else "resolution"
        ahead = max(self._as_of, period.start)
        rows = self._own().filter(exclusion="", **{
            f"{clock}_endangered_at__lte": self._as_of,
            f"{clock}_breached_at__gte": ahead, f"{clock}_breached_at__lt": period.end,
        })  # fmt: skip
        rows = rows.filter(in_peak=True) if code in ("D2", "D4") else rows
        rows = rows if self._customer or clock == "response" else rows.filter(outage=None)
        return rows.count() + sum(self._is_endangered(code, clock, id, period) for id in self._live)

    def listed(self, code: str, period: Period) -> Iterator[Listed]:
        """The incidents behind a KPI, those counted by the database first, in the order in which they came on it."""
        rows = self._candidates(code, period).filter(exclusion="")
        return self._those(on_list, code, period, rows)

    def excluded(self, code: str, period: Period) -> Iterator[Listed]:
        """Those that only a consented exclusion keeps off the list."""
        rows = self._candidates(code, period).exclude(exclusion="")
        return self._those(excluded_from, code, period, rows)

    def being_restored(self, period: Period) -> Iterator[Listed]:
        """Beside C7: those still to be restored at the end of the period, inside their agreed time."""
        rows = self._candidates("C7", period).filter(exclusion="")
        return self._those(_to_be_restored, "C7", period, rows)

    def unconfirmed(self, period: Period) -> list[UUID]:
        """Incidents received in the period whose classes nobody has confirmed."""
        stored = self._own().filter(
            reported__gte=period.start, reported__lt=period.end, left_out="", classes_confirmed=False
        )
        live = [
            id
            for id, (one, _) in self._live.items()
            if period.start <= one.reported < period.end and not one.left_out and not one.classes_confirmed
        ]
        return [*stored.values_list("incident_id", flat=True), *live]

    def consented(self) -> list[tuple[int, int]]:
        """When the outages lasted, as incidents, that consent left out: the customer's own, if it is for one."""
        stored = self._own().exclude(exclusion="")
        stored = stored.exclude(outage=None) if self._customer else stored.filter(origin=Origin.MONITOR, outage=None)
        live = {id: one for id, (one, _) in self._live.items() if one.exclusion}
        told = {row.outage for row in stored if row.outage} | {UUID(one.outage) for one in live.values() if one.outage}
        ids = told if self._customer else {row.incident_id for row in stored} | set(live)
        found = [history.attribution for history in folded(ids, self._as_of)] if ids else []
        return [
            (one.reported, self._as_of if one.resolved_at is None else max(one.resolved_at, one.reported + 1))
            for one in found
            if one.origin is Origin.MONITOR
        ]

    def _candidates(self, code: str, period: Period) -> "QuerySet[Reading]":
        if code == "C7":
            rows = self._own().filter(classes__contains=[IncidentClass.INTEGRITY.value], reported__lt=period.end)
        else:
            rows = self._happening(code, period)
        return rows.order_by(_HAPPENS.get(code, "reported"), "incident_id")

    def _those(self, rule: _Rule, code: str, period: Period, rows: "QuerySet[Reading]") -> Iterator[Listed]:
        for row in rows.iterator(chunk_size=200):
            found = project.attribution(row)
            if self._counts(code, row.incident_id, found) and rule(code, found, period, self._as_of):
                yield Listed(row.incident_id, found)
        for id, (found, _) in sorted(self._live.items(), key=lambda live: (live[1].attribution.reported, live[0])):
            if self._counts(code, id, found) and rule(code, found, period, self._as_of):
                yield Listed(id, found)

    def _counts(self, code: str, id: UUID, attribution: Attribution) -> bool:
        once = self._customer is not None and id not in self._told_again
        return once or counts_for_service(code, attribution)

    def _counted(self, code: str) -> list[Attribution]:
        return [attribution for id, (attribution, _) in self._live.items() if self._counts(code, id, attribution)]

    @cached_property
    def _cells(self) -> Cells:
        return Cells(self._service.id, self._customer, self._periods, self._as_of, self._spoken_for)

    @cached_property
    def _integrity(self) -> dict[Period, tallies.IntegrityCounts]:
        return integrity(self._service.id, self._customer, self._periods, self._as_of, self._spoken_for)

    def _is_endangered(self, code: str, clock: str, id: UUID, period: Period) -> bool:
        one, since = self._live[id].attribution, self._live[id].endangered_at[clock]
        at = one.response_breached_at if clock == "response" else one.resolution_breached_at
        applies = one.exclusion is None and (one.in_peak or code in ("D1", "D3"))
        applies = applies and self._counts(code, id, one)
        if not applies or at is None or since is None or since > self._as_of:
            return False
        return max(self._as_of, period.start) <= at < period.end

    def _fold(self, ids: set[UUID] | Mapping[UUID, Terms], terms: Mapping[UUID, Terms]) -> Iterator[tuple[UUID, _Live]]:
        for history in folded(ids, self._as_of, terms) if ids else ():
            mine = self._customer is None or history.id in terms or history.organisation == self._customer
            if mine and history.incident.service == str(self._service.id):
                endangered = {
                    "response": project.endangered_at(history.response),
                    "resolution": project.endangered_at(history.resolution),
                }
                found = history.attribution
                # What others consented to leave out of their figures stays in those of a customer who did not.
                found = replace(found, exclusion=None) if history.id in terms else found
                yield history.id, _Live(found, endangered)

    def _shared(self, customer: UUID, periods: Sequence[Period]) -> dict[UUID, Terms]:
        """What befell the service while the customer used it and did not report it, with the customer's own terms.

        Of an outage that a single location saw nobody can say whom it left alone, and of a break-in whose data was
        looked at: both count for all. Failed drills and a broken chain are in the report of the service alone.
        """
        told = {outage for outage, left_out, _, _ in self._told() if not left_out}
        spans = Subscription.objects.filter(service=self._service, organisation_id=customer)
        used = [(to_us(span.since), to_us(span.until) if span.until else None) for span in spans]
        versions = catalogue.history_for(self._service.id, customer)
        return {
            id: catalogue.holding(versions, to_datetime(reported)).terms
            for id, reported in self._of_the_service(periods)
            if id not in told and any(since <= reported and (end is None or reported < end) for since, end in used)
        }

    def _of_the_service(self, periods: Sequence[Period]) -> Iterator[tuple[UUID, int]]:
        """Outages that monitors saw and confirmed break-ins, not over before the periods: each with its report."""
        begin, end = min(period.start for period in periods), max(period.end for period in periods)
        ours = Reading.objects.filter(
            service_id=self._service.id, organisation_id=self._service.organisation_id, reported__lt=end
        )
        later = ours.filter(reported__lte=self._as_of, last_at__gt=self._as_of).values_list("incident_id", flat=True)
        unsure = self._behind | set(later)
        outage = Q(origin=Origin.MONITOR, classes__contains=[IncidentClass.AVAILABILITY.value])
        lasted = Q(resolved_at=None) | Q(resolved_at__gte=begin)
        rows = ours.exclude(incident_id__in=unsure).filter(outage & lasted | Q(break_in_confirmed_at__gte=begin))
        yield from rows.values_list("incident_id", "reported")
        for history in folded(unsure, self._as_of) if unsure else ():
            owned = (history.organisation, history.incident.service)
            one = history.attribution
            if owned == (self._service.organisation_id, str(self._service.id)) and one.reported < end:
                yield from [(history.id, one.reported)] if _befell_all(one, begin) else []

    def _reports_beside_the_first(self) -> set[UUID]:
        """The customer's incidents that share an outage with an earlier one of theirs, or were left out of it.

        Each keeps a response clock of its own; the outage counts once.
        """
        told = sorted(self._told(), key=lambda row: row[2:])
        first: dict[UUID, UUID] = {}
        for outage, left_out, _, id in told:
            if not left_out:
                first.setdefault(outage, id)
        return {id for *_, id in told} - set(first.values())

    def _told(self) -> list[tuple[UUID, str, int, UUID]]:
        """Of each of the customer's incidents that share an outage: which, its outcome if left out, report, id."""
        rows = self._own().exclude(outage=None).values_list("outage", "left_out", "reported", "incident_id")
        stored = [(outage, left_out, at, id) for outage, left_out, at, id in rows if outage]
        live = ((one.outage, one.left_out or "", one.reported, id) for id, (one, _) in self._live.items())
        return stored + [(UUID(outage), left_out, at, id) for outage, left_out, at, id in live if outage]

    def _stored(self) -> "QuerySet[Reading]":
        own = Q(organisation_id=self._customer) if self._customer else Q()
        return Reading.objects.filter(own, service_id=self._service.id)

    def _own(self) -> "QuerySet[Reading]":
        return self._stored().exclude(incident_id__in=self._spoken_for)

    def _happening(self, code: str, period: Period) -> "QuerySet[Reading]":
        column = _HAPPENS[code]
        return self._own().filter(**{f"{column}__gte": period.start, f"{column}__lt": period.end})

    def _bounds(self) -> dict[str, Any]:
        return {"service": self._service.id, "customer": self._customer, "live": list(self._spoken_for)}
