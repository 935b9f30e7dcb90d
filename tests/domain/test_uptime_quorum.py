"""From locations to a monitor by quorum, and from monitors to a service by the worst or by what it needs."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.quorum import (
    NO_MONITOR,
    TOO_FEW_LOCATIONS,
    Needs,
    Quorum,
    QuorumError,
    monitor_timeline,
    service_timeline,
)
from baken.domain.timelines import Change, Piece, State, Timeline
from tests.domain import uptime_oracle as oracle

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
LENGTH = 60


@st.composite
def histories(draw: st.DrawFn, most: int = 4) -> dict[str, list[str]]:
    """Up to some histories of the same length."""
    names = ["ams", "fra", "nyc", "sin", "syd"][: draw(st.integers(0, most))]
    drawn = {name: draw(oracle.states(UP, DOWN, UNKNOWN)) for name in names}
    return {name: (ticks + ["unknown"] * LENGTH)[:LENGTH] for name, ticks in drawn.items()}


def constant(*states: State) -> dict[str, Timeline]:
    return {f"m{index}": Timeline.constant(state, 0, 10) for index, state in enumerate(states)}


def only(timeline: Timeline) -> State:
    """The one state of a timeline that has no other."""
    assert len(timeline) == 1
    return timeline.at(timeline.start)


@pytest.mark.parametrize(
    ("seen", "quorum", "state"),
    [
        ([DOWN, UP, UP], Quorum(), UP),
        ([DOWN, DOWN, UP], Quorum(), DOWN),
        ([DOWN, UP], Quorum(), UP),
        ([DOWN, UNKNOWN, UNKNOWN], Quorum(), DOWN),
        ([DOWN, UP, UNKNOWN], Quorum(1), DOWN),
        ([DOWN, UP, UP], Quorum(2, 2), UP),
        ([DOWN, DOWN, UP], Quorum(2, 2), DOWN),
        ([DOWN, UNKNOWN, UNKNOWN], Quorum(2, 2), UNKNOWN),
        ([UP, UNKNOWN, UNKNOWN], Quorum("majority", 2), UNKNOWN),
        ([UP, UP, UNKNOWN], Quorum("majority", 2), UP),
        ([UNKNOWN, UNKNOWN], Quorum(), UNKNOWN),
        ([], Quorum(), UNKNOWN),
    ],
)
def test_a_quorum_of_the_reporting_locations(seen: list[State], quorum: Quorum, state: State) -> None:
    assert only(monitor_timeline(constant(*seen), quorum, 0, 10)) is state


@pytest.mark.parametrize(
    ("down", "minimum", "remedy"),
    [
        (0, 1, "quorum"),
        (-1, 1, "quorum"),
        ("majority", 0, "minimum"),
        (2, 1, "at least 2"),
        (1, 0, "minimum"),
    ],
)
def test_a_quorum_that_cannot_work_is_refused(down: int, minimum: int, remedy: str) -> None:
    with pytest.raises(QuorumError, match=remedy):
        Quorum(down, minimum)


def test_down_has_the_reason_of_the_first_location_and_unknown_its_own() -> None:
    seen = {
        "b": Timeline.of([Change(0, DOWN, "timeout"), Change(8, UNKNOWN, "no_result")], 0, 10),
        "a": Timeline.of([Change(0, UP, "ok"), Change(4, DOWN, "refused"), Change(8, UNKNOWN, "no_result")], 0, 10),
    }
    assert list(monitor_timeline(seen, Quorum(1), 0, 10)) == [
        Piece(0, 8, DOWN, "timeout"),
        Piece(8, 10, UNKNOWN, TOO_FEW_LOCATIONS),
    ]
    assert list(monitor_timeline(seen, Quorum(2, 2), 0, 10)) == [
        Piece(0, 4, UP, None),
        Piece(4, 8, DOWN, "refused"),
        Piece(8, 10, UNKNOWN, TOO_FEW_LOCATIONS),
    ]


def test_a_location_that_came_later_does_not_report_before() -> None:
    seen = {"old": Timeline.constant(UP, 0, 10), "new": Timeline.constant(DOWN, 6, 10)}
    assert list(monitor_timeline(seen, Quorum(1), 0, 12)) == [
        Piece(0, 6, UP, None),
        Piece(6, 10, DOWN, None),
        Piece(10, 12, UNKNOWN, TOO_FEW_LOCATIONS),
    ]


@given(histories(), st.sampled_from([("majority", 1), ("majority", 2), (1, 1), (1, 3), (2, 2), (3, 4)]))
def test_the_quorum_at_every_instant(seen: dict[str, list[str]], rule: tuple[int, int]) -> None:
    timelines = {name: oracle.timeline(ticks) for name, ticks in seen.items()}
    found = monitor_timeline(timelines, Quorum(*rule), 0, LENGTH)
    assert oracle.ticks_of(found) == oracle.seen_by_monitor(seen, *rule, LENGTH)


@given(histories(), st.integers(0, LENGTH), st.integers(0, LENGTH))
def test_a_part_is_judged_as_the_whole(seen: dict[str, list[str]], one: int, other: int) -> None:
    a, b = sorted((one, other))
    timelines = {name: oracle.timeline(ticks) for name, ticks in seen.items()}
    whole, part = (monitor_timeline(timelines, Quorum(), *span) for span in ((0, LENGTH), (a, b)))
    assert oracle.ticks_of(part) == oracle.ticks_of(whole.clip(a, b))
    services = (service_timeline(timelines, *span) for span in ((0, LENGTH), (a, b)))
    whole, part = services
    assert oracle.ticks_of(part) == oracle.ticks_of(whole.clip(a, b))


def test_half_a_period_under_another_quorum_is_joined() -> None:
    seen = constant(DOWN, UP, UP)
    halves = [
        monitor_timeline({name: line.clip(a, b) for name, line in seen.items()}, quorum, a, b)
        for a, b, quorum in ((0, 4, Quorum(1)), (4, 10, Quorum()))
    ]
    assert [(piece.state, piece.start) for piece in Timeline.join(halves)] == [(DOWN, 0), (UP, 4)]


@pytest.mark.parametrize(
    ("monitors", "state"),
    [
        ([UP, UP], UP),
        ([UP, DOWN, UNKNOWN], DOWN),
        ([UP, UNKNOWN], UNKNOWN),
        ([DOWN, UNKNOWN], DOWN),
        ([], UNKNOWN),
    ],
)
def test_a_service_is_the_worst_of_its_monitors(monitors: list[State], state: State) -> None:
    assert only(service_timeline(constant(*monitors), 0, 10)) is state


def test_a_monitor_counts_from_when_it_was_added_to_when_it_was_taken_out() -> None:
    monitors = {"old": Timeline.constant(UP, 2, 20), "new": Timeline.constant(DOWN, 8, 12, "dns")}
    assert list(service_timeline(monitors, 0, 25)) == [
        Piece(0, 2, UNKNOWN, NO_MONITOR),
        Piece(2, 8, UP, None),
        Piece(8, 12, DOWN, "dns"),
        Piece(12, 20, UP, None),
        Piece(20, 25, UNKNOWN, NO_MONITOR),
    ]


def test_unknown_has_the_reason_of_the_monitor_that_is() -> None:
    monitors = {"a": Timeline.constant(UP, 0, 5), "b": Timeline.constant(UNKNOWN, 0, 5, TOO_FEW_LOCATIONS)}
    assert list(service_timeline(monitors, 0, 5)) == [Piece(0, 5, UNKNOWN, TOO_FEW_LOCATIONS)]


def test_maintenance_is_for_services() -> None:
    planned = {"a": Timeline.constant(State.MAINTENANCE, 0, 5)}
    with pytest.raises(QuorumError, match="service"):
        service_timeline(planned, 0, 5)
    with pytest.raises(QuorumError, match="service"):
        monitor_timeline(planned, Quorum(), 0, 5)


@given(histories(3), st.data())
def test_the_worst_at_every_instant(seen: dict[str, list[str]], data: st.DataObject) -> None:
    members: list[list[str | None]] = []
    timelines = {}
    for name, ticks in seen.items():
        a, b = sorted(data.draw(st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH))))
        timelines[name] = oracle.timeline(ticks).clip(a, b)
        members.append([tick if a <= index < b else None for index, tick in enumerate(ticks)])
    assert oracle.ticks_of(service_timeline(timelines, 0, LENGTH)) == oracle.worst(members, LENGTH)


# A site that needs its database and one of two front ends.
SITE = Needs(("db", Needs(("web1", "web2"), least=1)))


@pytest.mark.parametrize(
    ("db", "web1", "web2", "state"),
    [
        (UP, UP, DOWN, UP),
        (UP, DOWN, DOWN, DOWN),
        (DOWN, UP, UP, DOWN),
        (UP, UNKNOWN, DOWN, UNKNOWN),
        (UP, UNKNOWN, UP, UP),
        (DOWN, UNKNOWN, UNKNOWN, DOWN),
        (UNKNOWN, DOWN, DOWN, DOWN),
    ],
)
def test_an_expression_over_monitors(db: State, web1: State, web2: State, state: State) -> None:
    monitors = {name: Timeline.constant(state, 0, 9) for name, state in {"db": db, "web1": web1, "web2": web2}.items()}
    assert only(service_timeline(monitors, 0, 9, SITE)) is state


def test_two_of_three_and_a_part_that_is_not_there_yet() -> None:
    monitors = {
        "a": Timeline.constant(UP, 0, 9),
        "b": Timeline.constant(DOWN, 0, 9),
        "c": Timeline.constant(UP, 3, 6),
    }
    seen = service_timeline(monitors, 0, 9, Needs(("a", "b", "c"), least=2))
    assert [(piece.start, piece.state) for piece in seen] == [(0, DOWN), (3, UP), (6, DOWN)]
    assert only(service_timeline({"c": monitors["c"], "a": monitors["a"]}, 0, 3, Needs(("a", "c"), 2))) is UP


def met(needs: Needs, parts: Mapping[str, bool]) -> bool:
    """Needs as one would explain them."""
    good = [met(part, parts) if isinstance(part, Needs) else parts[part] for part in needs.parts]
    return good.count(True) >= (len(good) if needs.least is None else needs.least)


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> Needs:
    part = st.sampled_from(["ams", "fra", "nyc"])
    parts = draw(st.lists(part | expressions(depth - 1) if depth else part, min_size=1, max_size=3))
    return Needs(tuple(parts), draw(st.none() | st.integers(1, len(parts))))


@given(expressions(), st.lists(st.sampled_from([UP, DOWN, UNKNOWN]), min_size=3, max_size=3))
def test_an_expression_knows_what_every_trial_of_the_unknown_agrees_on(needs: Needs, states: list[State]) -> None:
    named = dict(zip(["ams", "fra", "nyc"], states, strict=True))
    monitors = {name: Timeline.constant(state, 0, 3) for name, state in named.items()}
    expected = oracle.by_trial(lambda parts: met(needs, parts), {name: state.value for name, state in named.items()})
    assert only(service_timeline(monitors, 0, 3, needs)) == expected


def test_needs_that_cannot_work_are_refused() -> None:
    with pytest.raises(QuorumError, match="at least one"):
        Needs(())
    for least in (0, 3):
        with pytest.raises(QuorumError, match="from 1 to 2"):
            Needs(("a", "b"), least)
    with pytest.raises(QuorumError, match="no monitor b"):
        service_timeline({"a": Timeline.constant(UP, 0, 9)}, 0, 9, Needs(("a", Needs(("b",)))))
