"""Whether the services work: for their users, and for everybody who opens the status page."""

from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock

from baken.domain.instants import to_datetime
from baken.domain.outages import Outage, outages
from baken.domain.timelines import State, Timeline
from baken.domain.zones import zone
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.monitors import reads as monitors
from baken.record.people.access import Caller, program
from baken.record.people.acting import acting
from baken.record.reports import scopes
from baken.record.reports.reads import uptimes
from baken.record.reports.uptimes import Uptimes

STATUS = program("status")


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """A service now and on the days before. since: when the present state began, None when before those days.

    zone: of the agreement, in which its days are cut. today: the local date. measured: timelines and maintenance.
    """

    service: Service
    zone: str
    today: date
    timeline: Timeline
    state: State
    since: int | None
    reason: str | None
    measured: Uptimes

    @property
    def outages(self) -> list[Outage]:
        """The outages of those days, the latest first."""
        return outages(self.timeline)[::-1]


def of_service(caller: Caller, service: Service, days: int, as_of: int) -> ServiceStatus:
    """A service over the last days, today included. A customer's caller sees it by their own agreement."""
    owner = service.organisation_id if caller.staff else caller.organisation or service.organisation_id
    there = catalogue.held_at(service.id, owner, to_datetime(as_of)).terms.zone
    today = to_datetime(as_of).astimezone(zone(there)).date()
    scope = scopes.scope(
        caller,
        service=service,
        customer=None,
        date_from=today - timedelta(days=days - 1),
        date_to=today + timedelta(days=1),
        as_of=as_of,
    )
    measured = uptimes(caller, scope)
    timeline = measured.service
    last = list(timeline)[-1]
    since = last.start if last.start > timeline.start else None
    return ServiceStatus(service, there, today, timeline, last.state, since, last.reason, measured)


def of_all(caller: Caller, days: int, as_of: int) -> list[ServiceStatus]:
    """The services that a caller may know of and that are, or were, measured."""
    rows = [service for service in catalogue.services(caller) if monitors.has_results(service.id)]
    return [of_service(caller, service, days, as_of) for service in rows]


class ForEverybody:
    """The same for people who are not signed in: the names of services and when they worked is all there is to it.

    Whoever likes may ask for it, as often as they like: what was found holds `HOLDS` in this process, and one looks
    while the others wait.
    """

    HOLDS = 10_000_000
    """Microseconds."""

    def __init__(self) -> None:
        self._looking = Lock()
        self._found: list[ServiceStatus] | None = None
        self._days = self._as_of = 0

    def __call__(self, days: int, as_of: int) -> tuple[list[ServiceStatus], int]:
        """What was found, and as of when."""
        with self._looking:
            if self._found is None or self._days != days or not 0 <= as_of - self._as_of < self.HOLDS:
                with acting(STATUS):
                    self._found = of_all(STATUS, days, as_of)
                self._days, self._as_of = days, as_of
            return self._found, self._as_of

    def forget(self) -> None:
        """Look again at the next question."""
        self._found = None


for_everybody = ForEverybody()
