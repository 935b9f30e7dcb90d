"""Which alerts were taken already, so that a tool may send again whatever happened."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta

from baken.domain.alerts import Alert
from baken.record.detection.models import AlertSource, AlertTaken
from baken.record.ledger import clock
from baken.record.orgs.fields import LINE
from baken.record.orgs.search import all_standing_for

MONTH = timedelta(days=31)
"""How long an alert with a name is known."""
REPEATED = timedelta(minutes=10)
"""How long one without a name is known by what it says, while what it belongs to goes on: it may happen again."""


def new_ones(source: AlertSource, alerts: Sequence[Alert], goes_on: Callable[[Alert], bool]) -> list[Alert]:
    """Those that were not taken before, each once; from now on they were.

    goes_on: whether what an alert belongs to is not done. The same name with another level is another alert.
    """
    codes = [_codes(source, alert) for alert in alerts]
    every = {code for some in codes for code in some}
    taken = dict(AlertTaken.objects.filter(source=source, key__in=every).values_list("key", "at"))
    now, new, fresh = clock.now(), [], set()
    for alert, some in zip(alerts, codes, strict=True):
        since = now - (MONTH if alert.named else REPEATED)
        before = any(taken[code] >= since for code in some if code in taken) and (alert.named or goes_on(alert))
        if not before and some[0] not in fresh:
            fresh.add(some[0])
            new.append(alert)
    AlertTaken.objects.bulk_create(
        [AlertTaken(organisation_id=source.organisation_id, source=source, key=key, at=now) for key in sorted(fresh)],
        update_conflicts=True, unique_fields=["source", "key"], update_fields=["at"],
    )  # fmt: skip
    return new


def tidy() -> None:
    """Forget those that were taken long ago."""
    AlertTaken.objects.filter(at__lt=clock.now() - MONTH).delete()


def _codes(source: AlertSource, alert: Alert) -> list[str]:
    key = hashlib.sha256(alert.key.encode()).hexdigest() if len(alert.key) > LINE else alert.key
    return all_standing_for("alert", f"{source.id}/{alert.level.value}/{key}".encode())
