"""Which incident counts in which KPI of which period. See docs/algorithms/kpis.md.

An `Attribution` says it all in instants, some of which may lie ahead: where a deadline will pass if nothing
happens. So it depends on the facts alone and stays as it is until there is a new one, and whoever counts
compares instants with the period and with `as_of`. All of them are microseconds; periods are half open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from baken.domain.calendars import HOLIDAYS_VERSION
from baken.domain.clocks import Reading
from baken.domain.courses import Span
from baken.domain.facts import LEAVES_EVERYTHING, IncidentClass, Origin, Outcome, Priority
from baken.domain.incidents import Incident
from baken.domain.periods import Period
from baken.domain.zones import TZDATA_VERSION


@dataclass(frozen=True, slots=True)
class Attribution:
    """One incident, as far as KPIs are concerned.

    *_judged_at: when the verdict of that clock fell, or will fall by itself. *_breached_at: the same if it is
    a breach. *_due: the deadline, None while it is not fixed. resolve_elapsed: from the report to the last
    resolution; resolve_working: the part of it that the resolution clock counted. open: when it was work to
    be done. exclusion: the cause that the customer consented to leave out. outage: the incident whose
    resolution it shares. The versions are those that the verdicts were made with; calendars are part of the
    agreement.
    """

    reported: int
    origin: Origin
    classes: frozenset[IncidentClass]
    classes_confirmed: bool
    priority: Priority
    in_peak: bool
    left_out: Outcome | None
    left_out_at: int | None
    exclusion: str | None
    outage: str | None
    open: tuple[Span, ...]
    resolved_at: int | None
    resolved_timed: bool
    resolve_elapsed: int | None
    resolve_working: int | None
    response_due: int | None
    response_judged_at: int | None
    response_breached_at: int | None
    resolution_due: int | None
    resolution_judged_at: int | None
    resolution_breached_at: int | None
    restored_at: int | None
    not_restorable_at: int | None
    break_in_confirmed_at: int | None
    agreement: str
    agreement_version: int
    tzdata_version: str = TZDATA_VERSION
    holidays_version: str = HOLIDAYS_VERSION

    @property
    def counts_reported(self) -> bool:
        """Whether it counts as received, hence in C3 to C7."""
        return self.left_out is None

    def open_before(self, t: int) -> bool:
        """Whether it was work to be done just before an instant: at the end of a period that ends there."""
        return any(start < t and (end is None or t <= end) for start, end in self.open)


def attribute(incident: Incident, response: Reading, resolution: Reading) -> Attribution:
    """What KPIs need to know of an incident and the readings of its two clocks, all for the same instant."""
    return Attribution(
        reported=incident.reported,
        origin=incident.origin,
        classes=incident.classes,
        classes_confirmed=incident.classes_confirmed,
        priority=incident.priority,
        in_peak=response.in_peak,
        left_out=incident.outcome,
        left_out_at=incident.left_out_at,
        exclusion=incident.exclusion,
        outage=incident.outage,
        open=incident.open_spans(),
        resolved_at=incident.resolved_at,
        resolved_timed=incident.resolved_timed,
        resolve_elapsed=incident.elapsed,
        resolve_working=None if incident.resolved_at is None else resolution.used,
        response_due=response.due,
        response_judged_at=_judged_at(response),
        response_breached_at=response.falls_at,
        resolution_due=resolution.due,
        resolution_judged_at=_judged_at(resolution),
        resolution_breached_at=resolution.falls_at,
        restored_at=incident.restored_at,
        not_restorable_at=incident.not_restorable_at,
        break_in_confirmed_at=incident.break_in_confirmed_at,
        agreement=incident.agreement,
        agreement_version=incident.agreement_version,
    )


def on_list(code: str, incident: Attribution, period: Period, as_of: int) -> bool:
    """Whether an incident is one of those behind a KPI (C3 to C8, D1 to D4) of a period.

    An incident with a consented exclusion is not; `excluded_from` tells where it would have been.
    """
    return incident.exclusion is None and _LISTS[code](incident, period, as_of)


def excluded_from(code: str, incident: Attribution, period: Period, as_of: int) -> bool:
    """Whether only the consented exclusion keeps an incident off the list of a KPI."""
    return incident.exclusion is not None and _LISTS[code](incident, period, as_of)


def counts_for_service(code: str, incident: Attribution) -> bool:
    """Whether an incident counts in the report of the service as a whole.

    One outage is one incident there: those who reported it too keep a response clock of their own, and share the
    rest with the incident of the outage.
    """
    return incident.outage is None or code in ("C7", "C8", "D1", "D2")


def judged(code: str, incident: Attribution, period: Period, as_of: int) -> bool:
    """Whether the clock behind D1 to D4 came to a verdict in the period: the N of "of N"."""
    response = code in ("D1", "D2")
    at = incident.response_judged_at if response else incident.resolution_judged_at
    breached_at = incident.response_breached_at if response else incident.resolution_breached_at
    happened = breached_at is None or breached_at < as_of
    applies = incident.in_peak or code in ("D1", "D3")
    return incident.exclusion is None and applies and happened and _within(at, period)


def untimed(incident: Attribution, period: Period) -> bool:
    """Whether C6 leaves it out because its resolution has no time of its own."""
    return _resolved(incident, period) and not incident.resolved_timed


def open_past_time(incident: Attribution, period: Period, as_of: int) -> bool:
    """Whether it was still open at the end of the period (or is now) past its agreed resolution time."""
    return incident.counts_reported and incident.open_before(period.end) and _late(incident, period, as_of)


def data_lost(incident: Attribution, period: Period) -> bool:
    """C7: received, and closed in the period as not restorable."""
    return _integrity(incident) and _within(incident.not_restorable_at, period)


def not_restored_in_time(incident: Attribution, period: Period, as_of: int) -> bool:
    """C7: still to be restored at the end of the period, past the agreed resolution time."""
    return _to_be_restored(incident, period) and _late(incident, period, as_of)


def being_restored(incident: Attribution, period: Period, as_of: int) -> bool:
    """Beside C7: still to be restored at the end of the period, inside the agreed time."""
    return _to_be_restored(incident, period) and not _late(incident, period, as_of)


def _judged_at(reading: Reading) -> int | None:
    return reading.met_at if reading.falls_at is None else reading.falls_at


def _within(at: int | None, period: Period) -> bool:
    return at is not None and period.start <= at < period.end


def _before(at: int | None, t: int) -> bool:
    return at is not None and at < t


def _late(incident: Attribution, period: Period, as_of: int) -> bool:
    return _before(incident.resolution_breached_at, min(period.end, as_of))


def _availability(incident: Attribution) -> bool:
    return incident.counts_reported and IncidentClass.AVAILABILITY in incident.classes


def _resolved(incident: Attribution, period: Period) -> bool:
    return _availability(incident) and _within(incident.resolved_at, period)


def _integrity(incident: Attribution) -> bool:
    return incident.counts_reported and IncidentClass.INTEGRITY in incident.classes


def _to_be_restored(incident: Attribution, period: Period) -> bool:
    settled = _before(incident.restored_at, period.end) or _before(incident.not_restorable_at, period.end)
    return _integrity(incident) and not settled and incident.open_before(period.end)


def _reported(priority: Priority) -> Callable[[Attribution, Period, int], bool]:
    """C3, C4, C5: with the priority it has now, in the period in which it was reported."""

    def listed(incident: Attribution, period: Period, as_of: int) -> bool:
        return _availability(incident) and incident.priority is priority and _within(incident.reported, period)

    return listed


def _timed(incident: Attribution, period: Period, as_of: int) -> bool:
    """C6."""
    return _resolved(incident, period) and incident.resolved_timed


def _unrestorable(incident: Attribution, period: Period, as_of: int) -> bool:
    """C7. No incident is both: what is closed as not restorable is not still to be restored."""
    return data_lost(incident, period) or not_restored_in_time(incident, period, as_of)


def _broken_in(incident: Attribution, period: Period, as_of: int) -> bool:
    """C8: a break-in happened, even if whoever reported it withdrew."""
    return incident.left_out not in LEAVES_EVERYTHING and _within(incident.break_in_confirmed_at, period)


def _response_breached(incident: Attribution, period: Period, as_of: int) -> bool:
    """D1."""
    return _within(incident.response_breached_at, period) and _before(incident.response_breached_at, as_of)


def _resolution_breached(incident: Attribution, period: Period, as_of: int) -> bool:
    """D3."""
    at = incident.resolution_breached_at
    return _within(at, period) and _before(at, as_of)


_LISTS: Mapping[str, Callable[[Attribution, Period, int], bool]] = {
    "C3": _reported(Priority.HIGH),
    "C4": _reported(Priority.MEDIUM),
    "C5": _reported(Priority.LOW),
    "C6": _timed,
    "C7": _unrestorable,
    "C8": _broken_in,
    "D1": _response_breached,
    "D2": lambda incident, period, as_of: incident.in_peak and _response_breached(incident, period, as_of),
    "D3": _resolution_breached,
    "D4": lambda incident, period, as_of: incident.in_peak and _resolution_breached(incident, period, as_of),
}
