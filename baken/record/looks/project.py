"""The rows that a fact becomes."""

from collections.abc import Iterator
from uuid import UUID

from baken.record.ledger.flows import Entry
from baken.record.looks.models import Look


def rows(entry: Entry, reader: str) -> Iterator[Look]:
    """One row for each customer and record that a fact names."""
    data = entry.data
    for organisation, kind, record, count, shown in data["seen"]:
        yield Look(
            organisation_id=UUID(organisation), at=entry.at, reader=reader, door=data["door"], page=data["page"],
            person=UUID(data["person"]) if data["person"] else None, kind=kind, record=record, count=count,
            shown=shown, found=data["found"],
        )  # fmt: skip
