"""Terms counted in calendar months on the wall clock of a zone."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

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
