"""Incidents among each other and people around them: merges, outages, corrections, drafts, presence, lists."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection, transaction

from baken.domain.deadlines import Step
from baken.domain.facts import Kind, Origin, Outcome, Waiting
from baken.record.catalogue.models import Service
from baken.record.incidents import break_ins, flows, presence, reads
from baken.record.incidents.flows import Conflict, IncidentError
from baken.record.incidents.models import Draft, Incident, Message, Presence
from baken.record.incidents.presence import Colleague
from baken.record.ledger import clock
from baken.record.people.access import Caller, Forbidden, NotFound
from baken.run.supervisor import wait_until
from tests.conftest import Cast, Person
from tests.flows.incident_world import MACHINE, MONDAY, kinds, reported, said


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
    bob, mona, number = cast.bob.caller, cast.mona.caller, incident.number
    for judge in (
        lambda: flows.judge_restoration(bob, number, restored=True, reason="Back"),
        lambda: break_ins.judge(mona, number, confirmed=True, reason="Logs"),
        lambda: break_ins.tell_authority(mona, number, step=Step.EARLY_WARNING, sent=clock.now(), reference="CSIRT"),
    ):
        with pytest.raises(IncidentError, match="classes: "):
            judge()
    flows.change_classes(bob, number, classes=["integrity", "security"], reason="Both")
    at(1)
    after = flows.judge_restoration(bob, number, restored=False, reason="No copy")
    assert (after.restored_at, after.not_restorable_at) == (None, MONDAY + timedelta(hours=1))
    after = flows.judge_restoration(bob, number, restored=True, reason="Found a copy")
    assert (after.restored_at, after.not_restorable_at) == (MONDAY + timedelta(hours=1), None)
    with pytest.raises(Forbidden):
        break_ins.judge(bob, number, confirmed=True, reason="Logs")
    after = break_ins.judge(mona, number, confirmed=True, reason="Logs")
    with pytest.raises(Conflict, match="verdict already"):
        break_ins.judge(mona, number, confirmed=True, reason="Logs")
    assert after.break_in_confirmed_at == MONDAY + timedelta(hours=1)
    after = break_ins.judge(mona, number, confirmed=False, reason="It was us")
    assert (after.break_in_confirmed_at, after.break_in_rejected_at is None) == (None, False)
    assert said(bob, incident)[-2:] == ["Logs", "It was us"], "both verdicts can be read, with why"
    with pytest.raises(Forbidden, match="Only a person"):
        break_ins.judge(cast.program, number, confirmed=True, reason="A machine thinks so")


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
    lambda caller, number: break_ins.judge(caller, number, confirmed=True, reason="x"),
    lambda caller, number: break_ins.tell_authority(
        caller, number, step=Step.NOTIFICATION, sent=clock.now(), reference="x"
    ),
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
    assert not reads.found(cast.stranger.caller, "gone").rows.exists()
    assert not reads.last_said(cast.alice.caller, [])


def test_narrowing_a_list(cast: Cast, incident: Incident) -> None:
    other = reported(cast, cast.alice, impact=1, urgency=1, classes=["security", "integrity"])
    every = reads.visible(cast.bob.caller)
    for wanted, found in (
        ({}, {incident, other}),
        ({"priorities": ["high", "low"]}, {other}),
        ({"classes": ["security", "confidentiality"]}, {other}),
        ({"statuses": ["closed"]}, set()),
        ({"service": cast.service, "customer": cast.customer}, {incident, other}),
        ({"service": Service(id=incident.id)}, set()),
        ({"customer": cast.stranger.user.organisation}, set()),
    ):
        assert set(reads.narrowed(every, reads.Wanted(**wanted))) == found
        assert set(reads.found(cast.bob.caller, "gone", reads.Wanted(**wanted)).rows) == found


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
    assert list(reads.found(cast.bob.caller, words).rows) == [incident]
    assert list(reads.found(cast.alice.caller, words).rows) == ([] if words == "secret" else [incident])


@pytest.mark.parametrize("words", ["²", "9" * 40, "\x00", "%", "gone nowhere", "#"])
def test_searching_for_what_is_not_there(cast: Cast, words: str) -> None:
    assert list(reads.found(cast.bob.caller, words).rows) == []


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


@pytest.mark.django_db(transaction=True)
def test_what_is_written_while_the_outage_is_resolved_is_not_lost(cast: Cast, incident: Incident) -> None:
    """An incident of an outage is being changed; the outage's resolution waits for that, and knows it."""
    outage = flows.report(
        cast.program, organisation=cast.provider, service=cast.service, subject="Down", origin=Origin.MONITOR
    )
    flows.join_outage(cast.bob.caller, incident.number, outage=outage.number)

    def resolve() -> None:
        flows.resolve(cast.bea.caller, outage.number, body="Up again")
        connection.close()

    resolving = threading.Thread(target=resolve)
    with transaction.atomic():
        flows.change_priority(cast.bob.caller, incident.number, impact=1, urgency=1, reason="Everybody")
        resolving.start()
        assert wait_until(_somebody_waits_for_a_lock, 10)
    resolving.join()
    row = reads.incident(cast.bob.caller, incident.number)
    assert (row.status, row.priority) == ("resolved", "high")


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])
