"""Incidents folded from the ledger, with the readings of their clocks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from baken.domain.agreements import Terms
from baken.domain.attribution import Attribution, attribute
from baken.domain.clocks import Reading, read_resolution, read_response
from baken.domain.facts import Fact, Kind, standing
from baken.domain.incidents import Incident, fold
from baken.domain.incidents.folding import NotReported
from baken.record.catalogue import reads as catalogue
from baken.record.ledger import reads as ledger


@dataclass(frozen=True, slots=True)
class Folded:
    """One incident as its facts make it, under the terms it is judged by.

    last_at: when the latest fact happened that it is folded from, those of a joined outage included.
    """

    id: UUID
    organisation: UUID
    facts: Sequence[Fact]
    last_at: int
    incident: Incident
    terms: Terms
    response: Reading
    resolution: Reading

    @property
    def attribution(self) -> Attribution:
        """What KPIs need to know of it."""
        return attribute(self.incident, self.response, self.resolution)


def folded(
    ids: Iterable[UUID], as_of: int | None = None, terms: Mapping[UUID, Terms] | None = None
) -> Iterator[Folded]:
    """The incidents as they were at `as_of` (microseconds), those that had not been reported by then left out.

    Without `as_of` each is folded for its latest fact, so that its attribution rests on all there are. Those whose
    agreement is closed to the reader are left out too: a customer meets facts of services that they do not use.
    terms: what to judge some of them by instead of their own agreement, for a report under another one.
    """
    histories = ledger.of_streams(ids)
    owners = ledger.owners(histories)
    shared = ledger.of_streams({outage for facts in histories.values() for outage in _outages(facts)})
    reports = {id: _agreement(facts) for id, facts in histories.items()}
    agreed = catalogue.versions([agreement for agreement, _ in reports.values()])
    for id, facts in histories.items():
        held = (terms or {}).get(id) or agreed.get(reports[id])
        if held is None:
            continue
        outage = next((shared.get(outage, []) for outage in reversed(_outages(facts))), [])
        last_at = max(fact.at for fact in (*facts, *outage) if not fact.kind.startswith("clock."))
        at = last_at if as_of is None else as_of
        try:
            incident = fold(facts, at, outage)
        except NotReported:
            continue
        response, resolution = read_response(incident, held, at), read_resolution(incident, held, at)
        yield Folded(id, owners[id], facts, last_at, incident, held, response, resolution)


def _outages(facts: Sequence[Fact]) -> list[UUID]:
    if not any(fact.kind == Kind.JOINED_OUTAGE for fact in facts):
        return []
    return [UUID(fact.data["outage"]) for fact in standing(list(facts)) if fact.kind == Kind.JOINED_OUTAGE]


def _agreement(facts: Sequence[Fact]) -> tuple[UUID, int]:
    report = next(fact for fact in facts if fact.kind == Kind.REPORTED)
    return UUID(report.data["agreement"]), report.data["agreement_version"]
