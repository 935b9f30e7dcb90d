"""What the desk does with an incident: every verb is a resource."""

from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Router, Schema
from pydantic import Field, field_validator

from baken.domain.deadlines import Standing, Step
from baken.domain.facts import Outcome, Waiting
from baken.domain.instants import to_datetime
from baken.record.incidents import break_ins, flows
from baken.record.incidents.models import Incident as Row
from baken.record.people import reads as people
from baken.record.people.access import Permission
from baken.show.api.access import ApiRequest, needs
from baken.show.api.incidents import Classes, Incident, Level
from baken.show.api.schemas import Input, Instant, Moment, Number, Reason, Said, Text

READ, REPORT, WORK = Permission.READ_INCIDENTS, Permission.REPORT_INCIDENTS, Permission.WORK_INCIDENTS
router = Router(tags=["Handling incidents"])

Seen = Annotated[
    UUID | None,
    Field(description="the last message that was read; 409 when somebody else wrote after it", examples=[None]),
]


class Reply(Said):
    """A message to the customer."""

    seen: Seen = None


class Call(Said):
    """What was said on the telephone."""

    began: Instant | None = Field(None, description="when the call began; now if not given")


class Pickup(Input):
    """Taking an incident on."""

    over: bool = Field(False, description="from a colleague who works on it")


class Assignee(Input):
    """Whose it is."""

    user: UUID | None


class Wait(Input):
    """Whom it waits for."""

    on: Waiting
    question: Text = Field(examples=["Which browser do you use?"])
    seen: Seen = None


class NewPriority(Reason):
    """A priority from impact × urgency."""

    impact: Level
    urgency: Level


class NewClasses(Reason):
    """What the incident touches."""

    classes: Classes


class NewOutcome(Reason):
    """Why it counts no longer."""

    outcome: Literal["withdrawn", "rejected", "test", "spam"]


class Merge(Input):
    """Which incident stays."""

    into: Number


class Joining(Input):
    """Which outage it is."""

    outage: Number


class Consent(Input):
    """What the customer agreed to."""

    cause: Literal["force_majeure", "customer_side"]
    consent: Text = Field(examples=["J. Jansen agreed by telephone on 3 March."])


class Restoration(Reason):
    """Whether the data came back."""

    restored: bool


class BreakIn(Reason):
    """Whether somebody was in."""

    confirmed: bool


class NewAuthorityReport(Input):
    """A report that was sent."""

    step: Step
    sent: Instant
    reference: Text = Field(description="to whom, and under which number", examples=["CSIRT-DSP, CSIRT-4711"])


class AuthorityReport(Schema):
    """One of the three: `open` and `overdue` are not sent yet, `done` and `late` are."""

    step: Step
    due: Moment
    sent: Moment | None
    standing: Standing

    @field_validator("due", "sent", mode="before")
    @classmethod
    def at(cls, instant: Any) -> Any:
        """Microseconds as an instant."""
        return to_datetime(instant) if isinstance(instant, int) else instant


def work(summary: str, *permissions: Permission, answers: tuple[int, ...] = (409,)) -> dict[str, Any]:
    """What an operation of the desk needs."""
    return needs(summary, *(permissions or (WORK,)), READ, answers=answers)


@router.post("/incidents/{number}/replies", response={201: Incident}, **work("Reply to the customer"))
def reply(request: ApiRequest, number: Number, data: Reply) -> Row:
    """A message that the customer can see. It is a response when a person's token writes it, never a machine's."""
    return flows.reply(request.auth, number, body=data.body, seen=data.seen)


@router.post("/incidents/{number}/notes", response={201: Incident}, **work("Note something", answers=()))
def note(request: ApiRequest, number: Number, data: Said) -> Row:
    """A remark among colleagues, which the customer cannot see; no clock listens."""
    return flows.note(request.auth, number, body=data.body).incident


@router.post("/incidents/{number}/calls", response={201: Incident}, **work("Log a call"))
def call(request: ApiRequest, number: Number, data: Call) -> Row:
    """A live call with the customer: a response."""
    return flows.log_call(request.auth, number, body=data.body, began=data.began)


@router.post("/incidents/{number}/pickup", response={201: Incident}, **work("Take an incident on"))
def pickup(request: ApiRequest, number: Number, data: Pickup) -> Row:
    """The person whose token this is takes the incident on. A machine's token answers 403: it is nobody."""
    return flows.take(request.auth, number, over=data.over)


@router.put("/incidents/{number}/assignee", response=Incident, **work("Assign an incident"))
def assignee(request: ApiRequest, number: Number, data: Assignee) -> Row:
    """Hand the incident to somebody at the desk, or with null to nobody. This alone is not a response."""
    return flows.assign(request.auth, number, to=people.one_of(people.agents(), data.user) if data.user else None)


@router.post("/incidents/{number}/waiting", response={201: Incident}, **work("Wait"))
def waiting(request: ApiRequest, number: Number, data: Wait) -> Row:
    """Wait for the customer after a question they can see, or for somebody else with a note of why."""
    return flows.wait(request.auth, number, on=data.on, question=data.question, seen=data.seen)


@router.post("/incidents/{number}/resumption", response={201: Incident}, **work("Stop waiting"))
def resumption(request: ApiRequest, number: Number) -> Row:
    """The clock goes on. An answer of the customer does this by itself."""
    return flows.resume(request.auth, number)


@router.post("/incidents/{number}/resolution", response={201: Incident}, **work("Resolve an incident"))
def resolution(request: ApiRequest, number: Number, data: Reply) -> Row:
    """The service works again for the customer, who reads in `body` what was done."""
    return flows.resolve(request.auth, number, body=data.body, seen=data.seen)


@router.post("/incidents/{number}/reopening", response={201: Incident}, **work("Reopen an incident", REPORT))
def reopening(request: ApiRequest, number: Number, data: Reason) -> Row:
    """It was not resolved after all: the resolution clock goes on without the time between."""
    return flows.reopen(request.auth, number, reason=data.reason)


@router.post("/incidents/{number}/closure", response={201: Incident}, **work("Close an incident"))
def closure(request: ApiRequest, number: Number) -> Row:
    """End the conversation about a resolved incident."""
    return flows.close(request.auth, number)


@router.put("/incidents/{number}/priority", response=Incident, **work("Change the priority"))
def priority(request: ApiRequest, number: Number, data: NewPriority) -> Row:
    """A new priority from impact × urgency; the deadlines are computed again from the report.

    After the resolution this needs `facts:correct` as well.
    """
    return flows.change_priority(request.auth, number, impact=data.impact, urgency=data.urgency, reason=data.reason)


@router.put("/incidents/{number}/classes", response=Incident, **work("Change the classes"))
def classes(request: ApiRequest, number: Number, data: NewClasses) -> Row:
    """What the incident touches, corrected by a person, hence confirmed.

    409 for who takes `security` off an incident that is not judged yet, or a confirmed break-in, and may not judge.
    """
    return flows.change_classes(request.auth, number, classes=data.classes, reason=data.reason)


@router.post(
    "/incidents/{number}/classes/confirmation",
    response={201: Incident},
    **work("Confirm the classes", answers=()),
)
def confirmation(request: ApiRequest, number: Number) -> Row:
    """A person looked, and the classes are right."""
    return flows.confirm_classes(request.auth, number)


@router.post("/incidents/{number}/outcome", response={201: Incident}, **work("Leave an incident out", REPORT))
def outcome(request: ApiRequest, number: Number, data: NewOutcome) -> Row:
    """Take it out of the counts. A customer withdraws their own; for the desk this needs `incidents:work`.

    Where somebody may have broken in, only who judges that may: 409 for others. The same holds for counting it again
    and for merging it.
    """
    return flows.leave_out(request.auth, number, outcome=Outcome(data.outcome), reason=data.reason)


@router.post("/incidents/{number}/readmission", response={201: Incident}, **work("Count an incident again"))
def readmission(request: ApiRequest, number: Number, data: Reason) -> Row:
    """Leaving it out was a mistake. What it was merged into gives its report back."""
    return flows.readmit(request.auth, number, reason=data.reason)


@router.post("/incidents/{number}/merge", response={201: Incident}, **work("Merge an incident"))
def merge(request: ApiRequest, number: Number, data: Merge) -> Row:
    """Make it a duplicate of `into`, of the same customer and service; the answer is the incident that stays."""
    return flows.merge(request.auth, number, into=data.into)


@router.post("/incidents/{number}/outage", response={201: Incident}, **work("Say which outage it is"))
def outage(request: ApiRequest, number: Number, data: Joining) -> Row:
    """What a customer reported is the outage that a monitor saw: it is resolved when that is, and when that was."""
    return flows.join_outage(request.auth, number, outage=data.outage)


@router.post(
    "/incidents/{number}/consent",
    response={201: Incident},
    **work("Record the customer's consent", Permission.CORRECT_FACTS),
)
def consent(request: ApiRequest, number: Number, data: Consent) -> Row:
    """The customer agreed that the figures leave this incident out; they are shown with and without it."""
    return flows.record_consent(request.auth, number, cause=data.cause, consent=data.consent)


@router.post(
    "/incidents/{number}/facts/{seq}/retraction",
    response={201: Incident},
    **work("Retract a fact", Permission.CORRECT_FACTS, answers=()),
)
def retraction(request: ApiRequest, number: Number, seq: Number, data: Reason) -> Row:
    """A fact was wrong. It stays readable and no longer counts; figures that change show as a correction."""
    return flows.retract(request.auth, number, seq=seq, reason=data.reason)


@router.post("/incidents/{number}/restoration", response={201: Incident}, **work("Judge the restoration", answers=()))
def restoration(request: ApiRequest, number: Number, data: Restoration) -> Row:
    """An integrity incident's data came back, or is lost for good."""
    return flows.judge_restoration(request.auth, number, restored=data.restored, reason=data.reason)


@router.post(
    "/incidents/{number}/break-in", response={201: Incident}, **work("Judge a break-in", Permission.CORRECT_FACTS)
)
def break_in(request: ApiRequest, number: Number, data: BreakIn) -> Row:
    """Of a security incident: the service manager finds that somebody was in, or that nobody was.

    It counts in C8 from now; another verdict later takes its place. A machine's token answers 403: it is nobody.
    """
    return break_ins.judge(request.auth, number, confirmed=data.confirmed, reason=data.reason)


@router.get(
    "/incidents/{number}/authority-reports",
    response=list[AuthorityReport],
    **work("Read what the authority was told", answers=()),
)
def authority(request: ApiRequest, number: Number) -> list[Any]:
    """The three reports of NIS2 about a security incident: when each is due, when it was sent, and how that stands."""
    return list(break_ins.authority(request.auth, number))


@router.post(
    "/incidents/{number}/authority-reports",
    response={201: Incident},
    **work("Record a report to the authority", Permission.CORRECT_FACTS),
)
def tell_authority(request: ApiRequest, number: Number, data: NewAuthorityReport) -> Row:
    """That it was sent, when, and to whom under which number. Each step once; a wrong one is retracted first."""
    return break_ins.tell_authority(request.auth, number, **dict(data))
