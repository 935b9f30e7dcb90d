"""The first run in a browser: from an empty database to an administrator who is signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from baken.record.catalogue.models import Service
from baken.record.monitors.first_run import token_file
from tests.browser.conftest import Barriers, sideways


@pytest.fixture
def empty(browser: Browser, live_server: LiveServer, settings: Settings, tmp_path: Path) -> Iterator[Page]:
    settings.BAKEN_HOME = tmp_path
    token_file().write_text("the-token")
    context = browser.new_context(base_url=str(live_server.url), locale="en", java_script_enabled=True)
    yield context.new_page()
    context.close()


def test_an_empty_installation_is_set_up_once(empty: Page, barriers: Barriers) -> None:
    page = empty
    page.goto("/incidents/")
    expect(page).to_have_title("Set up Baken · Baken")
    page.goto("/setup/?token=the-token")
    expect(page.get_by_label("Setup token")).to_have_value("")  # a secret in an address is not taken from there
    page.get_by_label("Setup token").fill("the-token")
    assert not barriers(page)
    page.set_viewport_size({"width": 320, "height": 640})
    assert sideways(page) <= 0
    page.get_by_label("Name of your organisation").fill("Desk & Co")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Your e-mail address").fill("ada@desk.example")
    page.get_by_label("Your password").fill("short")
    page.get_by_label("Name of the service").fill("Drive")
    page.get_by_label("Addresses to measure").fill("https://drive.example/\nhttps://drive.example/api")
    page.get_by_text("Look at the agreement").click()
    high = page.get_by_role("group", name="Agreed times, high priority")
    high.get_by_label("Respond within").fill("-1 h")
    page.get_by_role("button", name="Set it up").click()

    problems = page.get_by_role("alert")
    expect(problems).to_contain_text("Agreed times, high priority: Respond within: Give a time longer than zero")
    expect(high.get_by_label("Respond within")).to_have_value("-1 h")
    assert not barriers(page)
    high.get_by_label("Respond within").fill("30 m")
    page.get_by_label("Your password").fill("short")
    page.get_by_role("button", name="Set it up").click()
    expect(problems).to_contain_text("Your password: This password is too short")
    page.get_by_label("Your password").fill("a long enough sentence")
    page.get_by_role("button", name="Set it up").click()

    expect(page).to_have_title("Health · Desk & Co")
    service = Service.objects.get()
    terms = service.agreements.get().versions.get().read_terms()
    assert terms.targets["high"].response == 30 * 60 * 1_000_000  # type: ignore[index]
    assert service.monitors.count() == 2
    answer = page.goto("/setup/")
    assert answer is not None and answer.status == 404
