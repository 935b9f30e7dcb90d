"""Makes the demonstration: the world, then month by month what happened in it, then what follows from that."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from django.db import transaction

from baken.domain.instants import to_datetime
from baken.domain.kpis import Status
from baken.record.clocks.flows import catch_up, signal_due
from baken.record.incidents import past
from baken.record.ledger import clock
from baken.record.people import security_log
from baken.record.people.access import Conflict
from baken.record.people.reads import provider
from baken.record.reports import flows as reports
from baken.record.reports import reads
from baken.record.reports.reads import Scope
from baken.run.demonstration import care, grievances, sights, trouble, world
from baken.run.demonstration.desk import Desk, Month
from baken.run.demonstration.stage import Stage, Year
from baken.run.demonstration.world import World

BUSY = {"documents": 4, "payroll": 6, "sensors": 8}
"""The month in which everything comes at once."""
QUIET = {"documents": (2, 9), "payroll": (3, 10), "sensors": (2, 7)}
RUSH = {"documents": 11, "payroll": 6, "sensors": 7}
"""What comes in on the last day beyond the ordinary, so that the queue is not empty."""
SEALED = (("documents", 1), ("documents", 2), ("payroll", 1))
"""Services and months whose reports the manager sealed."""
CAUSES = {
    Status.MISSED: (
        "More work than the desk could take, after one change.",
        "Changes on Tuesdays only, one at a time.",
    ),
    Status.NOT_PROVEN: ("Not measured or looked at in time.", "A reminder in the manager's calendar."),
}


def make_year(say: Callable[[str], None], *, seed: int, months: int, end: datetime) -> None:
    """Make it all up to `end`. Facts and rows in one transaction; what follows from them afterwards."""
    year = Year.until(end, months)
    say(f"demonstration: making {months} months of history")
    with transaction.atomic():
        if provider() is not None:
            raise Conflict("There is a provider already; the demonstration is for an empty installation.")
        made = _tell(year, seed)
    say("demonstration: reading the clocks")
    while catch_up():
        pass
    with clock.at(end):
        while signal_due():
            pass
        while catch_up():
            pass
        for service, month in SEALED:
            if month < year.months[-1]:
                _seal(made, year, service, month)


def _tell(year: Year, seed: int) -> World:
    with clock.at(to_datetime(year.began)), security_log.as_one("demonstration.made"):
        made = world.make(to_datetime(year.began))
        locations, monitors = sights.place(made)
    troubles = [*trouble.outages(year), *trouble.silences(year)]
    sights.tell(locations, monitors, troubles, year.began, year.end)
    stage = Stage()
    for part in (care, trouble, grievances):
        part.add_all(stage, made, year)
    desks = {code: Desk(made, service, Random(f"{seed} {code}")) for code, service in made.services.items()}  # noqa: S311
    for number in year.months:
        _month(made, year, number, desks)
        stage.play(min(year.period(number, "UTC").end, year.end))
    return made


def _month(made: World, year: Year, number: int, desks: dict[str, Desk]) -> None:
    """What customers reported in a month, all services together, in order."""
    told = [one for code, desk in desks.items() for one in desk.month(_character(code, number, year), year.end)]
    with clock.at(to_datetime(year.end)):
        past.write(sorted(told, key=lambda one: one.entries[0].at), actor="demonstration")


def _character(service: str, number: int, year: Year) -> Month:
    """How a month goes. The first has no lapses, so that what is not covered of it decides."""
    period = year.period(number, care.ZONES[service])
    if number == 0:
        return Month(period, volume=0.8, late=0, pace=0.6, high=0)
    if number == BUSY[service]:
        return Month(period, volume=2.3, late=0.14, pace=1.7, high=22)
    if number in QUIET[service]:
        return Month(period, volume=0.65, late=0, pace=0.6, high=0)
    return Month(period, rush=RUSH[service] if number == year.months[-1] else 0)


def _seal(made: World, year: Year, service: str, month: int) -> None:
    """The manager explains what was missed, and seals the month."""
    scope = Scope(made.services[service], None, year.period(month, care.ZONES[service]), year.end)
    for kpi in reads.report(made.manager, scope).kpis.values():
        if kpi.status in CAUSES:
            cause, action = CAUSES[kpi.status]
            due = to_datetime(year.end).date() + timedelta(28)
            reports.improve(made.manager, scope, kpi.code, cause=cause, action=action, owner="Mirjam de Wit", due=due)
    reports.seal(made.manager, scope)
