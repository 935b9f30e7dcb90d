"""Every row of the worked tables in docs/algorithms/clocks.md, computed."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from baken.domain.clocks import Name, explain
from baken.domain.instants import HOUR, to_datetime
from tests.domain.histories import AMSTERDAM, terms
from tests.domain.test_kpi_tables import story, when

TEXT = (Path(__file__).parents[2] / "docs/algorithms/clocks.md").read_text(encoding="utf-8")
NOON = when("05-03", "12:00")


def rows(*heading: str) -> list[list[str]]:
    """The cells of the table with this head."""
    head = re.escape("| " + " | ".join(heading) + " |")
    table = re.search(rf"^{head}\n\|[ -|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def shown(instant: int | None, nothing: str = "-") -> str:
    """DD-MM HH:MM in Amsterdam."""
    if instant is None:
        return nothing
    return to_datetime(instant).astimezone(ZoneInfo(AMSTERDAM)).strftime("%d-%m %H:%M")


@pytest.mark.parametrize(
    ("text", "looked", "clock", "state", "counted", "due", "breached"),
    rows("what happened", "looked at", "clock", "state", "counted", "due", "breached"),
)
def test_a_clock(text: str, looked: str, clock: str, state: str, counted: str, due: str, breached: str) -> None:
    as_of, told = when(*looked.split()), story(text)
    reading = told.response(as_of) if clock == "response" else told.resolution(as_of)
    found = (reading.state.replace("_", " "), f"{reading.used / HOUR:g} h", shown(reading.due))
    assert found == (state, counted, due)
    assert shown(reading.breached_at) == breached


def test_warnings() -> None:
    told = story("medium 02-03 09:00")
    as_of = when("02-03", "09:00")
    found = [
        [name, f"{share:.0%}", shown(at)]
        for name, reading in (("response", told.response(as_of)), ("resolution", told.resolution(as_of)))
        for share, at in reading.warnings()
    ]
    assert found == rows("clock", "share", "warned")


def test_an_explanation() -> None:
    sentence = re.search(r"The resolution clock of `([^`]+)`", TEXT)
    assert sentence
    as_of = when("05-04", "00:00")
    incident = story(" ".join(sentence[1].split())).incident(as_of)
    found = [
        [shown(segment.start), shown(segment.end), "yes" if segment.counted else "no", segment.reason]
        for segment in explain(incident, terms(), as_of, Name.RESOLUTION)
    ]
    assert found == rows("from", "to", "counts", "reason")


@pytest.mark.parametrize(
    ("text", "status", "responded", "resolved", "waited", "why"),
    rows("what happened", "status", "responded", "resolved", "waited", "why"),
)
def test_an_odd_history(text: str, status: str, responded: str, resolved: str, waited: str, why: str) -> None:
    incident = story(text).incident(NOON)
    waits = ", ".join(f"{shown(wait.start)} to {shown(wait.end, 'now')}" for wait in incident.waits) or "-"
    found = (incident.status, shown(incident.first_response_at), shown(incident.resolved_at), waits)
    assert found == (status, responded, resolved, waited)
    assert why
