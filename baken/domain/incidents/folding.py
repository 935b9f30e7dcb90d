"""From facts to an incident. What becomes of odd histories is a table in docs/algorithms/clocks.md."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from baken.domain.facts import Fact, IncidentClass, Kind, Origin, Outcome, Priority, Waiting, standing
from baken.domain.incidents.incident import PICKUP, Incident, LeftOut, Resolution, Wait

Spell = TypeVar("Spell", Wait, Resolution, LeftOut)
_SHARED = frozenset({Kind.RESOLVED, Kind.REOPENED})


class NotReported(ValueError):
    """There is no report among the facts up to that instant, so there is no incident yet."""


def fold(facts: Sequence[Fact], as_of: int, outage: Sequence[Fact] = ()) -> Incident:
    """The incident that its facts make up to and including the instant `as_of`.

    A fact recorded late counts where it happened; a retracted one never was, whenever it was retracted.
    outage: the facts of the incident named by a JOINED_OUTAGE fact, whose resolutions replace this one's own.
    Raises NotReported when no report happened up to `as_of`; nothing else that a ledger can hold raises.
    """
    happened = [fact for fact in standing(list(facts)) if fact.at <= as_of]
    report = next((fact for fact in happened if fact.kind == Kind.REPORTED), None)
    if report is None:
        raise NotReported("no report among the facts up to this instant; ask for a later one")
    earlier = [fact.data["at"] for fact in happened if fact.kind == Kind.REPORTED_EARLIER]
    state = _State.begin(report, min([report.at, *earlier]))
    for fact in _with_shared(happened, state.reported, outage, as_of):
        change = _CHANGES.get(fact.kind)
        if change:
            # What seems to precede the report is taken at the report: nobody works on what was not told yet.
            change(state, max(fact.at, state.reported), fact.data)
    return state.incident(as_of)


def _with_shared(own: list[Fact], reported: int, outage: Sequence[Fact], as_of: int) -> list[Fact]:
    """The facts with the resolutions of the joined outage instead of the incident's own.

    A report that came after the outage had ended is resolved when a person joined it, not before it existed.
    """
    joined = [fact for fact in own if fact.kind == Kind.JOINED_OUTAGE]
    if not joined or not outage:
        return own
    shared = [fact for fact in standing(list(outage)) if fact.kind in _SHARED and fact.at <= as_of]
    before = [fact for fact in shared if fact.at < reported]
    after = shared[len(before) :]
    if before and before[-1].kind == Kind.RESOLVED:
        after.insert(0, replace(before[-1], at=min([joined[-1].at, *(fact.at for fact in after[:1])])))
    return sorted([fact for fact in own if fact.kind not in _SHARED] + after, key=lambda fact: fact.at)


@dataclass(slots=True)
class _State:
    """The fold under way. Each change takes a fact's instant and data; what does not fit is ignored."""

    reported: int
    report: Mapping[str, Any]
    classes: frozenset[IncidentClass]
    impact: int | None
    urgency: int | None
    priorities: list[tuple[int, Priority]]
    classes_confirmed: bool = False
    responded: dict[str, int] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    resolutions: list[Resolution] = field(default_factory=list)
    left_outs: list[LeftOut] = field(default_factory=list)
    closed_at: int | None = None
    restored_at: int | None = None
    not_restorable_at: int | None = None
    break_in_confirmed_at: int | None = None
    break_in_rejected_at: int | None = None
    exclusion: str | None = None
    outage: str | None = None

    @classmethod
    def begin(cls, report: Fact, reported: int) -> "_State":
        data = report.data
        return cls(
            reported,
            data,
            frozenset(map(IncidentClass, data["classes"])),
            data.get("impact"),
            data.get("urgency"),
            [(reported, Priority(data["priority"]))],
        )

    def change_responded(self, at: int, data: Mapping[str, Any]) -> None:
        self.responded.setdefault(data["way"], at)

    def change_picked_up(self, at: int, data: Mapping[str, Any]) -> None:
        self.responded.setdefault(PICKUP, at)

    def change_waiting_began(self, at: int, data: Mapping[str, Any]) -> None:
        on = Waiting(data["on"])
        if _lasting(self.resolutions) or (_lasting(self.waits) and self.waits[-1].on is on):
            return
        self.change_waiting_ended(at, data)
        self.waits.append(Wait(at, None, on))

    def change_waiting_ended(self, at: int, data: Mapping[str, Any]) -> None:
        _end(self.waits, at)

    def change_resolved(self, at: int, data: Mapping[str, Any]) -> None:
        if not _lasting(self.resolutions):
            _end(self.waits, at)
            self.resolutions.append(Resolution(at, None, data.get("timed", True)))

    def change_reopened(self, at: int, data: Mapping[str, Any]) -> None:
        _end(self.resolutions, at)
        self.closed_at = None

    def change_closed(self, at: int, data: Mapping[str, Any]) -> None:
        if Origin(self.report["origin"]) is Origin.IMPORT:
            self.change_resolved(at, {"timed": False})
        if self.closed_at is None:
            self.closed_at = at

    def change_priority(self, at: int, data: Mapping[str, Any]) -> None:
        self.impact = data.get("impact", self.impact)
        self.urgency = data.get("urgency", self.urgency)
        if data["priority"] != self.priorities[-1][1]:
            self.priorities.append((at, Priority(data["priority"])))

    def change_classes(self, at: int, data: Mapping[str, Any]) -> None:
        self.classes = frozenset(map(IncidentClass, data["classes"]))
        self.classes_confirmed = False

    def confirm_classes(self, at: int, data: Mapping[str, Any]) -> None:
        self.classes_confirmed = True

    def change_left_out(self, at: int, data: Mapping[str, Any]) -> None:
        since = self.left_outs.pop().start if _lasting(self.left_outs) else at
        self.left_outs.append(LeftOut(since, None, Outcome(data["outcome"]), data.get("survivor")))

    def change_readmitted(self, at: int, data: Mapping[str, Any]) -> None:
        _end(self.left_outs, at)

    def change_restored(self, at: int, data: Mapping[str, Any]) -> None:
        self.restored_at = at if self.restored_at is None else self.restored_at
        self.not_restorable_at = None

    def change_not_restorable(self, at: int, data: Mapping[str, Any]) -> None:
        self.not_restorable_at = at if self.not_restorable_at is None else self.not_restorable_at
        self.restored_at = None

    def change_break_in_confirmed(self, at: int, data: Mapping[str, Any]) -> None:
        self.break_in_confirmed_at = at if self.break_in_confirmed_at is None else self.break_in_confirmed_at
        self.break_in_rejected_at = None

    def change_break_in_rejected(self, at: int, data: Mapping[str, Any]) -> None:
        self.break_in_rejected_at = at if self.break_in_rejected_at is None else self.break_in_rejected_at
        self.break_in_confirmed_at = None

    def change_exclusion(self, at: int, data: Mapping[str, Any]) -> None:
        self.exclusion = data["cause"]

    def change_outage(self, at: int, data: Mapping[str, Any]) -> None:
        self.outage = data["outage"]

    def incident(self, as_of: int) -> Incident:
        broken_in = self.break_in_confirmed_at is not None
        return Incident(
            as_of=as_of,
            reported=self.reported,
            service=self.report["service"],
            agreement=self.report["agreement"],
            agreement_version=self.report["agreement_version"],
            origin=Origin(self.report["origin"]),
            # Whatever class it was given: an incident with a confirmed break-in concerns security.
            classes=self.classes | {IncidentClass.SECURITY} if broken_in else self.classes,
            classes_confirmed=self.classes_confirmed,
            impact=self.impact,
            urgency=self.urgency,
            priority_changes=tuple(self.priorities),
            responded_at=self.responded,
            waits=tuple(self.waits),
            resolutions=tuple(self.resolutions),
            left_outs=tuple(self.left_outs),
            closed_at=self.closed_at,
            restored_at=self.restored_at,
            not_restorable_at=self.not_restorable_at,
            break_in_confirmed_at=self.break_in_confirmed_at,
            break_in_rejected_at=self.break_in_rejected_at,
            exclusion=self.exclusion,
            outage=self.outage,
        )


def _lasting(spells: Sequence[Wait] | Sequence[Resolution] | Sequence[LeftOut]) -> bool:
    return bool(spells) and spells[-1].end is None


def _end(spells: list[Spell], at: int) -> None:
    if _lasting(spells):
        spells[-1] = replace(spells[-1], end=at)


_CHANGES: Mapping[str, Callable[[_State, int, Mapping[str, Any]], None]] = {
    Kind.RESPONDED: _State.change_responded,
    Kind.PICKED_UP: _State.change_picked_up,
    Kind.WAITING_BEGAN: _State.change_waiting_began,
    Kind.WAITING_ENDED: _State.change_waiting_ended,
    Kind.RESOLVED: _State.change_resolved,
    Kind.REOPENED: _State.change_reopened,
    Kind.CLOSED: _State.change_closed,
    Kind.PRIORITY_CHANGED: _State.change_priority,
    Kind.CLASSES_CHANGED: _State.change_classes,
    Kind.CLASSES_CONFIRMED: _State.confirm_classes,
    Kind.LEFT_OUT: _State.change_left_out,
    Kind.READMITTED: _State.change_readmitted,
    Kind.DATA_RESTORED: _State.change_restored,
    Kind.NOT_RESTORABLE: _State.change_not_restorable,
    Kind.BREAK_IN_CONFIRMED: _State.change_break_in_confirmed,
    Kind.BREAK_IN_REJECTED: _State.change_break_in_rejected,
    Kind.CONSENT_GIVEN: _State.change_exclusion,
    Kind.JOINED_OUTAGE: _State.change_outage,
}
"""What each kind changes. REPORTED and REPORTED_EARLIER are read before; other kinds change nothing."""
