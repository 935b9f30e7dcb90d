"""Following the ledger, and writing down what falls by itself."""

from uuid import UUID

from django.db import transaction

from baken.domain.instants import to_us
from baken.record.clocks import project
from baken.record.clocks.folding import folded
from baken.record.clocks.models import Cursor, Reading
from baken.record.clocks.signals import entry, unwritten
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.ledger.flows import Stream, append_many

FOLLOWER = "readings"


def catch_up(limit: int = 20_000) -> int:
    """Fold the readings of incidents with new facts; gives the number of facts read, 0 when there are none.

    At most `limit` facts at a time. Several workers take turns; facts of a transaction that is still running are left
    for later, with everything behind them.
    """
    with transaction.atomic():
        Cursor.objects.get_or_create(name=FOLLOWER)
        cursor = Cursor.objects.select_for_update().get(name=FOLLOWER)
        fresh = ledger.safe_after(["incident"], cursor.position, limit)
        if fresh:
            project.refold(with_sharers({stream for _, stream in fresh}))
            cursor.position = fresh[-1][0]
            cursor.save(update_fields=["position"])
    return len(fresh)


def with_sharers(ids: set[UUID]) -> set[UUID]:
    """The same and the incidents that share the resolution of one of them."""
    return ids | set(Reading.objects.filter(outage__in=ids).values_list("incident_id", flat=True))


@transaction.atomic
def signal_due(limit: int = 500) -> int:
    """Write down the warnings and breaches whose instant has passed, at most of `limit` incidents; gives their number.

    Each is written once, dated at its instant however late this runs; rows another worker is at are passed over.
    """
    now = to_us(clock.now())
    due = Reading.objects.filter(next_signal_at__lte=now).select_for_update(skip_locked=True)
    rows = {row.incident_id: row for row in due.order_by("next_signal_at")[:limit]}
    batches = []
    for history in folded(rows, now):
        signals = unwritten(history)
        fallen = [signal for signal in signals if signal[0] <= now]
        ahead = [signal[0] for signal in signals if signal[0] > now]
        rows[history.id].next_signal_at = ahead[0] if ahead else None
        if fallen:
            stream = Stream("incident", history.id, history.organisation)
            batches.append((stream, [entry(signal) for signal in fallen]))
    append_many(batches, actor="clock")
    Reading.objects.bulk_update(rows.values(), ["next_signal_at"], batch_size=500)
    return sum(len(entries) for _, entries in batches)
