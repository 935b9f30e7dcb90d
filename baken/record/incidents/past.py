"""Writing incidents that happened before they were written down here, many at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from baken.domain.facts import Kind
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.reads import InForce
from baken.record.incidents import project
from baken.record.incidents.models import Incident, Message
from baken.record.incidents.reads import DESK, EVERYBODY
from baken.record.ledger.flows import Entry, Stream, append_many
from baken.record.orgs import bulk, search
from baken.record.orgs.fields import new_id

GIVEN = ("number", "service", "agreement", "agreement_version")
"""What a report on the ledger says beside what whoever tells of it knows."""


@dataclass(frozen=True, slots=True)
class Past:
    """One incident as it went: its entries, the report first and in order, and what was said, if that is known.

    The report's data need not hold what is `GIVEN` here. messages: without their incident and its organisation.
    """

    service: UUID
    customer: UUID
    subject: str
    entries: Sequence[Entry]
    reporter: UUID | None = None
    assignee: UUID | None = None
    messages: Sequence[Message] = ()
    id: UUID = field(default_factory=new_id)


@transaction.atomic
def write(histories: Sequence[Past], *, actor: str) -> list[Incident]:
    """Append the facts, and insert the rows and messages; the rows, in the same order.

    `actor` for entries that name none. Each is judged by what was agreed when it was reported.
    """
    agreements = _Agreements()
    batches = [
        (Stream("incident", it.id, it.customer), _complete(it, number, agreements.held(it)))
        for it, number in zip(histories, _numbers(len(histories)), strict=True)
    ]
    facts = append_many(batches, actor=actor)
    rows = [_row(it, project.row(it.id, it.customer, facts[it.id])) for it in histories]
    bulk.insert(rows)
    bulk.insert([_message(it, message) for it in histories for message in it.messages])
    search.index_many(text for it in histories for text in _texts(it))
    return rows


def completed(entry: Entry, given: Mapping[str, Any]) -> Entry:
    """A report with what is given to it here; any other entry as it is."""
    return replace(entry, data={**entry.data, **given}) if entry.kind == Kind.REPORTED else entry


def _complete(it: Past, number: int, held: InForce) -> list[Entry]:
    given = (number, str(it.service), str(held.agreement), held.version)
    return [completed(it.entries[0], dict(zip(GIVEN, given, strict=True))), *it.entries[1:]]


def _row(it: Past, row: Incident) -> Incident:
    row.subject = it.subject
    if it.reporter:
        row.reporter_id = it.reporter
    if it.assignee:
        row.assignee_id = it.assignee
    return row


def _texts(it: Past) -> Iterator[search.Text]:
    yield search.Text(it.customer, EVERYBODY, it.id, it.subject)
    for message in it.messages:
        yield search.Text(it.customer, EVERYBODY if message.visible else DESK, it.id, message.body)


def _message(it: Past, message: Message) -> Message:
    message.incident_id, message.organisation_id = it.id, it.customer
    return message


def _numbers(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incidents_number') FROM generate_series(1, %s)", [count])
        return [number for (number,) in cursor.fetchall()]


class _Agreements:
    """What holds for whom and when, each history looked up once."""

    def __init__(self) -> None:
        self._known: dict[tuple[UUID, UUID], list[InForce]] = {}

    def held(self, it: Past) -> InForce:
        """What held when it was reported."""
        versions = self._known.get((it.service, it.customer))
        if versions is None:
            versions = self._known[it.service, it.customer] = catalogue.history_for(it.service, it.customer)
        return catalogue.holding(versions, it.entries[0].at)
