"""Every row of the worked tables in docs/algorithms/clocks.md, computed."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from baken.domain.clocks import Name, Reading, State, explain
from baken.domain.facts import IncidentClass, Kind, Outcome, Priority
from baken.domain.incidents import Incident, NotReported
from baken.domain.instants import MINUTE, to_datetime
from tests.domain.histories import AMSTERDAM, PICKUP, SUPPLIER_STOPS, History, at, terms

TEXT = (Path(__file__).parents[2] / "docs/algorithms/clocks.md").read_text(encoding="utf-8")
AGREED = {"reply": terms(), "customer": terms(), "pickup": PICKUP, "supplier": SUPPLIER_STOPS}
LATER = "2026-04-30 00:00"
FACTS: dict[str, tuple[str, dict[str, str]]] = {
    "reply": (Kind.RESPONDED, {"way": "reply"}),
    "call": (Kind.RESPONDED, {"way": "call"}),
    "update": (Kind.RESPONDED, {"way": "update"}),
    "picked up": (Kind.PICKED_UP, {}),
    "assigned": (Kind.ASSIGNED, {"to": "somebody"}),
    "answered": (Kind.WAITING_ENDED, {}),
    "resolved": (Kind.RESOLVED, {}),
    "reopened": (Kind.REOPENED, {}),
    "closed": (Kind.CLOSED, {}),
    "readmitted": (Kind.READMITTED, {}),
    "restored": (Kind.DATA_RESTORED, {}),
    "not restorable": (Kind.NOT_RESTORABLE, {}),
    "break-in confirmed": (Kind.BREAK_IN_CONFIRMED, {}),
    **{outcome.value: (Kind.LEFT_OUT, {"outcome": outcome.value}) for outcome in Outcome},
    **{priority.value: (Kind.PRIORITY_CHANGED, {"priority": priority.value}) for priority in Priority},
}


def rows(*heading: str) -> list[list[str]]:
    """The cells of the table with this head."""
    head = re.escape("| " + " | ".join(heading) + " |")
    table = re.search(rf"^{head}\n\|[ -|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def when(text: str) -> int:
    day, time = text.split()
    return at(f"2026-{day[3:]}-{day[:2]} {time}")


def written(instant: int | None) -> str:
    if instant is None:
        return "-"
    return to_datetime(instant).astimezone(ZoneInfo(AMSTERDAM)).strftime("%d-%m %H:%M")


def hours(length: int) -> str:
    return f"{length // MINUTE // 60}:{length // MINUTE % 60:02}"


def story(text: str) -> History:
    """A history from its sentence: what happened, each part ending in day and time; the report first."""
    first, *then = text.split("; ")
    what, moment = first[:-12], first[-11:]
    priority, _, origin = what.partition(" by ")
    told = History(when(moment), priority=priority, origin=origin or "customer")
    for part in then:
        happened(told, part[:-12], when(part[-11:]))
    return told


def happened(told: History, what: str, instant: int) -> None:
    if what.startswith("waits for "):
        told.waits(instant, what.removeprefix("waits for "))
    elif what.startswith("retracts "):
        told.retracted(int(what.split()[1]), instant)
    elif what.startswith("merged with one of "):
        told.then(Kind.REPORTED_EARLIER, instant, at=when(what.removeprefix("merged with one of ")))
    elif what in FACTS:
        told.then(FACTS[what][0], instant, **FACTS[what][1])
    else:
        assert what == "something of another program", what
        told.then("weather.changed", instant)


def says(reading: Reading) -> list[str]:
    return [reading.state.value, hours(reading.used), written(reading.due), written(reading.breached_at)]


@pytest.mark.parametrize(
    "row", rows("what happened", "counts", "looked at", "response clock", "used", "deadline", "breach")
)
def test_the_response_clock(row: list[str]) -> None:
    what, agreed, moment, *expected = row
    assert says(story(what).response(when(moment), AGREED[agreed])) == expected


@pytest.mark.parametrize(
    "row", rows("what happened", "stops", "looked at", "resolution clock", "used", "deadline", "breach")
)
def test_the_resolution_clock(row: list[str]) -> None:
    what, agreed, moment, *expected = row
    assert says(story(what).resolution(when(moment), AGREED[agreed])) == expected


@pytest.mark.parametrize("row", rows("what happened", "status", "waits", "resolved", "beside"))
def test_odd_histories(row: list[str]) -> None:
    what, *expected = row
    told = story(what)
    if expected[0] == "no incident":
        with pytest.raises(NotReported):
            told.incident(LATER)
        return
    incident = told.incident(LATER)
    waits = ", ".join(
        " ".join([wait.on, written(wait.start), *([written(wait.end)] if wait.end else [])]) for wait in incident.waits
    )
    assert [incident.status.value, waits or "-", written(incident.resolved_at), beside(incident)] == expected
    assert [priority for _, priority in incident.priority_changes] == [Priority.MEDIUM]


def beside(incident: Incident) -> str:
    if incident.resolution and not incident.resolved_timed:
        return "untimed"
    if incident.outcome:
        return f"{incident.outcome} since {written(incident.left_out_at)}"
    if IncidentClass.SECURITY in incident.classes:
        return "also security"
    if incident.restored_at or incident.not_restorable_at:
        return f"restored {written(incident.restored_at)}" if incident.restored_at else "not restorable"
    return "-"


def test_the_explanation() -> None:
    sentence = re.search(r"For the resolution clock of\n\n    (.*)\n", TEXT)
    total = re.search(r"^That is (\S+) of the agreed (\d+) hours\.$", TEXT, re.MULTILINE)
    assert sentence and total
    told, agreed = story(sentence[1]), terms()
    segments = explain(told.incident(LATER), agreed, at(LATER), Name.RESOLUTION)
    assert [
        [written(part.start), written(part.end), "yes" if part.counted else "no", str(part.reason)] for part in segments
    ] == rows("from", "to", "counts", "why")
    reading = told.resolution(LATER)
    assert (hours(reading.used), reading.target) == (total[1], int(total[2]) * 60 * MINUTE)


@pytest.mark.parametrize("row", rows("what happened", "50 %", "75 %", "90 %", "breach"))
def test_warnings(row: list[str]) -> None:
    what, *expected = row
    told = story(what)
    reading = told.resolution(max(fact.at for fact in told.facts))
    warned = dict(reading.warnings())
    found = [written(warned.get(share)) for share in (0.5, 0.75, 0.9)]
    assert [*found, written(reading.falls_at)] == expected


def test_every_state_is_in_the_list_and_in_a_row() -> None:
    assert [cells[0] for cells in rows("state", "meaning")] == [state.value for state in State]
    shown = {
        cells[3]
        for cells in rows("what happened", "counts", "looked at", "response clock", "used", "deadline", "breach")
    }
    shown |= {
        cells[3]
        for cells in rows("what happened", "stops", "looked at", "resolution clock", "used", "deadline", "breach")
    }
    assert shown == {state.value for state in State} - {"no_target"}
