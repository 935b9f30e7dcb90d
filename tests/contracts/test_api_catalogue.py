"""Services, agreements, customers, maintenance and monitors over the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from baken.domain.agreements import default_terms
from baken.domain.calendars import CalendarRule, DatedWindows, Window
from baken.reach.prober import signing
from baken.record.catalogue import reads as catalogue
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.monitors.models import Location, Monitor
from baken.show.api.terms import AgreedTerms, WorkingTime, plain
from tests.conftest import Cast
from tests.contracts.asking import Askers
from tests.contracts.conftest import NOW
from tests.flows.measuring import monitored, place, see


def agreed(ask: Askers, customer: str | None = None) -> Any:
    """The terms of the last version of an agreement about the cloud."""
    found = ask.adam.get("/services/cloud/agreements")
    return next(one for one in found if one["customer"] == customer)["versions"][-1]["terms"]


def test_terms_that_are_read_can_be_sent_back(cast: Cast, ask: Askers) -> None:
    terms = agreed(ask)
    assert (terms["targets"]["high"]["response"], terms["kpi_targets"]["C1"], terms["coverage"]) == (3600.0, 99.9, 0.99)
    version = ask.adam.post("/services/cloud/agreements", {"valid_from": "2026-05-01", "terms": terms})
    assert (version["version"], version["valid_from"]) == (2, "2026-04-30T22:00:00Z")
    assert version["terms"] == terms
    held = catalogue.version(catalogue.agreement_for(cast.service.id, cast.provider.id).id, 2)
    assert held.terms == default_terms("Europe/Amsterdam")


@pytest.mark.parametrize(
    "rule",
    [
        CalendarRule.always("Europe/Amsterdam"),
        CalendarRule.weekly("UTC", opens="22:00", closes="06:00"),
        CalendarRule.weekly("America/Sao_Paulo", days=[6], opens="00:00", closes="24:00", holidays="NL"),
        CalendarRule("Asia/Tokyo", (Window(0, 1, 2), Window(0, 1439, 2879), Window(3, 600, 2040))),
        CalendarRule(
            "UTC", (Window(2, 0, 1),), "DE-BY",
            (DatedWindows(NOW.date()), DatedWindows(NOW.date() + timedelta(days=1), ((0, 60), (1380, 1500)))),
        ),
    ],
)  # fmt: skip
def test_a_calendar_in_plain_form_is_the_same_calendar(rule: CalendarRule) -> None:
    assert WorkingTime.model_validate(WorkingTime.of(rule).model_dump(mode="json")).to_domain() == rule


def test_the_plain_form_leaves_nothing_out() -> None:
    terms = default_terms("Europe/Amsterdam", holidays="NL")
    assert AgreedTerms.model_validate(plain(terms)).to_domain() == terms
    assert set(plain(terms)) == set(terms.to_codes()) == set(AgreedTerms.model_fields)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"zone": "Europe/Nowhere"}, "terms.zone"),
        ({"zone": "../../etc/passwd"}, "terms.zone"),
        ({"coverage": 0}, "terms.coverage"),
        ({"coverage": 1.1}, "terms.coverage"),
        ({"audit_grace_days": -1}, "terms.audit_grace_days"),
        ({"complaint_acknowledge": -1}, "terms.complaint_acknowledge"),
        ({"drill_every": 1e300}, "terms.drill_every"),
        ({"kpi_targets": {"C10": 1}}, "terms.kpi_targets.C10.[key]"),
        ({"kpi_targets": {"C3": -1}}, "terms.kpi_targets.C3"),
        ({"peak": None}, "terms.peak"),
        ({"colour": "red"}, "terms.colour"),
        ({"targets.high.response": 0}, "response_target"),
        ({"targets.high.response": -5}, "terms.targets.high.response"),
        ({"peak.weekly": []}, "terms.peak.weekly"),
        ({"peak.weekly": [{"day": "someday", "opens": "09:00", "closes": "17:00"}]}, "terms.peak.weekly.0.day"),
        ({"peak.weekly": [{"day": "monday", "opens": "25:00", "closes": "17:00"}]}, "terms.peak.weekly.0.opens"),
        ({"peak.holidays": "Mars"}, "holidays"),
        ({"peak.exceptions": [{"date": "2026-05-05"}, {"date": "2026-05-05"}]}, "exceptions"),
        ({"peak.exceptions": [{"date": "0001-01-01"}]}, "terms.peak.exceptions.0.date"),
    ],
)
def test_terms_that_do_not_hold_together_are_refused(ask: Askers, change: dict[str, Any], field: str) -> None:
    terms = agreed(ask)
    for path, value in change.items():
        *way, last = path.split(".")
        place = terms
        for step in way:
            place = place[step]
        place[last] = value
    sent = {"valid_from": "2026-05-01", "terms": terms}
    assert ask.adam.problem("POST", "/services/cloud/agreements", sent) == (422, field)


@pytest.mark.parametrize("day", ["2026-04-01", "2026-05-02", "2025-01-01"])
def test_terms_change_at_the_start_of_a_month_that_has_not_begun(ask: Askers, day: str) -> None:
    sent = {"valid_from": day, "terms": agreed(ask)}
    assert ask.adam.problem("POST", "/services/cloud/agreements", sent) == (422, "valid_from")


def test_a_customer_reads_the_agreement_that_holds_for_them(ask: Askers) -> None:
    own = {"customer": "customer", "valid_from": "2026-05-01", "terms": agreed(ask) | {"supplier_stops_clock": True}}
    assert [one["customer"] for one in ask.alice.get("/services/cloud/agreements")] == [None]
    ask.adam.post("/services/cloud/agreements", own)
    # The base agreement holds until their own begins.
    assert [one["customer"] for one in ask.alice.get("/services/cloud/agreements")] == [None, "customer"]
    assert len(ask.adam.get("/services/cloud/agreements")) == 2
    assert ask.stranger.problem("GET", "/services/cloud/agreements") == (404, None)


def test_services_are_added_and_seen_by_those_who_use_them(ask: Askers) -> None:
    new = {"code": "mail", "name": "Mail", "valid_from": "2026-01-01", "terms": agreed(ask)}
    made = ask.adam.post("/services", new)
    assert made == {"code": "mail", "name": "Mail", "description": "", "created_at": "2026-04-10T08:00:00Z"}
    assert ask.adam.problem("POST", "/services", new) == (422, "code")
    assert ask.adam.problem("POST", "/services", new | {"code": "a b"}) == (422, "code")
    assert [one["code"] for one in ask.bob.get("/services")["items"]] == ["cloud", "other", "mail"]
    assert [one["code"] for one in ask.alice.get("/services")["items"]] == ["cloud"]
    assert ask.alice.problem("GET", "/services/mail") == (404, None)


def test_customers_subscribe_and_leave(ask: Askers) -> None:
    ask.adam.post("/customers", {"code": "fresh", "name": "Fresh", "zone": "Europe/Lisbon"})
    assert ask.adam.get("/customers/fresh")["language"] == "nl"
    assert ask.adam.problem("POST", "/customers", {"code": "fresh", "name": "Again"}) == (422, "code")
    assert ask.adam.problem("POST", "/customers", {"code": "odd", "name": "Odd", "zone": "Moon"}) == (422, "zone")
    held = ask.adam.post("/customers/fresh/subscriptions", {"service": "cloud", "since": "2026-04-01T00:00:00Z"})
    assert (held["service"], held["until"]) == ("cloud", None)
    again = {"service": "cloud", "since": "2026-04-02T00:00:00Z"}
    assert ask.adam.problem("POST", "/customers/fresh/subscriptions", again) == (422, "customer")
    ask.adam.ask("POST", f"/subscriptions/{held['id']}/ending").expect(204)
    assert ask.adam.problem("POST", f"/subscriptions/{held['id']}/ending") == (404, None)
    assert ask.adam.get("/customers/fresh/subscriptions")["items"][0]["until"] == "2026-04-10T08:00:00Z"
    assert [one["code"] for one in ask.bob.get("/customers")["items"]] == ["customer", "stranger", "fresh"]
    assert ask.alice.get("/customers/customer")["name"] == "Customer"
    assert ask.adam.problem("GET", "/customers/provider") == (404, None)


def test_maintenance_is_announced_and_called_off(ask: Askers) -> None:
    work = {"service": "cloud", "starts": "2026-04-11T02:00:00+02:00", "ends": "2026-04-11T04:00:00+02:00"}
    made = ask.adam.post("/maintenance", work | {"reason": "New disks."})
    assert (made["starts"], made["announced_at"]) == ("2026-04-11T00:00:00Z", "2026-04-10T08:00:00Z")
    ask.adam.ask("POST", f"/maintenance/{made['id']}/cancellation").expect(204)
    assert ask.alice.get("/maintenance?service=cloud")["items"][0]["cancelled_at"] == "2026-04-10T08:00:00Z"
    assert ask.stranger.get("/maintenance")["total"] == 0
    for change, field in [
        ({"ends": work["starts"]}, "ends"),
        ({"starts": "2026-04-09T02:00:00Z", "ends": "2026-04-09T03:00:00Z"}, "ends"),
        ({"starts": "2026-04-11T02:00:00"}, "starts"),
        ({"starts": -1}, "starts"),
        ({"starts": "1969-12-31T23:59:59Z"}, "starts"),
        ({"ends": "9999-12-31T23:59:59-14:00"}, "ends"),
        ({"ends": "0001-01-01T00:00:00+14:00"}, "ends"),
    ]:
        assert ask.adam.problem("POST", "/maintenance", work | change) == (422, field), change


MONITOR = {"service": "cloud", "name": "Front page", "url": "https://cloud.example/", "interval": 0.5, "timeout": 2}


def test_monitors_are_added_changed_and_stopped(ask: Askers) -> None:
    made = ask.adam.post("/monitors", MONITOR)
    path = f"/monitors/{made['id']}"
    assert (made["interval"], made["timeout"], made["confirm_after"], made["quiet"]) == (0.5, 2.0, 60.0, 300.0)
    changed = ask.adam.patch(path, {"quorum": 2, "minimum_reporting": 2, "tolerance": 1.5, "name": "Home"})
    assert changed == made | {"quorum": 2, "minimum_reporting": 2, "tolerance": 1.5, "name": "Home"}
    assert Monitor.objects.get().interval == 500
    assert ask.alice.get(path) == changed == ask.alice.get("/monitors")["items"][0]
    ask.adam.ask("POST", f"{path}/ending").expect(204)
    assert ask.adam.problem("POST", f"{path}/ending") == (404, None)
    assert ask.adam.problem("PATCH", path, {"quorum": 1}) == (404, None)
    assert ask.alice.get("/monitors")["total"] == 0


def test_what_may_be_secret_in_an_address_is_for_whoever_configures_it(cast: Cast, ask: Askers) -> None:
    secret = "https://probe:hunter2@cloud.example:8443/health?token=s3cret"
    path = f"/monitors/{ask.adam.post('/monitors', MONITOR | {'url': secret, 'name': 'Health'})['id']}"
    assert ask.adam.get(path)["url"] == secret
    for asker in (ask.alice, ask.bob):
        assert asker.get(path)["url"] == "https://cloud.example:8443/health"
        assert asker.get("/monitors")["items"][0]["url"] == "https://cloud.example:8443/health"
    browser = Client()
    for person in (cast.alice, cast.bob):
        browser.force_login(person.user)
        text = browser.get("/monitors/").content.decode()
        assert "cloud.example:8443/health" in text
        text += browser.get("/services/cloud/").content.decode()
        assert not any(part in text for part in ("hunter2", "s3cret"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"interval": 0.1}, "interval"), ({"interval": -1}, "interval"), ({"timeout": 0}, "timeout"),
        ({"timeout": 0.0001}, "timeout"), ({"url": "ftp://cloud.example/"}, "url"), ({"url": "x"}, "url"),
        ({"method": "PUT"}, "method"), ({"expect_status": "2xx"}, "expect_status"), ({"quorum": -1}, "quorum"),
        ({"minimum_reporting": 0}, "minimum_reporting"), ({"quiet": 1e12}, "quiet"), ({"name": " "}, "name"),
        ({"expect_text": "é" * 201}, "expect_text"), ({"service": "nothing here"}, "service"),
    ],
)  # fmt: skip
def test_a_monitor_that_cannot_be_run_is_refused(ask: Askers, change: dict[str, Any], field: str) -> None:
    assert ask.adam.problem("POST", "/monitors", MONITOR | change) == (422, field)


def test_locations_show_what_troubles_them(cast: Cast, ask: Askers) -> None:
    keys = [signing.generate_key()[1] for _ in range(2)]
    made = ask.adam.post("/locations", {"code": "ams-1", "name": "Amsterdam", "public_key": keys[0]})
    assert (made["acknowledged"], made["troubles"], made["last_seen"]) == (0, [], None)
    for key in ("", "AAAA", keys[0] + "A", "é" * 44):
        sent = {"code": "rtm-1", "public_key": key}
        assert ask.adam.problem("POST", "/locations", sent) == (422, "public_key")
    assert ask.adam.problem("POST", "/locations", {"code": "ams-1", "public_key": keys[1]}) == (422, "code")
    monitors.tell_problems(Location.objects.get(), [monitors.Told(None, "spool full", "no room")], at=clock.now())
    (told,) = ask.adam.get("/locations")["items"][0]["troubles"]
    assert told == {"monitor": None, "reason": "spool full", "detail": "no room", "since": "2026-04-10T08:00:00Z"}
    assert ask.adam.post("/locations/ams-1/revocation")["revoked_at"] == "2026-04-10T08:00:00Z"
    replaced = ask.adam.put("/locations/ams-1/key", {"public_key": keys[1]})
    assert (replaced["public_key"], replaced["revoked_at"]) == (keys[1], None)
    assert ask.adam.problem("PUT", "/locations/nowhere/key", {"public_key": keys[1]}) == (404, None)


def test_outages_of_a_service(cast: Cast, ask: Askers) -> None:
    began = NOW - timedelta(minutes=10)
    location, monitor = place(cast.service, "ams-1", began), monitored(cast.service, began)
    see(location, monitor, began, NOW, down=[(60, 300)])
    query = "/services/cloud/outages?from=2026-04-01&to=2026-05-01"
    outage = {"start": "2026-04-10T07:51:00Z", "end": "2026-04-10T07:55:00Z", "down": 240.0, "reason": "timeout"}
    assert ask.alice.get(query) == [outage]
    assert ask.alice.get(f"{query}&as_of=2026-04-10T07:50:00Z") == []
    assert ask.stranger.problem("GET", query) == (404, None)
    for bad, field in [("to=2026-05-01", "from"), ("from=2026-05-01&to=2026-05-01", "period"), ("from=x&to=y", "from")]:
        assert ask.alice.problem("GET", f"/services/cloud/outages?{bad}") == (422, field)
