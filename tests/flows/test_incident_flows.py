"""Working an incident: what every flow changes, what it refuses, and whom."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from baken.domain.facts import Origin, Outcome, Waiting
from baken.record.incidents import flows, reads
from baken.record.incidents.flows import Conflict, IncidentError
from baken.record.incidents.models import Incident
from baken.record.people.access import Forbidden, NotFound
from tests.conftest import Cast
from tests.flows.incident_world import MACHINE, MONDAY, kinds, reported, said


def test_a_customer_reports_for_themselves_and_now(cast: Cast, at: Callable[[float], None]) -> None:
    at(3)
    incident = reported(cast, cast.alice, impact=1, urgency=2, reported=MONDAY, reporter=cast.stranger.user)
    assert (incident.status, incident.priority, incident.impact, incident.urgency) == ("new", "high", 1, 2)
    assert (incident.reporter, incident.reported) == (cast.alice.user, MONDAY + timedelta(hours=3))
    assert (incident.origin, incident.agreement_version, incident.classes) == ("customer", 1, ["other"])
    assert said(cast.alice.caller, incident) == ["All of them"]
    later = reported(cast, cast.alice, body="")
    assert later.number == incident.number + 1
    assert said(cast.alice.caller, later) == []


def test_the_desk_says_who_called_and_when(cast: Cast, at: Callable[[float], None]) -> None:
    at(1)
    incident = reported(
        cast, cast.bob, reporter=cast.alice.user, reported=MONDAY, origin=Origin.AGENT,
        classes=["security", "integrity", "security"],
    )  # fmt: skip
    assert (incident.reported, incident.reporter, incident.origin) == (MONDAY, cast.alice.user, "agent")
    assert incident.classes == ["integrity", "security"]
    assert reads.messages(cast.bob.caller, incident).get().author == cast.alice.user


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"subject": "  "}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"subject": "nul\x00"}, "subject"),
        ({"body": "x" * 100_001}, "message"),
        ({"impact": 0}, "impact"),
        ({"urgency": 4}, "urgency"),
        ({"classes": []}, "classes"),
        ({"classes": ["broken"]}, "classes"),
        ({"reported": datetime(2027, 1, 1, tzinfo=UTC)}, "reported"),
    ],
)
def test_a_report_that_does_not_fit(cast: Cast, at: Callable[[float], None], wrong: dict[str, Any], field: str) -> None:
    at(0)
    with pytest.raises(IncidentError, match=f"^{field}: "):
        reported(cast, cast.bob, **wrong)
    assert not Incident.objects.exists()


def test_a_report_about_what_is_not_theirs(cast: Cast) -> None:
    for wrong in ({"service": cast.other_service}, {"organisation": cast.stranger_organisation}):
        with pytest.raises(NotFound):
            reported(cast, cast.alice, **wrong)
    with pytest.raises(IncidentError, match="service: "):
        reported(cast, cast.bob, service=cast.other_service)
    with pytest.raises(IncidentError, match="reporter: "):
        reported(cast, cast.bob, reporter=cast.stranger.user)
    with pytest.raises(Forbidden):
        reported(cast, cast.audrey)
    assert reported(cast, cast.bob, organisation=cast.provider, service=cast.other_service).number


def test_a_reply_is_a_response_and_a_note_is_not(cast: Cast, incident: Incident, at: Callable[[float], None]) -> None:
    bob, alice = cast.bob.caller, cast.alice.caller
    at(1)
    flows.note(bob, incident.number, body="Looks bad")
    flows.reply(MACHINE, incident.number, body="We received your message")
    assert reads.incident(bob, incident.number).status == "new"
    at(2)
    after = flows.reply(bob, incident.number, body="We look at it")
    assert (after.status, after.responded_at) == ("open", MONDAY + timedelta(hours=2))
    assert said(alice, incident) == ["All of them", "We received your message", "We look at it"]
    assert "Looks bad" in said(bob, incident)
    with pytest.raises(IncidentError, match="message: "):
        flows.reply(bob, incident.number, body=" \n")


def test_a_status_update_is_the_response_to_a_monitor(cast: Cast, at: Callable[[float], None]) -> None:
    at(0)
    incident = flows.report(
        cast.program, organisation=cast.customer, service=cast.service, subject="Down", origin=Origin.MONITOR
    )
    at(1)
    after = flows.reply(cast.bob.caller, incident.number, body="We know")
    assert after.responded_at == MONDAY + timedelta(hours=1)
    assert reads.facts(cast.bob.caller, incident)[-1].data == {"way": "update"}


def test_a_call_counts_from_when_it_began(cast: Cast, incident: Incident, at: Callable[[float], None]) -> None:
    at(2)
    after = flows.log_call(cast.bob.caller, incident.number, body="Called", began=MONDAY + timedelta(hours=1))
    assert after.responded_at == MONDAY + timedelta(hours=1)
    for wrong in (MONDAY - timedelta(minutes=1), MONDAY + timedelta(hours=3)):
        with pytest.raises(IncidentError, match="began: "):
            flows.log_call(cast.bob.caller, incident.number, body="Called", began=wrong)


def test_taking_on_and_taking_over(cast: Cast, incident: Incident) -> None:
    bob, bea = cast.bob.caller, cast.bea.caller
    with pytest.raises(Forbidden):
        flows.take(MACHINE, incident.number)
    taken = flows.take(bob, incident.number)
    assert (taken.assignee, taken.status) == (cast.bob.user, "open")
    before = kinds(bob, incident)
    flows.take(bob, incident.number)
    assert kinds(bob, incident) == before
    with pytest.raises(Conflict, match="A colleague works on this"):
        flows.take(bea, incident.number)
    assert flows.take(bea, incident.number, over=True).assignee == cast.bea.user


def test_assigning(cast: Cast, incident: Incident) -> None:
    mona = cast.mona.caller
    assert flows.assign(mona, incident.number, to=cast.bea.user).status == "new"
    assert list(reads.open_incidents(mona, assignee=cast.bea.user.id)) == [incident]
    for nobody in (cast.alice.user, cast.audrey.user):
        with pytest.raises(IncidentError, match="to: "):
            flows.assign(mona, incident.number, to=nobody)
    # Who was assigned takes it on: that is the pick-up, the assignment was not.
    assert flows.take(cast.bea.caller, incident.number).status == "open"
    assert flows.assign(mona, incident.number, to=None).assignee is None


def test_waiting_for_the_customer_until_they_answer(
    cast: Cast, incident: Incident, at: Callable[[float], None]
) -> None:
    bob, alice = cast.bob.caller, cast.alice.caller
    with pytest.raises(IncidentError, match="message: "):
        flows.wait(bob, incident.number, on=Waiting.CUSTOMER, question="")
    at(1)
    waiting = flows.wait(bob, incident.number, on=Waiting.CUSTOMER, question="Which folder?")
    assert (waiting.status, waiting.waiting_on) == ("waiting", "customer")
    assert waiting.responded_at == MONDAY + timedelta(hours=1)
    assert said(alice, incident)[-1] == "Which folder?"
    with pytest.raises(Conflict):
        flows.wait(bob, incident.number, on=Waiting.CUSTOMER, question="Well?")
    assert flows.reply(bob, incident.number, body="Take your time").status == "waiting"
    at(5)
    assert flows.answer(alice, incident.number, body="The blue one").status == "open"
    assert kinds(bob, incident)[-1] == "waiting_ended"
    with pytest.raises(Conflict):
        flows.resume(bob, incident.number)


def test_waiting_for_somebody_else_is_among_colleagues(cast: Cast, incident: Incident) -> None:
    bob, alice = cast.bob.caller, cast.alice.caller
    flows.wait(bob, incident.number, on=Waiting.CUSTOMER, question="Which folder?")
    waiting = flows.wait(bob, incident.number, on=Waiting.SUPPLIER, question="Disk ordered")
    assert (waiting.status, waiting.waiting_on) == ("waiting", "supplier")
    assert kinds(bob, incident)[-2:] == ["waiting_ended", "waiting_began"]
    assert "Disk ordered" not in said(alice, incident)
    assert flows.answer(alice, incident.number, body="Hurry").status == "waiting"
    assert flows.resume(bob, incident.number).status == "open"


def test_resolving_reopening_and_closing(cast: Cast, incident: Incident, at: Callable[[float], None]) -> None:
    bob, alice = cast.bob.caller, cast.alice.caller
    with pytest.raises(Conflict):
        flows.close(bob, incident.number)
    with pytest.raises(Conflict):
        flows.reopen(alice, incident.number, reason="Still broken")
    at(2)
    done = flows.resolve(bob, incident.number, body="Put back")
    assert (done.status, done.resolved_at) == ("resolved", MONDAY + timedelta(hours=2))
    for again in (
        lambda: flows.resolve(bob, incident.number, body="Again"),
        lambda: flows.take(bob, incident.number),
        lambda: flows.assign(bob, incident.number, to=None),
        lambda: flows.wait(bob, incident.number, on=Waiting.OTHER, question="?"),
    ):
        with pytest.raises(Conflict, match="resolved already"):
            again()
    assert flows.answer(alice, incident.number, body="Half of it").status == "open"
    flows.resolve(bob, incident.number, body="Now all of it")
    assert flows.reopen(bob, incident.number, reason="Saw it fail").status == "open"
    assert "Saw it fail" not in said(alice, incident)
    flows.resolve(bob, incident.number, body="Third time")
    flows.close(bob, incident.number)
    for late in (
        lambda: flows.answer(alice, incident.number, body="Thanks"),
        lambda: flows.reopen(alice, incident.number, reason="Hm"),
        lambda: flows.reply(bob, incident.number, body="Bye"),
        lambda: flows.log_call(bob, incident.number, body="Bye"),
    ):
        with pytest.raises(Conflict, match="closed"):
            late()
    assert flows.reopen(bob, incident.number, reason="They called").status == "open"


def test_priority_changes_with_a_reason(cast: Cast, incident: Incident) -> None:
    bob, number = cast.bob.caller, incident.number
    after = flows.change_priority(bob, number, impact=1, urgency=1, reason="Everybody is down")
    assert (after.priority, after.impact, after.urgency) == ("high", 1, 1)
    assert "Everybody is down" not in said(cast.alice.caller, incident)
    with pytest.raises(Conflict):
        flows.change_priority(bob, number, impact=1, urgency=1, reason="Again")
    with pytest.raises(IncidentError, match="urgency: "):
        flows.change_priority(bob, number, impact=1, urgency=9, reason="Again")
    with pytest.raises(IncidentError, match="message: "):
        flows.change_priority(bob, number, impact=3, urgency=3, reason="")
    flows.resolve(bob, number, body="Done")
    with pytest.raises(Forbidden):
        flows.change_priority(bob, number, impact=3, urgency=3, reason="Was not that bad")
    corrected = flows.change_priority(cast.mona.caller, number, impact=3, urgency=3, reason="Was not that bad")
    assert (corrected.priority, corrected.status) == ("low", "resolved")


def test_classes_are_confirmed_by_a_person(cast: Cast, incident: Incident) -> None:
    bob = cast.bob.caller
    assert not incident.classes_confirmed
    assert flows.confirm_classes(bob, incident.number).classes_confirmed
    before = kinds(bob, incident)
    flows.confirm_classes(bob, incident.number)
    assert kinds(bob, incident) == before
    changed = flows.change_classes(bob, incident.number, classes=["integrity"], reason="Files")
    assert (changed.classes, changed.classes_confirmed) == (["integrity"], True)
    with pytest.raises(IncidentError, match="classes: "):
        flows.change_classes(bob, incident.number, classes=[], reason="Files")


def test_leaving_out_and_readmitting(cast: Cast, incident: Incident) -> None:
    bob, alice, number = cast.bob.caller, cast.alice.caller, incident.number
    with pytest.raises(Forbidden):
        flows.leave_out(alice, number, outcome=Outcome.REJECTED, reason="No")
    with pytest.raises(IncidentError, match="outcome: "):
        flows.leave_out(bob, number, outcome=Outcome.DUPLICATE, reason="No")
    with pytest.raises(Conflict):
        flows.readmit(bob, number, reason="No")
    assert flows.leave_out(bob, number, outcome=Outcome.TEST, reason="Only trying").outcome == "test"
    assert "Only trying" not in said(alice, incident)
    assert not reads.open_incidents(bob).exists()
    assert list(reads.done(alice)) == [incident]
    for again in (
        lambda: flows.leave_out(bob, number, outcome=Outcome.SPAM, reason="No"),
        lambda: flows.change_priority(bob, number, impact=1, urgency=1, reason="No"),
        lambda: flows.answer(alice, number, body="Hello?"),
    ):
        with pytest.raises(Conflict):
            again()
    assert flows.readmit(bob, number, reason="It was real").outcome == ""
    flows.leave_out(bob, number, outcome=Outcome.REJECTED, reason="Works as agreed")
    assert said(alice, incident)[-1] == "Works as agreed"


def test_a_customer_withdraws_what_is_still_open(cast: Cast, incident: Incident) -> None:
    alice = cast.alice.caller
    other = reported(cast, cast.alice)
    flows.resolve(cast.bob.caller, other.number, body="Done")
    with pytest.raises(Conflict):
        flows.leave_out(alice, other.number, outcome=Outcome.WITHDRAWN, reason="Never mind")
    gone = flows.leave_out(alice, incident.number, outcome=Outcome.WITHDRAWN, reason="Never mind")
    assert gone.outcome == "withdrawn"
    assert said(alice, incident)[-1] == "Never mind"
