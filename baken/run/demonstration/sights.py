"""What the demonstration's locations saw: a year of checks, told by its changes."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from baken.domain.instants import MINUTE, SECOND, to_datetime
from baken.domain.timelines import Change, State
from baken.reach.prober import signing
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.monitors import past
from baken.record.monitors.models import Location, Monitor
from baken.record.monitors.past import PastSight
from baken.run.demonstration.world import DEMONSTRATION, World

LOCATIONS = {"ams": "Amsterdam", "fra": "Frankfurt", "iad": "Ashburn"}
MONITORS = {
    "documents": ("Portaal", "/sign-in/"),
    "payroll": ("Portal", "/sign-in/"),
    "sensors": ("API", "/api/v1/health"),
}
"""What is asked of each service. The address is this installation's own, so that measuring goes on when it runs."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A time in which locations saw a service down, or saw nothing; microseconds.

    services, locations: codes of those concerned. state: down or unknown.
    """

    start: int
    end: int
    services: tuple[str, ...]
    locations: tuple[str, ...] = tuple(LOCATIONS)
    state: State = State.DOWN
    reason: str = "timeout"


def place(world: World) -> tuple[Sequence[Location], Mapping[str, Monitor]]:
    """The locations, and a monitor for each service by its code; from now on."""
    locations = [
        monitors.add_location(
            DEMONSTRATION, provider=world.provider, code=code, name=name, public_key=signing.generate_key()[1]
        )
        for code, name in LOCATIONS.items()
    ]
    return locations, {code: _monitor(service) for code, service in world.services.items()}


def tell(
    locations: Sequence[Location], measured: Mapping[str, Monitor], troubles: Sequence[Trouble], began: int, end: int
) -> None:
    """Write what they saw from `began` to `end`, after which they report no more."""
    seen = [
        PastSight(monitor, location, list(_changes(location.code, code, troubles, began, end)), end - 5 * SECOND)
        for code, monitor in measured.items()
        for location in locations
    ]
    past.write(seen, actor="demonstration")
    with clock.at(to_datetime(end)):
        for location in locations:
            monitors.revoke_location(DEMONSTRATION, location.code)


def _monitor(service: Service) -> Monitor:
    name, path = MONITORS[service.code]
    return monitors.add_monitor(DEMONSTRATION, service=service, name=name, url=f"{settings.BAKEN_URL}{path}")


def _changes(location: str, service: str, troubles: Sequence[Trouble], began: int, end: int) -> Iterator[Change]:
    own = [one for one in troubles if service in one.services and location in one.locations]
    # Checks come every half minute, at another second from each location.
    late = random.Random(f"{location} {service}").randrange(28) * SECOND  # noqa: S311  no secret
    yield Change(began + late, State.UP)
    for trouble in sorted(own, key=lambda one: one.start):
        if trouble.end + MINUTE < end:
            reason = trouble.reason if trouble.state is State.DOWN else "no_result"
            yield Change(trouble.start + late, trouble.state, reason)
            yield Change(trouble.end + late, State.UP)
