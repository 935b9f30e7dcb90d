"""Every flow of an incident: what it changes, what it refuses, and whom."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from baken.domain.facts import Kind, Origin, Outcome, Waiting
from baken.record.incidents import flows, presence, reads
from baken.record.incidents.flows import Conflict, IncidentError
from baken.record.incidents.models import Draft, Incident, Message, Presence
from baken.record.incidents.presence import Colleague
from baken.record.ledger import clock
from baken.record.people.access import Caller, Forbidden, NotFound, Role
from tests.conftest import Cast, Person

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
MACHINE = Caller("token:t", None, roles=frozenset({Role.AGENT}))


@pytest.fixture
def at() -> Iterator[Callable[[float], None]]:
    """Makes it so many hours after Monday morning, and keeps it so."""
    with ExitStack() as moments:
        yield lambda hours: moments.enter_context(clock.at(MONDAY + timedelta(hours=hours)))


@pytest.fixture
def incident(cast: Cast, at: Callable[[float], None]) -> Incident:
    """Reported on Monday morning, where the test begins."""
    at(0)
    return reported(cast, cast.alice)


def reported(cast: Cast, by: Person, **more: Any) -> Incident:
    given = {"organisation": cast.customer, "service": cast.service, "subject": "Files are gone", "body": "All of them"}
    return flows.report(by.caller, **{**given, **more})


def kinds(caller: Caller, incident: Incident) -> list[str]:
    return [fact.kind.removeprefix("incident.") for fact in reads.facts(caller, incident)]


def said(caller: Caller, incident: Incident) -> list[str]:
    return [message.body for message in reads.messages(caller, incident)]


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


def test_a_merge_takes_the_earliest_report_and_can_be_undone(
    cast: Cast, incident: Incident, at: Callable[[float], None]
) -> None:
    bob = cast.bob.caller
    at(1)
    later = reported(cast, cast.alice, body="It is me again")
    at(2)
    survivor = flows.merge(bob, incident.number, into=later.number)
    assert (survivor.number, survivor.reported) == (later.number, incident.reported)
    merged = reads.incident(bob, incident.number)
    assert (merged.outcome, merged.survivor) == ("duplicate", survivor)
    assert said(cast.alice.caller, survivor) == ["All of them", "It is me again"]
    flows.readmit(bob, incident.number, reason="Another matter")
    assert reads.incident(bob, later.number).reported == MONDAY + timedelta(hours=1)
    assert said(cast.alice.caller, survivor) == ["It is me again"]
    survivor = flows.merge(bob, later.number, into=incident.number)
    assert survivor.reported == MONDAY


def test_two_duplicates_and_the_later_one_given_back(
    cast: Cast, incident: Incident, at: Callable[[float], None]
) -> None:
    bob = cast.bob.caller
    at(1)
    second = reported(cast, cast.alice)
    at(2)
    third = reported(cast, cast.alice)
    flows.merge(bob, incident.number, into=third.number)
    assert flows.merge(bob, second.number, into=third.number).reported == MONDAY
    flows.readmit(bob, incident.number, reason="Another matter")
    assert reads.incident(bob, third.number).reported == MONDAY + timedelta(hours=1)


def test_what_cannot_be_merged(cast: Cast, incident: Incident) -> None:
    bob = cast.bob.caller
    strange = flows.report(
        cast.stranger.caller, organisation=cast.stranger_organisation, service=cast.other_service, subject="Mine"
    )
    for into in (incident.number, strange.number):
        with pytest.raises(IncidentError, match="into: "):
            flows.merge(bob, incident.number, into=into)
    with pytest.raises(NotFound):
        flows.merge(bob, incident.number, into=1)
    other = reported(cast, cast.alice)
    flows.merge(bob, other.number, into=incident.number)
    with pytest.raises(Conflict):
        flows.merge(bob, incident.number, into=other.number)


def test_an_outage_shares_its_resolution(cast: Cast, incident: Incident, at: Callable[[float], None]) -> None:
    bob, alice, number = cast.bob.caller, cast.alice.caller, incident.number
    at(0)
    outage = flows.report(
        cast.program, organisation=cast.provider, service=cast.service, subject="Down", origin=Origin.MONITOR
    )
    for wrong in (number, reported(cast, cast.alice).number):
        with pytest.raises(IncidentError, match="outage: "):
            flows.join_outage(bob, number, outage=wrong)
    with pytest.raises(IncidentError, match="outage: "):
        flows.join_outage(bob, outage.number, outage=outage.number)
    assert flows.join_outage(bob, number, outage=outage.number).outage == outage
    with pytest.raises(Conflict):
        flows.join_outage(bob, number, outage=outage.number)
    with pytest.raises(Conflict, match="part of an outage"):
        flows.resolve(bob, number, body="Done")
    at(3)
    flows.resolve(bob, outage.number, body="Up again")
    shared = reads.incident(alice, number)
    assert (shared.status, shared.resolved_at) == ("resolved", MONDAY + timedelta(hours=3))
    for again in (lambda: flows.answer(alice, number, body="No"), lambda: flows.reopen(alice, number, reason="No")):
        with pytest.raises(Conflict, match="part of an outage"):
            again()
    flows.reopen(bob, outage.number, reason="Down again")
    assert reads.incident(alice, number).status == "open"
    joined = next(f.seq for f in reads.facts(bob, incident) if f.kind == Kind.JOINED_OUTAGE)
    alone = flows.retract(cast.mona.caller, number, seq=joined, reason="Something else")
    assert alone.outage is None
    assert flows.resolve(bob, number, body="Done").status == "resolved"


def test_a_wrong_fact_is_retracted_by_the_manager(cast: Cast, incident: Incident) -> None:
    bob, mona, number = cast.bob.caller, cast.mona.caller, incident.number
    flows.resolve(bob, number, body="Done")
    flows.note(bob, number, body="Oops")
    seq = reads.facts(bob, incident)[-1].seq
    with pytest.raises(Forbidden):
        flows.retract(bob, number, seq=seq, reason="Wrong one")
    for wrong in (1, 0, 99):
        with pytest.raises(IncidentError, match="seq: "):
            flows.retract(mona, number, seq=wrong, reason="Wrong one")
    after = flows.retract(mona, number, seq=seq, reason="Wrong one")
    assert (after.status, after.resolved_at) == ("new", None)
    for gone in (seq, seq + 1):
        with pytest.raises(IncidentError, match="seq: "):
            flows.retract(mona, number, seq=gone, reason="Twice")


def test_consent_to_leave_an_incident_out_of_the_figures(cast: Cast, incident: Incident) -> None:
    with pytest.raises(Forbidden):
        flows.record_consent(cast.bob.caller, incident.number, cause="force_majeure", consent="Flood")
    with pytest.raises(IncidentError, match="cause: "):
        flows.record_consent(cast.mona.caller, incident.number, cause="bad luck", consent="Flood")
    flows.record_consent(cast.mona.caller, incident.number, cause="force_majeure", consent="Alice agreed by mail")
    assert said(cast.alice.caller, incident)[-1] == "Alice agreed by mail"
    assert kinds(cast.mona.caller, incident)[-1] == "exclusion_agreed"


def test_judging_lost_data_and_break_ins(cast: Cast, incident: Incident, at: Callable[[float], None]) -> None:
    bob, number = cast.bob.caller, incident.number
    for judge in (
        lambda: flows.judge_restoration(bob, number, restored=True, reason="Back"),
        lambda: flows.judge_break_in(bob, number, confirmed=True, reason="Logs"),
    ):
        with pytest.raises(IncidentError, match="classes: "):
            judge()
    flows.change_classes(bob, number, classes=["integrity", "security"], reason="Both")
    at(1)
    after = flows.judge_restoration(bob, number, restored=False, reason="No copy")
    assert (after.restored_at, after.not_restorable_at) == (None, MONDAY + timedelta(hours=1))
    after = flows.judge_restoration(bob, number, restored=True, reason="Found a copy")
    assert (after.restored_at, after.not_restorable_at) == (MONDAY + timedelta(hours=1), None)
    after = flows.judge_break_in(bob, number, confirmed=True, reason="Logs")
    assert after.break_in_confirmed_at == MONDAY + timedelta(hours=1)
    after = flows.judge_break_in(bob, number, confirmed=False, reason="It was us")
    assert (after.break_in_confirmed_at, after.break_in_rejected_at is None) == (None, False)


def test_drafts_are_kept_until_they_are_sent(cast: Cast, incident: Incident) -> None:
    bob, alice, number = cast.bob.caller, cast.alice.caller, incident.number
    flows.save_draft(bob, number, kind="reply", body="Dear")
    flows.save_draft(bob, number, kind="reply", body="Dear Alice")
    flows.save_draft(bob, number, kind="note", body="Hm")
    flows.save_draft(alice, number, kind="reply", body="And")
    assert [reads.draft(bob, incident, kind) for kind in ("reply", "note")] == ["Dear Alice", "Hm"]
    assert reads.draft(cast.bea.caller, incident, "reply") == ""
    for refused, error in (
        (lambda: flows.save_draft(alice, number, kind="note", body="x"), Forbidden),
        (lambda: flows.save_draft(bob, number, kind="poem", body="x"), IncidentError),
        (lambda: flows.save_draft(MACHINE, number, kind="reply", body="x"), IncidentError),
        (lambda: flows.save_draft(bob, number, kind="reply", body="x" * 100_001), IncidentError),
        (lambda: flows.save_draft(cast.stranger.caller, number, kind="reply", body="x"), NotFound),
    ):
        with pytest.raises(error):
            refused()
    flows.reply(bob, number, body="Dear Alice, done")
    flows.save_draft(bob, number, kind="note", body=" ")
    flows.save_draft(bob, number, kind="reply", body="Dear Alice, done ")  # on its way while the reply was sent
    assert [draft.author for draft in Draft.objects.all()] == [cast.alice.user]


def test_who_has_it_open_and_who_writes(cast: Cast, incident: Incident, at: Callable[[float], None]) -> None:
    bob, bea, number = cast.bob.caller, cast.bea.caller, incident.number
    for caller in (bob, bea, bob, MACHINE):
        presence.look(caller, number)
    flows.save_draft(bea, number, kind="note", body="Hm")
    assert presence.colleagues(bob, incident) == [Colleague(cast.bea.user, writes=True)]
    assert presence.colleagues(bea, incident) == [Colleague(cast.bob.user, writes=False)]
    at(0.02)
    presence.look(bea, reported(cast, cast.alice).number)
    assert presence.colleagues(bob, incident) == []
    assert Presence.objects.filter(person=cast.bea.user).count() == 1
    with pytest.raises(Forbidden):
        presence.look(cast.alice.caller, number)
    with pytest.raises(Forbidden):
        presence.colleagues(cast.alice.caller, incident)
    with pytest.raises(NotFound):
        presence.look(bob, 1)


def test_somebody_wrote_meanwhile(cast: Cast, incident: Incident) -> None:
    bob, bea, number = cast.bob.caller, cast.bea.caller, incident.number
    seen = Message.objects.get().id
    flows.reply(bea, number, body="I have it", seen=seen)
    flows.reply(bea, number, body="Nearly done", seen=seen)  # her own words do not stand in her way
    for late in (
        lambda: flows.reply(bob, number, body="On it", seen=seen),
        lambda: flows.resolve(bob, number, body="Done", seen=seen),
        lambda: flows.wait(bob, number, on=Waiting.CUSTOMER, question="Which?", seen=seen),
    ):
        with pytest.raises(Conflict, match="Somebody wrote while you were writing"):
            late()
    assert flows.reply(bob, number, body="Thanks", seen=Message.objects.latest("id").id).status == "open"


WORK: list[Callable[[Caller, int], object]] = [
    lambda caller, number: flows.reply(caller, number, body="x"),
    lambda caller, number: flows.note(caller, number, body="x"),
    lambda caller, number: flows.log_call(caller, number, body="x"),
    lambda caller, number: flows.take(caller, number),
    lambda caller, number: flows.assign(caller, number, to=None),
    lambda caller, number: flows.wait(caller, number, on=Waiting.OTHER, question="x"),
    lambda caller, number: flows.resume(caller, number),
    lambda caller, number: flows.resolve(caller, number, body="x"),
    lambda caller, number: flows.close(caller, number),
    lambda caller, number: flows.change_priority(caller, number, impact=1, urgency=1, reason="x"),
    lambda caller, number: flows.change_classes(caller, number, classes=["other"], reason="x"),
    lambda caller, number: flows.confirm_classes(caller, number),
    lambda caller, number: flows.leave_out(caller, number, outcome=Outcome.SPAM, reason="x"),
    lambda caller, number: flows.readmit(caller, number, reason="x"),
    lambda caller, number: flows.merge(caller, number, into=number + 1),
    lambda caller, number: flows.join_outage(caller, number, outage=number + 1),
    lambda caller, number: flows.record_consent(caller, number, cause="force_majeure", consent="x"),
    lambda caller, number: flows.retract(caller, number, seq=2, reason="x"),
    lambda caller, number: flows.judge_restoration(caller, number, restored=True, reason="x"),
    lambda caller, number: flows.judge_break_in(caller, number, confirmed=True, reason="x"),
]
OWN: list[Callable[[Caller, int], object]] = [
    lambda caller, number: flows.answer(caller, number, body="x"),
    lambda caller, number: flows.reopen(caller, number, reason="x"),
    lambda caller, number: flows.leave_out(caller, number, outcome=Outcome.WITHDRAWN, reason="x"),
    lambda caller, number: reads.incident(caller, number),
]


def test_strangers_find_nothing_and_customers_do_not_work(cast: Cast, incident: Incident) -> None:
    before = kinds(cast.bob.caller, incident), Message.objects.count()
    for act in WORK:
        for nobody in (cast.alice, cast.stranger, cast.audrey):
            with pytest.raises(Forbidden):
                act(nobody.caller, incident.number)
    for act in OWN:
        with pytest.raises(NotFound):
            act(cast.stranger.caller, incident.number)
        with pytest.raises(Forbidden):
            act(cast.audrey.caller, incident.number)
        with pytest.raises(NotFound):
            act(cast.bob.caller, 1)
    assert before == (kinds(cast.bob.caller, incident), Message.objects.count())
    assert not reads.visible(cast.stranger.caller).exists()
    assert not reads.found(cast.stranger.caller, "gone").exists()
    assert not reads.last_said(cast.alice.caller, [])


def test_narrowing_a_list(cast: Cast, incident: Incident) -> None:
    other = reported(cast, cast.alice, impact=1, urgency=1, classes=["security", "integrity"])
    every = reads.visible(cast.bob.caller)
    for wanted, found in (
        ({}, {incident, other}),
        ({"priority": "high"}, {other}),
        ({"incident_class": "security"}, {other}),
        ({"service": "cloud", "customer": "customer"}, {incident, other}),
        ({"service": "other"}, set()),
        ({"customer": "stranger"}, set()),
    ):
        assert set(reads.narrowed(every, **wanted)) == found


def test_the_desks_views(cast: Cast, incident: Incident) -> None:
    bob = cast.bob.caller
    mine, waiting, resolved = (reported(cast, cast.alice) for _ in range(3))
    flows.take(bob, mine.number)
    flows.wait(bob, waiting.number, on=Waiting.SUPPLIER, question="Ordered")
    flows.resolve(bob, resolved.number, body="Done")
    flows.leave_out(bob, reported(cast, cast.alice).number, outcome=Outcome.SPAM, reason="Spam")
    found = {view: set(reads.queue(bob, view)) for view in reads.VIEWS}
    assert found == {
        "mine": {mine},
        "unassigned": {incident, waiting},
        "open": {incident, mine, waiting},
        "waiting": {waiting},
        "resolved": {resolved},
    }
    assert reads.queue_sizes(bob) == {view: len(rows) for view, rows in found.items()}
    assert list(reads.open_incidents(bob, unassigned=True).order_by("number")) == [incident, waiting]
    for refused in (lambda: reads.queue(cast.alice.caller, "open"), lambda: reads.queue_sizes(cast.alice.caller)):
        with pytest.raises(Forbidden):
            refused()


@pytest.mark.parametrize("words", ["gone all", "#{number}", "{number}", "FILES", "secret"])
def test_searching(cast: Cast, incident: Incident, words: str) -> None:
    flows.note(cast.bob.caller, incident.number, body="A secret")
    words = words.format(number=incident.number)
    assert list(reads.found(cast.bob.caller, words)) == [incident]
    assert list(reads.found(cast.alice.caller, words)) == ([] if words == "secret" else [incident])


@pytest.mark.parametrize("words", ["²", "9" * 40, "\x00", "%", "gone nowhere", "#"])
def test_searching_for_what_is_not_there(cast: Cast, words: str) -> None:
    assert list(reads.found(cast.bob.caller, words)) == []


def test_what_was_said_last_and_what_happened(cast: Cast, incident: Incident) -> None:
    flows.reply(cast.bob.caller, incident.number, body="We look at it")
    flows.note(cast.bob.caller, incident.number, body="Hm")
    assert reads.last_said(cast.alice.caller, [incident])[incident.id].body == "We look at it"
    rows = reads.history(cast.bob.caller, incident)
    assert [row.actor for row in rows] == [cast.alice.caller.actor, cast.bob.caller.actor]
    with pytest.raises(Forbidden):
        reads.history(cast.alice.caller, incident)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_told(cast: Cast, incident: Incident) -> None:
    """Both press the button at the same instant: one takes it, the other hears who did."""
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def take(person: Person) -> None:
        ready.wait()
        with suppress(Conflict):
            outcomes.append(str(flows.take(person.caller, incident.number).assignee))
        connection.close()

    threads = [threading.Thread(target=take, args=(person,)) for person in (cast.bob, cast.bea)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert kinds(cast.bob.caller, incident).count("picked_up") == 1
