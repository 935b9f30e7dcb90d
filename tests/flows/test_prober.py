"""What one run of a check says about a service, against real servers that misbehave."""

import json
import logging
import os
import queue
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.reach.addresses import is_public
from baken.reach.prober import signing
from baken.reach.prober.checks import Assignment, Check, CheckError, Observation
from baken.reach.prober.engine import Engine
from baken.reach.prober.problems import Problems
from baken.reach.prober.schedule import Moment, Schedule, first_due
from tests.flows.prober_world import PATIENCE, Service, self_signed, wait_for

SECOND = 1_000_000_000


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    yield server
    server.gate.set()
    server.stop()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check(url: str, **changes: Any) -> Check:
    fields: dict[str, Any] = {"id": "m", "url": url, "interval": 0.2, "timeout": 5.0}
    return Check(**(fields | changes))


class Probing:
    """An engine at work in a thread."""

    def __init__(self, *checks: Check, allow_private: bool = True, patience: float = 10.0) -> None:
        self.seen: queue.Queue[Observation] = queue.Queue()
        self.problems = Problems()
        self.asked = threading.Event()
        self.engine = Engine("ams", self.seen.put, self.problems, self.asked.set, patience)
        self.engine.assign(checks, allow_private)
        self._thread = threading.Thread(target=self.engine.run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.engine.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def next(self, monitor: str = "m", since: float = 0.0) -> Observation:
        """The next observation of a monitor, of a run that started at or after `since` (Unix seconds)."""
        while True:
            observation = self.seen.get(timeout=PATIENCE)
            if observation.monitor == monitor and observation.started >= since * 1_000_000:
                return observation

    def problem(self, reason: str, monitor: str = "m") -> str:
        """Wait until this is the problem of a monitor; gives its detail."""

        def found() -> list[dict[str, str | None]]:
            entries = self.problems.to_wire()
            return [entry for entry in entries if (entry["monitor"], entry["reason"]) == (monitor, reason)]

        return str(wait_for(found, f"{reason} for {monitor}")[0]["detail"])


def look(*checks: Check, **how: Any) -> Observation:
    with Probing(*checks, **how) as probing:
        return probing.next()


@pytest.mark.parametrize(
    ("path", "expectation", "outcome", "reason", "status"),
    [
        ("/ok", {}, "up", "ok", 200),
        ("/ok", {"method": "HEAD"}, "up", "ok", 200),
        ("/ok", {"method": "POST", "expect_text": "well"}, "up", "ok", 200),
        ("/ok", {"expect_text": "unwell"}, "down", "text", 200),
        ("/latin", {"expect_text": "één"}, "up", "ok", 200),
        ("/status/503", {}, "down", "status", 503),
        ("/status/503", {"expect_status": ((503, 503),)}, "up", "ok", 503),
        ("/ok", {"expect_status": ((201, 299), (400, 499))}, "down", "status", 200),
        ("/loop", {}, "down", "redirects", 302),
        ("/loop", {"follow_redirects": False}, "up", "ok", 302),
        ("/to//ok", {"expect_text": "well"}, "up", "ok", 200),
        ("/to/file:///etc/passwd", {}, "down", "redirects", 302),
        ("/to/http://127.0.0.1:99999999/", {}, "down", "redirects", 302),
        ("/reset", {}, "down", "reset", None),
    ],
)
def test_an_answer_is_judged(
    service: Service, path: str, expectation: dict[str, Any], outcome: str, reason: str, status: int | None
) -> None:
    before = time.time_ns() // 1000
    seen = look(check(service.url(path), **expectation))
    assert (seen.outcome, seen.reason, seen.status) == (outcome, reason, status)
    assert before <= seen.started <= seen.started + seen.duration <= time.time_ns() // 1000


def test_nobody_listens(free_port: int) -> None:
    seen = look(check(f"http://127.0.0.1:{free_port}/"))
    assert (seen.outcome, seen.reason, seen.status) == ("down", "refused", None)


def test_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secure = Service(self_signed(tmp_path))
    assert look(check(secure.url("/ok")))[3:] == ("down", "tls", None)
    assert look(check(secure.url("/ok"), verify_tls=False))[3:] == ("up", "ok", 200)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    assert look(check(secure.url("/ok")))[3:] == ("up", "ok", 200)
    assert look(check(f"https://localhost:{secure.port}/"))[3:] == ("down", "tls", None)
    secure.stop()


@pytest.mark.parametrize(
    ("url", "reason"),
    [("/slow", "timeout"), (f"http://{'a' * 64}.example/", "dns")],  # a label may have 63 characters
)
def test_silence_counts_once_something_else_answers(service: Service, url: str, reason: str) -> None:
    silent = check(service.url(url) if url.startswith("/") else url, timeout=0.3)
    with Probing(silent) as probing:
        assert probing.asked.wait(PATIENCE)
        assert probing.seen.empty()
        probing.engine.answered(by_name=False)
        assert probing.next()[3:5] == ("down", reason)
    witness = check(service.url("/ok"), id="witness")
    assert look(silent, witness)[3:5] == ("down", reason)


def test_a_name_is_missed_only_when_another_is_found(service: Service) -> None:
    lost = check(f"http://{'a' * 64}.example/", timeout=0.3)
    unlikely = check(f"http://{'b' * 64}.example/", id="n", timeout=0.3)
    with Probing(lost, unlikely, check(service.url("/ok"), id="by address"), patience=0.5) as probing:
        probing.problem("network")
        probing.problem("network", "n")
        assert {probing.seen.get(timeout=PATIENCE).monitor for _ in range(5)} == {"by address"}

        def name_is_missed() -> bool:
            probing.engine.answered(by_name=True)
            return any(seen.reason == "dns" for seen in list(probing.seen.queue))

        wait_for(name_is_missed, "a name that is not found while another is")


def test_silence_all_around_says_nothing_about_the_service(service: Service) -> None:
    with Probing(check(service.url("/slow"), timeout=0.3), patience=0.2) as probing:
        probing.problem("network")
        assert probing.seen.empty()
        service.gate.set()
        assert probing.next().outcome == "up"
        wait_for(lambda: not probing.problems.to_wire(), "the problem is over")


def test_a_machine_without_a_way_out_gives_no_result() -> None:
    # TCP to the broadcast address fails on this machine with ENETUNREACH, whatever its network.
    with Probing(check("http://255.255.255.255:9/")) as probing:
        assert "255" not in probing.problem("network")
        assert probing.seen.empty()


@contextmanager
def no_file_left() -> Iterator[None]:
    """This process can open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    first = os.open(os.devnull, os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first + 50, hard))
    opened = [first]
    try:
        with suppress(OSError):
            while True:
                opened.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for number in opened:
            os.close(number)


def test_a_machine_out_of_file_descriptors_gives_no_result(service: Service) -> None:
    with Probing(check(service.url("/ok"))) as probing:
        probing.next()
        with no_file_left():
            probing.problem("prober")
        outcomes = {probing.next().outcome, probing.next(since=time.time()).outcome}
    assert outcomes == {"up"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_a_private_address_is_not_connected_to_unless_allowed(service: Service, host: str) -> None:
    with Probing(check(f"http://{host}:{service.port}/ok"), allow_private=False) as probing:
        assert probing.problem("blocked") == "its address is not public", "which goes to the log, and names none"
        assert probing.seen.empty()
    assert service.requests == []


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
        *("255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1"),
        *("64:ff9b::a00:1", "2002:a00:1::1", "::7f00:1", "2001:db8::1"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


def test_outcomes_flip_with_the_service(service: Service) -> None:
    with Probing(check(service.url("/ok"))) as probing:
        assert probing.next().outcome == "up"
        service.stop()
        assert [probing.next(since=time.time()).outcome for _ in range(2)] == ["down"] * 2
        service.start()
        assert [probing.next(since=time.time()).outcome for _ in range(2)] == ["up"] * 2


def test_overlapping_runs_are_skipped(service: Service) -> None:
    slow, quick = check(service.url("/slow"), timeout=20.0), check(service.url("/ok"), id="quick")
    with Probing(slow, quick) as probing:
        wait_for(lambda: any(path == "/slow" for _, path, _ in service.requests), "the slow run")
        for _ in range(5):
            probing.next("quick")
        assert [path for _, path, _ in service.requests].count("/slow") == 1
        service.gate.set()
        assert probing.next().outcome == "up"


def test_a_new_assignment_replaces_the_old(service: Service) -> None:
    with Probing(check(service.url("/old"))) as probing:
        probing.next()
        probing.engine.assign([check(service.url("/status/404")), check(service.url("/ok"), id="n")], True)
        probing.next("n")
        assert probing.next(since=time.time()).status == 404
        probing.engine.assign([check(service.url("/ok"), id="n")], True)
        last = probing.next("n", since=time.time() + 0.3)  # the change was taken well before this run
        assert probing.next("n", since=last.started / 1_000_000).outcome == "up"
        asked = [path for _, path, _ in service.requests]
        assert asked[-1] == "/ok"
        assert "/old" not in asked[asked.index("/status/404") :]


def test_secrets_go_to_their_own_origin_only(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    elsewhere = Service()
    secret = check(
        f"http://me:pass-word@127.0.0.1:{service.port}/to/{elsewhere.url('/ok')}",
        headers={"X-Token": "sesame"},
        expect_text="unwell",
    )
    assert look(secret).reason == "text"
    assert (sent := service.requests[0][2])["X-Token"] == "sesame"
    assert "Authorization" in sent
    assert not {"X-Token", "Authorization"} & elsewhere.requests[0][2].keys()
    inside = check(f"http://me:pass-word@127.0.0.1:{service.port}/to//ok", headers={"X-Token": "sesame"})
    assert look(inside).outcome == "up"
    assert service.requests[-1][2]["X-Token"] == "sesame"
    assert service.requests[-1][2]["Authorization"] == sent["Authorization"]
    for text in (repr(secret), caplog.text):
        assert "sesame" not in text
        assert "pass-word" not in text
    elsewhere.stop()


def test_a_clock_that_was_set_is_noticed() -> None:
    start = Moment(wall=1_000 * SECOND, monotonic=50 * SECOND)
    assert not start.clock_was_set_by(Moment(1_010 * SECOND, 60 * SECOND))
    assert start.clock_was_set_by(Moment(1_011 * SECOND, 60 * SECOND))
    assert start.clock_was_set_by(Moment(1_009 * SECOND, 60 * SECOND))


@given(
    interval=st.integers(1, 100),
    first=st.integers(0, 100),
    steps=st.lists(st.integers(0, 500), min_size=1, max_size=50),
)
def test_lateness_never_moves_the_grid(interval: int, first: int, steps: list[int]) -> None:
    schedule = Schedule()
    schedule.add("a", first, interval)
    now, points = 0, set()
    for step in steps:
        now += step
        due = schedule.next_due()
        assert due is not None
        if schedule.take(now):
            assert due <= now
            assert (due - first) % interval == 0
            assert due not in points
            points.add(due)
            assert schedule.take(now) is None  # missed points are skipped, not caught up with
            assert now < (schedule.next_due() or 0) <= now + interval
        else:
            assert due > now


def test_a_grid_survives_a_restart_and_differs_per_check() -> None:
    interval, wall = 30 * SECOND, 1_700_000_000 * SECOND
    due = first_due("ams/a", interval, wall, 0)
    assert 0 <= due < interval
    later = first_due("ams/a", interval, wall + 7 * SECOND, 0)
    assert (later + 7 * SECOND - due) % interval == 0
    phases = {first_due(f"ams/{i}", interval, wall, 0) // SECOND for i in range(1000)}
    assert len(phases) == 30


def test_a_signature_holds_for_one_request_only() -> None:
    private, public = signing.generate_key()
    path, timestamp, body = "/api/v1/prober/results", 1_700_000_000_000_000, b'{"results":[]}'
    signature = signing.sign(signing.load_key(private), "POST", path, timestamp, body)
    assert signing.verify(public, "POST", path, timestamp, body, signature)
    assert not signing.verify(public, "PUT", path, timestamp, body, signature)
    assert not signing.verify(public, "POST", "/api/v1/prober/assignment", timestamp, body, signature)
    assert not signing.verify(public, "POST", path, timestamp + 1, body, signature)
    assert not signing.verify(public, "POST", path, timestamp, body + b" ", signature)
    assert not signing.verify(signing.generate_key()[1], "POST", path, timestamp, body, signature)
    assert not signing.verify("not a key", "POST", path, timestamp, body, signature)
    assert not signing.verify(public, "POST", path, timestamp, body, "not a signature")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "ftp://example.org/"}, "url"),
        ({"url": "http://exa mple.org/"}, "url"),
        ({"url": "http://example.org:70000/"}, "url"),
        ({"interval": 0.1}, "interval"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"method": "DELETE"}, "method"),
        ({"expect_status": [[300, 200]]}, "expect_status"),
        ({"method": "HEAD", "expect_text": "x"}, "expect_text"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers"),
        ({"headers": None}, "malformed"),
        ({"interval": "soon"}, "malformed"),
    ],
)
def test_a_check_that_cannot_run_is_named_and_the_others_run(changes: dict[str, Any], field: str) -> None:
    good = check("http://example.org/", id="good")
    bad = good.to_wire() | {"id": "bad"} | changes
    with pytest.raises(CheckError, match=field):
        Check.from_wire(bad)
    assert Check.from_wire(good.to_wire()) == good
    text = json.dumps({"version": "1", "allow_private": False, "checks": [bad, good.to_wire()], "acknowledged": 0})
    assignment = Assignment.from_text(text)
    assert assignment.checks == (good,)
    assert assignment.rejected["bad"].startswith(field)
