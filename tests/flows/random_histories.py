"""Incidents with random, often odd, histories, written straight onto the ledger."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from baken.domain.facts import Kind
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.clocks import project as readings
from baken.record.clocks.flows import FOLLOWER
from baken.record.clocks.models import Cursor
from baken.record.incidents import project
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Entry, Stream, append_many
from baken.record.ledger.models import LedgerFact
from baken.record.orgs.fields import new_id
from baken.record.orgs.models import Organisation

PRIORITIES = ("high", "medium", "low")
CLASSES = (["availability"], ["availability"], ["integrity"], ["availability", "integrity", "security"], ["other"])
AFTER: tuple[tuple[str, dict[str, Any]], ...] = (
    (Kind.RESPONDED, {"way": "reply"}),
    (Kind.RESPONDED, {"way": "call"}),
    (Kind.PICKED_UP, {}),
    (Kind.WAITING_BEGAN, {"on": "customer"}),
    (Kind.WAITING_BEGAN, {"on": "supplier"}),
    (Kind.WAITING_ENDED, {}),
    (Kind.RESOLVED, {"timed": True}),
    (Kind.RESOLVED, {"timed": True}),
    (Kind.RESOLVED, {"timed": False}),
    (Kind.REOPENED, {}),
    (Kind.CLOSED, {}),
    (Kind.PRIORITY_CHANGED, {"priority": "high"}),
    (Kind.PRIORITY_CHANGED, {"priority": "low"}),
    (Kind.LEFT_OUT, {"outcome": "withdrawn"}),
    (Kind.LEFT_OUT, {"outcome": "spam"}),
    (Kind.READMITTED, {}),
    (Kind.NOT_RESTORABLE, {}),
    (Kind.DATA_RESTORED, {}),
    (Kind.BREAK_IN_CONFIRMED, {}),
    (Kind.CONSENT_GIVEN, {"cause": "customer_side"}),
    (Kind.CLASSES_CONFIRMED, {}),
    (Kind.RETRACTED, {"seq": 2}),
)


def write(
    service: Service, customers: list[Organisation], number: int, start: datetime, days: int, seed: int
) -> list[UUID]:
    """`number` incidents reported within `days` of `start`; gives their ids."""
    dice = random.Random(seed)
    batches = []
    for index in range(number):
        owner = dice.choice(customers)
        held = catalogue.in_force(catalogue.agreement_for(service.id, owner.id), start)
        reported = start + timedelta(microseconds=dice.randrange(days * 86_400_000_000))
        data = {
            "number": 100_000 * seed + index, "service": str(service.id), "agreement": str(held.agreement),
            "agreement_version": held.version, "classes": dice.choice(CLASSES), "impact": 2, "urgency": 2,
            "priority": dice.choice(PRIORITIES), "origin": dice.choice(["customer", "agent", "monitor"]),
        }  # fmt: skip
        entries, at = [Entry(Kind.REPORTED, reported, data)], reported
        for _ in range(dice.randrange(7)):
            at += timedelta(microseconds=round(dice.expovariate(1 / 36_000_000_000)))
            kind, said = dice.choice(AFTER)
            entries.append(Entry(kind, at, said))
        batches.append((Stream("incident", new_id(), owner.id), entries))
    ids = [stream.id for stream, _ in batches]
    with clock.at(start + timedelta(days=1_000)):  # written down when all of it was over
        append_many(batches, actor="tests")
        project.refold(ids)
    return ids


def catch_up() -> None:
    """What the follower does, for facts of the test's own transaction, on whose end it would wait."""
    readings.refold(ledger.streams_after(["incident"], 0))
    last = LedgerFact.objects.order_by("-position").values_list("position", flat=True)[0]
    Cursor.objects.update_or_create(name=FOLLOWER, defaults={"position": last})
