"""Sealing a period: what was promised and what was kept, frozen with everything it was made from."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from baken.domain.calendars import HOLIDAYS_VERSION
from baken.domain.instants import to_datetime
from baken.domain.kpis import KPIS
from baken.domain.zones import TZDATA_VERSION
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs.fields import clean_written, new_id
from baken.record.people import access
from baken.record.people.access import Caller, Permission
from baken.record.reports import reads, sealed
from baken.record.reports.models import Improvement, Snapshot
from baken.record.reports.scopes import Scope
from baken.record.reports.wire import to_wire


class SealError(ValueError):
    """The period cannot be sealed yet; the message names what is missing and the remedy."""


class Conflict(access.Conflict):
    """This period was sealed already; a sealed report never changes."""


@transaction.atomic
def improve(caller: Caller, scope: Scope, kpi: str, *, cause: str, action: str, owner: str, due: date) -> Improvement:
    """What will be done about a KPI that was missed or not proven; saying it again replaces what was said.

    Raises SealError, and Conflict once the period is sealed.
    """
    caller.require(Permission.SEAL_REPORTS)
    _readable(scope)
    if sealed.of_scope(caller, scope):
        raise Conflict(str(Conflict.__doc__))
    if kpi not in KPIS:
        raise SealError(f"kpi: choose one of {', '.join(KPIS)}")
    for field, value in (("cause", cause), ("action", action), ("owner", owner)):
        if not value.strip():
            raise SealError(f"{field}: write it down; a report is not sealed without it")
    row = Improvement.objects.filter(**_key(scope), kpi=kpi).first() or Improvement(
        **_key(scope), kpi=kpi, organisation_id=_owner(scope)
    )
    row.cause, row.action, row.owner, row.due = cause.strip(), action.strip(), owner.strip(), due
    try:
        clean_written(row)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise SealError(f"{field}: {' '.join(messages)}") from error
    row.save()
    return row


@transaction.atomic
def seal(caller: Caller, scope: Scope) -> Snapshot:
    """Freeze the KPIs of a closed period with their evidence. Raises SealError while anything is missing."""
    caller.require(Permission.SEAL_REPORTS)
    _readable(scope)
    if not scope.closed:
        raise SealError("period: it is not over yet; seal it after its last day")
    found = reads.report(caller, scope)
    if open_ends := sealed.missing(caller, scope, found):
        raise SealError(str(open_ends))
    content = {
        "report": to_wire(found),
        "evidence": {code: sealed.evidence_ids(caller, scope, code) for code in KPIS},
        "improvements": [_improvement(row) for row in sealed.improvements(caller, scope)],
        "versions": {
            "agreement": str(found.agreement.agreement), "agreement_version": found.agreement.version,
            "terms": found.agreement.terms.to_codes(), "tzdata": TZDATA_VERSION, "holidays": HOLIDAYS_VERSION,
        },
    }  # fmt: skip
    snapshot = Snapshot(
        id=new_id(), organisation_id=_owner(scope), as_of=to_datetime(scope.as_of), content=content,
        digest=digest_of(content), sealed_at=clock.now(),
        sealed_by_id=caller.user, **_key(scope),
    )  # fmt: skip
    try:
        with transaction.atomic():
            snapshot.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(str(Conflict.__doc__)) from error
    _remember(caller, snapshot)
    return snapshot


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form. Anyone can compute it again."""
    return hashlib.sha256(canonical(content)).hexdigest()


def canonical(content: Mapping[str, Any]) -> bytes:
    """Content as it is digested: JSON without spaces, keys sorted, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _remember(caller: Caller, snapshot: Snapshot) -> None:
    data = {
        "service": str(snapshot.service_id), "digest": snapshot.digest,
        "customer": str(snapshot.customer_id) if snapshot.customer_id else None,
        "from": snapshot.period_from.isoformat(), "to": snapshot.period_to.isoformat(),
    }  # fmt: skip
    stream = Stream("report", snapshot.id, snapshot.organisation_id)
    append(stream, [Entry("report.sealed", snapshot.sealed_at, data)], actor=caller.actor)


def _readable(scope: Scope) -> None:
    if scope.customer:
        access.require_not_erased(scope.customer)


def _owner(scope: Scope) -> UUID:
    """Whose keys seal it: those of the customer it was made for, else the provider's."""
    return scope.customer.id if scope.customer else scope.service.organisation_id


def _key(scope: Scope) -> dict[str, Any]:
    return {
        "service": scope.service,
        "customer": scope.customer,
        "period_from": to_datetime(scope.period.start),
        "period_to": to_datetime(scope.period.end),
    }


def _improvement(row: Improvement) -> dict[str, str]:
    return {"kpi": row.kpi, "cause": row.cause, "action": row.action, "owner": row.owner, "due": row.due.isoformat()}
