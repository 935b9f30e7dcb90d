"""Clock badges: a ring that empties, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext

from baken.domain.clocks import State
from baken.domain.instants import to_us
from baken.record.clocks import reads as clocks
from baken.record.clocks.reads import ClockFace, Faces
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.show.web.desk import words
from baken.show.web.templatetags.baken import duration

SOON = 0.75
"""The share of the target from which a clock is amber."""


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge shows.

    look: `running`, `soon`, `late`, `waiting`, `met` or `none`. ring: the part left, in hundredths. due: the instant in
    microseconds, None while it is not fixed. text is short and stands beside the ring; `meaning` says it in full.
    """

    name: str
    look: str
    ring: int
    text: str
    meaning: str
    due: int | None

    @property
    def title(self) -> str:
        """The name of the clock."""
        return str(words.CLOCK[self.name])


def faces_now(incidents: Sequence[Incident]) -> dict[UUID, Faces]:
    """The clocks of incidents at this instant, or at the report that another machine's clock dates a moment ahead."""
    return clocks.faces(incidents, max([to_us(clock.now()), *(to_us(row.reported) for row in incidents)]))


def badge(face: ClockFace) -> Badge:
    """The badge of one clock."""
    look, text, meaning = _says(face)
    ring = 0 if look == "late" else round(100 * max(0.0, 1 - face.share))
    return Badge(face.name, look, ring, text, meaning, face.due)


def most_urgent(faces: Faces) -> Badge:
    """The badge that a list shows: the clock that is to be met first, or the resolution when both are done."""
    open_ = [face for face in (faces.response, faces.resolution) if face.met_at is None and face.target is not None]
    running = [face for face in open_ if face.state in (State.RUNNING, State.BREACHED)]
    return badge(min(running, key=lambda face: face.due or 0) if running else faces.resolution)


def _says(face: ClockFace) -> tuple[str, str, str]:
    left = duration(face.left)
    over = duration(-face.left) if face.left is not None and face.left < 0 else ""
    match face.state:
        case State.RUNNING:
            look = "soon" if face.share >= SOON else "running"
            return look, left, gettext("%(left)s left") % {"left": left}
        case State.WAITING:
            return "waiting", gettext("waiting"), gettext("stands still with %(left)s left") % {"left": left}
        case State.BREACHED:
            text = f"+{over}" if over else gettext("late")
            return "late", text, gettext("%(over)s past the agreed time") % {"over": over} if over else gettext("late")
        case State.MET:
            return "met", gettext("in time"), gettext("met in time")
        case State.BREACHED_AND_MET:
            return "late", gettext("late"), gettext("met, but after the agreed time")
        case State.NO_TARGET:
            return "none", "–", gettext("nothing was agreed")
        case State.VOID:
            return "none", "–", gettext("does not count")
