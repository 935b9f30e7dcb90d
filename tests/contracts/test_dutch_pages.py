"""Every page in Dutch, as everybody who sees it, with nothing of the English left; refused forms too."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from baken.record.orgs.models import Organisation
from baken.record.people.models import User
from tests.conftest import Cast
from tests.page_table import EVERYBODY, PAGES, World, make_world
from tools.messages import LOCALE, read, texts

MANY = 3
"""An English message of so many words is looked for inside other text as well; a shorter one only by itself."""
HEARD = {"alt", "aria-label", "data-label", "placeholder", "title"}
UNSAID = {"code", "script", "style"}


class Said(HTMLParser):
    """What a page says: its texts, and the attributes that a person reads or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.within = tag
        self.texts += [said for name, said in attrs if name in HEARD and said]

    def handle_endtag(self, tag: str) -> None:
        self.within = ""

    def handle_data(self, data: str) -> None:
        if self.within not in UNSAID and data.strip():
            self.texts.append(" ".join(data.split()))


def english() -> tuple[set[str], set[str]]:
    """Whole messages, and pieces of long ones between their placeholders, that mean nothing in Dutch."""
    held = [message for message in read(LOCALE / "nl/LC_MESSAGES/django.po") if message.id]
    dutch = {text for message in held for text in texts(message.string)}
    whole = {text for message in held for text in texts(message.id)} - dutch
    pieces = {piece.strip(" .,;:()") for text in whole for piece in re.split(r"%\(\w+\)s|%s", text.replace("%%", "%"))}
    return whole, {piece for piece in pieces if len(piece.split()) >= MANY}


WHOLE, PIECES = english()


def left_over(html: str) -> list[str]:
    """The English that a page says."""
    said = Said()
    said.feed(html)
    everything = "\n".join(said.texts)
    return sorted(
        {*(text for text in said.texts if text in WHOLE), *(piece for piece in PIECES if piece in everything)}
    )


def answers(world: World, who: str) -> Iterator[tuple[str, str]]:
    """Every page somebody gets, and what each of their forms says when it is sent empty."""
    client = Client(headers={"accept-language": "nl"})
    person = world.person(who)
    if person is not None:
        client.force_login(person.user)
    for name, row in PAGES.items():
        address = reverse(name, args=row.args(world))
        if row.status(who) not in {200, 422}:
            continue
        with transaction.atomic():
            if not row.changes:
                yield f"{name} for {who}", _page(client.get(address))
            yield f"{name} for {who}, sent empty", _page(client.post(address))
            transaction.set_rollback(True)


def _page(response: Mapping[str, str]) -> str:
    html = response.headers.get("Content-Type", "").startswith("text/html")  # type: ignore[attr-defined]
    return response.content.decode() if html else ""  # type: ignore[attr-defined]


@pytest.mark.parametrize("who", EVERYBODY)
def test_nothing_english_is_left_on_a_dutch_page(cast: Cast, who: str) -> None:
    world = make_world(cast)
    User.objects.update(language="nl")
    for organisation in Organisation.objects.all():  # a banner on every page, and no English name
        organisation.demonstration, organisation.name = True, "Waterschap"
        organisation.save()
    found = {where: left for where, html in answers(world, who) if (left := left_over(html))}
    assert not found


def test_the_check_bites() -> None:
    assert left_over("<p>Report an incident</p>") == ["Report an incident"]
    assert left_over('<td data-label="Time left">1 u</td>') == ["Time left"]
    assert left_over("<p>Services: 3. There is no location, so nothing is measured. Add one.</p>")
    assert not left_over("<p><code>Report an incident</code></p>")
    assert not left_over("<title>Service</title><p>Incident melden</p>")
