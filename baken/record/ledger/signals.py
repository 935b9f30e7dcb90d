"""Signals: what the program noticed of itself and cannot judge, as facts that whoever is above follows.

A signal has a stream of its own, whose id follows from its kind and what it is about. So it is on the ledger once,
however often and by however many it is noticed.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import DatabaseError, transaction

from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append, only_writer
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import unopened
from baken.record.orgs.models import FileFault

log = logging.getLogger(__name__)

STREAM = "signal"
MISMATCH = "integrity.mismatch"  # table, column, row: what is stored there is not what was stored
STORM = "sign_in.storm"  # storm: id of what is kept of it, way: account | address, number: how many
DAMAGED = "file.damaged"  # file: its id; by: who sent it, if anybody did
INFECTED = "file.infected"  # the same; it was refused, so it is history and no incident
GUESSED = "second_step.guessed"  # user, number: of wrong codes; whoever typed them knows the password
TOUCHED = "honey.touched"  # honey: id of the honey token, use: id of what is kept of this use


@transaction.atomic
def raise_once(
    kind: str, *, organisation: UUID, about: str, data: Mapping[str, Any], actor: str, at: datetime | None = None
) -> bool:
    """Put a signal on the ledger unless it is there; whether it was put there now.

    about: a code that names what was noticed, among signals of this kind and organisation. data: codes and whole
    numbers. at: when it happened, now when not given. Raises NotACode.
    """
    stream = Stream(STREAM, uuid5(NAMESPACE_OID, f"{STREAM}/{kind}/{organisation}/{about}"), organisation)
    only_writer(stream.id)
    if LedgerFact.objects.filter(stream_id=stream.id).exists():
        return False
    append(stream, [Entry(kind, at or clock.now(), data)], actor=actor)
    return True


def mismatch(*, organisation: UUID, table: str, column: str, row: str, actor: str) -> bool:
    """Something stored is not what was stored; whether this signal is new. row: the record's id, or a code."""
    data = {"table": table, "column": column, "row": row}
    return raise_once(MISMATCH, organisation=organisation, about=f"{table}.{column}.{row}", data=data, actor=actor)


def write_unopened() -> int:
    """Put on the ledger what this process could not open since the last time; how much of it was new.

    Never raises: whoever calls this was doing something else. What cannot be written is found again.
    """
    try:
        return sum(mismatch(**place._asdict(), actor="unsealing") for place in unopened.take())
    except DatabaseError:
        log.exception("what does not open could not be written down")
        return 0


def write_faults() -> int:
    """Put on the ledger what was noticed of files since the last time; how many that were."""
    told = 0
    for fault in FileFault.objects.filter(told_at=None).order_by("noticed_at")[:1_000]:
        now = clock.now()
        raise_once(
            DAMAGED if fault.kind == FileFault.Kind.DAMAGED else INFECTED, organisation=fault.organisation_id,
            about=str(fault.file), data={"file": str(fault.file), "by": str(fault.by or "")}, actor="files",
            at=min(now, fault.noticed_at),
        )  # fmt: skip
        told += FileFault.objects.filter(id=fault.id).update(told_at=now)
    return told
