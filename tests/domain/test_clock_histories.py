"""Random histories, awkward agreements and awkward weeks: the clocks against a person with a stop-watch."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from baken.domain.agreements import Basis, ResponseCounts, Target, Terms
from baken.domain.attribution import Attribution, attribute
from baken.domain.calendars import CalendarRule, DatedWindows
from baken.domain.clocks import Name, Reading, explain, read_resolution, read_response
from baken.domain.facts import Fact, Kind, Outcome, Priority, Waiting
from baken.domain.incidents import Incident, NotReported, fold
from baken.domain.instants import DAY, MINUTE, to_us
from tests.domain import clock_oracle

Scene = tuple[str, date, str]
SCENES: list[Scene] = [
    ("Europe/Amsterdam", date(2026, 3, 27), "NL"),
    ("Europe/Amsterdam", date(2026, 10, 23), "NL"),
    ("Europe/Amsterdam", date(2025, 12, 30), "NL"),
    ("America/New_York", date(2026, 3, 6), "US"),
    ("America/New_York", date(2026, 10, 30), ""),
    ("Australia/Lord_Howe", date(2026, 4, 3), ""),
    ("Australia/Lord_Howe", date(2026, 10, 2), "AU"),
]
# Where deadlines and other facts are likely to coincide with this one.
GAPS = [0, 1, 59, 60, 61, 120, 240, 480, 1440]


def rules(scene: Scene) -> list[CalendarRule]:
    zone, day, holidays = scene
    office = CalendarRule.weekly(zone, opens="08:00", closes="18:00", holidays=holidays)
    nights = CalendarRule.weekly(zone, days=range(7), opens="20:00", closes="06:00", holidays=holidays)
    closed = replace(office, exceptions=(DatedWindows(day + timedelta(days=3)),))
    return [CalendarRule.always(zone), office, nights, closed]


@st.composite
def agreements(draw: st.DrawFn, scene: Scene) -> Terms:
    known = rules(scene)
    return Terms(
        zone=scene[0],
        service_hours={priority: draw(st.sampled_from(known)) for priority in Priority},
        peak=known[1],
        targets={
            priority: Target(
                draw(st.sampled_from([60 * MINUTE, 240 * MINUTE, 480 * MINUTE, MINUTE, None])),
                draw(st.sampled_from([240 * MINUTE, 60 * MINUTE, 600 * MINUTE, 480 * MINUTE, 1_200 * MINUTE, None])),
                draw(st.sampled_from(Basis)),
            )
            for priority in Priority
        },
        response_counts=draw(st.sampled_from(ResponseCounts)),
        supplier_stops_clock=draw(st.booleans()),
    )


def one_of(key: str, values: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({key: st.sampled_from([str(value) for value in values])})


nothing: st.SearchStrategy[dict[str, Any]] = st.just({})
DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    Kind.RESPONDED: one_of("way", ["reply", "call", "update"]),
    Kind.PICKED_UP: nothing,
    Kind.WAITING_BEGAN: one_of("on", [Waiting.CUSTOMER, *Waiting]),
    Kind.WAITING_ENDED: nothing,
    Kind.RESOLVED: st.fixed_dictionaries({"timed": st.booleans()}),
    Kind.REOPENED: nothing,
    Kind.CLOSED: nothing,
    Kind.PRIORITY_CHANGED: one_of("priority", Priority),
    Kind.LEFT_OUT: one_of("outcome", Outcome),
    Kind.READMITTED: nothing,
    Kind.ASSIGNED: nothing,
}
KINDS = [
    *(Kind.WAITING_BEGAN, Kind.WAITING_ENDED, Kind.RESOLVED, Kind.REOPENED, Kind.PRIORITY_CHANGED) * 3,
    *DATA,
]


@st.composite
def histories(draw: st.DrawFn, *, leaving: bool = True) -> tuple[list[Fact], Terms, int]:
    """Facts in the order of recording, an agreement, and an instant to look at."""
    scene = draw(st.sampled_from(SCENES))
    begin = to_us(datetime(scene[1].year, scene[1].month, scene[1].day, tzinfo=UTC))
    reported = begin + draw(st.integers(0, 40 * 60)) * MINUTE
    report = {
        "service": "s", "agreement": "a", "agreement_version": 1, "classes": ["availability"], "impact": 2,
        "urgency": 2, "priority": draw(st.sampled_from(Priority)).value,
        "origin": draw(st.sampled_from(["customer", "customer", "monitor", "import"])),
    }  # fmt: skip
    told: list[tuple[str, int, dict[str, Any]]] = []
    at = reported
    kinds = [kind for kind in KINDS if leaving or kind not in (Kind.LEFT_OUT, Kind.READMITTED)]
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=9)):
        gap = draw(st.sampled_from(GAPS) | st.integers(0, 12 * 60))
        at = min(at + gap * MINUTE, reported + 4 * DAY)
        early = draw(st.sampled_from([0] * 9 + [30]))
        told.append((kind, at - early * MINUTE, draw(DATA[kind])))
    if leaving and draw(st.integers(0, 9)) == 9:
        told.append((Kind.REPORTED_EARLIER, at, {"at": reported - 300 * MINUTE}))
    told = draw(st.permutations(told)) if draw(st.booleans()) else told
    facts = [Fact(1, Kind.REPORTED, reported, reported, report)]
    facts += [Fact(n, kind, when, begin, data) for n, (kind, when, data) in enumerate(told, start=2)]
    if leaving and told and draw(st.integers(0, 4)) == 4:
        wrong = draw(st.integers(2, len(facts)))
        facts.append(Fact(len(facts) + 1, Kind.RETRACTED, at + 9 * DAY, begin, {"seq": wrong}))
    as_of = draw(st.sampled_from([fact.at for fact in facts]))
    as_of = max(reported, as_of) + draw(st.sampled_from(GAPS)) * MINUTE
    return facts, draw(agreements(scene)), min(as_of, reported + 5 * DAY)


def read(facts: list[Fact], agreed: Terms, as_of: int) -> tuple[Incident, Reading, Reading]:
    incident = fold(facts, as_of)
    return incident, read_response(incident, agreed, as_of), read_resolution(incident, agreed, as_of)


def attributed(facts: list[Fact], agreed: Terms, as_of: int) -> Attribution:
    return attribute(*read(facts, agreed, as_of))


some = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@some
@given(histories())
def test_clocks_agree_with_a_stop_watch(history: tuple[list[Fact], Terms, int]) -> None:
    facts, agreed, as_of = history
    expected = clock_oracle.judge(facts, agreed, as_of)
    if expected is None:
        return
    _, *readings = read(facts, agreed, as_of)
    for reading in readings:
        want = expected[reading.name]
        event(f"{reading.name} {reading.state}")
        assert (reading.state, reading.priority, reading.used) == (want.state, want.priority, want.used)
        assert (reading.met_at, reading.breached_at, reading.stopped_at) == (
            want.met_at,
            want.breached_at,
            want.stopped_at,
        )
        if want.falls_at is not None or reading.state in ("waiting", "met", "void"):
            assert reading.falls_at == want.falls_at
        if reading.state == "running":
            assert reading.due is None or reading.falls_at == max(reading.due, reading.course.epoch.since)


@some
@given(histories())
def test_an_explanation_is_gapless_and_adds_up(history: tuple[list[Fact], Terms, int]) -> None:
    facts, agreed, as_of = history
    incident, *readings = read(facts, agreed, as_of)
    for reading in readings:
        end = as_of if reading.stopped_at is None else reading.stopped_at
        segments = explain(incident, agreed, as_of, Name(reading.name))
        cuts = [reading.started, *(segment.end for segment in segments)]
        assert [segment.start for segment in segments] == cuts[:-1]
        assert cuts[-1] == end
        assert all(segment.start < segment.end for segment in segments)
        assert sum(s.end - s.start for s in segments if s.counted) == reading.used


@some
@given(histories(leaving=False), st.integers(0, 5 * 1440))
def test_a_breach_stands_whatever_happens_later(history: tuple[list[Fact], Terms, int], wait: int) -> None:
    facts, agreed, as_of = history
    _, *before = read(facts, agreed, as_of)
    _, *after = read(facts, agreed, as_of + wait * MINUTE)
    for early, late in zip(before, after, strict=True):
        if early.breached_at is not None:
            assert late.breached_at == early.breached_at


@some
@given(histories())
def test_readings_change_with_facts_alone(history: tuple[list[Fact], Terms, int]) -> None:
    """What is said in advance about an instant is what is said afterwards, and at any time between."""
    facts, agreed, _ = history
    last = max(fact.at for fact in facts if fact.kind != Kind.RETRACTED)
    rows = [attributed(facts, agreed, last + later * MINUTE) for later in (0, 1, 60, 5_000)]
    assert all(row == rows[0] for row in rows)
    for later in (0, 1, 60, 5_000):
        for reading in read(facts, agreed, last + later * MINUTE)[1:]:
            fallen = reading.falls_at is not None and reading.falls_at < last + later * MINUTE
            assert reading.breached_at == (reading.falls_at if fallen else None)


@some
@given(histories(), st.randoms(use_true_random=False))
def test_when_a_fact_was_written_down_makes_no_difference(history: tuple[list[Fact], Terms, int], random: Any) -> None:
    facts, agreed, as_of = history
    late = [replace(fact, recorded=as_of + random.randrange(DAY)) for fact in facts]
    random.shuffle(late)
    assert read(late, agreed, as_of) == read(facts, agreed, as_of)


@some
@given(histories())
def test_warnings_come_in_order_and_before_the_breach(history: tuple[list[Fact], Terms, int]) -> None:
    facts, agreed, as_of = history
    for reading in read(facts, agreed, as_of)[1:]:
        instants = [at for _, at in reading.warnings()]
        assert instants == sorted(instants)
        assert all(reading.started <= at for at in instants)
        if reading.falls_at is not None:
            assert all(at < reading.falls_at for at in instants)


@some
@given(histories(), st.integers(0, 8))
def test_a_history_cut_anywhere_folds(history: tuple[list[Fact], Terms, int], cut: int) -> None:
    """Nothing that a ledger can hold raises, but a missing report."""
    facts, agreed, as_of = history
    try:
        read(facts[cut:], agreed, as_of)
    except NotReported:
        assert not any(fact.kind == Kind.REPORTED and fact.at <= as_of for fact in facts[cut:])
