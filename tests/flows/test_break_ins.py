"""Break-ins: what the authority was told in time, and the suspicions that stand beside C8."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from baken.domain.deadlines import Step
from baken.domain.facts import Outcome
from baken.domain.instants import to_us
from baken.record.incidents import break_ins, flows
from baken.record.incidents import flows as incidents
from baken.record.incidents.flows import Conflict, IncidentError
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.people.access import Caller, Forbidden
from baken.record.reports import reads as reports
from baken.record.reports.suspicions import suspicions
from baken.show.web.desk.actions import ACTIONS
from tests.conftest import Cast
from tests.flows.incident_world import MONDAY, kinds


def test_what_the_authority_was_told_and_whether_in_time(
    cast: Cast, incident: Incident, at: Callable[[float], None]
) -> None:
    mona, number = cast.mona.caller, incident.number

    def tell(step: Step, hours: float) -> None:
        sent = MONDAY + timedelta(hours=hours)
        break_ins.tell_authority(mona, number, step=step, sent=sent, reference=f"CSIRT, {step.value}")

    def standing() -> list[str]:
        return [duty.standing.value for duty in break_ins.authority(mona, number)]

    flows.change_classes(mona, number, classes=["security"], reason="A stranger")
    assert standing() == ["open", "open", "open"]
    at(25)
    assert standing() == ["overdue", "open", "open"]
    tell(Step.EARLY_WARNING, 23)
    assert standing() == ["done", "open", "open"]
    with pytest.raises(Conflict, match="recorded already"):
        tell(Step.EARLY_WARNING, 24)
    with pytest.raises(IncidentError, match=r"^sent: "):
        tell(Step.NOTIFICATION, 26)
    with pytest.raises(IncidentError, match=r"^sent: "):
        tell(Step.NOTIFICATION, -1)
    at(80)
    with pytest.raises(IncidentError, match=r"^sent: the final report follows the notification"):
        tell(Step.FINAL_REPORT, 79)
    tell(Step.NOTIFICATION, 80)
    with pytest.raises(IncidentError, match=r"^sent: the final report follows the notification"):
        tell(Step.FINAL_REPORT, 79)
    assert standing() == ["done", "late", "open"]
    final = break_ins.authority(mona, number)[2]
    assert final.due == to_us(datetime(2026, 4, 5, 16, tzinfo=UTC)), "a month after it was sent, not after it was due"
    assert kinds(mona, incident).count("authority_told") == 2
    flows.retract(mona, number, seq=ledger.of_stream(incident.id)[-1].seq, reason="The wrong incident")
    assert standing() == ["done", "overdue", "open"]
    with pytest.raises(Forbidden):
        break_ins.tell_authority(cast.bob.caller, number, step=Step.NOTIFICATION, sent=clock.now(), reference="x")


def suspected(cast: Cast, day: int) -> int:
    with clock.at(datetime(2026, 3, day, 12, tzinfo=UTC)):
        return incidents.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject=f"Odd sign-ins {day}",
            classes=["security"],
        ).number  # fmt: skip


def test_beside_c8_stand_suspicions_that_nobody_judged_and_those_that_were_none(cast: Cast) -> None:
    number, none, other = suspected(cast, 5), suspected(cast, 6), suspected(cast, 7)
    with clock.at(datetime(2026, 3, 8, tzinfo=UTC)):
        break_ins.judge(cast.mona.caller, none, confirmed=False, reason="It was our own scanner.")
        break_ins.judge(cast.mona.caller, other, confirmed=True, reason="Seen in the log.")

    def beside(as_of: datetime, month: int = 3) -> tuple[list[int], list[int]]:
        scope = reports.scope(
            cast.program, service=cast.service, customer=None, date_from=date(2026, month, 1),
            date_to=date(2026, month + 1, 1), as_of=to_us(as_of),
        )  # fmt: skip
        found = suspicions(cast.mona.caller, scope)
        return [row.incident.number for row in found.unjudged], [row.incident.number for row in found.rejected]

    assert beside(datetime(2026, 3, 7, 13, tzinfo=UTC)) == ([number, none, other], [])
    assert beside(datetime(2026, 4, 1, tzinfo=UTC)) == ([number], [none])
    assert beside(datetime(2026, 4, 2, tzinfo=UTC), month=4) == ([number], []), "it is still to be judged"
    with clock.at(datetime(2026, 4, 3, tzinfo=UTC)):
        break_ins.judge(cast.mona.caller, other, confirmed=False, reason="The log was of another machine.")
    assert beside(datetime(2026, 4, 2, tzinfo=UTC), month=4) == ([number], []), "what was known then stays known"
    assert beside(datetime(2026, 4, 4, tzinfo=UTC), month=4) == ([number], [other])
    with clock.at(datetime(2026, 4, 5, tzinfo=UTC)):
        flows.change_classes(cast.mona.caller, number, classes=["other"], reason="Only slow.")
    assert beside(datetime(2026, 4, 4, tzinfo=UTC), month=4) == ([number], [other]), "then it was suspected"
    assert beside(datetime(2026, 4, 6, tzinfo=UTC), month=4) == ([], [other])
    assert beside(datetime(2026, 3, 7, 13, tzinfo=UTC), month=4) == ([number, none, other], []), "of a month to come"


def c8(cast: Cast) -> list[int]:
    """The incidents behind the value of March, which is their number."""
    scope = reports.scope(
        cast.program, service=cast.service, customer=None, date_from=date(2026, 3, 1), date_to=date(2026, 4, 1),
        as_of=to_us(datetime(2026, 4, 2, tzinfo=UTC)),
    )  # fmt: skip
    behind = reports.evidence(cast.mona.caller, scope, "C8")
    assert behind.kpi.evidence_count == len(behind.rows)
    return [row.incident.number for row in behind.rows]


TAKING_OUT: list[Callable[[Caller, int, int], object]] = [
    lambda caller, number, other: flows.leave_out(caller, number, outcome=Outcome.SPAM, reason="Nothing to see"),
    lambda caller, number, other: flows.change_classes(caller, number, classes=["other"], reason="Only slow"),
    lambda caller, number, other: flows.merge(caller, number, into=other),
]


@pytest.mark.parametrize("confirmed", [True, False], ids=["confirmed", "not judged"])
def test_nobody_but_the_manager_takes_a_break_in_out_of_c8_or_off_the_list(cast: Cast, confirmed: bool) -> None:
    number, other = suspected(cast, 5), suspected(cast, 6)
    with clock.at(datetime(2026, 3, 8, tzinfo=UTC)):
        break_ins.judge(cast.mona.caller, other, confirmed=False, reason="It was our own scanner.")
        if confirmed:
            break_ins.judge(cast.mona.caller, number, confirmed=True, reason="Seen in the log.")
    said = "only the service manager" if confirmed else "to be judged first"
    with clock.at(datetime(2026, 3, 9, tzinfo=UTC)):
        for take_out in TAKING_OUT:
            for caller in (cast.bob.caller, cast.adam.caller, cast.program):
                with pytest.raises(Conflict, match=said):
                    take_out(caller, number, other)
        with pytest.raises(Conflict, match=said):
            flows.leave_out(cast.alice.caller, number, outcome=Outcome.WITHDRAWN, reason="Never mind")
        unjudged = [row.number for row in break_ins.unjudged(cast.mona.caller)]
        assert (c8(cast), unjudged) == (([number], []) if confirmed else ([], [number]))
        flows.change_classes(cast.bob.caller, number, classes=["integrity", "security"], reason="Files as well")
        flows.leave_out(cast.mona.caller, number, outcome=Outcome.SPAM, reason="An exercise")
        assert (c8(cast), list(break_ins.unjudged(cast.mona.caller))) == ([], [])
        with pytest.raises(Conflict, match=said):
            flows.readmit(cast.bob.caller, number, reason="It was none")
        flows.leave_out(cast.bob.caller, other, outcome=Outcome.SPAM, reason="Judged to be none: an agent may")


def test_a_verdict_is_not_lost_in_a_merger(cast: Cast) -> None:
    mona, confirmed, twin, plain = cast.mona.caller, suspected(cast, 5), suspected(cast, 6), suspected(cast, 7)
    with clock.at(datetime(2026, 3, 8, tzinfo=UTC)):
        break_ins.judge(mona, confirmed, confirmed=True, reason="Seen in the log.")
        flows.change_classes(mona, plain, classes=["other"], reason="Only slow")
        with pytest.raises(IncidentError, match=r"^into: a break-in was confirmed in the duplicate"):
            flows.merge(mona, confirmed, into=twin)
        with pytest.raises(IncidentError, match=r"^into: the one that stays is no security incident"):
            flows.merge(mona, twin, into=plain)
        flows.merge(cast.bob.caller, plain, into=twin)
        break_ins.judge(mona, twin, confirmed=True, reason="The same people.")
        assert c8(cast) == [confirmed, twin]
        flows.merge(mona, confirmed, into=twin)
    assert c8(cast) == [twin]


def test_the_desk_is_offered_nothing_that_is_the_managers(cast: Cast) -> None:
    incident = Incident.objects.get(number=suspected(cast, 5))
    for name in ("exclusion", "merger", "withdrawal"):
        who = cast.alice if name == "withdrawal" else cast.bob
        assert not ACTIONS[name].open_to(who.caller, incident)
        assert ACTIONS[name].open_to(cast.mona.caller, incident) == (name != "withdrawal")
