"""Alert sources: which tools may alert, which service that concerns, and from which level it is an incident."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from baken.domain.alerts import LEVELS
from baken.record.catalogue.models import Service
from baken.record.detection.models import AlertGroup, AlertSource
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.record.orgs.fields import clean_written
from baken.record.people.access import Caller, Conflict, NotFound, Permission

SHORTEST, LONGEST = 60, 7 * 86_400
"""Seconds of a window."""
SWITCHED_OFF = "This alert source is switched off; an administrator can switch it on."
CHANGEABLE = ("name", "service", "minimum", "window", "active")
"""What can be said otherwise later; code and tool stay, because configurations elsewhere rest on them."""


class AlertError(ValueError):
    """An alert or its source does not fit; the message names the field and the remedy."""


def sources(caller: Caller) -> QuerySet[AlertSource]:
    """Every source, with how many incidents its alerts became and how many signals stayed below."""
    caller.require(Permission.READ_ALERTS)
    rows = AlertSource.objects.select_related("service").order_by("created_at")
    return rows.annotate(
        incidents=Count("groups__incident", distinct=True), signals=Count("groups", filter=Q(groups__incident=None))
    )


def source(caller: Caller, code: str) -> AlertSource:
    """One source by its code. Raises NotFound."""
    found = sources(caller).filter(code=code).first()
    if found is None:
        raise NotFound("There is no such alert source.")
    return found


def tool_of(caller: Caller, code: str) -> str:
    """Which tool's form a source sends. Raises NotFound."""
    caller.require(Permission.WRITE_ALERTS)
    tool = AlertSource.objects.filter(code=code).values_list("tool", flat=True).first()
    if tool is None:
        raise NotFound("There is no such alert source.")
    return tool


def groups(caller: Caller, code: str | None = None) -> QuerySet[AlertGroup]:
    """What was alerted, the latest first: with its incident, or as a signal that was not grave enough for one."""
    caller.require(Permission.READ_ALERTS)
    rows = AlertGroup.objects.select_related("source__service", "incident").order_by("-last_at", "-id")
    return rows.filter(source__code=code) if code else rows


@transaction.atomic
def add_source(caller: Caller, *, code: str, tool: str, service: Service, **options: Any) -> AlertSource:
    """A tool that may alert from now on, with a token that has `alerts:write`. Raises AlertError."""
    caller.require(Permission.WRITE_MONITORS)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", code):
        raise AlertError("code: use small letters, digits and hyphens, like falco-production")
    if AlertSource.objects.filter(code=code).exists():
        raise AlertError("code: another source has this code; choose one that is free")
    row = AlertSource(
        organisation_id=service.organisation_id, code=code, tool=tool, service=service,
        created_at=clock.now(), **_known(options),
    )  # fmt: skip
    _clean(row)
    row.save(force_insert=True)
    _told(caller, row, "alert_source.added")
    return row


@transaction.atomic
def change_source(caller: Caller, code: str, **changes: Any) -> AlertSource:
    """Judge its alerts differently from now on, or take none any more. Raises AlertError, NotFound."""
    caller.require(Permission.WRITE_MONITORS)
    row = AlertSource.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise NotFound("There is no such alert source.")
    for name, value in _known(changes).items():
        setattr(row, name, value)
    _clean(row)
    row.save(update_fields=[*changes])
    _told(caller, row, "alert_source.changed")
    return row


def open_to(caller: Caller, code: str) -> None:
    """Whether a source takes anything from the caller now. Raises NotFound, Forbidden, Conflict."""
    caller.require(Permission.WRITE_ALERTS)
    active = AlertSource.objects.filter(code=code).values_list("active", flat=True).first()
    if active is None:
        raise NotFound("There is no such alert source.")
    if not active:
        raise Conflict(SWITCHED_OFF)


def _known(given: dict[str, Any]) -> dict[str, Any]:
    if unknown := set(given) - set(CHANGEABLE):
        raise AlertError(f"{min(unknown)}: a source has no such field")
    return given


def _clean(row: AlertSource) -> None:
    if row.tool not in AlertSource.Tool.values:
        raise AlertError(f"tool: choose one of {', '.join(AlertSource.Tool.values)}")
    if row.minimum not in LEVELS:
        raise AlertError(f"minimum: choose one of {', '.join(LEVELS)}")
    if not SHORTEST <= row.window <= LONGEST:
        raise AlertError("window: choose one minute up to seven days")
    row.organisation_id = row.service.organisation_id
    try:
        clean_written(row)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise AlertError(f"{field}: {' '.join(messages)}") from error


def _told(caller: Caller, row: AlertSource, kind: str) -> None:
    """On the ledger: who lets what in decides what C8 can know of."""
    data = {
        "code": row.code, "tool": row.tool, "service": str(row.service_id), "minimum": row.minimum,
        "window": row.window, "active": row.active,
    }  # fmt: skip
    append(Stream("alert_source", row.id, row.organisation_id), [Entry(kind, clock.now(), data)], actor=caller.actor)
