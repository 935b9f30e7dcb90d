"""A real service on loopback that a script stops and starts: what is reported is what the script's own log says.

The prober, the hub's endpoints and the worker are the real ones. The outage lies across the beginning of the peak
hours, and the prober itself is away for a while.
"""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from baken.domain.agreements import default_terms
from baken.domain.calendars import CalendarRule
from baken.domain.calendars.rules import Window
from baken.domain.instants import to_us
from baken.reach.prober import signing
from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.models import Service
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.monitors.models import Sight
from baken.record.reports import reads
from baken.run.supervisor import wait_until
from tests.conftest import Cast
from tests.databases import addresses
from tests.flows.prober_world import ProberProcess, wait_for
from tests.flows.prober_world import Service as Server

INTERVAL, TOLERANCE = 0.4, 1.6
SECOND = 1_000_000
ROOT = Path(__file__).resolve().parents[2]


class LoggedServer(Server):
    """Notes when it was stopped and started, and when it was asked."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.down: list[tuple[float, float]] = []
        super().__init__()

    def note(self, request: Any) -> None:
        self.asked.append(time.time())

    def go_down_until(self, moment: float) -> None:
        self.stop()
        began = time.time()
        time.sleep(max(0.0, moment - began))
        self.start()
        self.down.append((began, time.time()))


@pytest.fixture
def server() -> Iterator[LoggedServer]:
    made = LoggedServer()
    yield made
    made.stop()


@pytest.fixture
def worker(cast: Cast) -> Iterator[None]:
    """The worker, on the database of the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "baken.run.worker"],
        env={**os.environ, **addresses(connection.settings_dict["NAME"]), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    yield
    process.terminate()
    process.wait(30)


def boundary() -> float:
    """A full minute, far enough away for what comes before it."""
    return (time.time() + 15) // 60 * 60 + 60


def measured_service(cast: Cast, opens: float) -> Service:
    """A service whose peak hours are the hour from that instant on, or what is left of the day."""
    minute = int(opens) % 86_400 // 60
    peak = CalendarRule("UTC", tuple(Window(day, minute, min(minute + 60, 1_440)) for day in range(7)))
    return catalogue.add_service(
        cast.program, provider=cast.provider, code="measured", name="Measured", valid_from=cast.service.created_at,
        terms=dataclasses.replace(default_terms("UTC"), peak=peak),
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_what_is_reported_is_what_happened(
    cast: Cast, live_server: LiveServer, server: LoggedServer, worker: None, tmp_path: Path
) -> None:
    peak_opens = boundary()
    private, public = signing.generate_key()
    created = datetime.now(UTC)
    with clock.at(created):
        service = measured_service(cast, peak_opens)
        monitors.add_location(cast.program, provider=cast.provider, code="ams", name="", public_key=public)
        monitor = monitors.add_monitor(
            cast.program, service=service, name="page", url=server.url("/ok"), interval=int(INTERVAL * 1000),
            tolerance=int(TOLERANCE * 1000), timeout=300, confirm_after=1_000, quiet=2_000,
        )  # fmt: skip
    prober = ProberProcess(live_server, private, tmp_path)  # type: ignore[arg-type]  # it needs the url alone
    try:
        wait_for(lambda: Sight.objects.filter(monitor=monitor, up=True).exists(), "the first result")
        time.sleep(2)
        prober.send(signal.SIGTERM)
        prober.wait()
        away_since = server.asked[-1]
        time.sleep(5)
        prober = ProberProcess(live_server, private, tmp_path)  # type: ignore[arg-type]
        back_at = wait_for(lambda: next((at for at in server.asked if at > away_since), 0.0), "the prober is back")
        time.sleep(max(0.0, peak_opens - 4 - time.time()))
        server.go_down_until(peak_opens + 5)
        resolved = Incident.objects.filter(service=service, status="resolved")
        assert wait_until(resolved.exists, 60), "the worker opened the incident and ended it"
    finally:
        prober.send(signal.SIGTERM)
        prober.kill()
    ((stopped, started),) = server.down
    as_of = to_us(datetime.now(UTC))
    day = datetime.fromtimestamp(peak_opens, UTC).date()
    scope = reads.scope(
        cast.mona.caller, service=service, customer=None, date_from=created.date(),
        date_to=day + timedelta(days=1), as_of=as_of,
    )  # fmt: skip
    kpis = reads.report(cast.mona.caller, scope).kpis
    c1, c2 = kpis["C1"].beside, kpis["C2"].beside

    assert _seconds(c1["down"]) == pytest.approx(started - stopped, abs=1)
    assert _seconds(c2["down"]) == pytest.approx(started - max(stopped, peak_opens), abs=1)
    silent = back_at - away_since - INTERVAL  # a check speaks for the time until the next one was due
    before = server.asked[0] - scope.period.start / SECOND
    assert _seconds(c1["unknown"]) == pytest.approx(before + silent, abs=1)
    assert c1["up"] + c1["down"] + c1["unknown"] == as_of - scope.period.start
    assert _seconds(c2["up"] + c2["down"] + c2["unknown"]) == pytest.approx(as_of / SECOND - peak_opens, abs=0.001)
    assert _seconds(c2["unknown"]) < 1

    (incident,) = Incident.objects.filter(service=service)
    assert incident.resolved_at is not None
    assert incident.reported.timestamp() == pytest.approx(stopped + 1, abs=1), "confirmed a second after it went down"
    assert incident.resolved_at.timestamp() == pytest.approx(started, abs=1)
    assert (incident.priority, incident.classes, incident.origin) == ("high", ["availability"], "monitor")


def _seconds(microseconds: int) -> float:
    return microseconds / SECOND
