"""A prober's process and its hub: what was committed arrives once, in order, whatever happens to either."""

import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from baken.reach.prober import signing
from baken.reach.prober.checks import Check, Observation, Result
from baken.reach.prober.spool import Spool, SpoolError
from tests.flows.prober_world import Hub, ProberProcess, Service, wait_for

PRIVATE, PUBLIC = signing.generate_key()
KEY = signing.load_key(PRIVATE)


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    yield server
    server.gate.set()
    server.stop()


@pytest.fixture
def hub(service: Service) -> Iterator[Hub]:
    server = Hub(PUBLIC, [check(service, "/ok")])
    yield server
    server.stop()


@pytest.fixture
def start(hub: Hub, tmp_path: Path) -> Iterator[Callable[[], ProberProcess]]:
    """Starts a prober's process, each time with the same folder; ends what is left of them."""
    started = []

    def one(private: str = PRIVATE) -> ProberProcess:
        started.append(ProberProcess(hub, private, tmp_path))
        return started[-1]

    yield one
    for process in started:
        process.kill()


def check(service: Service, path: str, name: str = "m", timeout: float = 5.0) -> Check:
    return Check(id=name, url=service.url(path), interval=0.2, timeout=timeout)


def wait_for_results(hub: Hub, more: int = 3) -> None:
    wanted = len(hub.results) + more
    wait_for(lambda: len(hub.results) >= wanted, f"{more} more results at the hub")


def assert_gapless(results: list[Result]) -> None:
    """Numbered from 1 without a gap, in the order in which they were seen, and no run twice."""
    assert [result.sequence for result in results] == list(range(1, len(results) + 1))
    for name in {result.monitor for result in results}:
        starts = [result.started for result in results if result.monitor == name]
        assert starts == sorted(set(starts))


def spooled(folder: Path) -> list[Result]:
    spool = Spool(folder / "state" / "spool.sqlite3", KEY)
    waiting = spool.oldest(10_000)
    spool.close()
    return waiting


def on_disk(folder: Path) -> bytes:
    """All that lies in a folder: the spool and its journal."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


def observations(count: int) -> list[Observation]:
    return [Observation("m", started, 5, "up", "ok", 200) for started in range(count)]


def test_results_arrive_and_a_new_assignment_is_taken(
    hub: Hub, service: Service, start: Callable[[], ProberProcess]
) -> None:
    start()
    wait_for_results(hub)
    hub.assign([check(service, "/status/500", "other")])
    wait_for(lambda: hub.of("other"), "results of the new check")
    assert hub.of("m")[0][4:] == ("up", "ok", 200)
    assert hub.of("other")[0][4:] == ("down", "status", 500)
    assert_gapless(hub.results)


def test_kill_9_loses_nothing_that_was_committed(hub: Hub, tmp_path: Path, start: Callable[[], ProberProcess]) -> None:
    for _ in range(2):
        prober = start()
        wait_for_results(hub)
        prober.kill()
        committed = spooled(tmp_path)
        before = list(hub.results)
        prober = start()
        wait_for_results(hub)
        prober.kill()
        arrived = {result.sequence: result for result in hub.results}
        assert all(arrived[result.sequence] == result for result in [*before, *committed])
    assert_gapless(hub.results)


def test_probing_goes_on_while_the_hub_is_away(hub: Hub, service: Service, start: Callable[[], ProberProcess]) -> None:
    start()
    wait_for_results(hub)
    hub.stop()
    away, probed = time.time_ns() // 1000, len(service.requests)
    wait_for(lambda: len(service.requests) > probed + 5, "runs without a hub")
    back = time.time_ns() // 1000
    hub.start()
    wait_for(lambda: sum(away < result.started < back for result in list(hub.results)) >= 5, "what was spooled")
    assert_gapless(hub.results)


def test_a_restart_while_the_hub_is_away_works_from_disk_on_which_no_word_is_readable(
    hub: Hub, service: Service, tmp_path: Path, start: Callable[[], ProberProcess]
) -> None:
    said = Check(
        id="m", url=service.url("/ok"), interval=0.2, timeout=5, expect_text="all is well", headers={"X-Token": "k3y"}
    )
    hub.assign([said])
    prober = start()
    wait_for_results(hub)
    hub.stop()
    prober.kill()
    assert b"aligned" in (held := on_disk(tmp_path / "state"))
    assert not [word for word in (said.url, "all is well", "X-Token", "k3y") if word.encode() in held]
    prober, probed = start(), len(service.requests)
    wait_for(lambda: len(service.requests) > probed + 3, "runs of the assignment on disk")
    prober.kill()
    start()
    hub.start()
    wait_for_results(hub, 6)
    assert_gapless(hub.results)


def test_sigterm_lets_a_run_finish_and_commits_it(
    hub: Hub, service: Service, tmp_path: Path, start: Callable[[], ProberProcess]
) -> None:
    hub.assign([check(service, "/slow")])
    prober = start()
    wait_for(lambda: service.requests, "a run under way")
    hub.stop()
    prober.send(signal.SIGTERM)
    service.gate.set()
    assert prober.wait() == 0
    (result,) = spooled(tmp_path)
    assert (result.monitor, result.sequence, result.outcome) == ("m", 1, "up")


def test_a_prober_that_stood_still_does_not_blame_the_service(
    hub: Hub, service: Service, start: Callable[[], ProberProcess]
) -> None:
    hub.assign([check(service, "/slow", timeout=1.0)])
    prober = start()
    wait_for(lambda: service.requests, "a run under way")
    prober.send(signal.SIGSTOP)
    time.sleep(1.5)  # longer than the timeout: when it goes on, time is up, by the prober's own fault
    prober.send(signal.SIGCONT)
    service.gate.set()
    wait_for(lambda: hub.of("m"), "a result after the pause")
    assert {result.outcome for result in hub.of("m")} == {"up"}
    assert "no results for m: overloaded" in prober.log()


def test_another_key_is_refused_and_said_so(hub: Hub, start: Callable[..., ProberProcess]) -> None:
    prober = start(signing.generate_key()[0])
    wait_for(lambda: hub.refused > 1, "refusals")
    assert hub.results == []
    assert "refuses this location" in prober.log()


def test_problems_are_told_to_the_hub(hub: Hub, service: Service, start: Callable[[], ProberProcess]) -> None:
    hub.allow_private = False
    hub.assign([check(service, "/ok")])
    hub.entries.append({"id": "broken", "url": "gopher://x", "interval": 1, "timeout": 1})
    prober = start()
    wait_for(lambda: len(hub.problems) == 2, "both problems")
    assert [(p["monitor"], p["reason"]) for p in hub.problems] == [("broken", "invalid"), ("m", "blocked")]
    hub.allow_private = True
    hub.assign([check(service, "/ok")])
    wait_for_results(hub)
    wait_for(lambda: hub.problems == [], "the end of the problems")
    wait_for_results(hub, 6)
    assert all(earlier != later for earlier, later in pairwise(hub.told))
    assert service.url("/ok") not in prober.log()


def test_a_hub_put_back_to_an_older_state_gets_a_gapless_sequence(hub: Hub, start: Callable[[], ProberProcess]) -> None:
    start()
    wait_for_results(hub, 6)
    hub.stop()
    forgotten = Counter(result.started for result in hub.results[3:])
    del hub.results[3:]
    hub.start()
    wait_for_results(hub)
    assert_gapless(hub.results)
    assert not forgotten & Counter(result.started for result in hub.results)


def test_a_lost_folder_goes_on_after_the_hubs_number(
    hub: Hub, service: Service, tmp_path: Path, start: Callable[[], ProberProcess]
) -> None:
    first = start()
    wait_for_results(hub)
    first.kill()
    (tmp_path / "state").rename(tmp_path / "lost")
    start()
    wait_for_results(hub)
    assert_gapless(hub.results)


def test_a_full_spool_keeps_the_oldest_and_numbers_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", KEY, capacity=5)
    spool.acknowledge(0)
    assert spool.append(observations(4)) == 4
    assert spool.append(observations(4)) == 1
    assert [result.sequence for result in spool.oldest(10)] == [1, 2, 3, 4, 5]
    assert [result.started for result in spool.oldest(10)] == [0, 1, 2, 3, 0]
    spool.acknowledge(5)
    spool.close()
    spool = Spool(tmp_path / "spool", KEY, capacity=5)
    assert spool.append(observations(2)) == 2
    assert [result.sequence for result in spool.oldest(10)] == [6, 7]
    spool.close()


@pytest.mark.parametrize(
    ("expected", "sequences"),
    [(8, [8, 9, 10]), (11, []), (6, [6, 7, 8, 9, 10]), (3, [3, 4, 5, 6, 7]), (20, [20, 21, 22, 23, 24])],
)
def test_the_spool_resumes_where_the_hub_wants(tmp_path: Path, expected: int, sequences: list[int]) -> None:
    spool = Spool(tmp_path / "spool", KEY)
    spool.acknowledge(0)
    spool.append(observations(10))
    spool.acknowledge(5)
    spool.resume_at(expected)
    assert [result.sequence for result in spool.oldest(10)] == sequences
    spool.append(observations(1))
    assert spool.oldest(10)[-1].sequence == (sequences[-1] if sequences else expected - 1) + 1
    spool.close()


def test_a_spool_that_was_put_back_goes_on_after_the_hubs_number(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", KEY)
    spool.acknowledge(0)
    spool.append(observations(3))
    spool.acknowledge(20)
    assert [result.sequence for result in spool.oldest(10)] == [21, 22, 23]
    spool.close()


def test_an_older_number_from_the_hub_changes_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", KEY)
    spool.acknowledge(0)
    spool.append(observations(10))
    spool.acknowledge(5)
    spool.acknowledge(2)
    assert [result.sequence for result in spool.oldest(10)] == [6, 7, 8, 9, 10]
    spool.close()


def test_two_probers_cannot_share_a_folder(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", KEY)
    with pytest.raises(SpoolError, match="another prober"):
        Spool(tmp_path / "spool", KEY)
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0
    spool.close()


def test_a_damaged_spool_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "spool").write_bytes(b"not a database, however long it goes on " * 100)
    with pytest.raises(SpoolError, match="move the file away"):
        Spool(tmp_path / "spool", KEY)


def test_what_is_kept_opens_with_the_same_key_in_the_same_place_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", KEY)
    spool.keep("assignment", "été")
    assert spool.recall("assignment") == "été"
    spool.close()
    with sqlite3.connect(tmp_path / "spool") as db:
        db.execute("INSERT INTO state SELECT 'moved', value FROM state WHERE name = 'assignment'")
    db.close()
    for key, found in ((signing.load_key(signing.generate_key()[0]), None), (KEY, "été")):
        spool = Spool(tmp_path / "spool", key)
        assert (spool.recall("assignment"), spool.recall("moved")) == (found, None)
        spool.close()


def test_an_older_spool_keeps_its_results_and_nothing_that_was_in_the_clear(tmp_path: Path) -> None:
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
    spool = Spool(tmp_path / "old" / "spool", KEY)
    spool.acknowledge(0)
    spool.append(observations(3))
    spool.close()
    db = sqlite3.connect(tmp_path / "old" / "spool")
    db.execute("PRAGMA user_version = 0")
    db.execute("PRAGMA secure_delete = OFF")  # as most builds of SQLite have it
    for longest in (90_000, 20_000, 100):  # each leaves free pages behind
        with db:
            db.execute("REPLACE INTO state VALUES ('assignment', ?)", ("http://plain.example " * longest,))
    shutil.copytree(tmp_path / "old", tmp_path / "new", dirs_exist_ok=True)  # as a kill leaves it, with its journal
    db.close()
    assert b"plain.example" in on_disk(tmp_path / "new")
    spool = Spool(tmp_path / "new" / "spool", KEY)
    assert spool.recall("assignment") is None
    assert [result.sequence for result in spool.oldest(10)] == [1, 2, 3]
    assert not spool.is_new
    assert b"plain.example" not in on_disk(tmp_path / "new")
    spool.close()
