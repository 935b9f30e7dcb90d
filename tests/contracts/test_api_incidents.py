"""Incidents over the API: from the report to the closure, by persons and by machines."""

from datetime import timedelta
from typing import Any

import pytest

from baken.domain.facts import Origin
from baken.record.incidents import flows
from baken.record.ledger import clock
from tests.conftest import Cast
from tests.contracts.asking import Asker, Askers
from tests.contracts.conftest import NOW

REPORT = {"service": "cloud", "subject": "Nothing opens", "body": "Since nine.", "impact": 1, "urgency": 1}


def reported(asker: Asker, **more: Any) -> str:
    return f"/incidents/{asker.post('/incidents', REPORT | more)['number']}"


def test_a_customer_reports_and_reads(cast: Cast, ask: Askers) -> None:
    made = ask.alice.post("/incidents", REPORT | {"classes": ["availability", "security"]})
    assert made == ask.alice.get(f"/incidents/{made['number']}")
    assert made | {"number": 0, "updated_at": ""} == {
        "number": 0, "service": "cloud", "customer": "customer", "subject": "Nothing opens", "status": "new",
        "origin": "api", "classes": ["availability", "security"], "classes_confirmed": False, "impact": 1,
        "urgency": 1, "priority": "high", "waiting_on": None, "outcome": None, "duplicate_of": None, "outage": None,
        "reported": "2026-04-10T08:00:00Z", "responded_at": None, "resolved_at": None, "restored_at": None,
        "not_restorable_at": None, "break_in_confirmed_at": None, "break_in_rejected_at": None, "updated_at": "",
        "reporter": {"id": str(cast.alice.user.id), "name": "Alice"}, "assignee": None,
    }  # fmt: skip
    said = ask.alice.get(f"/incidents/{made['number']}/messages")
    assert [(one["kind"], one["body"], one["author"]["name"]) for one in said["items"]] == [
        ("report", "Since nine.", "Alice")
    ]


def test_the_desk_reports_for_a_customer_and_says_when(ask: Askers) -> None:
    early = {"customer": "customer", "reported": "2026-04-10T09:30:00.123456+02:00"}
    assert ask.robot.post("/incidents", REPORT | early)["reported"] == "2026-04-10T07:30:00.123456Z"
    assert ask.robot.problem("POST", "/incidents", REPORT) == (422, "customer")
    assert ask.robot.problem("POST", "/incidents", REPORT | {"customer": "nobody"}) == (404, None)
    assert ask.robot.problem("POST", "/incidents", REPORT | {"customer": "stranger"}) == (422, "service")


def test_a_person_answers_and_a_machine_does_not_respond(ask: Askers) -> None:
    incident = reported(ask.gateway)
    assert ask.robot.post(f"{incident}/replies", {"body": "We received it."})["responded_at"] is None
    assert ask.robot.problem("POST", f"{incident}/pickup", {}) == (403, None)
    assert ask.bob.post(f"{incident}/pickup", {})["assignee"]["name"] == "Bob"
    assert ask.bob.post(f"{incident}/replies", {"body": "On it."})["responded_at"] == "2026-04-10T08:00:00Z"
    assert ask.bea.problem("POST", f"{incident}/pickup", {}) == (409, None)
    assert ask.bea.post(f"{incident}/pickup", {"over": True})["assignee"]["name"] == "Bea"


def test_waiting_resuming_resolving_reopening_closing(ask: Askers) -> None:
    incident = reported(ask.alice)
    asked = ask.bob.post(f"{incident}/waiting", {"on": "customer", "question": "Which browser?"})
    assert (asked["status"], asked["waiting_on"]) == ("waiting", "customer")
    assert ask.alice.post(f"{incident}/answers", {"body": "All of them."})["waiting_on"] is None
    assert ask.bob.problem("POST", f"{incident}/resumption") == (409, None)
    ask.bob.post(f"{incident}/waiting", {"on": "supplier", "question": "They send a disk."})
    assert ask.bob.post(f"{incident}/resumption")["status"] == "open"
    assert ask.bob.post(f"{incident}/resolution", {"body": "It works."})["resolved_at"] == "2026-04-10T08:00:00Z"
    assert ask.alice.post(f"{incident}/reopening", {"reason": "It does not."})["resolved_at"] is None
    ask.bob.post(f"{incident}/resolution", {"body": "Now it does."})
    assert ask.bob.post(f"{incident}/closure")["status"] == "closed"
    assert ask.alice.problem("POST", f"{incident}/reopening", {"reason": "No."}) == (409, None)


def test_whoever_was_overtaken_is_told_so(ask: Askers) -> None:
    incident = reported(ask.alice)
    seen = ask.bob.get(f"{incident}/messages")["items"][-1]["id"]
    ask.alice.post(f"{incident}/answers", {"body": "And the printer burns."})
    for resource, body in [("replies", {}), ("resolution", {}), ("waiting", {"on": "customer", "question": "?"})]:
        given = body or {"body": "Done."}
        assert ask.bob.problem("POST", f"{incident}/{resource}", given | {"seen": seen}) == (409, None)


def test_what_the_desk_says_among_itself_is_not_for_the_customer(ask: Askers) -> None:
    incident = reported(ask.alice)
    ask.bob.post(f"{incident}/notes", {"body": "Again this customer."})
    ask.bob.post(f"{incident}/calls", {"body": "Called.", "began": "2026-04-10T08:00:00Z"})
    assert [one["kind"] for one in ask.bob.get(f"{incident}/messages")["items"]] == ["report", "note", "call"]
    assert [one["kind"] for one in ask.alice.get(f"{incident}/messages")["items"]] == ["report", "call"]
    assert ask.bob.problem("POST", f"{incident}/calls", {"body": "x", "began": "2026-04-10T08:00:01Z"}) == (
        422,
        "began",
    )


def test_assignment_priority_and_classes(cast: Cast, ask: Askers) -> None:
    incident = reported(ask.alice)
    person = next(one for one in ask.bob.get("/agents")["items"] if one["name"] == "Mona")
    assert ask.bob.put(f"{incident}/assignee", {"user": person["id"]})["assignee"] == person
    assert ask.bob.put(f"{incident}/assignee", {"user": None})["assignee"] is None
    assert ask.bob.problem("PUT", f"{incident}/assignee", {"user": str(cast.alice.user.id)}) == (404, None)
    lower = {"impact": 3, "urgency": 3, "reason": "One user."}
    assert ask.bob.put(f"{incident}/priority", lower)["priority"] == "low"
    assert ask.bob.problem("PUT", f"{incident}/priority", lower) == (409, None)
    changed = ask.bob.put(f"{incident}/classes", {"classes": ["integrity"], "reason": "Files are lost."})
    assert (changed["classes"], changed["classes_confirmed"]) == (["integrity"], True)
    restored = ask.bob.post(f"{incident}/restoration", {"restored": True, "reason": "From last night."})
    assert restored["restored_at"] == "2026-04-10T08:00:00Z"
    assert ask.mona.problem("POST", f"{incident}/break-in", {"confirmed": True, "reason": "?"}) == (422, "classes")
    ask.bob.put(f"{incident}/classes", {"classes": ["security"], "reason": "A stranger."})
    found = ask.mona.post(f"{incident}/break-in", {"confirmed": True, "reason": "Logs."})
    assert found["break_in_confirmed_at"] == "2026-04-10T08:00:00Z"
    assert ask.mona.problem("POST", f"{incident}/break-in", {"confirmed": True, "reason": "Logs."}) == (409, None)
    told = {"step": "early_warning", "sent": "2026-04-10T08:00:00Z", "reference": "CSIRT-4711"}
    ask.mona.post(f"{incident}/authority-reports", told)
    reports = ask.bob.get(f"{incident}/authority-reports")
    assert [report["standing"] for report in reports] == ["done", "open", "open"]
    assert reports[1] == {
        "step": "notification", "due": "2026-04-13T08:00:00Z", "sent": None, "standing": "open",
    }  # fmt: skip
    assert ask.bob.post(f"{incident}/classes/confirmation")["classes_confirmed"] is True


def test_leaving_out_merging_and_taking_back(ask: Askers) -> None:
    first, second = reported(ask.alice), reported(ask.alice)
    number = int(first.rsplit("/", 1)[1])
    assert ask.bob.post(f"{second}/merge", {"into": number})["number"] == number
    duplicate = ask.bob.get(second)
    assert (duplicate["outcome"], duplicate["duplicate_of"]) == ("duplicate", number)
    assert len(ask.alice.get(f"{first}/messages")["items"]) == 2
    assert ask.bob.post(f"{second}/readmission", {"reason": "It is another."})["outcome"] is None
    assert (
        ask.alice.post(f"{second}/outcome", {"outcome": "withdrawn", "reason": "Solved itself."})["outcome"]
        == "withdrawn"
    )
    assert ask.alice.problem("POST", f"{first}/outcome", {"outcome": "spam", "reason": "Ha."}) == (403, None)


def test_an_outage_that_a_monitor_saw_is_joined(cast: Cast, ask: Askers) -> None:
    seen = flows.report(
        cast.program, organisation=cast.provider, service=cast.service, subject="Cloud is down", origin=Origin.MONITOR
    )
    incident = reported(ask.alice)
    assert ask.bob.post(f"{incident}/outage", {"outage": seen.number})["outage"] == seen.number
    consent = {"cause": "force_majeure", "consent": "Alice, by telephone."}
    assert ask.mona.post(f"{incident}/consent", consent)["number"]


def test_facts_are_chained_and_can_be_retracted(ask: Askers) -> None:
    incident = reported(ask.alice)
    ask.bob.post(f"{incident}/resolution", {"body": "It works."})
    facts = ask.bob.get(f"{incident}/facts")
    assert [fact["kind"] for fact in facts] == ["incident.reported", "incident.resolved"]
    assert all(len(fact["hash"]) == 64 for fact in facts)
    taken_back = ask.mona.post(f"{incident}/facts/2/retraction", {"reason": "Another incident."})
    assert taken_back["resolved_at"] is None
    assert ask.mona.problem("POST", f"{incident}/facts/1/retraction", {"reason": "?"}) == (422, "seq")


def test_clocks_and_why_they_say_it(ask: Askers) -> None:
    incident = reported(ask.alice, impact=2, urgency=2)
    with clock.at(NOW + timedelta(hours=5, minutes=30)):
        response, resolution = ask.alice.get(f"{incident}/clocks")
        assert response == {
            "name": "response", "state": "breached", "priority": "medium", "target": 14400.0, "used": 19800.0,
            "left": -5400.0, "due": "2026-04-10T12:00:00Z", "breached_at": "2026-04-10T12:00:00Z", "met_at": None,
        }  # fmt: skip
        explained = ask.alice.get(f"{incident}/clocks/resolution")
        assert resolution.items() <= explained.items()
        (stretch,) = explained["stretches"]
        assert stretch == {
            "start": "2026-04-10T08:00:00Z", "end": "2026-04-10T13:30:00Z", "counted": True, "reason": "service hours",
        }  # fmt: skip
        assert (explained["agreement_version"], explained["in_peak"]) == (1, True)
    assert ask.alice.problem("GET", f"{incident}/clocks/lunch") == (404, None)


def test_lists_filter_and_page(ask: Askers) -> None:
    for subject, impact in [("Red disk", 1), ("Blue disk", 2), ("Green mouse", 3)]:
        ask.alice.post("/incidents", REPORT | {"subject": subject, "impact": impact, "urgency": 3})
    ask.stranger.post("/incidents", {"service": "other", "subject": "Red printer"})
    numbers = [one["number"] for one in ask.bob.get("/incidents")["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 4

    def subjects(asker: Asker, query: str) -> set[str]:
        return {one["subject"] for one in asker.get(f"/incidents?{query}")["items"]}

    def found(**wanted: Any) -> set[str]:
        return {one["subject"] for one in ask.bob.ask("POST", "/incidents/search", wanted).expect(200)["items"]}

    assert subjects(ask.alice, "") == {"Red disk", "Blue disk", "Green mouse"}
    assert found(words="disk") == {"Red disk", "Blue disk"}
    assert subjects(ask.bob, "priority=medium&priority=high") == {"Red disk", "Red printer"}
    assert subjects(ask.bob, "service=other") == {"Red printer"}
    assert found(words="red", customer="customer", **{"class": ["other"]}) == {"Red disk"}
    assert found(words="red", limit=1, offset=1) == {"Red disk"}
    assert ask.bob.problem("POST", "/incidents/search", {"words": " "}) == (422, "words")
    assert subjects(ask.bob, "class=availability") == set()
    assert subjects(ask.bob, "status=resolved&status=closed") == set()
    urgent = ask.bob.get("/incidents?order=time-left")["items"]
    assert [one["priority"] for one in urgent] == ["medium", "medium", "low", "low"]
    part = ask.bob.get("/incidents?limit=2&offset=1")
    assert ([one["number"] for one in part["items"]], part["total"]) == (numbers[1:3], 4)
    for query, field in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("offset=-1", "offset"),
        ("status=odd", "status.0"),
    ]:
        assert ask.bob.problem("GET", f"/incidents?{query}") == (422, field)
    assert ask.alice.problem("GET", "/incidents?service=other") == (404, None)
    assert ask.alice.problem("GET", "/incidents?customer=stranger") == (404, None)


def test_a_report_that_is_sent_again_makes_one_incident(ask: Askers) -> None:
    key = {"idempotency_key": "mail-4711"}
    first = ask.gateway.ask("POST", "/incidents", REPORT, **key)
    again = ask.gateway.ask("POST", "/incidents", REPORT, **key)
    assert (first.expect(201)["number"], "Idempotency-Replayed" in first.headers) == (
        again.expect(201)["number"],
        False,
    )
    assert again.headers["Idempotency-Replayed"] == "true"
    assert ask.gateway.get("/incidents")["total"] == 1
    assert ask.gateway.problem("POST", "/incidents", REPORT | {"subject": "Another"}, **key) == (409, None)
    assert ask.alice.ask("POST", "/incidents", REPORT, **key).expect(201)["number"] != first.body["number"]


def test_a_key_is_free_again_when_nothing_was_made(ask: Askers) -> None:
    key = {"idempotency_key": "mail-4711"}
    assert ask.gateway.problem("POST", "/incidents", REPORT | {"service": "other"}, **key) == (404, None)
    ask.gateway.ask("POST", "/incidents", REPORT, **key).expect(201)


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_a_sensible_length(ask: Askers, key: str) -> None:
    assert ask.gateway.problem("POST", "/incidents", REPORT, idempotency_key=key) == (422, "Idempotency-Key")
