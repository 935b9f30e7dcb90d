"""What goes wrong in the demonstration's year beyond the ordinary: outages, lost data, a break-in."""

from collections.abc import Iterable

from baken.domain.deadlines import Step
from baken.domain.facts import IncidentClass, Origin
from baken.domain.instants import DAY, HOUR, MINUTE, SECOND, to_datetime
from baken.domain.timelines import State
from baken.record.detection import flows as detection
from baken.record.incidents import break_ins
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident
from baken.record.orgs import files
from baken.record.orgs.models import File, Organisation
from baken.record.people.access import Role
from baken.record.recovery.models import Drill
from baken.run.demonstration.care import AMSTERDAM, FAILED_DRILL, LONDON, MAINTENANCE, NEW_YORK, ZONES, window
from baken.run.demonstration.sights import LOCATIONS, Trouble
from baken.run.demonstration.stage import Script, Stage, Year
from baken.run.demonstration.world import Person, World

TUESDAY, WEDNESDAY = 1, 2
SILENT_MONTH = 3
UPDATES = {
    "documents": ("We zien de storing en werken eraan. Volgend bericht binnen een half uur.",
                  "Oorzaak: de nieuwe verdeler hield verbindingen vast. Teruggezet naar de vorige versie."),
    "payroll": ("We see it and are working on it. Next update within half an hour.",
                "Cause: a full disk on the primary. Cleared, and the alarm now goes off earlier."),
    "sensors": ("Confirmed and being worked on. Next update in 30 minutes.",
                "Cause: a route that flapped at the carrier. Traffic is over the second line for now."),
}  # fmt: skip
"""What the desk says during an outage, and what is noted about its cause."""
JOINED = {
    "documents": ("Documenten doet het niet", "Niemand hier kan nog bij zijn bestanden. Is er een storing?"),
    "payroll": ("Payroll is down", "None of us can open the portal. Is something wrong at your end?"),
    "sensors": ("Dashboard down", "Everything is blank on our side. Are you down?"),
}

EXPORTS = """\
time,account,rows
02:04,integration-3,18230
02:21,integration-3,18230
02:39,integration-3,18231
02:55,integration-3,18231
"""
RECIPES = """\
Pain de campagne.docx
Roggebrood met honing.docx
Speculaas 2024.docx
Suikerbrood, proef 3.docx
"""
"""Files that customers send along."""


def outages(year: Year) -> list[Trouble]:
    """Outages that monitors open an incident for, in order."""
    planned = [
        _down(year.on(4, WEDNESDAY, 2, "10:40", AMSTERDAM), 135, "documents"),
        _down(year.on(5, WEDNESDAY, 2, "14:10", LONDON), 70, "payroll", "status"),
        _down(year.on(6, TUESDAY, 3, "13:00", AMSTERDAM), 50, "documents", locations=("fra",)),
        *(
            _down(year.on(7, WEDNESDAY, 2, time, NEW_YORK), minutes, "sensors", "reset")
            for time, minutes in (("15:00", 4), ("15:07", 5), ("15:14", 17))
        ),
        _down(year.on(9, TUESDAY, 2, "23:10", LONDON), 35, "payroll", "refused"),
        _down(year.on(11, WEDNESDAY, 2, "09:20", NEW_YORK), 85, "sensors"),
        _down(year.end - 6 * DAY, 22, "documents", "status"),
    ] if len(year.days) > 12 else [_down(year.end - 6 * DAY, 22, "documents", "status")]  # fmt: skip
    return [one for one in planned if one.end + 10 * MINUTE < year.end]


def silences(year: Year) -> list[Trouble]:
    """Times in which nothing was seen, and work that was announced."""
    everything = tuple(ZONES)
    found = []
    if SILENT_MONTH in year.months:
        start, end = (year.on(SILENT_MONTH, WEDNESDAY, 3, time, AMSTERDAM) for time in ("05:30", "17:00"))
        found.append(Trouble(start, end, everything, state=State.UNKNOWN))
    if 10 in year.months:
        start = year.on(10, TUESDAY, 3, "09:00", NEW_YORK)
        found.append(Trouble(start, start + 3 * DAY, everything, ("iad",), State.UNKNOWN))
    for service, month, *_ in MAINTENANCE:
        if month in year.months:
            starts, ends = window(year, service, month)
            found.append(Trouble(starts + 4 * MINUTE, ends - 9 * MINUTE, (service,), reason="refused"))
    return found


def add_all(stage: Stage, world: World, year: Year) -> None:
    """Everything of this kind that lies in the year."""
    for trouble in outages(year):
        stage.add(_outage(world, trouble))
    for service, month, *_ in MAINTENANCE:
        if month in year.months:
            stage.add(_watch(world, service, window(year, service, month)[1] + 10 * MINUTE))
            stage.add(_watch(world, service, window(year, service, month)[0] + 30 * MINUTE))
    if 8 in year.months:
        stage.add(_break_in(world, year.on(8, TUESDAY, 2, "03:25", NEW_YORK)))
    if 6 in year.months:
        stage.add(_lost_data(world, year.on(6, TUESDAY, 1, "09:05", AMSTERDAM)))
    if FAILED_DRILL[1] in year.months:
        stage.add(_failed_drill(world, year.at(FAILED_DRILL[1], 6, "04:30", LONDON)))


def _down(
    start: int, minutes: int, service: str, reason: str = "timeout", locations: Iterable[str] = LOCATIONS
) -> Trouble:
    return Trouble(start, start + minutes * MINUTE, (service,), tuple(locations), reason=reason)


def _outage(world: World, trouble: Trouble) -> Script:
    """A monitor confirms it, an agent takes it on, customers report the same, and it ends."""
    (code,) = trouble.services
    service, agent = world.services[code], world.staff[Role.AGENT][trouble.start // MINUTE % 5].caller
    yield trouble.start + 2 * MINUTE
    known = _opened(code)
    detection.watch(service)
    number = _opened(code)
    if number == known:
        return  # it belongs to one that is known already
    yield trouble.start + 5 * MINUTE
    incidents.take(agent, number)
    incidents.reply(agent, number, body=UPDATES[code][0])
    if len(trouble.locations) > 1:
        yield from _joined(world, trouble, agent_of=world.staff[Role.AGENT][0], number=number)
    yield trouble.end + 7 * MINUTE
    detection.watch(service)
    yield trouble.end + 2 * HOUR
    detection.watch(service)
    incidents.note(agent, number, body=UPDATES[code][1])
    incidents.confirm_classes(agent, number)


def _joined(world: World, trouble: Trouble, *, agent_of: Person, number: int) -> Script:
    (code,) = trouble.services
    service, (subject, body) = world.services[code], JOINED[code]
    customers = [world.customers[customer] for customer in world.uses(code)]
    for minutes, customer in enumerate(customers, start=1):
        if trouble.start + (6 + 3 * minutes) * MINUTE >= trouble.end:
            return
        yield trouble.start + (6 + 3 * minutes) * MINUTE
        reporter = world.contacts[customer.id][0].caller
        told = incidents.report(
            reporter, organisation=customer, service=service, subject=subject, body=body, impact=1, urgency=1,
            classes=[IncidentClass.AVAILABILITY],
        )  # fmt: skip
        yield trouble.start + (7 + 3 * minutes) * MINUTE
        incidents.take(agent_of.caller, told.number)
        incidents.reply(agent_of.caller, told.number, body=UPDATES[code][0])
        incidents.join_outage(agent_of.caller, told.number, outage=number)
        incidents.confirm_classes(agent_of.caller, told.number)


def _watch(world: World, service: str, at: int) -> Script:
    yield at
    detection.watch(world.services[service])
    opened = Incident.objects.filter(service=world.services[service], origin=Origin.MONITOR, classes_confirmed=False)
    for incident in opened.filter(responded_at=None):
        agent = world.staff[Role.AGENT][-1].caller
        yield at + 3 * MINUTE
        incidents.take(agent, incident.number)
        incidents.confirm_classes(agent, incident.number)


def _break_in(world: World, at: int) -> Script:
    """A stolen key is used at night; a person confirms it the same morning."""
    customer, agent = world.customers["ironwood"], world.staff[Role.AGENT][3].caller
    yield at
    told = incidents.report(
        world.contacts[customer.id][1].caller, organisation=customer, service=world.services["sensors"],
        subject="Strange exports at night", impact=1, urgency=1,
        body="Our log shows four full exports between 2 and 3 am. Nobody here works at that hour. It is attached.",
        classes=[IncidentClass.SECURITY, IncidentClass.OTHER],
        files=[_sent(customer, "exports-of-the-night.csv", EXPORTS, at)],
    )  # fmt: skip
    yield at + 9 * MINUTE
    incidents.take(agent, told.number)
    incidents.reply(agent, told.number, body="Taken on. I have blocked the key these exports came from, and am going "
                    "through the log with our security officer.")  # fmt: skip
    yield at + 5 * HOUR
    break_ins.judge(world.manager, told.number, confirmed=True, reason="Key used from an address outside the USA; "
                             "access to server east-3 for 51 minutes.")  # fmt: skip
    incidents.confirm_classes(agent, told.number)
    yield at + 7 * HOUR
    incidents.resolve(agent, told.number, body="Confirmed: a stolen key was used for 51 minutes. It is blocked, the "
                      "server was replaced, and all keys older than a year were renewed. A full report follows within "
                      "72 hours.")  # fmt: skip
    for step, hours in ((Step.EARLY_WARNING, 14), (Step.NOTIFICATION, 50), (Step.FINAL_REPORT, 500)):
        sent = at + hours * HOUR
        yield sent
        break_ins.tell_authority(
            world.manager, told.number, step=step, sent=to_datetime(sent), reference="Sent to the national CSIRT."
        )


def _lost_data(world: World, at: int) -> Script:
    """Something that no backup holds."""
    customer, agent = world.customers["van-dalen"], world.staff[Role.AGENT][1].caller
    yield at
    told = incidents.report(
        world.contacts[customer.id][0].caller, organisation=customer, service=world.services["documents"],
        subject="Recepturen van gisteren weg", impact=2, urgency=1,
        body="De map Recepturen is leeg. Gisteravond heb ik er nog in gewerkt. Kan die terug? De lijst van eergisteren "
        "heb ik nog.",
        classes=[IncidentClass.INTEGRITY], files=[_sent(customer, "recepturen.txt", RECIPES, at)],
    )  # fmt: skip
    yield at + 16 * MINUTE
    incidents.take(agent, told.number)
    incidents.reply(agent, told.number, body="Dag Henk, ik zoek in de kopie van vannacht en bel je binnen het uur.")
    yield at + 2 * HOUR
    incidents.judge_restoration(agent, told.number, restored=False, reason="Gemaakt en gewist tussen twee kopieën in.")
    incidents.confirm_classes(agent, told.number)
    incidents.resolve(agent, told.number, body="Het spijt me, Henk: wat je gisteravond schreef is gewist voordat de "
                      "kopie van vannacht werd gemaakt en is niet terug te halen. De versie van eergisteren staat er "
                      "weer. We maken voortaan elk uur een kopie.")  # fmt: skip


def _failed_drill(world: World, at: int) -> Script:
    """The worker takes it up, and the second archive turns out to be good."""
    agent = world.staff[Role.AGENT][2].caller
    yield at + 15 * SECOND
    detection.take_up_drill(Drill.objects.get(service=world.services["payroll"], outcome=Drill.Outcome.FAILED))
    number = _opened("payroll")
    yield at + 20 * MINUTE
    incidents.take(agent, number)
    incidents.reply(agent, number, body="The archive of last night cannot be read. Trying the second one.")
    yield at + 3 * HOUR
    incidents.judge_restoration(agent, number, restored=True, reason="Second archive read to its end, checksums match.")
    incidents.confirm_classes(agent, number)
    incidents.resolve(agent, number, body="The second archive is complete. The tape drive was replaced; the drill is "
                      "done again tomorrow.")  # fmt: skip


def _sent(customer: Organisation, name: str, content: str, at: int) -> File:
    return files.receive(customer, name=name, content=content.encode(), at=to_datetime(at))


def _opened(service: str) -> int:
    """The number of the incident that a machine opened last; 0 when it never did."""
    opened = Incident.objects.filter(service__code=service, origin=Origin.MONITOR)
    return opened.order_by("number").values_list("number", flat=True).last() or 0
