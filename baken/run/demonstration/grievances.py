"""Complaints of the demonstration: lodged, acknowledged, decided."""

from baken.domain.instants import DAY, HOUR, MINUTE
from baken.record.complaints import flows as complaints
from baken.record.complaints.models import Complaint
from baken.run.demonstration.care import ZONES
from baken.run.demonstration.stage import Script, Stage, Year
from baken.run.demonstration.world import World

A_MONTH = {
    "documents": {1: 1, 2: 1, 4: 4, 6: 1, 8: 2, 10: 1, 11: 1},
    "payroll": {3: 1, 6: 3, 9: 1, 11: 1},
    "sensors": {2: 1, 5: 1, 8: 3, 10: 1},
}
"""How many are lodged in which month."""
OUTCOMES = ("upheld", "partly_upheld", "not_upheld", "upheld", "withdrawn")
TEXTS = {
    "nl": (
        ("Al twee keer hetzelfde uitgelegd", "Ik heb mijn verhaal nu aan twee medewerkers gedaan en moest weer "
         "overnieuw beginnen. Lezen jullie elkaars aantekeningen niet?"),
        ("Niet teruggebeld", "Er is mij dinsdag beloofd dat ik voor vier uur zou worden gebeld. Dat is niet gebeurd."),
        ("Storing onder werktijd", "Een storing van twee uur op woensdagochtend kan echt niet. De balie stond vol."),
        ("Toon van het antwoord", "Ik vond het antwoord op mijn melding kortaf. Ik ben geen technicus."),
    ),
    "en": (
        ("No news for three days", "We were told to expect an update on Monday. It is Thursday."),
        ("Closed without asking", "My incident was closed while the problem was still there."),
        ("Same outage again", "This is the third time in a month. What is being done about the cause?"),
    ),
}  # fmt: skip
SAID = {
    "nl": ("Dank voor uw klacht. Ik zoek uit hoe dit is gegaan en laat binnen een week van mij horen. "
           "Mirjam de Wit",
           "Ik heb de aantekeningen gelezen en met de betrokkenen gesproken. Wat u schrijft klopt op het belangrijkste "
           "punt; we hebben onze werkwijze hierop aangepast."),
    "en": ("Thank you for your complaint. I am looking into it and will come back to you within a week. "
           "Mirjam de Wit",
           "I read the notes and spoke with the people involved. You will find below what we changed because of it."),
}  # fmt: skip


def add_all(stage: Stage, world: World, year: Year) -> None:
    """Everything of this kind that lies in the year, and one that waits for the manager now."""
    for service, months in A_MONTH.items():
        for month, number in months.items():
            for one in range(number if month in year.months else 0):
                stage.add(_complaint(world, service, year.at(month, 4 + 6 * one, "11:20", ZONES[service])))
    stage.add(_complaint(world, "documents", year.end - 26 * HOUR))


def _complaint(world: World, service: str, at: int) -> Script:
    customer = [world.customers[code] for code in world.uses(service)][at // DAY % len(world.uses(service))]
    contact = world.contacts[customer.id][-1]
    subject, body = TEXTS[contact.language][at // DAY % len(TEXTS[contact.language])]
    acknowledged, decided = SAID[contact.language]
    yield at
    lodged: Complaint = complaints.lodge(
        contact.caller, organisation=customer, service=world.services[service], subject=subject, body=body,
        reporter=contact.user,
    )  # fmt: skip
    yield at + 27 * HOUR
    complaints.acknowledge(world.manager, lodged.number, body=acknowledged)
    yield at + 6 * DAY + 40 * MINUTE
    outcome = OUTCOMES[at // DAY % len(OUTCOMES)]
    complaints.decide(world.manager, lodged.number, outcome=outcome, body=decided)
