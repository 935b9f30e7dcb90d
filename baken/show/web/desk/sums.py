"""What a clock comes to, in words that a customer accepts, and by the reasons that it counted and did not."""

from dataclasses import dataclass

from django.utils.translation import gettext

from baken.domain.clocks import Reading, State
from baken.record.clocks.reads import Explanation
from baken.show.web.templatetags.baken import duration


@dataclass(frozen=True, slots=True)
class Part:
    """All time for one reason (a code), in microseconds."""

    reason: str
    counted: bool
    length: int


def in_words(explanation: Explanation) -> str:
    """The sum of a clock as a sentence."""
    reading = explanation.reading
    told = {
        "used": duration(reading.used),
        "target": duration(reading.target),
        "left": duration(reading.left),
        "over": duration(-reading.left) if reading.left is not None else "",
    }
    return _sentence(reading) % told


def by_reason(explanation: Explanation) -> list[Part]:
    """How long each reason held, what counted first."""
    sums: dict[tuple[bool, str], int] = {}
    for segment in explanation.segments:
        key = (not segment.counted, segment.reason)
        sums[key] = sums.get(key, 0) + segment.end - segment.start
    return [Part(reason, not skipped, length) for (skipped, reason), length in sorted(sums.items())]


def _sentence(reading: Reading) -> str:
    match reading.state:
        case State.NO_TARGET:
            return gettext("%(used)s counted; no time was agreed for this.")
        case State.RUNNING:
            return gettext("%(used)s counted of the agreed %(target)s; %(left)s are left.")
        case State.WAITING:
            return gettext("%(used)s counted of the agreed %(target)s; it stands still with %(left)s left.")
        case State.MET:
            return gettext("%(used)s counted of the agreed %(target)s: in time.")
        case State.VOID:
            return gettext("%(used)s counted; this clock does not count any more.")
        case State.BREACHED | State.BREACHED_AND_MET if reading.used >= (reading.target or 0):
            return gettext("%(used)s counted of the agreed %(target)s: %(over)s too long.")
        case _:
            return gettext("%(used)s counted of the agreed %(target)s: an earlier priority was exceeded.")
