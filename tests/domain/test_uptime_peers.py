"""Uptime figures that other tools get wrong, from results to value. Each test is named after the tool."""

from collections.abc import Iterable
from fractions import Fraction

from baken.domain.instants import DAY, HOUR, MINUTE, SECOND
from baken.domain.intervals import Intervals
from baken.domain.locations import ProbeResult, location_timeline, observed_through, step
from baken.domain.outages import confirmed, episodes
from baken.domain.periods import month
from baken.domain.quorum import Quorum, monitor_timeline, service_timeline
from baken.domain.timelines import State, Timeline
from baken.domain.uptime import UptimeTally, measure

INTERVAL, TOLERANCE = 20 * SECOND, 10 * SECOND


def probed(seconds: Iterable[int], failing: Iterable[int] = ()) -> list[ProbeResult]:
    """Results of checks begun at these seconds, of which some failed."""
    bad = set(failing)
    return [ProbeResult(at * SECOND, at not in bad, INTERVAL, TOLERANCE) for at in seconds]


def seen(results: list[ProbeResult], start: int, end: int) -> Timeline:
    """What a location knows of [start, end) at its end."""
    changes = [c for last, now in zip([None, *results], results, strict=False) for c in step(last, now)]
    return location_timeline(changes, observed_through(results[-1] if results else None, end), start, end)


def service_of(*locations: Timeline, quorum: Quorum | None = None) -> Timeline:
    """The service with one monitor that these locations watch."""
    start, end = locations[0].start, locations[0].end
    named = {f"location {number}": timeline for number, timeline in enumerate(locations)}
    return service_timeline({"web": monitor_timeline(named, quorum or Quorum(), start, end)}, start, end)


def test_uptime_kuma_the_monitors_own_outage_neither_lowers_uptime_nor_shows_as_full() -> None:
    watched = [*range(0, 3600, 20), *range(7200, 10800, 20)]  # the prober itself was off for the second hour
    tally = measure(service_of(seen(probed(watched), 0, 3 * HOUR)))
    assert tally == UptimeTally(up=2 * HOUR, unknown=HOUR)
    assert (tally.lower, tally.upper, tally.coverage) == (Fraction(2, 3), 1, Fraction(2, 3))


def test_uptime_kuma_a_service_that_is_down_after_the_monitors_own_outage_was_not_down_during_it() -> None:
    watched = [*range(0, 3600, 20), *range(7200, 10800, 20)]
    tally = measure(service_of(seen(probed(watched, failing=range(7200, 10800, 20)), 0, 3 * HOUR)))
    assert tally == UptimeTally(up=HOUR, down=HOUR, unknown=HOUR)


def test_uptime_kuma_an_outage_of_twenty_seconds_weighs_twenty_seconds() -> None:
    tally = measure(service_of(seen(probed(range(0, 86_400, 20), failing=[43_200]), 0, DAY)))
    assert tally == UptimeTally(up=DAY - 20 * SECOND, down=20 * SECOND)
    assert tally.lower == tally.upper == 1 - Fraction(20, 86_400)


def test_uptime_kuma_faster_checks_while_down_do_not_weigh_more() -> None:
    fast = [*range(0, 40, 20), *range(40, 60, 2), *range(60, 120, 20)]  # every 2 seconds from the failure on
    tally = measure(service_of(seen(probed(fast, failing=range(40, 60, 2)), 0, 2 * MINUTE)))
    assert tally == UptimeTally(up=100 * SECOND, down=20 * SECOND)


def test_uptime_kuma_nothing_pending_counts_as_down() -> None:
    """Without a result a monitor is unknown; one that recovers before confirmation was down as seen."""
    assert measure(service_of(seen([], 0, HOUR))) == UptimeTally(unknown=HOUR)
    blip = service_of(seen(probed(range(0, 600, 20), failing=[100, 120]), 0, 10 * MINUTE))
    assert measure(blip).down == 40 * SECOND
    assert confirmed(blip, confirm_after=MINUTE, as_of=10 * MINUTE) == []


def test_uptime_kuma_an_empty_window_does_not_reuse_the_last_value() -> None:
    results = probed(range(0, 3600, 20))
    assert measure(service_of(seen(results, 2 * HOUR, 3 * HOUR))) == UptimeTally(unknown=HOUR)
    assert measure(service_of(seen(results, 0, HOUR)), Intervals.empty()).lower is None
    assert measure(Timeline.constant(State.UP, 5, 5)).upper is None


def test_oneuptime_one_probe_does_not_poison_the_total() -> None:
    good = seen(probed(range(0, 86_400, 20)), 0, DAY)
    broken = seen(probed(range(0, 86_400, 20), failing=range(0, 86_400, 20)), 0, DAY)
    assert measure(service_of(good, broken, good)) == UptimeTally(up=DAY)
    silent = seen([], 0, DAY)
    assert measure(service_of(good, silent, good, quorum=Quorum("majority", 2))) == UptimeTally(up=DAY)


def test_healthchecks_time_before_the_first_check_is_no_data() -> None:
    february, march = month("Europe/Amsterdam", 2026, 2), month("Europe/Amsterdam", 2026, 3)
    created = march.start // SECOND
    results = probed(range(created, created + 3600, 20))
    tally = measure(service_of(seen(results, *february)))
    assert tally == UptimeTally(unknown=february.length)
    assert (tally.lower, tally.upper, tally.coverage) == (0, 1, 0)
    assert measure(service_timeline({}, *february)) == UptimeTally(unknown=february.length)


def test_gatus_no_data_is_not_down() -> None:
    tally = measure(service_of(seen([], 0, DAY)))
    assert tally.down == 0
    assert (tally.upper, tally.coverage) == (1, 0)


def test_icingadb_no_data_is_not_up() -> None:
    tally = measure(service_of(seen([], 0, DAY)))
    assert tally.up == 0
    assert (tally.lower, tally.coverage) == (0, 0)


def test_a_flapping_monitor_makes_one_incident_not_fifty() -> None:
    flapping = [second for second in range(600, 2600, 20) if second // 20 % 2]
    service = service_of(seen(probed(range(0, 7200, 20), failing=flapping), 0, 2 * HOUR))
    (episode,) = episodes(service, quiet=5 * MINUTE)
    assert len(episode.outages) == 50
    assert (episode.start, episode.end) == (flapping[0] * SECOND, (flapping[-1] + 20) * SECOND)
