"""Complaints over the API: lodged by the customer, handled by the manager, kept from the agent."""

from tests.contracts.asking import Askers

LODGED = {"service": "cloud", "subject": "Nobody answers", "body": "I waited for an hour.", "incidents": [7, 5, 7]}


def test_a_complaint_is_lodged_acknowledged_and_decided(ask: Askers) -> None:
    made = ask.alice.post("/complaints", LODGED)
    path = f"/complaints/{made['number']}"
    assert made | {"number": 0} == {
        "number": 0, "service": "cloud", "customer": "customer", "subject": "Nobody answers", "incidents": [5, 7],
        "lodged": "2026-04-10T08:00:00Z", "acknowledge_by": "2026-04-15T08:00:00Z", "acknowledged_at": None,
        "outcome": None, "decided_at": None, "left_out": None, "reporter": made["reporter"],
    }  # fmt: skip
    assert ask.mona.post(f"{path}/acknowledgement", {"body": "We look into it."})["acknowledged_at"]
    assert ask.mona.problem("POST", f"{path}/acknowledgement", {"body": "Again."}) == (409, None)
    ask.mona.post(f"{path}/remarks", {"body": "Bob was alone.", "visible": False})
    assert ask.alice.post(f"{path}/answers", {"body": "And on Tuesday."})["author"]["name"] == "Alice"
    decided = ask.mona.post(f"{path}/outcome", {"outcome": "partly_upheld", "body": "We added a line."})
    assert (decided["outcome"], decided["decided_at"]) == ("partly_upheld", "2026-04-10T08:00:00Z")
    assert ask.mona.problem("POST", f"{path}/outcome", {"outcome": "upheld", "body": "?"}) == (409, None)
    said = [one["body"] for one in ask.alice.get(f"{path}/remarks")["items"]]
    assert said == ["I waited for an hour.", "We look into it.", "And on Tuesday.", "We added a line."]
    assert len(ask.mona.get(f"{path}/remarks")["items"]) == 5


def test_the_manager_takes_a_complaint_down_and_leaves_one_out(ask: Askers) -> None:
    taken_down = LODGED | {"customer": "customer", "lodged": "2026-04-09T08:00:00Z"}
    path = f"/complaints/{ask.mona.post('/complaints', taken_down)['number']}"
    assert ask.mona.get(path)["lodged"] == "2026-04-09T08:00:00Z"
    assert ask.mona.post(f"{path}/exclusion", {"outcome": "test", "reason": "Mine."})["left_out"] == "test"
    assert ask.mona.problem("POST", f"{path}/exclusion", {"outcome": "spam", "reason": "?"}) == (409, None)
    assert ask.mona.problem("POST", "/complaints", taken_down | {"lodged": "2026-04-11T08:00:00Z"}) == (422, "lodged")
    assert ask.mona.problem("POST", "/complaints", LODGED) == (422, "customer")


def test_a_customer_sees_their_own_and_an_agent_none(ask: Askers) -> None:
    number = ask.gateway.post("/complaints", LODGED)["number"]
    assert [one["number"] for one in ask.alice.get("/complaints")["items"]] == [number]
    assert [one["number"] for one in ask.mona.get("/complaints")["items"]] == [number]
    assert ask.stranger.get("/complaints")["total"] == 0
    assert ask.stranger.problem("GET", f"/complaints/{number}") == (404, None)
    assert ask.bob.problem("GET", f"/complaints/{number}") == (403, None)


def test_a_complaint_that_is_sent_again_is_one(ask: Askers) -> None:
    key = {"idempotency_key": "4711"}
    first = ask.gateway.ask("POST", "/complaints", LODGED, **key).expect(201)
    again = ask.gateway.ask("POST", "/complaints", LODGED, **key)
    assert (again.expect(201), again.headers["Idempotency-Replayed"]) == (first, "true")
    assert ask.gateway.get("/complaints")["total"] == 1
    report = {"service": "cloud", "subject": "Nothing opens"}
    assert ask.gateway.problem("POST", "/incidents", report, **key) == (409, None)
