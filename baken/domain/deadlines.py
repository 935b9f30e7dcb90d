"""Terms counted in calendar months on the wall clock of a zone."""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np

from baken.domain.facts import Fact, Kind, standing
from baken.domain.instants import DAY, HOUR, MINUTE, SECOND, to_datetime
from baken.domain.wall_clock import closing, day_number
from baken.domain.zones import zone


def months_after(zone_name: str, instant: int, months: int, days: int = 0) -> int:
    """The instant at which the wall clock shows the same time so many calendar months, then days, later.

    A day that the month does not have is its last: 31 August and six months is 28 or 29 February. A time that
    the clock skips is the instant of the jump; of two, the second. Raises UnknownZone.
    """
    local = to_datetime(instant).astimezone(zone(zone_name))
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    date = local.date().replace(year=year, month=month + 1, day=day) + timedelta(days=days)
    wall = (
        day_number(date) * DAY + local.hour * HOUR + local.minute * MINUTE + local.second * SECOND + local.microsecond
    )
    return int(closing(zone_name, np.array([wall], dtype=np.int64))[0])


@dataclass(frozen=True, slots=True)
class Nis2:
    """When a significant security incident has to be reported: Directive (EU) 2022/2555, article 23.

    Instants in microseconds.
    """

    early_warning: int
    notification: int
    final_report: int


def nis2(zone_name: str, detected: int, notified: int | None = None) -> Nis2:
    """The reporting deadlines of an incident that was detected at an instant: 24 hours, 72 hours, one month.

    The month runs from the notification, hence from its deadline until it was `notified`. Raises UnknownZone.
    """
    notification = detected + 72 * HOUR
    final_report = months_after(zone_name, notification if notified is None else notified, 1)
    return Nis2(detected + 24 * HOUR, notification, final_report)


class Step(StrEnum):
    """The three reports to the authority, in their order."""

    EARLY_WARNING = "early_warning"
    NOTIFICATION = "notification"
    FINAL_REPORT = "final_report"


class Standing(StrEnum):
    """How a report to the authority stands: sent in time or late, or not sent with time left or without."""

    DONE = "done"
    LATE = "late"
    OPEN = "open"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Duty:
    """One of the three reports: when it is due, and when it was sent (None: not yet). Microseconds."""

    step: Step
    due: int
    sent: int | None
    standing: Standing


def told(facts: Iterable[Fact], as_of: int) -> dict[Step, int]:
    """When each report was first sent, as far as it was by `as_of` and the facts that say so stand."""
    sent: dict[Step, int] = {}
    for fact in standing(list(facts)):
        if fact.kind == Kind.AUTHORITY_TOLD and fact.at <= as_of:
            sent.setdefault(Step(fact.data["step"]), fact.at)
    return sent


def duties(zone_name: str, detected: int, sent: Mapping[Step, int], as_of: int) -> list[Duty]:
    """The three reports of an incident that was detected at an instant, as they stand at `as_of`.

    All in microseconds. Raises UnknownZone.
    """
    due = nis2(zone_name, detected, sent.get(Step.NOTIFICATION))
    return [_duty(step, getattr(due, step.value), sent.get(step), as_of) for step in Step]


def _duty(step: Step, due: int, sent: int | None, as_of: int) -> Duty:
    if sent is None:
        return Duty(step, due, None, Standing.OPEN if as_of <= due else Standing.OVERDUE)
    return Duty(step, due, sent, Standing.DONE if sent <= due else Standing.LATE)
