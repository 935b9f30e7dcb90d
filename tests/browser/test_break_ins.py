"""From an alert to a verdict in a browser: a tool alerts, the service manager judges and tells the authority; honey."""

import json
import re
from collections.abc import Callable
from datetime import datetime

from django.test import Client
from playwright.sync_api import Page, expect

from baken.record.people import flows as people
from baken.record.people.access import Role
from tests.browser.conftest import Visit, sideways
from tests.conftest import Cast

Barriers = Callable[[Page], list[str]]


def test_an_alert_is_judged_and_the_authority_is_told(
    cast: Cast, visit: Visit, now: datetime, barriers: Barriers
) -> None:
    admin = visit(cast.adam, "/alert-sources/", width=390)
    admin.get_by_role("link", name="Add a source").last.click()
    admin.get_by_label("Code").fill("Not Good")
    admin.get_by_role("button", name="Add the source").click()
    expect(admin.locator("#problems")).to_be_visible()
    admin.get_by_label("Code").fill("falco-1")
    admin.get_by_label("Tool").select_option("falco")
    admin.get_by_label("Service").select_option("cloud")
    admin.get_by_role("button", name="Add the source").click()
    expect(admin.locator("main")).to_contain_text("/api/v1/alerts/falco-1")
    assert (barriers(admin), sideways(admin)) == ([], 0)

    _, secret = people.add_token(
        cast.program, organisation=cast.provider, name="falco", role=Role.ADMINISTRATOR, scopes=["alerts:write"]
    )
    alert = {"rule": "Terminal shell in container", "priority": "Error", "output": "A shell.", "hostname": "node-4"}
    sent = Client().post(
        "/api/v1/alerts/falco-1", json.dumps(alert), "application/json", headers={"Authorization": f"Bearer {secret}"}
    )
    assert sent.status_code == 200, sent.content

    manager = visit(cast.mona, "/kpis/")
    expect(manager.locator(".due")).to_contain_text("judge whether somebody broke in")
    manager.goto("/alerts/?only=incidents")
    assert barriers(manager) == []
    manager.get_by_role("link", name=re.compile(r"^#\d+$")).click()
    agent = visit(cast.bob, re.sub(r"^https?://[^/]+", "", manager.url))
    expect(agent.locator(".desk-facts")).to_contain_text("The service manager judges")
    manager.get_by_text("Judge the break-in").click()
    manager.get_by_role("button", name="Record the verdict").click()
    expect(manager.locator("#problems")).to_be_visible()
    manager.get_by_label("Somebody broke in", exact=True).check()
    manager.locator("[name=act][open] textarea").fill("The shell was not ours.")
    manager.get_by_role("button", name="Record the verdict").click()
    expect(manager.locator(".desk-facts")).to_contain_text("confirmed")
    manager.get_by_text("Record a report to the authority").click()
    manager.get_by_label("Which report was sent?").select_option("early_warning")
    manager.get_by_label("When?").fill("2020-01-01T10:00")
    manager.get_by_label("To whom, and under which number?").fill("CSIRT-4711")
    manager.get_by_role("button", name="Record it").click()
    expect(manager.locator("#problems")).to_contain_text("between the report of the incident and now")
    assert barriers(manager) == []


def test_a_honey_token_is_shown_once_and_opens_nothing(cast: Cast, visit: Visit, barriers: Barriers) -> None:
    admin = visit(cast.adam, "/honey-tokens/new/", dark=True)
    admin.get_by_label("What it looks like").select_option("link")
    admin.get_by_label("Where you put it").fill("the wiki of the old team")
    admin.get_by_role("button", name="Make it").click()
    link = re.sub(r"^https?://[^/]+", "", admin.locator("pre").inner_text().strip())
    assert barriers(admin) == []
    thief = visit(None, link)
    expect(thief.get_by_role("heading", level=1)).to_be_visible()
    assert "honey" not in thief.content().lower()
    admin.goto("/honey-tokens/")
    expect(admin.get_by_role("row", name=re.compile("the wiki of the old team"))).to_contain_text("1")
