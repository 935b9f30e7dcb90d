"""Alerts of security tools over the API: in the forms that the tools publish, once each, grouped, judged by level."""

import base64
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from baken.record.catalogue.models import Service
from baken.record.detection import alerts, floods
from baken.record.detection.models import AlertGroup, AlertTaken, Detected
from baken.record.incidents import break_ins
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident, Message
from baken.record.ledger import clock
from baken.record.people.access import Permission, Role
from baken.show.api import alert_formats
from baken.show.api.alerts import LARGEST
from baken.show.api.parsing import DEEPEST
from tests.conftest import Cast
from tests.contracts.asking import NOBODY, Asker, Askers, with_token
from tests.contracts.conftest import NOW

SAMPLES = Path(__file__).parent / "alerts"
PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/take-alerts-of-crowdsec-wazuh-falco-fail2ban.md"
TOOLS = ("crowdsec", "wazuh", "falco", "fail2ban", "generic")


def sample(tool: str) -> Any:
    return json.loads((SAMPLES / f"{tool}.json").read_text())


def nested(depth: int) -> Any:
    """So many lists inside each other."""
    body: Any = []
    for _ in range(depth - 1):
        body = [body]
    return body


@pytest.fixture
def machine(cast: Cast, ask: Askers) -> Asker:
    """A tool with a token that may alert and nothing else; a source for every tool."""
    for tool in TOOLS:
        ask.adam.post("/alert-sources", {"code": f"{tool}-1", "tool": tool, "service": "cloud", "name": tool.title()})
    scopes = frozenset({Permission.WRITE_ALERTS})
    return with_token(cast, cast.provider, Role.ADMINISTRATOR, None, scopes)


def send(machine: Asker, tool: str, body: Any) -> Any:
    return machine.ask("POST", f"/alerts/{tool}-1", body).expect(200)


@pytest.mark.parametrize(("tool", "rule", "host", "level", "priority", "says"), [
    ("crowdsec", "crowdsecurity/vpatch-env-access", "web-1-2f9ac1", "medium", "medium", "203.0.113.9 performed"),
    ("wazuh", "100101", "web-1", "high", "high", "Accepted password for deploy"),
    ("falco", "Terminal shell in container", "node-4", "medium", "medium", "A shell was spawned"),
    ("fail2ban", "sshd", "web-1.example.org", "medium", "medium", "banned by jail sshd after 5 failures"),
    ("generic", "Outbound connection to a known botnet", "web-1", "critical", "high", "203.0.113.9:6667"),
])  # fmt: skip
def test_each_tool_opens_a_security_incident_in_its_own_form(
    machine: Asker, ask: Askers, tool: str, rule: str, host: str, level: str, priority: str, says: str
) -> None:
    number = send(machine, tool, sample(tool))["incidents"][0]
    incident = Incident.objects.get(number=number)
    assert (incident.classes, incident.priority, incident.origin) == (["security"], priority, "monitor")
    body = incident.messages.get().body
    assert body.startswith("Break-in suspected.")
    assert says in body
    (group,) = ask.mona.get("/alert-groups?only=incidents")["items"]
    assert ask.adam.get(f"/alert-sources/{tool}-1")["name"] == tool.title()
    assert f"{tool.title()} alerts: {rule} on {host}, level {level}." in body
    assert (group["rule"], group["host"], group["level"], group["incident"]) == (rule, host, level, number)


def test_what_crowdsec_blocked_is_a_signal_and_what_it_did_not_block_an_incident(machine: Asker, ask: Askers) -> None:
    taken = send(machine, "crowdsec", sample("crowdsec"))
    assert (taken["new"], taken["signals"], len(taken["incidents"])) == (2, 1, 1)
    (signal,) = ask.mona.get("/alert-groups?only=signals")["items"]
    assert (signal["rule"], signal["level"], signal["incident"]) == ("crowdsecurity/ssh-bf", "low", None)
    assert ask.adam.get("/alert-sources/crowdsec-1")["signals"] == 1


@pytest.mark.parametrize("tool", TOOLS)
def test_an_alert_that_is_sent_again_changes_nothing(machine: Asker, tool: str) -> None:
    first = send(machine, tool, sample(tool))
    again = send(machine, tool, sample(tool))
    assert (again["new"], again["known"], again["incidents"]) == (0, first["new"], [])
    assert Incident.objects.count() == 1
    assert Message.objects.count() == 1


def generic(number: int, **change: Any) -> dict[str, Any]:
    return {
        "id": f"alert-{number}",
        "rule": "Port scan",
        "host": "web-1",
        "level": "high",
        "text": f"n. {number}",
    } | change


def test_a_thousand_alerts_are_one_incident_and_a_few_remarks(machine: Asker) -> None:
    for first in (0, 1, 2, 3, 4, 5):
        assert len(send(machine, "generic", generic(first))["incidents"]) == 1
    assert Message.objects.filter(kind="note").count() == 2, "at 2 and 4"
    assert len(send(machine, "generic", [generic(n) for n in range(1_000)])["incidents"]) == 1
    group = AlertGroup.objects.get()
    assert (group.count, group.level) == (1_000, "high")
    assert Message.objects.filter(kind="note").count() == 3, "all that one request doubles is one remark"
    send(machine, "generic", generic(1_000, level="critical"))
    assert Message.objects.filter(kind="note").count() == 4, "a graver one is told of"
    send(machine, "generic", generic(1_001, host="web-2"))
    send(machine, "generic", generic(1_002, rule="Rootkit"))
    assert Incident.objects.count() == 3, "another host and another rule are other matters"


def test_after_the_window_and_after_the_resolution_it_is_a_new_incident(cast: Cast, machine: Asker) -> None:
    def later(minutes: int, number: int) -> int:
        with clock.at(NOW + timedelta(minutes=minutes)):
            found: int = send(machine, "generic", generic(number))["incidents"][0]
            return found

    first = later(0, 1)
    assert later(59, 2) == first
    assert later(118, 3) == first, "it went on within the hour"
    second = later(179, 4)
    assert second != first
    with clock.at(NOW + timedelta(minutes=180)):
        incidents.resolve(cast.bob.caller, second, body="Nothing there.")
    assert later(181, 5) not in (first, second)


def test_the_minimum_level_can_be_set_and_a_source_can_be_switched_off(machine: Asker, ask: Askers) -> None:
    ask.adam.patch("/alert-sources/generic-1", {"minimum": "critical", "window": 60})
    assert send(machine, "generic", generic(1))["signals"] == 1
    assert send(machine, "generic", generic(2, level="critical"))["incidents"]
    ask.adam.patch("/alert-sources/generic-1", {"active": False})
    assert machine.problem("POST", "/alerts/generic-1", generic(3)) == (409, None)
    assert ask.adam.get("/alert-sources")["total"] == len(TOOLS)


@pytest.mark.parametrize(("tool", "body", "field"), [
    ("generic", [], "body"),
    ("generic", generic(1) | {"level": "terrible"}, "level"),
    ("generic", generic(1) | {"colour": "red"}, "colour"),
    ("generic", [{"rule": "x"}, generic(1) | {"level": 3}], "0.level"),
    ("fail2ban", {"jail": "sshd"}, "ip"),
    ("falco", {"rule": "x", "priority": "loud", "output": "x"}, "priority"),
    ("wazuh", {"rule": {"id": "1", "level": "grave"}}, "rule.level"),
    ("crowdsec", [{"message": "no scenario"}], "0.scenario"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_by_name_and_as_a_whole(machine: Asker, tool: str, body: Any, field: str) -> None:
    assert machine.problem("POST", f"/alerts/{tool}-1", body) == (422, field)
    assert not AlertTaken.objects.exists()


def test_of_a_list_what_fits_is_kept_and_the_answer_names_what_does_not(machine: Asker) -> None:
    taken = send(machine, "crowdsec", [*sample("crowdsec"), {"message": "no scenario"}, 3])
    assert (taken["new"], len(taken["incidents"])) == (2, 1)
    assert [one["field"] for one in taken["unread"]] == ["2.scenario", "3.scenario"]
    assert taken["unread"][0]["detail"] == "Field required"
    assert send(machine, "crowdsec", sample("crowdsec"))["unread"] == []


SHAPED = "GET /\x00?a=\ud83d\x1b " + "a" * 150_000
"""What an outsider had a tool say."""


@pytest.mark.parametrize(("tool", "change"), [
    ("crowdsec", {"events": [{"meta": [{"key": "http_path\x00", "value": SHAPED}]}], "decisions": None}),
    ("crowdsec", {"message": SHAPED, "source": {"scope": None, "value": SHAPED}, "machine_id": None, "uuid": None}),
    ("crowdsec", {"decisions": [{"type": "ban", "duration": None}] * 1_500, "scenario": SHAPED}),
    ("wazuh", {"full_log": SHAPED, "data": {"url": SHAPED}}),
    ("wazuh", {"rule": {"id": "1", "level": 17, "description": SHAPED}, "agent": {"id": SHAPED, "name": None}}),
    ("wazuh", {"full_log": None, "agent": None, "data": {"a": nested(500)}, "id": SHAPED}),
    ("falco", {"output": SHAPED, "hostname": None, "uuid": None}),
    ("falco", {"output_fields": {SHAPED: SHAPED}, "priority": "Critical"}),
    ("generic", {"rule": SHAPED, "host": SHAPED, "title": SHAPED, "text": SHAPED, "id": SHAPED}),
])  # fmt: skip
def test_nothing_that_an_outsider_has_a_tool_say_keeps_it_from_alerting(
    machine: Asker, ask: Askers, tool: str, change: dict[str, Any]
) -> None:
    ask.adam.patch(f"/alert-sources/{tool}-1", {"minimum": "info"})
    alert = sample(tool)[1] if tool == "crowdsec" else sample(tool)
    taken = send(machine, tool, [alert | change])
    assert (taken["new"], taken["unread"]) == (1, [])
    incident = Incident.objects.get(number=taken["incidents"][0])
    body = incident.messages.get().body
    assert len(body) <= alerts.LONGEST
    assert body.endswith("…") == (len(body) == alerts.LONGEST), "what is cut says so"
    (group,) = ask.mona.get("/alert-groups")["items"]
    assert all(len(group[name]) <= 200 for name in ("rule", "host", "title"))
    if tool == "generic":
        assert group["host"].startswith("GET /<U+0000>?a=<U+D83D><U+001B> aaa") and group["host"].endswith("a…")
    if change.get("rule") and tool == "wazuh":
        assert group["level"] == "critical"


def test_bytes_that_are_no_text_keep_no_tool_from_alerting(machine: Asker) -> None:
    content = (
        json.dumps(sample("wazuh") | {"full_log": "HERE"}).encode().replace(b"HERE", b"\xff \xed\xa0\x80 \x01 \xe9")
    )
    number = machine.ask("POST", "/alerts/wazuh-1", content=content).expect(200)["incidents"][0]
    assert "\ufffd" in Incident.objects.get(number=number).messages.get().body


def test_a_flood_of_long_rules_is_told_of(machine: Asker) -> None:
    many = [generic(n, rule=f"{n} {SHAPED}", host=SHAPED[:9_000]) for n in range(floods.MOST_NEW + 8)]
    assert len(send(machine, "generic", many)["incidents"]) == floods.MOST_NEW + 1


def test_a_full_group_of_crowdsec_fits_also_when_an_attacker_asks_for_the_longest_addresses(machine: Asker) -> None:
    threshold = int(re.findall(r"^group_threshold: (\d+)$", PAGE.read_text(), re.MULTILINE)[0])
    event = {
        "meta": [{"key": "http_path", "value": "/" + "a" * 8_000}, {"key": "http_user_agent", "value": "b" * 2_000}]
    }
    full = [sample("crowdsec")[1] | {"uuid": str(n), "events": [event] * 40} for n in range(threshold)]
    assert send(machine, "crowdsec", full)["new"] == threshold
    size = len(json.dumps(full))
    assert configured.DATA_UPLOAD_MAX_MEMORY_SIZE < size < LARGEST
    assert machine.problem("POST", "/alerts/crowdsec-1", full + full) == (413, None)


def test_a_token_that_sends_too_often_is_told_to_wait_and_takes_nothing_from_others(
    cast: Cast, machine: Asker, settings: Settings
) -> None:
    settings.BAKEN_LIMITS = settings.BAKEN_LIMITS | {"alerts": 3}
    other = with_token(cast, cast.provider, Role.ADMINISTRATOR, None, frozenset({Permission.WRITE_ALERTS}))
    for number in range(3):
        send(machine, "generic", generic(number))
    answer = machine.ask("POST", "/alerts/generic-1", generic(4))
    assert (answer.status, answer.headers["Retry-After"]) == (429, "20")
    assert answer.body["violated-policies"] == ["alerts"]
    send(machine, "falco", sample("falco"))
    assert send(other, "generic", generic(4))["new"] == 1
    with clock.at(NOW + timedelta(seconds=20)):
        send(machine, "generic", generic(5))


def test_a_flood_opens_a_few_incidents_and_loses_nothing(cast: Cast, machine: Asker) -> None:
    def flood(first: int, minutes: int = 0, **change: Any) -> set[int]:
        body = [
            generic(n, rule=f"rule {n}", level="high" if n % 2 else "medium", **change)
            for n in range(first, first + 400)
        ]
        with clock.at(NOW + timedelta(minutes=minutes)):
            return set(send(machine, "generic", body)["incidents"])

    with CaptureQueriesContext(connection) as asked:
        first = flood(0)
    assert len(asked) < 60 * floods.MOST_NEW, "what is asked does not grow with what is sent"
    assert len(first) == floods.MOST_NEW + 1
    (row,) = Detected.objects.all()
    told = row.incident.messages.get(kind="note").body
    assert (row.outages, row.incident.subject) == (400 - floods.MOST_NEW, "cloud: flood of alerts")
    assert "Rules and machines so far: 390." in told
    assert "and 370 more" in told
    assert flood(400, 59) == {row.incident.number}, (
        "nothing that is new later has an incident of its own, until it is calm"
    )
    grave = [generic(n, rule=f"rule {n}", level="critical") for n in range(800, 800 + floods.MOST_NEW + 1)]
    with clock.at(NOW + timedelta(minutes=60)):
        critical = set(send(machine, "generic", grave)["incidents"])
    assert len(critical) == floods.MOST_NEW + 1, "a flood of lesser ones hides no critical one"
    assert row.incident.number not in critical
    assert Incident.objects.count() == 2 * (floods.MOST_NEW + 1)
    assert AlertGroup.objects.count() == 800 + len(grave), "each is kept, with where it went"
    assert AlertGroup.objects.filter(incident=row.incident).count() == 800 - floods.MOST_NEW
    assert not flood(0, 61), "all of them are known"
    assert len(flood(2_000, 180)) == floods.MOST_NEW + 1, "after an hour without, the next ones have their own again"


def test_what_comes_after_a_verdict_is_judged_anew(cast: Cast, machine: Asker) -> None:
    (number,) = send(machine, "generic", generic(1))["incidents"]
    break_ins.judge(cast.mona.caller, number, confirmed=False, reason="Our own scanner.")
    (again,) = send(machine, "generic", generic(2))["incidents"]
    assert again != number
    assert [row.number for row in break_ins.unjudged(cast.mona.caller)] == [again]


def test_without_an_id_equal_alerts_are_known_for_a_while_and_as_long_as_their_incident_is_open(
    cast: Cast, machine: Asker
) -> None:
    alert = {key: value for key, value in generic(1).items() if key != "id"}

    def sent(minutes: int) -> tuple[int, list[int]]:
        with clock.at(NOW + timedelta(minutes=minutes)):
            taken = send(machine, "generic", [alert, alert])
            return taken["new"], taken["incidents"]

    new, (number,) = sent(0)
    assert (new, sent(9)) == (1, (0, []))
    assert sent(11) == (1, [number]), "it happened again"
    assert AlertGroup.objects.get().count == 2
    incidents.resolve(cast.bob.caller, number, body="Nothing there.")
    new, (later,) = sent(12)
    assert (new, later != number) == (1, True), "a second break-in right after the first is one"


def test_an_id_that_was_harmless_first_is_taken_when_it_is_critical(machine: Asker) -> None:
    assert send(machine, "generic", generic(1, level="info"))["signals"] == 1
    taken = send(machine, "generic", [generic(1, level="info"), generic(1, level="critical")])
    assert (taken["new"], taken["known"], len(taken["incidents"])) == (1, 1, 1)


def test_nothing_in_an_alert_hides_or_turns_around(machine: Asker, ask: Askers) -> None:
    hidden = {"rule": "\u202egnp.exe\u2066", "host": "web\u200b-1\n", "title": "", "text": "a\u202eb\tc\nd\x1b[2J"}
    number = send(machine, "generic", generic(1, **hidden))["incidents"][0]
    incident = Incident.objects.get(number=number)
    assert incident.subject == "cloud: <U+202E>gnp.exe<U+2066>"
    assert incident.messages.get().body.endswith("a<U+202E>b\tc\nd<U+001B>[2J")
    (group,) = ask.mona.get("/alert-groups")["items"]
    assert (group["rule"], group["host"]) == ("<U+202E>gnp.exe<U+2066>", "web<U+200B>-1<U+000A>")


def test_a_token_may_be_the_password_of_an_address(machine: Asker) -> None:
    def basic(password: str) -> int:
        coded = base64.b64encode(f"alerts:{password}".encode()).decode()
        return NOBODY.ask("POST", "/alerts/falco-1", sample("falco"), Authorization=f"Basic {coded}").status

    assert basic(machine.token or "") == 200
    assert basic("baken_" + "x" * 43) == 401
    assert NOBODY.ask("POST", "/alerts/falco-1", sample("falco"), Authorization="Basic ===").status == 401


def test_nothing_a_tool_wrote_can_be_read_in_the_tables(machine: Asker) -> None:
    send(machine, "generic", generic(1, rule="Mark-of-the-rule", host="mark-of-the-host", text="mark-of-the-text"))
    with connection.cursor() as cursor:
        for table in ("detection_alertgroup", "detection_alerttaken", "incidents_incident", "incidents_message"):
            cursor.execute(f"SELECT string_agg(t::text, '') FROM {table} AS t")
            assert "mark" not in cursor.fetchone()[0].lower(), table


def test_what_was_taken_is_forgotten_in_time(cast: Cast, machine: Asker) -> None:
    send(machine, "generic", [generic(1), generic(2, level="info", host="web-9")])
    with clock.at(NOW + timedelta(days=32)):
        alerts.tidy()
    assert (AlertTaken.objects.count(), AlertGroup.objects.count()) == (0, 2)
    with clock.at(NOW + timedelta(days=401)):
        alerts.tidy()
    assert AlertGroup.objects.get().incident is not None, "what became an incident stays with it"


def test_a_source_needs_a_service_that_is_there(ask: Askers, cast: Cast) -> None:
    assert Service.objects.count() == 2
    body = {"code": "ids", "tool": "generic", "service": "nothing"}
    assert ask.adam.problem("POST", "/alert-sources", body)[0] == 404
    assert ask.adam.problem("POST", "/alert-sources", body | {"service": "cloud", "code": "Not Good"})[0] == 422
    ask.adam.post("/alert-sources", body | {"service": "cloud"})
    assert ask.adam.problem("POST", "/alert-sources", body | {"service": "cloud"}) == (422, "code")


def test_what_lies_too_deep_is_refused_before_anything_walks_through_it(machine: Asker, ask: Askers) -> None:
    alert = sample("falco")
    send(machine, "falco", alert | {"uuid": "deep-enough", "more": nested(DEEPEST - 1)})
    content = json.dumps(alert | {"more": "HERE"}).replace('"HERE"', "[" * 50_000 + "]" * 50_000).encode()
    answer = machine.ask("POST", "/alerts/falco-1", content=content)
    assert (answer.status, answer.body["field"]) == (422, "body")
    assert f"at most {DEEPEST} lists and objects" in answer.body["detail"]
    for depth in (DEEPEST, 900, 50_000):
        content = b'{"service": "cloud", "subject": "Down", "more": ' + b"[" * depth + b"]" * depth + b"}"
        assert ask.bob.ask("POST", "/incidents", content=content).body["field"] == "body", depth


def test_of_a_long_alert_only_what_is_kept_is_written(machine: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    class Watched(json.JSONEncoder):
        def iterencode(self, o: Any, _one_shot: bool = False) -> Any:
            for piece in super().iterencode(o, _one_shot):
                written.append(piece)
                yield piece

    monkeypatch.setattr(alert_formats, "COMPACT", Watched(ensure_ascii=False))
    many = [nested(DEEPEST - 2)] * 12_000
    number = send(machine, "falco", sample("falco") | {"more": many})["incidents"][0]
    assert len(Incident.objects.get(number=number).messages.get().body) == alerts.LONGEST
    assert sum(map(len, written)) < alerts.LONGEST + 1_000


def test_a_source_that_takes_nothing_does_not_read_what_is_sent(machine: Asker, ask: Askers) -> None:
    ask.adam.patch("/alert-sources/falco-1", {"active": False})
    assert machine.ask("POST", "/alerts/falco-1", content=b"{").status == 409
    assert machine.ask("POST", "/alerts/nothing", content=b"{").status == 404
    assert machine.ask("POST", "/alerts/generic-1", content=b"[" * (LARGEST + 1)).status == 413
