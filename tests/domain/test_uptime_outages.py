"""Outages, when they are confirmed, and which of them are one incident."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.outages import (
    Confirmation,
    Discrepancy,
    Outage,
    confirmed,
    disagreement,
    episodes,
    location_discrepancies,
    outages,
)
from baken.domain.quorum import Quorum, monitor_timeline
from baken.domain.timelines import Change, State, Timeline
from tests.domain import uptime_oracle as oracle

UP, DOWN, UNKNOWN, MAINTENANCE = State.UP, State.DOWN, State.UNKNOWN, State.MAINTENANCE


def line(text: str) -> Timeline:
    """A timeline from letters: one tick each, u(p), d(own), m(aintenance), anything else unknown."""
    named = {"u": "up", "d": "down", "m": "maintenance"}
    return oracle.timeline([named.get(letter, "unknown") for letter in text])


def test_an_outage_lasts_from_the_first_failure_to_the_first_success() -> None:
    seen = Timeline.of([Change(0, UP), Change(3, DOWN, "timeout"), Change(7, UP)], 0, 10)
    assert outages(seen) == [Outage(3, 7, ((3, 7),), "timeout")]
    assert outages(seen)[0].down == 4


def test_one_that_still_lasts_has_no_end() -> None:
    assert outages(line("uudd")) == [Outage(2, None, ((2, 4),))]
    assert outages(line("uudd..")) == [Outage(2, None, ((2, 4),))]


def test_unknown_time_neither_ends_an_outage_nor_counts_as_down() -> None:
    (outage,) = outages(line("uddd...dd..u"))
    assert (outage.start, outage.end, outage.down) == (1, 11, 5)


def test_agreed_maintenance_ends_an_outage_and_its_overrun_is_another() -> None:
    assert [(outage.start, outage.end) for outage in outages(line("uddmmmddu"))] == [(1, 3), (6, 8)]


def test_short_ones_can_be_left_out() -> None:
    assert [outage.start for outage in outages(line("dudduddd"), min_length=2)] == [2, 5]


@given(oracle.states(), st.integers(0, 15))
def test_outages_are_those_of_a_walk(ticks: list[str], confirm_after: int) -> None:
    found = outages(oracle.timeline(ticks))
    assert [(o.start, o.end, o.down, o.confirmed_at(confirm_after)) for o in found] == [
        tuple(expected) for expected in oracle.outages(ticks, confirm_after)
    ]


@given(oracle.states())
def test_outages_add_up_to_the_time_down(ticks: list[str]) -> None:
    seen = oracle.timeline(ticks)
    assert sum(outage.down for outage in outages(seen)) == seen.durations()[DOWN]


def test_the_instant_of_confirmation_does_not_depend_on_who_looks_when() -> None:
    seen = line("uudddddduu")
    assert confirmed(seen, 3, as_of=4) == []
    for as_of in (5, 6, 7, 8, 9, 10, 99):
        assert [found.at for found in confirmed(seen, 3, as_of)] == [5]


def test_an_outage_is_confirmed_as_it_was_known_then() -> None:
    assert confirmed(line("uudddddduu"), 3, as_of=6) == [Confirmation(5, Outage(2, None, ((2, 6),)))]
    assert confirmed(line("uudddddduu"), 3, as_of=9) == [Confirmation(5, Outage(2, 8, ((2, 8),)))]


def test_an_outage_that_ends_first_is_never_confirmed() -> None:
    assert confirmed(line("uudduu"), 3, as_of=99) == []
    assert confirmed(line("uudduu"), 2, as_of=99)[0].at == 4


def test_unknown_time_does_not_confirm() -> None:
    assert confirmed(line("ud......."), 3, as_of=99) == []
    assert confirmed(line("ud....dd."), 3, as_of=99)[0].at == 8


def test_before_the_timeline_nothing_is_confirmed() -> None:
    assert confirmed(line("ddd"), 1, as_of=-5) == []


@given(oracle.states(), st.integers(1, 8), st.integers(0, 60), st.integers(0, 60))
def test_what_is_confirmed_stays_confirmed(ticks: list[str], confirm_after: int, one: int, other: int) -> None:
    early, late = sorted((one, other))
    seen = oracle.timeline(ticks)
    before = [found.at for found in confirmed(seen, confirm_after, early)]
    after = [found.at for found in confirmed(seen, confirm_after, late)]
    assert before == [at for at in after if at <= early]


def test_a_flapping_service_is_one_episode() -> None:
    flapping = line("uuuu" + "du" * 50 + "uuuu")
    (episode,) = episodes(flapping, quiet=3)
    assert len(episode.outages) == 50
    assert (episode.start, episode.end, episode.over_at) == (4, 103, 106)


def test_up_for_long_enough_makes_the_next_outage_another_episode() -> None:
    assert [(e.start, e.end) for e in episodes(line("duuduuud"), quiet=3)] == [(0, 4), (7, None)]


def test_an_episode_is_not_over_before_it_was_up_for_long_enough() -> None:
    (episode,) = episodes(line("dduu"), quiet=3)
    assert (episode.end, episode.over_at) == (2, None)
    (episode,) = episodes(line("dduuu"), quiet=3)
    assert (episode.end, episode.over_at) == (2, 5)
    (episode,) = episodes(line("dd"), quiet=3)
    assert (episode.end, episode.over_at) == (None, None)


def test_neither_silence_nor_maintenance_ends_an_episode() -> None:
    assert len(episodes(line("du......ud"), quiet=3)) == 1
    assert len(episodes(line("dmmmmmmmmd"), quiet=3)) == 1


def test_without_a_quiet_time_every_outage_is_its_own_episode() -> None:
    assert [(e.start, e.over_at) for e in episodes(line("dudmd"), quiet=0)] == [(0, 1), (2, 3), (4, None)]


def test_an_episode_is_confirmed_with_the_first_outage_that_is() -> None:
    (episode,) = episodes(line("dudduddd"), quiet=3)
    assert [episode.confirmed_at(after) for after in (1, 2, 3, 4)] == [1, 4, 8, None]


@given(oracle.states(), st.integers(1, 15))
def test_episodes_are_those_of_a_walk(ticks: list[str], quiet: int) -> None:
    found = episodes(oracle.timeline(ticks), quiet)
    assert [(e.start, e.end, e.over_at) for e in found] == oracle.episodes(ticks, quiet)
    together = [outage for episode in found for outage in episode.outages]
    assert together == outages(oracle.timeline(ticks))


def test_a_location_that_is_down_while_the_quorum_sees_up_is_named() -> None:
    locations = {"ams": line("uuuuuuuuuu"), "fra": line("uuuuuuuuuu"), "syd": line("uudddduuuu")}
    monitor = monitor_timeline(locations, Quorum(), 0, 10)
    assert location_discrepancies(locations, monitor, 3) == [Discrepancy("syd", 2, 6, 5)]
    assert location_discrepancies(locations, monitor, 5) == []


def test_it_ends_when_the_quorum_sees_it_too() -> None:
    locations = {"ams": line("uuuddd"), "fra": line("uudddd"), "syd": line("dddddd")}
    monitor = monitor_timeline(locations, Quorum(), 0, 6)
    assert [(piece.state, piece.start) for piece in monitor] == [(UP, 0), (DOWN, 2)]
    assert location_discrepancies(locations, monitor, 1) == [Discrepancy("syd", 0, 2, 1)]


def test_discrepancies_come_in_order_of_time_and_may_still_last() -> None:
    locations = {"a": line("uuuudd"), "b": line("ddduuu"), "c": line("uuuuuu"), "d": line("uuuuuu")}
    monitor = monitor_timeline(locations, Quorum(), 0, 6)
    assert location_discrepancies(locations, monitor, 2) == [
        Discrepancy("b", 0, 3, 2),
        Discrepancy("a", 4, None, 6),
    ]


@pytest.mark.parametrize(
    ("location", "monitor", "expected"),
    [
        ("d", "u", DOWN),
        ("d", "d", UP),
        ("d", "m", UP),
        ("d", ".", UNKNOWN),
        ("u", "u", UP),
        ("u", "d", UP),
        (".", "u", UNKNOWN),
        (".", "d", UP),
        (".", ".", UNKNOWN),
    ],
)
def test_disagreement_is_known_only_where_both_are(location: str, monitor: str, expected: State) -> None:
    assert disagreement(line(location), line(monitor)).at(0) is expected
