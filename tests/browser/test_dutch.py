"""Dutch words are long: every page fits a small phone in Dutch as well, for whoever sees it first."""

from datetime import datetime

import pytest
from django.urls import reverse

from baken.record.people.models import User
from tests.browser.conftest import Visit, sideways
from tests.browser.test_base import FIRST, is_whole
from tests.conftest import Cast
from tests.page_table import PAGES, make_world


@pytest.mark.parametrize("who", FIRST)
def test_every_page_fits_a_small_phone_in_dutch(visit: Visit, cast: Cast, now: datetime, who: str) -> None:
    world = make_world(cast)
    User.objects.update(language="nl")
    page = visit(world.person(who), "/sign-in/", width=320, height=640, locale="nl-NL")
    assert page.locator("html").get_attribute("lang") == "nl"
    wrong = []
    for name, row in PAGES.items():
        sees = [one for one in FIRST if row.status(one) == 200]
        if not row.changes and sees[:1] == [who] and is_whole(page, reverse(name, args=row.args(world))):
            page.evaluate("for (const folded of document.querySelectorAll('main details')) folded.open = true")
            if sideways(page) > 0:
                wrong.append(f"{page.url} scrolls sideways by {sideways(page)} pixels")
    assert not wrong, "\n".join(wrong)
