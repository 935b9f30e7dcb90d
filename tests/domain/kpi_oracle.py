"""What counts where, the slow way: one incident, its facts told one after the other.

Written from the description of the KPIs. Shares no code with the fold, the attribution or the tallies; when a
clock was breached or met is for the person with the stop-watches (`clock_oracle`) to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from baken.domain.agreements import Terms
from baken.domain.facts import Fact
from tests.domain import calendar_oracle, clock_oracle

NOWHERE = ("test", "spam", "duplicate")
Span = tuple[int, int | None]


@dataclass
class Told:
    """An incident as it stands after the facts told so far."""

    reported: int
    origin: str
    priority: str
    classes: set[str]
    resolved: int | None = None
    timed: bool = True
    outcome: str | None = None
    restored: int | None = None
    lost: int | None = None
    break_in: int | None = None
    exclusion: str | None = None
    open_since: int | None = None
    open_spans: list[Span] = field(default_factory=list)

    def turn(self, at: int) -> None:
        """After each fact: did the work begin or end with it? Work of no length was none."""
        is_open = self.resolved is None and self.outcome is None
        if is_open and self.open_since is None:
            self.open_since = at
        elif not is_open and self.open_since is not None:
            if at > self.open_since:
                self.open_spans.append((self.open_since, at))
            self.open_since = None

    @property
    def spans(self) -> list[Span]:
        if self.outcome in NOWHERE:
            return []
        return self.open_spans + ([(self.open_since, None)] if self.open_since is not None else [])

    def open_just_before(self, t: int) -> bool:
        return any(start < t and (end is None or end >= t) for start, end in self.spans)


@dataclass(frozen=True)
class Counted:
    """What one incident is to a period. lists, of, excluded: codes of KPIs."""

    lists: frozenset[str]
    of: frozenset[str]
    excluded: frozenset[str]
    untimed: bool
    lost: bool
    past_time: bool
    being_restored: bool
    elapsed: int | None
    received: str | None  # "counted", or why it is left out; None outside the period
    backlog: tuple[int, int, int, int]


def tell(facts: Sequence[Fact], as_of: int) -> Told | None:
    """The incident at `as_of`; None when nothing was reported yet."""
    wrong = {fact.data["seq"] for fact in facts if fact.kind == "fact.retracted"}
    true = [fact for fact in facts if fact.seq not in wrong and fact.kind != "fact.retracted" and fact.at <= as_of]
    true.sort(key=lambda fact: (fact.at, fact.seq))
    reports = [fact for fact in true if fact.kind == "incident.reported"]
    if not reports:
        return None
    report = reports[0]
    moved = [fact.data["at"] for fact in true if fact.kind == "incident.reported_earlier"]
    reported = min([report.at, *moved])
    told = Told(reported, report.data["origin"], report.data["priority"], set(report.data["classes"]))
    told.turn(reported)
    for fact in true:
        at = max(fact.at, reported)
        _one_more(told, fact.kind.removeprefix("incident."), at, fact.data)
        told.turn(at)
    if told.break_in is not None:
        told.classes.add("security")
    return told


def _one_more(told: Told, name: str, at: int, data: Any) -> None:
    if name == "resolved" or (name == "closed" and told.origin == "import"):
        if told.resolved is None:
            told.resolved, told.timed = at, name == "resolved" and data["timed"]
    elif name == "reopened":
        told.resolved = None
    elif name == "priority_changed":
        told.priority = data["priority"]
    elif name == "classes_changed":
        told.classes = set(data["classes"])
    elif name == "left_out":
        told.outcome = data["outcome"]
    elif name == "readmitted":
        told.outcome = None
    elif name == "exclusion_agreed":
        told.exclusion = data["cause"]
    else:
        _judged(told, name, at)


def _judged(told: Told, name: str, at: int) -> None:
    if name == "data_restored":
        told.restored, told.lost = at if told.restored is None else told.restored, None
    elif name == "not_restorable":
        told.lost, told.restored = at if told.lost is None else told.lost, None
    elif name == "break_in_confirmed":
        told.break_in = at if told.break_in is None else told.break_in
    elif name == "break_in_rejected":
        told.break_in = None


def in_peak(terms: Terms, instant: int) -> bool:
    """Whether the minute of the report is one of the peak hours'."""
    day = datetime.fromtimestamp(instant / 1e6, UTC).date()
    return instant in calendar_oracle.open_minutes(terms.peak, day, 1)


def count(facts: Sequence[Fact], terms: Terms, start: int, end: int, as_of: int) -> Counted | None:
    """What an incident is to the period [start, end) at `as_of`."""
    told = tell(facts, as_of)
    verdicts = clock_oracle.judge(facts, terms, as_of)
    if told is None or verdicts is None:
        return None

    def here(at: int | None) -> bool:
        return at is not None and start <= at < end

    breached = {name: verdict.breached_at for name, verdict in verdicts.items()}
    peak = in_peak(terms, told.reported)
    codes = {"response": ["D1", *(["D2"] if peak else [])], "resolution": ["D3", *(["D4"] if peak else [])]}
    lists = {code for name, found in codes.items() for code in found if here(breached[name])}
    of = set(lists)
    for name, found in codes.items():
        if breached[name] is None and verdicts[name].state == "met" and here(verdicts[name].met_at):
            of |= set(found)

    received = told.outcome is None
    if received and "availability" in told.classes and here(told.reported):
        lists.add({"high": "C3", "medium": "C4", "low": "C5"}[told.priority])
    resolved = received and "availability" in told.classes and here(told.resolved)
    if resolved and told.timed:
        lists.add("C6")
    integrity = received and "integrity" in told.classes
    lost = integrity and here(told.lost)
    settled = any(at is not None and at < end for at in (told.restored, told.lost))
    unsettled = integrity and not settled and told.open_just_before(end)
    late = breached["resolution"] is not None and breached["resolution"] < min(end, as_of)
    if lost or (unsettled and late):
        lists.add("C7")
    if told.outcome not in NOWHERE and here(told.break_in):
        lists.add("C8")

    spans = told.spans
    return Counted(
        lists=frozenset() if told.exclusion else frozenset(lists),
        of=frozenset() if told.exclusion else frozenset(of),
        excluded=frozenset(lists) if told.exclusion else frozenset(),
        untimed=resolved and not told.timed,
        lost=lost,
        past_time=unsettled and late,
        being_restored=unsettled and not late,
        elapsed=None if told.resolved is None else told.resolved - told.reported,
        received=(told.outcome or "counted") if here(told.reported) else None,
        backlog=(
            told.open_just_before(start),
            sum(here(begin) for begin, _ in spans),
            sum(here(stop) for _, stop in spans),
            told.open_just_before(end),
        ),
    )
