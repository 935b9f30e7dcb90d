"""Which planned work counts as maintenance, and why the rest does not.

Maintenance leaves the time that uptime is a share of, so it is narrow: announced in time, inside an agreed
window, outside peak hours, and no more of it in a calendar month than was agreed. Everything else, such as
work that overruns its plan, is what the probes saw.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from baken.domain.agreements import Terms
from baken.domain.calendars import CalendarRule, calendar
from baken.domain.instants import to_datetime
from baken.domain.intervals import Intervals
from baken.domain.periods import PeriodKind, containing
from baken.domain.timelines import State, Timeline
from baken.domain.zones import zone


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work planned for [starts, ends) and announced to the customer; all instants in microseconds.

    cancelled_at: when it was called off, None when it was not. Called off half-way, it ends there.
    """

    announced_at: int
    starts: int
    ends: int
    cancelled_at: int | None = None

    def __post_init__(self) -> None:
        if self.ends <= self.starts:
            raise ValueError("maintenance: the end must come after the start")

    @property
    def span(self) -> tuple[int, int]:
        """What stood of the plan; empty when it was called off before it began."""
        if self.cancelled_at is None:
            return self.starts, self.ends
        return self.starts, min(self.ends, max(self.starts, self.cancelled_at))


class Refusal(StrEnum):
    """Why planned work does not count as maintenance. The first reason that applies is the one given."""

    LATE_NOTICE = "late_notice"
    OUTSIDE_WINDOW = "outside_window"
    PEAK_HOURS = "peak_hours"
    OVER_MAXIMUM = "over_maximum"


@dataclass(frozen=True, slots=True)
class MaintenanceJudgement:
    """Planned time, each instant of it either agreed or refused for one reason."""

    agreed: Intervals
    refused: Mapping[Refusal, Intervals]


class _Epoch(NamedTuple):
    """The terms that hold in [start, end)."""

    start: int
    end: int
    terms: Terms


def judge_maintenance(
    planned: Sequence[Maintenance], versions: Sequence[tuple[int, Terms]], start: int, end: int
) -> MaintenanceJudgement:
    """What of the planned work in [start, end) counts as maintenance.

    planned: all that was announced for the calendar months that [start, end) touches, so that a day is
    judged as the month is. versions: the terms of the agreement with the instant from which each holds, in
    that order. The notice is that of the terms that hold when the work starts; windows, peak hours, zone
    and maximum are those that hold at each instant. Of what would go over the maximum of a month, the
    earliest counts. Before the first version there are no windows.
    """
    begin = min((_month(terms, start)[1] for _, terms in versions), default=start)
    epochs = _epochs(versions, begin, end)
    everything = Intervals.of(work.span for work in planned).clip(begin, end)
    in_time = Intervals.of(work.span for work in planned if _announced_in_time(work, versions)) & everything
    windows = _hours([(epoch, epoch.terms.maintenance.windows) for epoch in epochs])
    peak = _hours([(epoch, epoch.terms.peak) for epoch in epochs])
    in_window = in_time & windows
    off_peak = in_window - peak
    agreed = _within_maximum(off_peak, epochs)
    refused = {
        Refusal.LATE_NOTICE: everything - in_time,
        Refusal.OUTSIDE_WINDOW: in_time - windows,
        Refusal.PEAK_HOURS: in_window & peak,
        Refusal.OVER_MAXIMUM: off_peak - agreed,
    }
    return MaintenanceJudgement(
        agreed.clip(start, end), {why: spans.clip(start, end) for why, spans in refused.items()}
    )


def apply_maintenance(
    service: Timeline, planned: Sequence[Maintenance], versions: Sequence[tuple[int, Terms]]
) -> Timeline:
    """A service's timeline with agreed maintenance in place of what the probes saw then.

    Arguments as of `judge_maintenance`.
    """
    agreed = judge_maintenance(planned, versions, service.start, service.end).agreed
    return service.painted(agreed, State.MAINTENANCE)


def _announced_in_time(work: Maintenance, versions: Sequence[tuple[int, Terms]]) -> bool:
    if not versions:
        return False
    current = bisect_right(versions, work.starts, key=lambda version: version[0]) - 1
    return work.starts - work.announced_at >= versions[max(current, 0)][1].maintenance.notice


def _epochs(versions: Sequence[tuple[int, Terms]], begin: int, end: int) -> list[_Epoch]:
    """The versions that hold in [begin, end), each cut to it."""
    if any(later[0] < earlier[0] for earlier, later in pairwise(versions)):
        raise ValueError("versions of the terms: give them in order of the instant from which they hold")
    nexts = [*(valid_from for valid_from, _ in versions[1:]), end]
    cut = (
        _Epoch(max(valid_from, begin), min(until, end), terms)
        for (valid_from, terms), until in zip(versions, nexts, strict=False)
    )
    return [epoch for epoch in cut if epoch.start < epoch.end]


def _hours(rules: Sequence[tuple[_Epoch, CalendarRule | None]]) -> Intervals:
    """The time inside each rule while its epoch lasts; no rule, no time."""
    spans = Intervals.empty()
    for epoch, rule in rules:
        if rule is not None:
            spans |= calendar(rule).intervals(epoch.start, epoch.end)
    return spans


def _within_maximum(wanted: Intervals, epochs: Sequence[_Epoch]) -> Intervals:
    """The earliest of the wanted time in every calendar month, as far as its maximum goes."""
    used: dict[tuple[int, int], int] = defaultdict(int)
    kept = Intervals.empty()
    if not len(wanted):
        return kept
    for epoch in epochs:
        for label, start, end in _months(epoch):
            room = max(epoch.terms.maintenance.monthly_maximum - used[label], 0)
            taken = _first(wanted.clip(start, end), room)
            used[label] += taken.total()
            kept |= taken
    return kept


def _months(epoch: _Epoch) -> Iterator[tuple[tuple[int, int], int, int]]:
    """The calendar months of an epoch, each cut to it: (year, month), start, end."""
    start = epoch.start
    while start < epoch.end:
        label, _, month_end = _month(epoch.terms, start)
        yield label, start, min(month_end, epoch.end)
        start = month_end


def _month(terms: Terms, instant: int) -> tuple[tuple[int, int], int, int]:
    """The calendar month around an instant in the zone of the terms: (year, month), start, end."""
    local: date = to_datetime(instant).astimezone(zone(terms.zone)).date()
    start, end = containing(terms.zone, PeriodKind.MONTH, local)
    return (local.year, local.month), start, end


def _first(spans: Intervals, amount: int) -> Intervals:
    """The earliest time of the spans, up to that amount."""
    lengths = spans.ends - spans.starts
    before = np.cumsum(lengths) - lengths
    return Intervals.from_arrays(spans.starts, spans.starts + np.clip(amount - before, 0, lengths))
