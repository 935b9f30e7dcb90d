"""A service that is measured in a test: what its locations see, second by second, without a network."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from baken.domain.instants import to_us
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.monitors import flows
from baken.record.monitors.models import Location, Monitor
from baken.record.people.access import program

TESTS = program("tests")
INTERVAL = timedelta(seconds=10)


def monitored(service: Service, since: datetime, **options: int) -> Monitor:
    """A monitor of the service that asks every ten seconds, confirms after 30 s and calls 60 s calm."""
    settings = {"interval": 10_000, "tolerance": 5_000, "confirm_after": 30_000, "quiet": 60_000, **options}
    with clock.at(since):
        return flows.add_monitor(TESTS, service=service, name="front page", url="http://example.org/", **settings)


def place(service: Service, code: str, since: datetime) -> Location:
    """A location that may report."""
    with clock.at(since):
        return flows.add_location(TESTS, provider=service.organisation, code=code, name=code, public_key="0" * 43 + "=")


def see(
    location: Location, monitor: Monitor, began: datetime, ended: datetime, down: Iterable[tuple[int, int]] = ()
) -> None:
    """Results of [began, ended), arriving at `ended`: down from and until those seconds after `began`, else up."""
    spans = [(began + timedelta(seconds=a), began + timedelta(seconds=b)) for a, b in down]
    location.refresh_from_db()
    at, results = began, []
    while at < ended:
        fails = any(a <= at < b for a, b in spans)
        results.append(
            flows.Result(
                monitor.id, location.acknowledged + len(results) + 1, to_us(at), 20_000,
                "down" if fails else "up", "timeout" if fails else "ok", None if fails else 200,
            )
        )  # fmt: skip
        at += INTERVAL
    with clock.at(ended):
        flows.accept(location, results)
