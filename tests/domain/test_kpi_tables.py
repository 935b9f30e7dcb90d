"""Every row of the worked tables in docs/algorithms/kpis.md, computed."""

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from baken.domain.attribution import on_list
from baken.domain.deadlines import nis2
from baken.domain.facts import Kind, Outcome
from baken.domain.grades import Audit, expiry
from baken.domain.instants import HOUR, SECOND
from baken.domain.intervals import Intervals
from baken.domain.kpis import KPIS, Kpi, Status, Unit, display, worst
from baken.domain.periods import Period, month
from baken.domain.tallies import IntegrityCounts, ResolutionTally, Tally, backlog, median, reported_counts
from baken.domain.uptime import UptimeTally
from baken.domain.verdicts import count_kpi, grade_kpi, integrity_kpi, mean_kpi, uptime_kpi
from tests.domain.histories import AMSTERDAM, History, at

TEXT = (Path(__file__).parents[2] / "docs/algorithms/kpis.md").read_text(encoding="utf-8")
CODES = ("C3", "C4", "C5", "C6", "C7", "C8", "D1", "D2", "D3", "D4")
MONTHS = {date(2026, n, 1).strftime("%B"): month(AMSTERDAM, 2026, n) for n in range(1, 6)}
LATER = at("2026-06-01 00:00")
PERIOD = Period(100, 110)
NOW = {"closed": 200, "open": 106, "ahead": 90}


def rows(*heading: str) -> list[list[str]]:
    """The cells of the table with this head."""
    head = re.escape("| " + " | ".join(heading) + " |")
    table = re.search(rf"^{head}\n\|[ -|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def story(text: str) -> History:
    """A history from its sentence: class and priority with the report first, then what happened, with day and time."""
    first, *then = text.split("; ")
    *words, day, time = first.split()
    classes = (words[0],) if len(words) > 1 else ("availability",)
    told = History(when(day, time), priority=words[-1], classes=classes)
    for part in then:
        *said, day, time = part.split()
        happened(told, " ".join(said), when(day, time))
    return told


def happened(told: History, what: str, instant: int) -> None:
    if what in tuple(Outcome):
        told.left_out(what, instant)
    elif what in ("high", "medium", "low"):
        told.becomes(what, instant)
    elif what == "resolved":
        told.resolved(instant)
    else:
        kind, data = {
            "reply": (Kind.RESPONDED, {"way": "reply"}),
            "waits": (Kind.WAITING_BEGAN, {"on": "customer"}),
            "answer": (Kind.WAITING_ENDED, {}),
            "reopened": (Kind.REOPENED, {}),
            "not restorable": (Kind.NOT_RESTORABLE, {}),
            "restored": (Kind.DATA_RESTORED, {}),
            "break-in": (Kind.BREAK_IN_CONFIRMED, {}),
            "consent": (Kind.CONSENT_GIVEN, {"cause": "force_majeure"}),
        }[what]
        told.then(kind, instant, **data)


def when(day: str, time: str) -> int:
    number, month_number = day.split("-")
    return at(f"2026-{month_number}-{number} {time}")


def goal(cell: str) -> Fraction | None:
    return None if cell == "none" else Fraction(cell)


def judged(kpi: Kpi) -> tuple[str, str]:
    return kpi.status.replace("_", " "), kpi.reason.code.replace("_", " ")


def test_the_fourteen() -> None:
    table = rows("code", "what it counts", "unit", "better", "counted in the period of")
    found = [(code, unit, better) for code, _, unit, better, _ in table]
    assert found == [(code, kpi.unit, "higher" if kpi.higher else "lower") for code, kpi in KPIS.items()]


@pytest.mark.parametrize(("text", "expected"), rows("what happened", "counts in"))
def test_where_an_incident_counts(text: str, expected: str) -> None:
    row = story(text).attribution(LATER)
    found = []
    for name, period in MONTHS.items():
        if listed := [code for code in CODES if on_list(code, row, period, LATER)]:
            found.append(" ".join([name, *listed]))
    assert "; ".join(found) == expected


@pytest.mark.parametrize(
    ("text", "received", "start", "came", "went", "end"),
    rows("what happened", "received", "open at the start", "in", "out", "open at the end"),
)
def test_received_and_backlog(text: str, received: str, start: str, came: str, went: str, end: str) -> None:
    row, march = story(text).attribution(LATER), MONTHS["March"]
    counts = reported_counts([row], march)
    told = "counted" if counts.counted else "".join(counts.left_out) or "-"
    work = backlog([row], march)
    assert (told, work.at_start, work.came_in, work.went_out, work.at_end) == (
        received, int(start), int(came), int(went), int(end),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "target", "period", "covered", "clocks", "status", "reason"),
    rows("count", "target", "period", "covered", "clocks", "status", "reason"),
)
def test_counts(count: str, target: str, period: str, covered: str, clocks: str, status: str, reason: str) -> None:
    source = Intervals.of({"all": [(0, 300)], "half": [(103, 300)], "none": []}[covered])
    kpi = count_kpi("D3", Tally(int(count)), goal(target), source, PERIOD, NOW[period], int(clocks))
    assert judged(kpi) == (status, reason)
    assert kpi.value == (None if reason in ("no data", "not begun") else int(count))


@pytest.mark.parametrize(
    ("lost", "late", "target", "period", "drill", "status", "reason"),
    rows("lost", "past its time", "target", "period", "drill", "status", "reason"),
)
def test_integrity(lost: str, late: str, target: str, period: str, drill: str, status: str, reason: str) -> None:
    counts = IntegrityCounts(lost=int(lost), past_time=int(late))
    overdue = ["restore_drill"] if drill == "overdue" else []
    kpi = integrity_kpi(counts, goal(target), Intervals.of([(0, 300)]), PERIOD, NOW[period], overdue)
    assert judged(kpi) == (status, reason)


@pytest.mark.parametrize(
    ("times", "target", "period", "mean", "middle", "longest", "status", "reason"),
    rows("times to resolve", "target", "period", "mean", "median", "longest", "status", "reason"),
)
def test_mean(
    times: str, target: str, period: str, mean: str, middle: str, longest: str, status: str, reason: str
) -> None:
    hours = [] if times == "none" else [int(one) * HOUR for one in times.split(", ")]
    tally = sum((ResolutionTally(1, hour, hour, hour) for hour in hours), ResolutionTally())
    seconds = None if target == "none" else Fraction(target) * HOUR / SECOND
    kpi = mean_kpi(tally, median(hours), seconds, Intervals.of([(0, 300)]), PERIOD, NOW[period])
    assert judged(kpi) == (status, reason)
    if mean == "-":
        assert (kpi.exact, kpi.beside["median"], kpi.beside["longest"]) == (None, None, None)
        return
    assert kpi.exact == (Fraction(mean) * HOUR / SECOND,) * 2
    assert (kpi.beside["median"], kpi.beside["longest"]) == (Fraction(middle) * HOUR, int(longest) * HOUR)


@pytest.mark.parametrize(
    ("up", "down", "unknown", "ahead", "target", "lower", "upper", "status", "reason"),
    rows("up", "down", "unknown", "to come", "target", "lower", "upper", "status", "reason"),
)
def test_uptime(
    up: str, down: str, unknown: str, ahead: str, target: str, lower: str, upper: str, status: str, reason: str
) -> None:
    tally = UptimeTally(int(up) * HOUR, int(down) * HOUR, int(unknown) * HOUR)
    remaining = int(ahead) * HOUR
    kpi = uptime_kpi("C1", tally, goal(target), Fraction(99, 100), PERIOD, 106 if remaining else 200, remaining)
    assert judged(kpi) == (status, reason)
    assert kpi.exact == (None if lower == "-" else (Fraction(lower), Fraction(upper)))


@pytest.mark.parametrize(("signed", "grace", "until"), rows("signed off", "grace", "valid until"))
def test_validity_of_a_grade(signed: str, grace: str, until: str) -> None:
    assert expiry(AMSTERDAM, at(signed), int(grace.split()[0])) == at(until)


@pytest.mark.parametrize(
    ("audits", "looked", "value", "status", "reason"),
    rows("audits: signed off, grade", "looked at", "value", "status", "reason"),
)
def test_grade(audits: str, looked: str, value: str, status: str, reason: str) -> None:
    told = [] if audits == "none" else [one.rsplit(" ", 1) for one in audits.split(", ")]
    signed = [
        Audit(str(n), "all", frozenset({"mail"}), at(text), expiry(AMSTERDAM, at(text), 0), Fraction(grade))
        for n, (text, grade) in enumerate(told)
    ]
    kpi = grade_kpi(signed, "mail", Fraction(7), MONTHS["March"], at(looked))
    assert judged(kpi) == (status, reason)
    assert kpi.exact == (None if value == "-" else (Fraction(value),) * 2)


@pytest.mark.parametrize(
    ("detected", "notified", "early", "notification", "final"),
    rows("detected", "notified", "early warning", "notification", "final report"),
)
def test_deadlines_of_a_break_in(detected: str, notified: str, early: str, notification: str, final: str) -> None:
    found = nis2(AMSTERDAM, at(detected), None if notified == "-" else at(notified))
    assert (found.early_warning, found.notification, found.final_report) == (at(early), at(notification), at(final))


@pytest.mark.parametrize(("kpis", "factor"), rows("KPIs", "factor"))
def test_factor(kpis: str, factor: str) -> None:
    assert worst(Status(one.replace(" ", "_")) for one in kpis.split(", ")) == factor.replace(" ", "_")


@pytest.mark.parametrize(("value", "target", "unit", "shown"), rows("value", "target", "unit", "shown"))
def test_shown(value: str, target: str, unit: str, shown: str) -> None:
    found = display(Fraction(value), Fraction(target), Unit(unit))
    assert (found, str(found)) == (Decimal(shown), shown)
