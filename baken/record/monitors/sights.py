"""What is written down of a sight: that it began, what changed, and the last that was seen."""

from baken.domain.instants import to_datetime
from baken.domain.timelines import Change
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream
from baken.record.monitors.models import Sight


def stream(sight: Sight) -> Stream:
    """The stream of a sight's facts."""
    return Stream("sight", sight.id, sight.organisation_id)


def began(sight: Sight) -> Entry:
    """A location began to look at a monitor."""
    return Entry("sight.began", clock.now(), {"monitor": str(sight.monitor_id), "location": str(sight.location_id)})


def changed(change: Change) -> Entry:
    """What it saw changed."""
    data = {"state": change.state.value, "reason": change.reason or ""}
    return Entry("sight.changed", to_datetime(change.at), data)


def observed(sight: Sight) -> Entry:
    """The last that it saw, so that the ledger alone says what was measured."""
    data = {"up": sight.up, "reason": sight.reason, "interval": sight.interval, "tolerance": sight.tolerance}
    return Entry("sight.observed", sight.started or clock.now(), data)
