"""What the clocks of an incident say, and why."""

from typing import Any, Literal

from ninja import Router, Schema
from pydantic import Field

from baken.domain.clocks import Reading, Segment, State
from baken.domain.facts import Priority
from baken.domain.instants import to_datetime, to_us
from baken.record.clocks import reads
from baken.record.clocks.reads import ClockFace, Explanation
from baken.record.incidents import reads as incidents
from baken.record.ledger import clock
from baken.record.people.access import Permission
from baken.show.api.access import ApiRequest, needs
from baken.show.api.schemas import Moment, Number, seconds

READ = Permission.READ_INCIDENTS
router = Router(tags=["Clocks"])


class Clock(Schema):
    """A clock at this moment; durations in seconds."""

    name: Literal["response", "resolution"]
    state: State
    priority: Priority
    target: float | None = Field(examples=[3600.0])
    used: float = Field(examples=[1800.0])
    left: float | None = Field(description="negative past the target", examples=[1800.0])
    due: Moment | None = Field(description="null while it stands still, and without a target")
    breached_at: Moment | None = Field(examples=[None])
    met_at: Moment | None = Field(examples=[None])


class Stretch(Schema):
    """A stretch of time that a clock counted, or not, and why."""

    start: Moment
    end: Moment
    counted: bool
    reason: str = Field(examples=["service hours"])


class Explained(Clock):
    """A clock with all it rests on. The counted stretches add up to `used`."""

    in_peak: bool = Field(description="whether the incident was reported in peak hours")
    stretches: list[Stretch]
    agreement_version: int = Field(examples=[1])
    agreement_valid_from: Moment
    tzdata_version: str = Field(examples=["2026a"])
    holidays_version: str = Field(examples=["0.80"])


@router.get("/incidents/{number}/clocks", response=list[Clock], **needs("Read the clocks", READ))
def clocks(request: ApiRequest, number: Number) -> list[dict[str, Any]]:
    """Both clocks of an incident: time to respond, time to resolve."""
    incident = incidents.incident(request.auth, number)
    faces = reads.faces([incident], to_us(clock.now()))[incident.id]
    return [_face(faces.response), _face(faces.resolution)]


@router.get("/incidents/{number}/clocks/{name}", response=Explained, **needs("Explain a clock", READ))
def explanation(request: ApiRequest, number: Number, name: str) -> dict[str, Any]:
    """Why the clock `response` or `resolution` says what it says: every stretch of time, counted or not."""
    incident = incidents.incident(request.auth, number)
    found = reads.explanation(request.auth, incident, name, to_us(clock.now()))
    return {
        **_face(found.reading),
        "in_peak": found.reading.in_peak,
        "stretches": [_stretch(segment) for segment in found.segments],
        **_versions(found),
    }


def _face(face: ClockFace | Reading) -> dict[str, Any]:
    return {
        "name": str(face.name),
        "state": face.state,
        "priority": face.priority,
        **{name: seconds(getattr(face, name)) for name in ("target", "used", "left")},
        **{name: _moment(getattr(face, name)) for name in ("due", "breached_at", "met_at")},
    }


def _stretch(segment: Segment) -> dict[str, Any]:
    return {
        "start": to_datetime(segment.start),
        "end": to_datetime(segment.end),
        "counted": segment.counted,
        "reason": segment.reason,
    }


def _versions(found: Explanation) -> dict[str, Any]:
    names = ("agreement_version", "agreement_valid_from", "tzdata_version", "holidays_version")
    return {name: getattr(found, name) for name in names}


def _moment(instant: int | None) -> Any:
    return None if instant is None else to_datetime(instant)
