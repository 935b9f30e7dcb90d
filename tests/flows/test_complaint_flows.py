"""Every flow of a complaint: what it changes, what it refuses, and whom."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from baken.record.complaints import flows, project, reads
from baken.record.complaints.flows import ComplaintError, Conflict
from baken.record.complaints.models import Complaint
from baken.record.ledger import clock
from baken.record.people.access import Caller, Forbidden, NotFound
from tests.conftest import Cast, Person

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONG_AGO = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def at() -> Iterator[Callable[[float], None]]:
    """Makes it so many hours after Monday morning, and keeps it so."""
    with ExitStack() as moments:
        yield lambda hours: moments.enter_context(clock.at(MONDAY + timedelta(hours=hours)))


@pytest.fixture
def complaint(cast: Cast, at: Callable[[float], None]) -> Complaint:
    """Lodged on Monday morning, where the test begins."""
    at(0)
    return lodged(cast, cast.alice)


def lodged(cast: Cast, by: Person, **more: Any) -> Complaint:
    given = {"organisation": cast.customer, "service": cast.service, "subject": "Nobody calls", "body": "Not once"}
    return flows.lodge(by.caller, **{**given, **more})


def said(caller: Caller, complaint: Complaint) -> list[str]:
    return [remark.body for remark in reads.remarks(caller, complaint)]


def test_a_customer_lodges_for_themselves_and_now(cast: Cast, at: Callable[[float], None]) -> None:
    at(0)
    complaint = lodged(cast, cast.alice, incidents=[7, 3, 7], lodged=LONG_AGO, reporter=cast.stranger.user)
    assert (complaint.lodged, complaint.reporter, complaint.incidents) == (MONDAY, cast.alice.user, [3, 7])
    assert complaint.acknowledge_by == MONDAY + timedelta(days=5)
    assert reads.remarks(cast.alice.caller, complaint).get().author == cast.alice.user
    assert lodged(cast, cast.alice).number == complaint.number + 1


def test_the_manager_takes_one_down(cast: Cast, at: Callable[[float], None]) -> None:
    at(0)
    complaint = lodged(cast, cast.mona, lodged=LONG_AGO, reporter=cast.alice.user)
    assert (complaint.lodged, complaint.reporter) == (LONG_AGO, cast.alice.user)
    assert reads.remarks(cast.mona.caller, lodged(cast, cast.mona)).get().author == cast.mona.user
    for wrong, field in (
        ({"reporter": cast.stranger.user}, "reporter"),
        ({"lodged": MONDAY + timedelta(hours=1)}, "lodged"),
        ({"subject": " "}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"body": ""}, "message"),
        ({"body": "x" * 100_001}, "message"),
        ({"service": cast.other_service}, "service"),
    ):
        with pytest.raises(ComplaintError, match=f"{field}: "):
            lodged(cast, cast.mona, **wrong)


def test_a_complaint_about_what_is_not_theirs(cast: Cast) -> None:
    for wrong in ({"service": cast.other_service}, {"organisation": cast.stranger_organisation}):
        with pytest.raises(NotFound):
            lodged(cast, cast.alice, **wrong)
    for nobody in (cast.bob, cast.audrey):
        with pytest.raises(Forbidden):
            lodged(cast, nobody)


def test_acknowledging(cast: Cast, complaint: Complaint, at: Callable[[float], None]) -> None:
    at(2)
    after = flows.acknowledge(cast.mona.caller, complaint.number, body="I look into it")
    assert after.acknowledged_at == MONDAY + timedelta(hours=2)
    assert said(cast.alice.caller, complaint) == ["Not once", "I look into it"]
    with pytest.raises(Conflict):
        flows.acknowledge(cast.mona.caller, complaint.number, body="Again")
    with pytest.raises(ComplaintError, match="message: "):
        flows.acknowledge(cast.mona.caller, lodged(cast, cast.alice).number, body=" ")


def test_remarks_for_the_customer_and_for_the_file(cast: Cast, complaint: Complaint) -> None:
    mona, number = cast.mona.caller, complaint.number
    flows.remark(mona, number, body="Asked Bob", visible_to_customer=False)
    flows.remark(mona, number, body="We talked to the desk", visible_to_customer=True)
    flows.answer(cast.alice.caller, number, body="Good")
    assert said(cast.alice.caller, complaint) == ["Not once", "We talked to the desk", "Good"]
    assert said(mona, complaint) == ["Not once", "Asked Bob", "We talked to the desk", "Good"]
    for empty in (
        lambda: flows.remark(mona, number, body="", visible_to_customer=True),
        lambda: flows.answer(cast.alice.caller, number, body=""),
    ):
        with pytest.raises(ComplaintError, match="message: "):
            empty()


@pytest.mark.parametrize("outcome", Complaint.Outcome.values)
def test_deciding_once(cast: Cast, complaint: Complaint, at: Callable[[float], None], outcome: str) -> None:
    mona = cast.mona.caller
    with pytest.raises(ComplaintError, match="outcome: "):
        flows.decide(mona, complaint.number, outcome="shrugged", body="Well")
    at(3)
    after = flows.decide(mona, complaint.number, outcome=outcome, body="Because")
    assert (after.outcome, after.decided_at) == (outcome, MONDAY + timedelta(hours=3))
    assert after.acknowledged_at == after.decided_at
    with pytest.raises(Conflict):
        flows.decide(mona, complaint.number, outcome="upheld", body="Rather")


def test_leaving_out(cast: Cast, complaint: Complaint) -> None:
    mona, number = cast.mona.caller, complaint.number
    with pytest.raises(ComplaintError, match="outcome: "):
        flows.leave_out(mona, number, outcome="upheld", reason="No")
    assert flows.leave_out(mona, number, outcome="test", reason="Only trying").left_out == "test"
    assert "Only trying" not in said(cast.alice.caller, complaint)
    for late in (
        lambda: flows.leave_out(mona, number, outcome="spam", reason="No"),
        lambda: flows.acknowledge(mona, number, body="No"),
        lambda: flows.decide(mona, number, outcome="upheld", body="No"),
    ):
        with pytest.raises(Conflict):
            late()


def test_what_is_to_be_done(cast: Cast, complaint: Complaint) -> None:
    mona = cast.mona.caller
    acknowledged, decided, left_out = (lodged(cast, cast.alice) for _ in range(3))
    earlier = lodged(cast, cast.mona, lodged=LONG_AGO)
    flows.acknowledge(mona, acknowledged.number, body="I look into it")
    flows.decide(mona, decided.number, outcome="upheld", body="Right")
    flows.leave_out(mona, left_out.number, outcome="spam", reason="Spam")
    found = {state: list(reads.in_state(mona, state)) for state in reads.STATES}
    assert found == {"new": [earlier, complaint], "open": [acknowledged], "done": found["done"]}
    assert set(found["done"]) == {decided, left_out}


def test_the_row_folds_from_the_ledger(cast: Cast, complaint: Complaint, at: Callable[[float], None]) -> None:
    at(1)
    before = flows.decide(cast.mona.caller, complaint.number, outcome="upheld", body="Right")
    Complaint.objects.filter(id=complaint.id).delete()
    project.refold([complaint.id])
    again = Complaint.objects.get(id=complaint.id)
    kept = ("number", "service_id", "organisation_id", "lodged", "acknowledge_by", *project.FOLDED)
    assert {name: getattr(again, name) for name in kept} == {name: getattr(before, name) for name in kept}


HANDLE: list[Callable[[Caller, int], object]] = [
    lambda caller, number: flows.acknowledge(caller, number, body="x"),
    lambda caller, number: flows.remark(caller, number, body="x", visible_to_customer=True),
    lambda caller, number: flows.decide(caller, number, outcome="upheld", body="x"),
    lambda caller, number: flows.leave_out(caller, number, outcome="spam", reason="x"),
]


def test_only_the_manager_handles_and_agents_see_nothing(cast: Cast, complaint: Complaint) -> None:
    for act in HANDLE:
        for nobody in (cast.alice, cast.bob, cast.adam, cast.audrey, cast.stranger):
            with pytest.raises(Forbidden):
                act(nobody.caller, complaint.number)
        with pytest.raises(NotFound):
            act(cast.mona.caller, 1)
    for agent in (cast.bob, cast.adam, cast.audrey):
        with pytest.raises(Forbidden):
            reads.visible(agent.caller)
    for act in (reads.complaint, lambda caller, number: flows.answer(caller, number, body="x")):
        with pytest.raises(NotFound):
            act(cast.stranger.caller, complaint.number)
    assert list(reads.visible(cast.mona.caller)) == list(reads.visible(cast.alice.caller)) == [complaint]
    assert said(cast.mona.caller, complaint) == ["Not once"]
