"""KPIs, evidence and sealed reports over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from baken.domain.instants import to_us
from baken.domain.kpis import FACTORS, KPIS
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.reports import reads
from baken.record.reports.wire import to_wire
from tests.conftest import Cast
from tests.contracts.asking import Asker, Askers
from tests.contracts.conftest import NOW

MARCH = "service=cloud&from=2026-03-01&to=2026-04-01"
AN_HOUR = timedelta(hours=1)


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def march(ask: Askers) -> Askers:
    """A month with two outages that were reported, one of them resolved too late, and a complaint."""
    for day, late in [(3, False), (10, True)]:
        with clock.at(at(day)):
            report = {"service": "cloud", "subject": "Down", "classes": ["availability"], "impact": 1, "urgency": 1}
            number = ask.alice.post("/incidents", report)["number"]
            ask.bob.post(f"/incidents/{number}/replies", {"body": "On it."})
            ask.bob.post(f"/incidents/{number}/classes/confirmation")
        with clock.at(at(day) + (8 * AN_HOUR if late else AN_HOUR)):
            ask.bob.post(f"/incidents/{number}/resolution", {"body": "Up again."})
    with clock.at(at(12)):
        ask.alice.post("/complaints", {"service": "cloud", "subject": "Slow", "body": "Too late."})
    return ask


def test_the_kpis_are_those_of_the_command_line(cast: Cast, march: Askers) -> None:
    found = march.mona.get(f"/kpis?{MARCH}")
    scope = reads.scope(
        cast.mona.caller, service=cast.service, customer=None, date_from=at(1).date(),
        date_to=datetime(2026, 4, 1, tzinfo=UTC).date(), as_of=to_us(NOW),
    )  # fmt: skip
    assert found == to_wire(reads.report(cast.mona.caller, scope))
    assert list(found) == [
        "service", "customer", "from", "to", "zone", "as_of", "agreement_version", "kpis", "factors", "reported",
        "backlog",
    ]  # fmt: skip
    assert (list(found["kpis"]), list(found["factors"])) == (list(KPIS), list(FACTORS))
    assert (found["from"], found["to"]) == ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")
    assert {code: found["kpis"][code]["value"] for code in ("C3", "D1", "D3", "D5")} == {
        "C3": 2, "D1": 0, "D3": 1, "D5": 1,
    }  # fmt: skip
    assert found["kpis"]["C6"]["value"] == 4.5 * 3600
    assert found["reported"] == {"received": 2, "counted": 2, "by_monitor": 0, "left_out": {}}


def test_what_was_known_then(march: Askers) -> None:
    early = march.mona.get(f"/kpis?{MARCH}&as_of=2026-03-05T00:00:00Z")
    assert (early["kpis"]["C3"]["value"], early["as_of"]) == (1, "2026-03-05T00:00:00Z")


def test_a_customer_reads_their_own_report(march: Askers) -> None:
    own = march.alice.get(f"/kpis?{MARCH}")
    assert (own["customer"], own["kpis"]["C3"]["value"]) == ("customer", 2)
    assert own == march.mona.get(f"/kpis?{MARCH}&customer=customer")
    assert march.alice.problem("GET", f"/kpis?{MARCH}&customer=stranger") == (404, None)
    assert march.stranger.problem("GET", f"/kpis?{MARCH}") == (404, None)


@pytest.mark.parametrize("code", list(KPIS))
def test_the_evidence_adds_up_to_the_number(march: Askers, code: str) -> None:
    found = march.mona.get(f"/kpis/{code}/evidence?{MARCH}")
    assert found["kpi"] == march.mona.get(f"/kpis?{MARCH}")["kpis"][code]
    assert (found["code"], found["total"]) == (code, found["kpi"]["evidence_count"])
    assert len(found["rows"]) == found["total"]


def test_evidence_is_records(march: Askers) -> None:
    late = Incident.objects.latest("reported")
    (row,) = march.alice.get(f"/kpis/D3/evidence?{MARCH}")["rows"]
    assert row == {
        "number": late.number, "customer": "customer", "subject": "Down", "priority": "high",
        "classes": ["availability"], "reported": "2026-03-10T09:00:00Z", "resolved_at": "2026-03-10T17:00:00Z",
        "response_due": "2026-03-10T10:00:00Z", "response_breached_at": None,
        "resolution_due": "2026-03-10T13:00:00Z", "resolution_breached_at": "2026-03-10T13:00:00Z", "exclusion": None,
    }  # fmt: skip
    (complaint,) = march.mona.get(f"/kpis/D5/evidence?{MARCH}")["rows"]
    assert (complaint["subject"], complaint["lodged"], complaint["outcome"]) == ("Slow", "2026-03-12T09:00:00Z", None)
    part = march.mona.get(f"/kpis/C3/evidence?{MARCH}&limit=1&offset=1")
    assert (len(part["rows"]), part["total"]) == (1, 2)
    assert march.mona.problem("GET", f"/kpis/C10/evidence?{MARCH}") == (404, None)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("from=2026-03-01&to=2026-04-01", 422, "service"),
        ("service=cloud&from=2026-04-01&to=2026-03-01", 422, "period"),
        ("service=cloud&from=2026-03-01", 422, "to"),
        ("service=cloud&from=2026-02-30&to=2026-04-01", 422, "from"),
        ("service=cloud&from=0001-01-01&to=2026-04-01", 422, "from"),
        ("service=cloud&from=2026-03-01&to=9999-12-31", 422, "to"),
        ("service=cloud&from=2026-03-01&to=2026-04-01&as_of=2026-04-01T00:00:00", 422, "as_of"),
        ("service=cloud&from=2026-03-01&to=2026-04-01&as_of=-1", 422, "as_of"),
        ("service=cloud&from=2026-03-01&to=2026-04-01&customer=a%00b", 422, "customer"),
        ("service=nowhere&from=2026-03-01&to=2026-04-01", 404, None),
    ],
)
def test_a_period_that_cannot_be_is_refused(ask: Askers, query: str, status: int, field: str | None) -> None:
    assert ask.mona.problem("GET", f"/kpis?{query}") == (status, field)
    assert ask.mona.problem("GET", f"/kpis/C3/evidence?{query}") == (status, field)


def improve(asker: Asker, codes: list[str], **more: Any) -> None:
    for code in codes:
        told = {"kpi": code, "cause": "A disk.", "action": "Warn.", "owner": "Platform", "due": "2026-05-01"}
        period = {"service": "cloud", "from": "2026-03-01", "to": "2026-04-01"}
        asker.post("/improvements", period | told | more)


def test_a_report_is_sealed_once_everything_is_said(march: Askers) -> None:
    period = {"service": "cloud", "from": "2026-03-01", "to": "2026-04-01"}
    assert march.mona.problem("POST", "/reports", period) == (422, "improvements")
    kpis = march.mona.get(f"/kpis?{MARCH}")["kpis"]
    improve(march.mona, [code for code, kpi in kpis.items() if kpi["status"] in ("missed", "not_proven")])
    assert march.mona.get(f"/improvements?{MARCH}")[0]["owner"] == "Platform"
    made = march.mona.post("/reports", period)
    assert made["content"]["report"]["kpis"] == kpis
    assert march.mona.get(f"/reports/{made['id']}") == made
    assert march.mona.problem("POST", "/reports", period) == (409, None)
    (listed,) = march.mona.get("/reports")["items"]
    assert listed.items() <= made.items()
    assert march.mona.get(f"/reports/{made['id']}/correction") == []
    number = Incident.objects.earliest("reported").number
    march.bob.post(f"/incidents/{number}/outcome", {"outcome": "test", "reason": "It was a drill."})
    changed = {
        (one["code"], one["field"]): (one["sealed"], one["now"])
        for one in march.mona.get(f"/reports/{made['id']}/correction")
    }
    assert changed["C3", "value"] == (2, 1)
    assert march.mona.get(f"/reports/{made['id']}") == made
    assert march.alice.get("/reports")["total"] == 0
    assert march.alice.problem("GET", f"/reports/{made['id']}") == (404, None)


def test_a_period_under_way_is_not_sealed(ask: Askers) -> None:
    april = {"service": "cloud", "from": "2026-04-01", "to": "2026-05-01"}
    assert ask.mona.problem("POST", "/reports", april) == (422, "period")
    told = {"kpi": "C1", "cause": "x", "action": "x", "owner": " ", "due": "2026-05-01"}
    assert ask.mona.problem("POST", "/improvements", april | told) == (422, "owner")


def test_beside_c8_stand_the_suspicions_that_nobody_judged(ask: Askers) -> None:
    made = ask.bob.post(
        "/incidents", {"service": "cloud", "customer": "customer", "subject": "Odd sign-ins", "classes": ["security"]}
    )
    asked = "/kpis/C8/evidence?service=cloud&from=2026-04-01&to=2026-05-01"
    found = ask.mona.get(asked)
    assert (found["total"], [row["number"] for row in found["suspected"]]) == (0, [made["number"]])
    ask.mona.post(f"/incidents/{made['number']}/break-in", {"confirmed": True, "reason": "Seen in the log."})
    found = ask.mona.get(asked)
    assert (found["total"], found["suspected"]) == (1, [])
