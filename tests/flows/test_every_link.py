"""Every link of the demonstration, followed by each of its people: all of them lead somewhere.

In a world with all kinds of records in it, pages read more tables than in a small one; each has to be open to whoever
is shown a link to it.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from baken.record.ledger import clock
from baken.record.people.models import User
from baken.run import demonstration

END = datetime(2026, 6, 17, 13, 20, tzinfo=UTC)
PEOPLE = (
    "customer@veldrade",
    "agent@wolkenhuis",
    "manager@wolkenhuis",
    "administrator@wolkenhuis",
    "auditor@noordlicht",
)
OF_ONE_KIND = 1
"""So many addresses are followed that differ in numbers, ids, services and customers alone."""


class Links(HTMLParser):
    """The addresses that a page leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.found = page, set[str]()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found |= {urljoin(self.page, value) for name, value in attributes if name in ("href", "hx-get") and value}


def links(page: str, response: HttpResponse) -> Iterator[str]:
    if "Location" in response.headers:
        yield urlsplit(urljoin(page, response.headers["Location"]))._replace(scheme="", netloc="").geturl()
    elif response.headers.get("Content-Type", "").startswith("text/html"):
        parser = Links(page)
        parser.feed(response.content.decode())
        for address in sorted(parser.found):
            parts = urlsplit(address)
            if not parts.netloc and not parts.path.startswith("/static/"):
                yield parts._replace(fragment="").geturl()


def follow(client: Client) -> tuple[int, list[str]]:
    """How many addresses were asked, and those that did not answer as they should."""
    waiting, known, kinds, wrong = deque(["/"]), {"/"}, Counter[str](), []
    while waiting:
        address = waiting.popleft()
        kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+|(?<=service=)[\w-]+|(?<=customer=)[\w-]+", "#", address)
        kinds[kind] += 1
        if kinds[kind] > OF_ONE_KIND:
            continue
        response = client.get(address)
        if response.status_code not in (200, 302):
            wrong.append(f"{address}: {response.status_code}")
        for found in links(address, response):
            if found not in known:
                known.add(found)
                waiting.append(found)
    return len(kinds), wrong


@pytest.mark.django_db(transaction=True)
def test_every_link_that_somebody_is_shown_leads_somewhere() -> None:
    demonstration.make(lambda said: None, months=2, end=END)
    with clock.at(END):
        for address in PEOPLE:
            client = Client(raise_request_exception=False)
            client.force_login(next(user for user in User.objects.all() if user.email == f"{address}.example"))
            asked, wrong = follow(client)
            assert not wrong, (address, wrong)
            assert asked > 10, address
