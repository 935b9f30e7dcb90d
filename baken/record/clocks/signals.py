"""Warnings and breaches of clocks, as facts dated at the instant at which they fall.

They tell people and leave a trace; no KPI is computed from them. So it makes no difference when, or by how many
workers, they are written.
"""

from collections.abc import Iterator

from baken.domain.clocks import Reading
from baken.domain.facts import Origin
from baken.domain.instants import to_datetime
from baken.record.clocks.folding import Folded
from baken.record.ledger.flows import Entry

WARNED = "clock.warned"  # clock: response | resolution, share: percent of the target
BREACHED = "clock.breached"  # clock

Signal = tuple[int, str, str, int]
"""Instant, kind, clock, share in percent."""


def unwritten(history: Folded) -> list[Signal]:
    """The signals of an incident that are not on the ledger, in order; those ahead fall if nothing happens before.

    None for an imported incident: there is nobody to warn of what happened elsewhere.
    """
    if history.incident.origin is Origin.IMPORT:
        return []
    written = {
        (fact.at, fact.kind, fact.data["clock"], fact.data.get("share", 100))
        for fact in history.facts
        if fact.kind in (WARNED, BREACHED)
    }
    wanted = {*_signals(history.response), *_signals(history.resolution)}
    return sorted(wanted - written)


def entry(signal: Signal) -> Entry:
    """The fact that a signal becomes."""
    at, kind, clock, share = signal
    data = {"clock": clock, "share": share} if kind == WARNED else {"clock": clock}
    return Entry(kind, to_datetime(at), data)


def _signals(reading: Reading) -> Iterator[Signal]:
    for share, at in reading.warnings():
        yield at, WARNED, reading.name.value, round(share * 100)
    if reading.falls_at is not None:
        yield reading.falls_at, BREACHED, reading.name.value, 100
