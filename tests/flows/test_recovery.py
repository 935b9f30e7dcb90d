"""Restore drills: what is recorded, when the next is due, what an overdue or a failed one does to C7."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from baken.domain.agreements import default_terms
from baken.domain.instants import DAY, to_us
from baken.domain.kpis import Status, Why
from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.models import Service
from baken.record.detection import flows as detection
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.people.access import Forbidden
from baken.record.recovery import flows
from baken.record.recovery.flows import DrillError
from baken.record.recovery.models import Drill
from baken.record.reports import duties
from baken.record.reports import reads as reports
from tests.conftest import START, Cast


@pytest.fixture
def monthly(cast: Cast) -> Service:
    """A service whose data is restored every thirty days, as was agreed."""
    terms = replace(default_terms("Europe/Amsterdam"), drill_every=30 * DAY)
    return catalogue.add_service(
        cast.adam.caller, provider=cast.provider, code="vault", name="Vault", terms=terms, valid_from=START
    )


def drilled(cast: Cast, service: Service, days: float, outcome: str = "passed") -> Drill:
    at = START + timedelta(days=days)
    with clock.at(at):
        return flows.record(cast.mona.caller, service=service, finished=at, outcome=outcome)


def unrestorable(cast: Cast, service: Service, month: int, as_of: datetime) -> Any:
    scope = reports.scope(
        cast.mona.caller, service=service, customer=None, date_from=date(2026, month, 1),
        date_to=date(2026, month + 1, 1), as_of=to_us(as_of),
    )  # fmt: skip
    return reports.report(cast.mona.caller, scope).kpis["C7"]


def test_a_drill_is_recorded_when_it_is_over(cast: Cast) -> None:
    with clock.at(START + timedelta(hours=5)):
        drill = flows.record(
            cast.adam.caller, service=cast.service, finished=START, outcome="passed", remarks=" Weekly backup. "
        )
    assert (drill.finished, drill.outcome, drill.remarks) == (START, "passed", "Weekly backup.")
    (fact,) = ledger.of_stream(drill.id)
    assert (fact.kind, fact.at, fact.data["outcome"]) == ("drill.finished", to_us(START), "passed")
    assert "Weekly" not in str(fact.data)
    assert list(flows.drills(cast.mona.caller)) == [drill]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"finished": START + timedelta(seconds=1)}, "has not come yet"),
        ({"outcome": "perhaps"}, "passed or failed"),
        ({"remarks": "x" * (flows.REMARKS + 1)}, "at most"),
    ],
)
def test_what_is_no_drill(cast: Cast, wrong: dict[str, Any], said: str) -> None:
    given = {"service": cast.service, "finished": START, "outcome": "passed"}
    with pytest.raises(DrillError, match=said):
        flows.record(cast.mona.caller, **{**given, **wrong})
    assert not Drill.objects.exists()


def test_who_may_record_and_see_drills(cast: Cast) -> None:
    for person in (cast.alice, cast.stranger, cast.bob, cast.audrey):
        with pytest.raises(Forbidden):
            flows.record(person.caller, service=cast.service, finished=START, outcome="passed")
        with pytest.raises(Forbidden):
            flows.drills(person.caller)
        with pytest.raises(Forbidden):
            duties.drills_due(person.caller, to_us(START))


def test_when_the_next_one_is_due(cast: Cast, monthly: Service) -> None:
    def due(days: float) -> tuple[Any, bool]:
        found = {one.service: one for one in duties.drills_due(cast.mona.caller, to_us(START + timedelta(days=days)))}
        assert found[cast.service].due is None
        return found[monthly].due, found[monthly].overdue

    assert due(29) == (to_us(START + timedelta(days=30)), False)
    assert due(31) == (to_us(START + timedelta(days=30)), True)
    drilled(cast, monthly, 35)
    assert due(36) == (to_us(START + timedelta(days=65)), False)


def test_an_overdue_drill_leaves_c7_unproven_and_loses_no_data(cast: Cast, monthly: Service) -> None:
    drilled(cast, monthly, 50)
    later = datetime(2026, 6, 1, tzinfo=UTC)
    february, march = (unrestorable(cast, monthly, month, later) for month in (2, 3))
    assert (february.value, february.status) == (0, Status.MET)
    assert (march.value, march.status, march.reason.code) == (0, Status.NOT_PROVEN, Why.OVERDUE)
    assert march.reason.data == {"what": ["restore_drill"]}


def test_a_late_drill_does_not_prove_a_month_that_is_over(cast: Cast, monthly: Service) -> None:
    drilled(cast, monthly, 50)
    drilled(cast, monthly, 100)
    later = datetime(2026, 6, 1, tzinfo=UTC)
    assert [unrestorable(cast, monthly, month, later).status for month in (2, 3, 4)] == [
        Status.MET, Status.NOT_PROVEN, Status.MET,
    ]  # fmt: skip


def test_a_failed_drill_opens_an_integrity_incident_by_itself_and_once(cast: Cast) -> None:
    drill = drilled(cast, cast.service, 10, "failed")
    with clock.at(START + timedelta(days=10, minutes=1)):
        detection.detect()
        detection.detect()
    (incident,) = Incident.objects.all()
    assert (incident.classes, incident.origin, incident.reported) == (["integrity"], "monitor", drill.finished)


def test_what_nobody_has_reviewed_yet(cast: Cast) -> None:
    as_of = datetime(2026, 3, 10, 12, tzinfo=UTC)
    found = [one for one in duties.unreviewed(cast.mona.caller, to_us(as_of)) if one.service == cast.service]
    assert [list(one.gaps) for one in found] == [
        [(to_us(datetime(2026, 1, 31, 23, tzinfo=UTC)), to_us(datetime(2026, 2, 28, 23, tzinfo=UTC)))],
        [(to_us(datetime(2026, 2, 28, 23, tzinfo=UTC)), to_us(as_of))],
    ]


def test_a_drill_that_was_typed_wrong_is_taken_back(cast: Cast, monthly: Service, client: Client) -> None:
    may = datetime(2026, 5, 3, tzinfo=UTC)
    passed, failed = drilled(cast, monthly, 40), drilled(cast, monthly, 50, "failed")
    assert unrestorable(cast, monthly, 2, may).reason.code is not Why.OVERDUE
    with clock.at(may):
        with pytest.raises(Forbidden):
            flows.retract(cast.adam.caller, passed.id, reason="Another service.")
        with pytest.raises(DrillError, match=r"^reason: "):
            flows.retract(cast.mona.caller, passed.id, reason=" ")
        client.force_login(cast.mona.user)
        for drill in (passed, failed):
            assert client.post(f"/drills/{drill.id}/retraction/", {"reason": "Another one."}).status_code == 302
        with pytest.raises(flows.Conflict):
            flows.retract(cast.mona.caller, passed.id, reason="Again.")
        page = client.get("/drills/").content.decode()
        assert ("Another one." in page, ">retracted<" in page, ">failed<" in page) == (True, True, False)
        assert detection.detect() == 0, "one that was none opens no incident"
        assert {one.service: one.last for one in duties.drills_due(cast.mona.caller, to_us(may))}[monthly] is None
    assert unrestorable(cast, monthly, 2, may).reason.code is Why.OVERDUE
    assert [fact.kind for fact in ledger.of_stream(passed.id)] == ["drill.finished", "fact.retracted"]
    assert passed in flows.drills(cast.mona.caller), "it stays readable"
