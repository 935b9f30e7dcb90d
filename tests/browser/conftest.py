"""A real browser against the real pages: `site` is the running server, `visit` opens it as somebody of the cast.

Run where Chromium is: BAKEN_CHROMIUM, or the one that `tools/browser.py` finds.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from baken.record.ledger import clock
from baken.record.people import sessions
from tests.conftest import Cast, Person

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this thread; the server has its own

expect.set_options(timeout=20_000)  # how long to wait for what comes, on a machine with other work

ROOT = Path(__file__).resolve().parent.parent.parent
Visit = Callable[..., Page]
Barriers = Callable[..., list[str]]
LOOKS: dict[str | None, dict[str, Any]] = {
    None: {},
    "colours": {"runOnly": ["color-contrast"]},
    "structure": {"rules": {"color-contrast": {"enabled": False}}},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file; every visit has a context of its own. Its loop ends, since other tests run their own."""
    path = (
        os.environ.get("BAKEN_CHROMIUM")
        or subprocess.check_output([sys.executable, ROOT / "tools/browser.py"], text=True).strip()
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, headless=True, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def now() -> Iterator[datetime]:
    """The present: the server lives in it, and with this fixture what the test itself does happens in it too."""
    moment = datetime.now(UTC)
    with clock.at(moment):
        yield moment


@pytest.fixture
def site(live_server: LiveServer, cast: Cast) -> str:
    """The address of the running server; the cast is in its database."""
    return str(live_server.url)


@pytest.fixture
def visit(site: str, browser: Browser) -> Iterator[Visit]:
    """Opens a page: `visit(cast.bob, "/incidents/", width=390, dark=True)`; nobody is signed in for None.

    A page that reports an error to the console (a script that fails, a policy that is broken) fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def visit(
        person: Person | None,
        path: str = "/",
        *,
        width: int = 1440,
        height: int = 900,
        dark: bool = False,
        **options: Any,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light",
            reduced_motion="reduce", base_url=site, **options,
        )  # fmt: skip
        contexts.append(context)
        if person is not None:
            _sign_in(context, site, person)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda said: complaints.append(said.text) if _is_error(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not complaints, complaints


def sign_out(page: Page) -> None:
    """Sign out, and wait until the browser has forgotten the session: it would forget the next one with it."""
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")


def _is_error(said: Any) -> bool:
    """Errors but the browser's own remark that an answer was a 4xx, which tests ask for."""
    return said.type == "error" and not said.text.startswith("Failed to load resource")


def _sign_in(context: BrowserContext, site: str, person: Person) -> None:
    client = Client()
    with clock.at(datetime.now(UTC)):  # a session that has just begun, for the server
        client.force_login(person.user)
        key = client.cookies[settings.SESSION_COOKIE_NAME].value
        sessions.begin(person.user, session_key=key, device="Chrome Linux", address="127.0.0.1")
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": site}])


@pytest.fixture(scope="session")
def barriers() -> Barriers:
    """What axe finds on a page, one line each: rule, what it means, where. only: whether it looks at colours alone, or
    at everything but colours."""
    axe = Axe()

    def barriers(page: Page, *, only: Literal["colours", "structure"] | None = None) -> list[str]:
        found = axe.run(page, options=LOOKS[only]).response["violations"]
        return [
            f"{page.url} {rule['id']}: {rule['help']}: {json.dumps([node['target'] for node in rule['nodes']][:5])}"
            for rule in found
        ]

    return barriers


def sideways(page: Page) -> int:
    """By how many pixels a page can be scrolled sideways; more than zero is too many."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
