"""Every row of the worked tables in docs/algorithms/uptime.md, computed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from baken.domain.agreements import MaintenanceTerms, default_terms
from baken.domain.calendars import CalendarRule, Window
from baken.domain.instants import HOUR, to_us
from baken.domain.intervals import Intervals
from baken.domain.locations import ProbeResult, location_timeline, observed_through, step
from baken.domain.maintenance import Maintenance, judge_maintenance
from baken.domain.outages import episodes, outages
from baken.domain.periods import month
from baken.domain.quorum import Needs, Quorum, monitor_timeline, service_timeline
from baken.domain.timelines import State, Timeline
from baken.domain.uptime import UptimeTally
from tests.domain import uptime_oracle as oracle

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "uptime.md"
AMSTERDAM = "Europe/Amsterdam"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def constant(cells: str) -> dict[str, Timeline]:
    """One timeline per state in a cell."""
    return {str(n): Timeline.constant(State(state), 0, 9) for n, state in enumerate(cells.split(", "))}


@pytest.mark.parametrize(("checks", "interval", "tolerance", "now", "expected"), rows("One location"))
def test_one_location(checks: str, interval: str, tolerance: str, now: str, expected: str) -> None:
    pairs = [check.split() for check in checks.split(", ")] if checks != "none" else []
    results = [ProbeResult(int(at), state == "up", int(interval), int(tolerance)) for at, state in pairs]
    changes = [c for last, result in zip([None, *results], results, strict=False) for c in step(last, result)]
    last = results[-1] if results else None
    seen = location_timeline(changes, observed_through(last, int(now)), 0, int(now))
    assert ", ".join(f"{piece.start}-{piece.end} {piece.state}" for piece in seen) == expected


@pytest.mark.parametrize(("quorum", "minimum", "locations", "expected"), rows("Quorum"))
def test_quorum(quorum: str, minimum: str, locations: str, expected: str) -> None:
    rule = Quorum("majority" if quorum == "majority" else int(quorum), int(minimum))
    assert monitor_timeline(constant(locations), rule, 0, 9).at(0) == expected


@pytest.mark.parametrize(("needs", "parts", "expected"), rows("From monitors to the service"))
def test_service(needs: str, parts: str, expected: str) -> None:
    monitors = constant(parts)
    least = None if needs == "all" else int(needs)
    assert service_timeline(monitors, 0, 9, Needs(tuple(monitors), least)).at(0) == expected
    if least is None:
        assert service_timeline(monitors, 0, 9).at(0) == expected


def test_maintenance() -> None:
    nights = CalendarRule.weekly(AMSTERDAM, range(7), "01:00", "05:00")
    windows = replace(nights, windows=(*nights.windows, Window(5, 12 * 60, 14 * 60)))
    terms = replace(
        default_terms(AMSTERDAM),
        maintenance=MaintenanceTerms(windows, notice=48 * HOUR, monthly_maximum=6 * HOUR),
        peak=CalendarRule.weekly(AMSTERDAM, range(7), "09:00", "17:00"),
    )
    table = rows("Maintenance")
    planned = [Maintenance(june(announced), *span(plan)) for plan, announced, _, _ in table]
    found = judge_maintenance(planned, [(0, terms)], *month(AMSTERDAM, 2026, 6))
    assert found.agreed == Intervals.of(span(counts) for _, _, counts, _ in table if counts)
    refused = {(why.replace("_", " "), *pair) for why, spans in found.refused.items() for pair in spans}
    reasons = [re.fullmatch(r"(\D+) (\d.*)", reason) for *_, reason in table if reason]
    assert refused == {(match[1], *span(match[2])) for match in reasons if match}
    assert len(refused) == len(reasons)


def june(text: str) -> int:
    """DD HH:MM of June 2026 in Amsterdam."""
    return to_us(datetime.strptime(f"2026-06-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(AMSTERDAM)))


def span(text: str) -> tuple[int, int]:
    """DD HH:MM-HH:MM of June 2026 in Amsterdam."""
    start, closes = text.split("-")
    return june(start), june(f"{start.split()[0]} {closes}")


@pytest.mark.parametrize("cells", rows("Sums and bounds"))
def test_bounds(cells: Sequence[str]) -> None:
    tally = UptimeTally(*(int(hours) * HOUR for hours in cells[:4]))
    found = (tally.lower, tally.upper, tally.coverage, tally.gross_lower, tally.gross_upper)
    assert found == tuple(None if cell == "-" else Fraction(cell) for cell in cells[4:])


@pytest.mark.parametrize(("seen", "lasted", "down", "confirmed", "together", "over"), rows("Outages"))
def test_outages(seen: str, lasted: str, down: str, confirmed: str, together: str, over: str) -> None:
    named = {"u": "up", "d": "down", "m": "maintenance", "-": "unknown"}
    timeline = oracle.timeline([named[letter] for letter in seen])
    found = outages(timeline)
    assert ", ".join(f"{o.start}-{'now' if o.end is None else o.end}" for o in found) == lasted
    assert ", ".join(str(o.down) for o in found) == down
    assert ", ".join(str(o.confirmed_at(3) or "never") for o in found) == confirmed
    grouped = episodes(timeline, quiet=3)
    assert ", ".join(f"{e.start}-{'now' if e.end is None else e.end}" for e in grouped) == together
    assert ", ".join(str(e.over_at or "not yet") for e in grouped) == over


def test_every_state_is_explained() -> None:
    assert [row[0] for row in rows("One state at every instant")] == [state.value for state in State]
