"""From the rows of one incident to what happened to it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from baken.domain.facts import IncidentClass, Kind, Waiting
from baken.domain.histories import Happening
from baken.reach.servicenow.rows import Row, State

DONE = frozenset({State.RESOLVED, State.CLOSED})
WAITS = {
    State.USER: Waiting.CUSTOMER,
    State.VENDOR: Waiting.SUPPLIER,
    State.PROBLEM: Waiting.OTHER,
    State.EVIDENCE: Waiting.OTHER,
}


class Spell(NamedTuple):
    """Resolved from `start` until reopened at `end`. timed: the log gives the time, not a state alone."""

    start: int
    end: int | None
    timed: bool


def happenings(rows: Sequence[Row], classes: frozenset[IncidentClass]) -> tuple[Happening, ...]:
    """What the rows of one incident say, the report first, the rest in order."""
    rows = _in_order(rows)
    last = rows[-1]
    spells = _resolutions(rows)
    told = [*_pickup(rows), *_priorities(rows), *_waits(rows), *_ends(spells), *_closing(rows, spells)]
    # Nothing can be done to an incident before it is reported; the desk's own clock differs by minutes.
    told = [Happening(one.kind, max(one.at, last.opened), one.data) for one in told]
    return (_report(rows, classes), *sorted(told, key=lambda one: one.at))


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """The rows with times that never go back: their order counts, a time that contradicts it does not."""
    ordered, at = [], 0
    for row in rows:
        at = max(at, row.at)
        ordered.append(row if row.at == at else row._replace(at=at))
    return ordered


def _report(rows: Sequence[Row], classes: frozenset[IncidentClass]) -> Happening:
    data = {"classes": sorted(code.value for code in classes), **_levels(rows[0])}
    return Happening(Kind.REPORTED, rows[-1].opened, data)


def _levels(row: Row) -> dict[str, str | int]:
    return {"priority": row.priority.value, "impact": row.impact, "urgency": row.urgency}


def _pickup(rows: Sequence[Row]) -> list[Happening]:
    """A person at the desk takes it on: it is somebody's, or past New."""
    taken = (row for row in rows if row.by_person and (row.assigned or row.state is not State.NEW))
    return [Happening(Kind.PICKED_UP, row.at) for row in list(taken)[:1]]


def _priorities(rows: Sequence[Row]) -> list[Happening]:
    return [
        Happening(Kind.PRIORITY_CHANGED, row.at, _levels(row))
        for before, row in pairwise(rows)
        if (row.priority, row.impact, row.urgency) != (before.priority, before.impact, before.urgency)
    ]


def _waits(rows: Sequence[Row]) -> list[Happening]:
    told, on = [], None
    for row in rows:
        wanted = WAITS.get(row.state)
        if on and wanted is not on:
            told.append(Happening(Kind.WAITING_ENDED, row.at))
        if wanted and wanted is not on:
            told.append(Happening(Kind.WAITING_BEGAN, row.at, {"on": wanted.value}))
        on = wanted
    return told


def _resolutions(rows: Sequence[Row]) -> list[Spell]:
    """When it was resolved. `resolved_at` is the end of the incident; states tell of ends that were reopened."""
    spells = _by_state(rows)
    last = rows[-1]
    end = last.resolved
    if end is None or end < last.opened:
        return spells
    reopened = None if last.state in DONE else next((row.at for row in rows if _open_after(row, end)), None)
    before = [spell for spell in spells if spell.end is not None and spell.end <= end]
    after = [spell for spell in spells if reopened is not None and spell.start >= reopened]
    return [*before, Spell(end, reopened, True), *after]


def _open_after(row: Row, end: int) -> bool:
    return row.at > end and row.state not in DONE


def _by_state(rows: Sequence[Row]) -> list[Spell]:
    spells: list[Spell] = []
    done = False
    for row in rows:
        if row.state in DONE and not done:
            spells.append(Spell(row.at, None, False))
        elif done and row.state not in DONE:
            spells[-1] = spells[-1]._replace(end=row.at)
        done = row.state in DONE
    return spells


def _ends(spells: Sequence[Spell]) -> list[Happening]:
    told = []
    for spell in spells:
        told.append(Happening(Kind.RESOLVED, spell.start, {"timed": spell.timed}))
        if spell.end is not None:
            told.append(Happening(Kind.REOPENED, spell.end))
    return told


def _closing(rows: Sequence[Row], spells: Sequence[Spell]) -> list[Happening]:
    """The close that stands: the first row of those that end the log as Closed."""
    at = None
    for row in reversed(rows):
        if row.state is not State.CLOSED:
            break
        at = row.at
    return [] if at is None else [Happening(Kind.CLOSED, max(at, spells[-1].start))]
