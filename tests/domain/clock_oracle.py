"""Both clocks the slow way: a person with a stop-watch who looks at the incident once a minute.

Shares no code with the fold, the courses or the readings. All facts, windows and targets lie on whole minutes.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from baken.domain.agreements import Terms
from baken.domain.calendars import CalendarRule
from baken.domain.facts import Fact
from tests.domain import calendar_oracle

MINUTE = 60_000_000
DAYS = 9


@lru_cache(maxsize=64)
def open_minutes(rule: CalendarRule, first: date) -> frozenset[int]:
    return frozenset(calendar_oracle.open_minutes(rule, first, DAYS))


@dataclass
class Watch:
    """One stop-watch per priority, all of them running together."""

    minutes: dict[str, int]
    target: dict[str, int | None]
    breached_at: int | None = None
    overdue_in_secret: bool = False
    done_at: int | None = None
    priority_when_done: str = ""

    def look(self, minute: int, priority: str, left_out: bool) -> None:
        target = self.target[priority]
        late = target is not None and self.minutes[priority] >= target and self.done_at is None
        if left_out:
            self.overdue_in_secret = self.overdue_in_secret or late
        elif (late or self.overdue_in_secret) and self.breached_at is None:
            self.breached_at = minute


@dataclass
class Desk:
    """What the person with the stop-watches knows of the incident."""

    priority: str
    response: Watch
    resolution: Watch
    waiting: str | None = None
    outcome: str | None = None
    left_out_at: int | None = None
    frozen: "Desk | None" = field(default=None, repr=False)


@dataclass(frozen=True)
class Verdict:
    state: str
    priority: str
    used: int
    met_at: int | None
    breached_at: int | None
    stopped_at: int | None
    falls_at: int | None


def judge(facts: Sequence[Fact], terms: Terms, as_of: int) -> dict[str, Verdict] | None:
    """The verdicts of both clocks by name; None when nothing was reported yet. falls_at: looking ahead, DAYS in all."""
    withdrawn = {fact.data["seq"] for fact in facts if fact.kind == "fact.retracted"}
    left = [f for f in facts if f.seq not in withdrawn and f.kind != "fact.retracted" and f.at <= as_of]
    left.sort(key=lambda fact: (fact.at, fact.seq))
    reports = [fact for fact in left if fact.kind == "incident.reported"]
    if not reports:
        return None
    moved = [fact.data["at"] for fact in left if fact.kind == "incident.reported_earlier"]
    reported = min([reports[0].at, *moved])
    agenda: dict[int, list[Fact]] = {}
    for fact in left:
        agenda.setdefault(max(fact.at, reported), []).append(fact)

    desk = Desk(reports[0].data["priority"], _watch(terms, "response"), _watch(terms, "resolution"))
    first = datetime.fromtimestamp(reported / 1e6, UTC).date() - timedelta(days=1)
    opens = {p: _opens(terms, p, first) for p in terms.targets}
    today: Desk | None = None
    for minute in range(reported, reported + (DAYS - 2) * 1440 * MINUTE, MINUTE):
        for fact in agenda.get(minute, ()):
            _happens(desk, fact, terms, minute, reports[0].data["origin"])
        _settle(desk, minute)
        if minute == as_of:
            today = deepcopy(desk)
        for watch in (desk.response, desk.resolution):
            watch.look(minute, desk.priority, desk.outcome is not None)
        stopped = {"customer"} | ({"supplier"} if terms.supplier_stops_clock else set())
        for watch, still in ((desk.response, False), (desk.resolution, desk.waiting in stopped)):
            if watch.done_at is None and not still:
                for priority in opens:
                    watch.minutes[priority] += opens[priority] is None or minute in opens[priority]
    assert today is not None, "as_of lies beyond what is walked"
    return {name: _verdict(today, desk, name) for name in ("response", "resolution")}


def _watch(terms: Terms, name: str) -> Watch:
    targets = {str(p): getattr(target, name) for p, target in terms.targets.items()}
    return Watch(dict.fromkeys(targets, 0), {p: t and t // MINUTE for p, t in targets.items()})


def _opens(terms: Terms, priority: Any, first: date) -> frozenset[int] | None:
    if terms.targets[priority].basis == "elapsed":
        return None
    return open_minutes(terms.service_hours[priority], first)


def _happens(desk: Desk, fact: Fact, terms: Terms, minute: int, origin: str) -> None:
    name = fact.kind.removeprefix("incident.")
    data = fact.data
    resolved = desk.resolution.done_at is not None
    if name == "closed" and origin == "import":
        name = "resolved"
    if name == "priority_changed":
        desk.priority = data["priority"]
    elif name == "waiting_began" and not resolved:
        desk.waiting = data["on"]
    elif name == "waiting_ended":
        desk.waiting = None
    elif name == "reopened":
        desk.resolution.done_at = None
    elif name == "resolved":
        if not resolved:
            desk.resolution.done_at, desk.waiting = minute, None
        _responds(desk, minute)
    elif name == "responded" and terms.response_counts == "reply":
        if data["way"] in ("reply", "call") or (data["way"] == "update" and origin == "monitor"):
            _responds(desk, minute)
    elif name == "picked_up" and terms.response_counts == "pickup":
        _responds(desk, minute)
    elif name == "left_out":
        desk.left_out_at = minute if desk.outcome is None else desk.left_out_at
        desk.outcome = data["outcome"]
    elif name == "readmitted":
        desk.outcome = desk.left_out_at = desk.frozen = None


def _responds(desk: Desk, minute: int) -> None:
    if desk.response.done_at is None:
        desk.response.done_at = minute


def _settle(desk: Desk, minute: int) -> None:
    """Once all that happened in a minute is known."""
    for watch in (desk.response, desk.resolution):
        if watch.done_at == minute:
            watch.priority_when_done = desk.priority
    if desk.outcome is not None and desk.left_out_at == minute:
        desk.frozen = deepcopy(desk)


def _verdict(today: Desk, later: Desk, name: str) -> Verdict:
    """today: at as_of. later: after a long time in which nothing happened."""
    then = today.frozen or today
    watch: Watch = getattr(then, name)
    priority = then.priority if watch.done_at is None else watch.priority_when_done
    nowhere = today.outcome in ("duplicate", "test", "spam")
    stopped_at = watch.done_at if watch.done_at is not None else today.left_out_at
    future: Watch = getattr(later, name)
    falls_at = watch.breached_at if today.outcome else future.breached_at
    if nowhere:
        state = "void"
    elif watch.breached_at is not None:
        state = "breached" if watch.done_at is None else "breached_and_met"
    elif watch.target[priority] is None:
        state = "no_target"
    elif watch.done_at is not None:
        state = "met"
    elif today.outcome:
        state = "void"
    else:
        waiting = name == "resolution" and _stands_still(today, watch, later)
        state = "waiting" if waiting else "running"
    return Verdict(
        state,
        priority,
        watch.minutes[priority] * MINUTE,
        watch.done_at if state in ("met", "breached_and_met") else None,
        None if nowhere else watch.breached_at,
        stopped_at,
        None if nowhere else falls_at,
    )


def _stands_still(today: Desk, watch: Watch, later: Desk) -> bool:
    """A watch that shows the same after a week of nothing stood still."""
    return watch.minutes == later.resolution.minutes
