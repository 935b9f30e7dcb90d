"""What people write is text: on no page does any of it become an element, a script or an address that runs."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.urls import reverse
from playwright.sync_api import Page

from baken.record.ledger import clock
from baken.record.orgs.fields import WrittenField
from baken.record.people.access import Conflict
from tests.browser.conftest import Visit
from tests.conftest import Cast
from tests.contracts.conftest import NOW
from tests.page_table import PAGES, World, make_world

EVIL = (
    "\"'></title></textarea></script><img data-evil src=x onerror=alert(1)><svg data-evil onload=alert(2)>",
    "<a data-evil href=javascript:alert(3)>x</a> {{7*7}} {% now 'Y' %} ${7*7} <!--",
    "' onfocus=alert(4) autofocus data-evil=' javascript:alert(5) http://evil.example/\"onmouseover=alert(6)",
)
"""Elements, links that run, templates, attributes that break out of quotes: each fits on a line."""
LINKS = 'a[href]:not([href^="/"]):not([href^="?"]):not([href^="#"]):not([href^="http"]):not([href^="mailto:"])'
KEPT = {"Authenticator.secret"}
"""What a page makes something else of than text: a picture of a code."""


def written() -> Iterator[tuple[type[models.Model], list[WrittenField]]]:
    for model in apps.get_models():
        columns = [
            column for column in model._meta.concrete_fields
            if type(column) is WrittenField and f"{model.__name__}.{column.name}" not in KEPT
        ]  # fmt: skip
        if columns:
            yield model, columns


def plant() -> int:
    """Every text of every record becomes something evil; how many there were."""
    count = 0
    for model, columns in written():
        for row in model._default_manager.all():
            for column in columns:
                setattr(row, column.attname, EVIL[count % len(EVIL)][: column.limit])
                count += 1
            with suppress(Conflict):  # of somebody who was erased: nothing is written in their name any more
                row.save()
    return count


def evil(page: Page) -> list[str]:
    """What of it became more than text."""
    found: list[str] = page.eval_on_selector_all(
        f"[data-evil], {LINKS}, a[href^=http]:not([rel~=noopener])", "found => found.map(one => one.outerHTML)"
    )
    return found


def readable(world: World, who: str) -> Iterator[str]:
    for name, row in PAGES.items():
        if not row.changes and row.status(who) == 200 and not {"file", "attachment"} & set(name.split("-")):
            yield reverse(name, args=row.args(world))


@pytest.mark.django_db(transaction=True)
def test_nothing_that_people_write_is_more_than_text(visit: Visit, cast: Cast) -> None:
    with clock.at(NOW):
        world = make_world(cast)
        assert plant() > 30
    ran: list[Any] = []
    seen: set[str] = set()
    for who in ("customer", "administrator", "manager", "auditor"):
        person = world.person(who)
        assert person is not None
        page = visit(person, "/account/")
        page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        for address in readable(world, who):
            if who == "customer" or address not in seen:
                answer = page.goto(address)
                assert answer is not None and answer.status == 200, (who, address)
                assert evil(page) == [], (who, address)
                seen.add(address)
        page.goto("/search/")
        page.locator("main").get_by_role("searchbox").fill("alert")
        page.locator("main").get_by_role("button", name="Search", exact=True).click()
        page.wait_for_url("**/search/?in=*")
        assert evil(page) == [], who
    assert ran == []
    assert len(seen) > 40
