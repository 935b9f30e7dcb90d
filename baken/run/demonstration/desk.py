"""What customers report in a month, and how the desk goes about it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from baken.domain.agreements import Terms
from baken.domain.facts import Outcome, Priority
from baken.domain.instants import DAY, HOUR, MINUTE, to_datetime
from baken.domain.periods import Period
from baken.domain.zones import zone
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.incidents.past import Past
from baken.record.orgs.models import Organisation
from baken.record.people.access import Role
from baken.run.demonstration import topics_en, topics_nl
from baken.run.demonstration.tales import Scene, Tale
from baken.run.demonstration.world import USES, Person, World

PHRASES = {"nl": topics_nl.PHRASES, "en": topics_en.PHRASES}
A_MONTH = {"documents": 78, "payroll": 42, "sensors": 48}
"""How many incidents an ordinary month brings."""
HOURS = (1, 1, 1, 1, 1, 2, 6, 20, 62, 95, 100, 82, 58, 74, 80, 66, 44, 22, 10, 8, 6, 4, 3, 2)
AROUND_THE_CLOCK = (30, 26, 24, 26, 34, 48, 62, 74, 82, 86, 84, 80, 76, 80, 84, 80, 72, 64, 60, 56, 52, 46, 40, 34)
"""How much of a day's work each local hour brings."""
DAYS = (128, 112, 104, 100, 82, 12, 9)
DAYS_AROUND = (106, 102, 100, 102, 104, 74, 66)
"""The same for each weekday, from Monday."""
NIGHT = range(7, 20)
"""Local hours in which the whole desk works; outside them two agents do."""
SHARES = {Priority.HIGH: 5, Priority.MEDIUM: 53, Priority.LOW: 42}


@dataclass(frozen=True, slots=True)
class Month:
    """A month and how it goes. volume: incidents, of an ordinary month. late: the share that is late.

    pace: how much of the agreed time is used, of an ordinary month. high: weight of high priority. rush: reports in
    its last day beyond that, of which most are open still.
    """

    period: Period
    volume: float = 1.0
    late: float = 0.012
    pace: float = 1.0
    high: int = 5
    rush: int = 0


class Desk:
    """A service, its customers and the agents who work for them."""

    def __init__(self, world: World, service: Service, rng: Random) -> None:
        self._service, self._rng, self._world = service, rng, world
        self._zone = zone(catalogue.history_for(service.id, service.organisation_id)[0].terms.zone)
        shares = USES[service.code]
        self._customers = [world.customers[code] for code in shares]
        self._weights = list(shares.values())
        self._agreements = {customer.id: catalogue.history_for(service.id, customer.id) for customer in self._customers}
        self._count = 1_000

    def month(self, month: Month, end: int) -> list[Past]:
        """The incidents reported in a month, as far as they had come at `end`, in order of their reports."""
        tales = sorted(self._tales(month, end), key=lambda tale: tale.reported)
        return [tale.past(end) for tale in tales if tale.reported <= end]

    def _tales(self, month: Month, end: int) -> Iterator[Tale]:
        for at, pace in self._arrivals(month, end):
            tale = Tale(self._scene(at), self._rng, at, self._priority(pace))
            tale.report()
            self._tell(tale, pace, at)
            yield tale
            if tale.counts and self._rng.random() < 0.018:
                yield self._duplicate(tale, at)

    def _arrivals(self, month: Month, end: int) -> list[tuple[int, Month]]:
        """Instants of reports, each with how it goes then."""
        usual = A_MONTH[self._service.code] * month.period.length / (30.4 * DAY)
        count = round(usual * month.volume * self._rng.uniform(0.94, 1.06))
        found = [(at, month) for at in self._instants(month.period.start, month.period.end, count)]
        if month.rush:
            hasty = replace(month, late=0.1, pace=2.4)
            found += [(at, hasty) for at in self._instants(end - 26 * HOUR, end, month.rush)]
        return sorted(found, key=lambda one: one[0])

    def _instants(self, start: int, end: int, count: int) -> list[int]:
        """Instants in [start, end), more of them in the hours and on the days on which the service is used."""
        around = self._service.code == "sensors"
        hours = range(start, end, HOUR)
        weights = []
        for hour in hours:
            local = to_datetime(hour).astimezone(self._zone)
            by_hour, by_day = (AROUND_THE_CLOCK, DAYS_AROUND) if around else (HOURS, DAYS)
            weights.append(by_hour[local.hour] * by_day[local.weekday()])
        drawn = self._rng.choices(hours, weights, k=count)
        return [hour + self._rng.randrange(min(HOUR, end - hour)) for hour in drawn]

    def _scene(self, at: int) -> Scene:
        customer = self._rng.choices(self._customers, self._weights)[0]
        reporter = self._rng.choice(self._world.contacts[customer.id])
        phrases = PHRASES[reporter.language]
        topics = phrases.topics[self._service.code]
        topic = self._rng.choices(topics, [4 if "availability" in one.classes else 1.6 for one in topics])[0]
        self._count += self._rng.randrange(1, 9)
        return Scene(
            self._service.id,
            customer.id,
            self._terms(customer, at),
            reporter,
            self._agent(at),
            topic,
            phrases,
            self._count,
        )

    def _agent(self, at: int) -> Person:
        agents = self._world.staff[Role.AGENT]
        hour = to_datetime(at).astimezone(self._zone).hour
        return self._rng.choice(agents if hour in NIGHT else agents[-2:])

    def _terms(self, customer: Organisation, at: int) -> Terms:
        return catalogue.holding(self._agreements[customer.id], to_datetime(at)).terms

    def _priority(self, month: Month) -> Priority:
        weights = {**SHARES, Priority.HIGH: month.high}
        return self._rng.choices(list(weights), list(weights.values()))[0]

    def _tell(self, tale: Tale, month: Month, reported: int) -> None:
        rng = self._rng
        if rng.random() < 0.035:
            tale.leave_out(rng.choices([Outcome.WITHDRAWN, Outcome.REJECTED, Outcome.TEST], [5, 3, 1])[0])
            return
        restoring = "integrity" in tale.scene.topic.classes  # what is lost for good, the story tells by itself
        late = not restoring and rng.random() < month.late
        slow = late and rng.random() < 0.7
        tale.respond(rng.uniform(1.05, 1.7) if slow else self._share(0.22, month), by_call=rng.random() < 0.14)
        if tale.priority is Priority.LOW and rng.random() < 0.06:
            tale.raise_priority()
        work = tale.work(reported, rng.uniform(1.08, 1.9) if late else self._share(0.34, month))
        if rng.random() < 0.17:
            tale.ask(work // 3)
            work -= work // 3
        elif rng.random() < 0.07:
            tale.wait_for_supplier(work // 2)
            work -= work // 2
        tale.resolve(work)
        if not restoring and rng.random() < 0.03:
            tale.reopen(tale.work(reported, 0.05))
        tale.close()

    def _share(self, usual: float, month: Month) -> float:
        """The share of the agreed time that somebody in time uses."""
        return min(0.93, self._rng.lognormvariate(0, 0.55) * usual * month.pace)

    def _duplicate(self, tale: Tale, at: int) -> Tale:
        """A colleague reports the same, and the agent merges it into the first report."""
        scene = replace(tale.scene, reporter=self._rng.choice(self._world.contacts[tale.scene.customer]))
        again = Tale(scene, self._rng, at + self._rng.randrange(2 * MINUTE, 50 * MINUTE), tale.priority)
        again.thing = tale.thing
        again.report()
        again.leave_out(Outcome.DUPLICATE, tale.id)
        return again
