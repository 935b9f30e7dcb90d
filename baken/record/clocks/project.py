"""Readings as a fold of the ledger: the same code behind a follower and in a replay of the whole ledger."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from baken.domain.attribution import Attribution
from baken.domain.clocks import Reading, State
from baken.domain.facts import IncidentClass, Origin, Outcome, Priority
from baken.domain.incidents import Status
from baken.record.clocks import models
from baken.record.clocks.folding import Folded, folded
from baken.record.clocks.signals import unwritten

MANY = 1_000
COLUMNS = [field.attname for field in models.Reading._meta.concrete_fields]
_NAMES = ", ".join(COLUMNS)
_UPDATES = ", ".join(f"{name} = EXCLUDED.{name}" for name in COLUMNS[1:])

DRAFT = "CREATE TEMPORARY TABLE reading_draft (LIKE clocks_reading) ON COMMIT DROP"
COPY = f"COPY reading_draft ({_NAMES}) FROM STDIN"
UPSERT = f"""
INSERT INTO clocks_reading ({_NAMES}) SELECT {_NAMES} FROM reading_draft
ON CONFLICT (incident_id) DO UPDATE SET {_UPDATES}
"""  # noqa: S608  the names are the model's own


@transaction.atomic
def refold(ids: Iterable[UUID]) -> None:
    """Bring the readings of these incidents in line with the ledger."""
    rows = [row(history) for history in folded(ids)]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(DRAFT)
        with cursor.copy(COPY) as copy:
            for values in rows:
                copy.write_row([values[name] for name in COLUMNS])
        cursor.execute(UPSERT)
        if len(rows) >= MANY:  # the planner would take the new rows for few until it looks by itself
            cursor.execute("ANALYZE clocks_reading")
        cursor.execute("DROP TABLE reading_draft")


def row(history: Folded) -> dict[str, Any]:
    """The reading of one incident, by column."""
    found = history.attribution
    signals = unwritten(history)
    return {
        **_plain(found),
        "incident_id": history.id,
        "organisation_id": history.organisation,
        "service_id": UUID(history.incident.service),
        "response_endangered_at": endangered_at(history.response),
        "resolution_endangered_at": endangered_at(history.resolution),
        "next_due": next_due(history),
        "last_at": history.last_at,
        "next_signal_at": signals[0][0] if signals else None,
    }


def attribution(row: models.Reading) -> Attribution:
    """The value that a stored reading was made from."""
    return Attribution(
        reported=row.reported,
        origin=Origin(row.origin),
        classes=frozenset(map(IncidentClass, row.classes)),
        classes_confirmed=row.classes_confirmed,
        priority=Priority(row.priority),
        in_peak=row.in_peak,
        left_out=Outcome(row.left_out) if row.left_out else None,
        left_out_at=row.left_out_at,
        exclusion=row.exclusion or None,
        outage=str(row.outage) if row.outage else None,
        open=tuple(zip(row.open_starts, row.open_ends, strict=True)),
        resolved_at=row.resolved_at,
        resolved_timed=row.resolved_timed,
        resolve_elapsed=row.resolve_elapsed,
        resolve_working=row.resolve_working,
        response_due=row.response_due,
        response_judged_at=row.response_judged_at,
        response_breached_at=row.response_breached_at,
        resolution_due=row.resolution_due,
        resolution_judged_at=row.resolution_judged_at,
        resolution_breached_at=row.resolution_breached_at,
        restored_at=row.restored_at,
        not_restorable_at=row.not_restorable_at,
        break_in_confirmed_at=row.break_in_confirmed_at,
        agreement=str(row.agreement_id),
        agreement_version=row.agreement_version,
        tzdata_version=row.tzdata_version,
        holidays_version=row.holidays_version,
    )


def _plain(found: Attribution) -> dict[str, Any]:
    return {
        "reported": found.reported,
        "origin": found.origin.value,
        "classes": sorted(found.classes),
        "classes_confirmed": found.classes_confirmed,
        "priority": found.priority.value,
        "in_peak": found.in_peak,
        "left_out": found.left_out.value if found.left_out else "",
        "left_out_at": found.left_out_at,
        "exclusion": found.exclusion or "",
        "outage": UUID(found.outage) if found.outage else None,
        "open_starts": [start for start, _ in found.open],
        "open_ends": [end for _, end in found.open],
        "resolved_at": found.resolved_at,
        "resolved_timed": found.resolved_timed,
        "resolve_elapsed": found.resolve_elapsed,
        "resolve_working": found.resolve_working,
        "response_due": found.response_due,
        "response_judged_at": found.response_judged_at,
        "response_breached_at": found.response_breached_at,
        "resolution_due": found.resolution_due,
        "resolution_judged_at": found.resolution_judged_at,
        "resolution_breached_at": found.resolution_breached_at,
        "restored_at": found.restored_at,
        "not_restorable_at": found.not_restorable_at,
        "break_in_confirmed_at": found.break_in_confirmed_at,
        "agreement_id": UUID(found.agreement),
        "agreement_version": found.agreement_version,
        "tzdata_version": found.tzdata_version,
        "holidays_version": found.holidays_version,
    }


def endangered_at(reading: Reading) -> int | None:
    """When three quarters of the time were or will be used up, if that comes before a breach."""
    return next((at for _, at in reading.warnings([0.75])), None)


def next_due(history: Folded) -> int | None:
    """The first deadline of the clocks that are not done; None when both stand still or nothing was agreed."""
    if history.incident.outcome or history.incident.status in (Status.RESOLVED, Status.CLOSED):
        return None
    running = [
        reading.falls_at if reading.falls_at is not None else reading.due
        for reading in (history.response, history.resolution)
        if reading.met_at is None and reading.state is not State.WAITING
    ]
    return min((due for due in running if due is not None), default=None)
