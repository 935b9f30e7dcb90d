"""From what was counted to a judged KPI. See docs/algorithms/kpis.md.

While a period is open it is judged on what is known so far. Missed then means that nothing can still make it
good; at risk, that something has to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from baken.domain.grades import Audit, longest, valid_before
from baken.domain.instants import SECOND
from baken.domain.intervals import Intervals
from baken.domain.kpis import Kpi, Reason, Status, Why
from baken.domain.periods import Period
from baken.domain.tallies import CLOCK_KPIS, IntegrityCounts, ResolutionTally, Tally
from baken.domain.uptime import UptimeTally

BUDGET_AT_RISK = Fraction(3, 4)
"""The share of the time that may be lost in a period from which its uptime is at risk."""

Verdict = tuple[Status, Reason]
_NO_RESOLUTIONS = ResolutionTally()
_NO_TIME = UptimeTally()


def count_kpi(
    code: str,
    tally: Tally,
    target: Fraction | None,
    source: Intervals,
    period: Period,
    as_of: int,
    endangered: int = 0,
) -> Kpi:
    """C3, C4, C5, C8 and D1 to D5: a count that should not exceed its target.

    source: when that on which the count rests was in use; only there is nothing a zero. endangered: clocks
    past three quarters of their time whose deadline lies in the period.
    """
    beside: dict[str, Any] = {"monitor": tally.monitor, "with_excluded": tally.count + tally.excluded}
    if code in CLOCK_KPIS:
        beside["of"] = tally.of
    use = _Use(source, period, as_of, seen=tally.count + tally.excluded > 0)
    verdict = _count_verdict(tally.count, target, use, endangered=endangered)
    return _counted(code, tally.count, target, verdict, use, beside)


def integrity_kpi(
    counts: IntegrityCounts,
    target: Fraction | None,
    source: Intervals,
    period: Period,
    as_of: int,
    overdue: Sequence[str] = (),
) -> Kpi:
    """C7: integrity incidents whose data could not be restored. While the period is open, some still can be.

    overdue: codes of drills and backups that should have been made. No data was lost by that, so it leaves
    the KPI unproven.
    """
    use = _Use(source, period, as_of, seen=counts.unrestorable + counts.excluded > 0)
    verdict = _count_verdict(counts.unrestorable, target, use, reversible=counts.past_time)
    if overdue and verdict[0] in (Status.MET, Status.AT_RISK):
        verdict = Status.NOT_PROVEN, Reason(Why.OVERDUE, {"what": list(overdue)})
    beside = {
        "not_restorable": counts.lost,
        "past_time": counts.past_time,
        "being_restored": counts.being_restored,
        "with_excluded": counts.unrestorable + counts.excluded,
    }
    return _counted("C7", counts.unrestorable, target, verdict, use, beside)


def mean_kpi(
    tally: ResolutionTally,
    middle: Fraction | None,
    target: Fraction | None,
    source: Intervals,
    period: Period,
    as_of: int,
    open_past_time: int = 0,
    excluded: ResolutionTally = _NO_RESOLUTIONS,
) -> Kpi:
    """C6: the mean time to resolve an availability incident, in seconds of elapsed time.

    middle: the median of the same times, in microseconds. open_past_time: incidents still open past their
    target. excluded: what was left out by consent.
    """
    mean = _mean(tally.elapsed, tally.count)
    beside = {
        "number": tally.count,
        "median": _plain(middle),
        "longest": tally.longest if tally.count else None,
        "working_mean": _plain(_mean(tally.working, tally.count)),
        "open_past_target": open_past_time,
        "untimed": tally.untimed,
        "with_excluded": _plain(_mean(tally.elapsed + excluded.elapsed, tally.count + excluded.count)),
    }
    seconds = None if mean is None else mean / SECOND
    status, reason = _mean_verdict(seconds, target, _Use(source, period, as_of, seen=seconds is not None))
    exact = None if seconds is None else (seconds, seconds)
    return Kpi("C6", exact, target, status, reason, tally.count, beside)


def uptime_kpi(
    code: str,
    tally: UptimeTally,
    target: Fraction | None,
    coverage_target: Fraction,
    period: Period,
    as_of: int,
    remaining: int = 0,
    excluded: UptimeTally = _NO_TIME,
    outages: int = 0,
    worst_location: tuple[str, UptimeTally] | None = None,
) -> Kpi:
    """C1, C2: uptime in percent, as the pair of what is proven and what cannot be ruled out.

    tally: the time that counts: up to `as_of`, for C2 in peak hours only, without what consent excludes.
    coverage_target: the agreed share of time measured. remaining: time that will count between `as_of` and
    the end of the period, 0 when that is over. outages: their number, the evidence.
    """
    beside: dict[str, Any] = {
        "coverage": _plain(tally.coverage),
        "gross_lower": _percent(tally.gross_lower),
        "gross_upper": _percent(tally.gross_upper),
        "up": tally.up,
        "down": tally.down,
        "unknown": tally.unknown,
        "maintenance": tally.maintenance,
        "with_excluded_lower": _percent((tally + excluded).lower),
        "with_excluded_upper": _percent((tally + excluded).upper),
    }
    if worst_location:
        name, seen = worst_location
        beside |= {
            "worst_location": name,
            "worst_lower": _percent(seen.lower),
            "worst_upper": _percent(seen.upper),
        }
    if as_of <= period.start:
        status, reason = Status.NOT_JUDGED, Reason(Why.NOT_BEGUN)
    else:
        status, reason = _uptime_verdict(tally, target, coverage_target, remaining)
    exact = None
    if tally.lower is not None and tally.upper is not None and tally.up + tally.down:
        exact = (100 * tally.lower, 100 * tally.upper)
    return Kpi(code, exact, target, status, reason, outages, beside)


def grade_kpi(audits: Iterable[Audit], service: str, target: Fraction | None, period: Period, as_of: int) -> Kpi:
    """C9: the grade valid at the end of the period, or at `as_of` while it is open. The lowest counts.

    An audit takes the place of the same auditor's earlier one of the same scope: see `grades.standing`.
    """
    known = [audit for audit in audits if audit.signed_off <= as_of]
    # Just after as_of, so that a grade signed off at that instant is valid.
    edge = min(period.end, as_of + 1)
    begun = period.start < as_of
    valid = valid_before(known, service, edge) if begun else []
    last = longest(known, service, edge)
    expiry = last.until if last else None
    beside = {"audits": len(valid), "expires_at": expiry if valid else None}
    if not begun:
        status, reason = Status.NOT_JUDGED, Reason(Why.NOT_BEGUN)
    elif target is None:
        status, reason = Status.NOT_JUDGED, Reason(Why.NO_TARGET)
    elif not valid:
        status, reason = Status.NOT_PROVEN, Reason(Why.NO_VALID_GRADE, {"expired_at": expiry})
    elif valid[0].grade < target:
        status, reason = Status.MISSED, Reason(Why.TARGET_MISSED)
    elif not valid_before(known, service, period.end):
        status, reason = Status.AT_RISK, Reason(Why.GRADE_EXPIRES, {"expires_at": expiry})
    else:
        status, reason = Status.MET, Reason(Why.TARGET_REACHED)
    exact = (valid[0].grade, valid[0].grade) if valid else None
    return Kpi("C9", exact, target, status, reason, len(valid), beside)


@dataclass(frozen=True, slots=True)
class _Use:
    """How much of a period, as far as it is past, a source covers. seen: there is something to show."""

    source: Intervals
    period: Period
    as_of: int
    seen: bool

    @property
    def begun(self) -> bool:
        return self.as_of > self.period.start

    @property
    def open(self) -> bool:
        return self.as_of < self.period.end

    @property
    def gaps(self) -> Intervals:
        return _gaps(self.source, self.period.start, min(self.as_of, self.period.end))

    @property
    def known(self) -> bool:
        """Whether a count of what was seen means anything, if only that there were some."""
        past = min(self.as_of, self.period.end) - self.period.start
        return self.begun and (self.seen or self.gaps.total() < past)

    def unproven(self) -> Verdict | None:
        """The verdict that what is missing calls for, if anything is."""
        gaps = [list(gap) for gap in self.gaps]
        if not gaps:
            return None
        return Status.NOT_PROVEN, Reason(Why.PARTLY_COVERED if self.known else Why.NO_DATA, {"gaps": gaps})


@lru_cache(maxsize=1024)
def _gaps(source: Intervals, start: int, end: int) -> Intervals:
    """Kept, because most KPIs of a period ask it about the same source."""
    return source.gaps(start, end)


def _count_verdict(
    count: int, target: Fraction | None, use: _Use, *, reversible: int = 0, endangered: int = 0
) -> Verdict:
    """reversible: how many of `count` may leave it before the period ends."""
    if unjudged := _unjudged(target, use):
        return unjudged
    assert target is not None
    if (count - reversible if use.open else count) > target:
        return Status.MISSED, Reason(Why.TARGET_MISSED)
    if unproven := use.unproven():
        return unproven
    if not use.open:
        return Status.MET, Reason(Why.TARGET_REACHED)
    if count > target:
        return Status.AT_RISK, Reason(Why.CAN_RECOVER)
    if count + endangered > target:
        return Status.AT_RISK, Reason(Why.CLOCKS_RUNNING_OUT, {"clocks": endangered})
    if count == target > 0:
        return Status.AT_RISK, Reason(Why.ONE_MORE_MISSES)
    return Status.MET, Reason(Why.TARGET_REACHED)


def _mean_verdict(mean: Fraction | None, target: Fraction | None, use: _Use) -> Verdict:
    if unjudged := _unjudged(target, use):
        return unjudged
    assert target is not None
    late = mean is not None and mean > target
    if late and not use.open:
        return Status.MISSED, Reason(Why.TARGET_MISSED)
    if unproven := use.unproven():
        return unproven
    if mean is None:
        return Status.NOT_JUDGED, Reason(Why.NOTHING_TO_AVERAGE)
    if late:
        return Status.AT_RISK, Reason(Why.CAN_RECOVER)
    return Status.MET, Reason(Why.TARGET_REACHED)


def _uptime_verdict(tally: UptimeTally, target: Fraction | None, coverage_target: Fraction, remaining: int) -> Verdict:
    if target is None:
        return Status.NOT_JUDGED, Reason(Why.NO_TARGET)
    lower, upper, coverage = tally.lower, tally.upper, tally.coverage
    if lower is None or upper is None or coverage is None:
        return Status.NOT_JUDGED, Reason(Why.NOTHING_TO_AVERAGE)
    if not tally.up + tally.down:
        return Status.NOT_PROVEN, Reason(Why.NO_DATA)
    share = target / 100
    if Fraction(tally.up + tally.unknown + remaining, tally.net + remaining) < share:
        return Status.MISSED, Reason(Why.TARGET_MISSED)
    if upper < share:
        return Status.AT_RISK, Reason(Why.CAN_RECOVER)
    if coverage < coverage_target:
        return Status.NOT_PROVEN, Reason(Why.LOW_COVERAGE, {"coverage": _plain(coverage)})
    if lower < share:
        return Status.NOT_PROVEN, Reason(Why.TARGET_BETWEEN_BOUNDS)
    if remaining and tally.down > BUDGET_AT_RISK * (1 - share) * (tally.net + remaining):
        return Status.AT_RISK, Reason(Why.BUDGET_RUNNING_OUT)
    return Status.MET, Reason(Why.TARGET_REACHED)


def _unjudged(target: Fraction | None, use: _Use) -> Verdict | None:
    if not use.begun:
        return Status.NOT_JUDGED, Reason(Why.NOT_BEGUN)
    if target is None:
        return Status.NOT_JUDGED, Reason(Why.NO_TARGET)
    return None


def _counted(
    code: str, count: int, target: Fraction | None, verdict: Verdict, use: _Use, beside: Mapping[str, Any]
) -> Kpi:
    exact = (Fraction(count), Fraction(count)) if use.known else None
    return Kpi(code, exact, target, *verdict, count, beside)


def _mean(total: int, count: int) -> Fraction | None:
    return Fraction(total, count) if count else None


def _plain(value: Fraction | None) -> float | None:
    return None if value is None else value.numerator / value.denominator


def _percent(share: Fraction | None) -> float | None:
    return None if share is None else _plain(100 * share)
