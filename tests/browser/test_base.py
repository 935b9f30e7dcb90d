"""What holds for every page: no barriers that axe knows of, by day and by night, and no scrolling sideways."""

import pytest
from django.urls import reverse
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from baken.record.orgs.models import Organisation
from tests.browser.conftest import Barriers, Visit, sideways
from tests.conftest import Cast
from tests.page_table import PAGES, make_world

LARGEST = 100_000
"""Characters of HTML."""
NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1440, "height": 900}
FIRST = ("customer", "manager", "administrator", "agent", "auditor", "anonymous")
"""Of the people who see a page, axe looks with the first of these at everything on a small phone at night, and at the
colours by day, which are alike to all; and with the last on a wide screen."""


@pytest.mark.parametrize("who", FIRST)
def test_every_page_is_open_to_everybody(visit: Visit, cast: Cast, barriers: Barriers, who: str) -> None:
    world = make_world(cast)
    Organisation.objects.update(demonstration=True)  # which puts a banner on every page
    page = visit(world.person(who), "/sign-in/")
    wrong: list[str] = []
    for name, row in PAGES.items():
        seen_by = [other for other in FIRST if row.status(other) == 200 and not row.changes]
        if who not in seen_by[:1] + seen_by[-1:] or not is_whole(page, reverse(name, args=row.args(world))):
            continue
        if len(page.content()) > LARGEST:
            wrong.append(f"{page.url} has {len(page.content())} characters of HTML")
        if who == seen_by[-1]:
            wrong += barriers(page, only="structure")
        if who == seen_by[0]:
            wrong += barriers(page, only="colours") + narrow_and_dark(page, barriers)
    assert not wrong, "\n".join(wrong)


def is_whole(page: Page, address: str) -> bool:
    """Open an address; whether it gave a page, and not a file or a part of one."""
    try:
        response = page.goto(address)
    except PlaywrightError as error:
        assert "Download is starting" in error.message
        return False
    return response is not None and response.text().lstrip().lower().startswith("<!doctype html>")


def narrow_and_dark(page: Page, barriers: Barriers) -> list[str]:
    """What is wrong with a page on a small phone at night."""
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    wrong = [f"narrow and dark: {each}" for each in barriers(page)]
    if sideways(page) > 0:
        wrong.append(f"{page.url} scrolls sideways by {sideways(page)} pixels at 320")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    return wrong
