"""Every page and operation that shows text of a customer to the provider's people leaves a fact; no other does.

The rows of the two tables are asked one by one. Whether something of the customer's is shown is seen in the answer, so
a page that got at their text past the keeping of looks fails here, and so does a new page whose row does not say it.
"""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from baken.record.ledger.models import LedgerFact
from tests.conftest import Cast
from tests.contracts.api_table import TABLE
from tests.contracts.api_world import make_world as make_api_world
from tests.contracts.asking import Askers
from tests.contracts.test_api_table import by_role, request
from tests.page_table import PAGES, World, make_world

STAFF = ("agent", "manager", "administrator")
THEIRS = (b"Nothing opens", b"Since this morning", b"No answer", b"Still none", b"alice@customer.example", b">Alice<")
"""What the customer of the world wrote, and who they are."""
ASKED = {"incident-new": {"customer": "customer"}, "complaint-new": {"customer": "customer"}}


def looks() -> int:
    return LedgerFact.objects.filter(stream_kind="look").count()


def shown(world: World, client: Client, name: str) -> tuple[bool, bool]:
    """Whether a page has something of the customer's on it, and whether that left a fact; which is taken back."""
    with transaction.atomic():
        before = looks()
        address = reverse(name, args=PAGES[name].args(world))
        if name == "search":
            answer = client.post(address, {"words": "opens"}, follow=True)
        else:
            answer = client.get(address, ASKED.get(name, {}))
        left = looks() > before
        transaction.set_rollback(True)
    theirs = answer.status_code == 200 and any(text in answer.getvalue() for text in THEIRS)
    return theirs, left


def at_the_desk(world: World) -> Iterator[tuple[str, Client]]:
    for who in STAFF:
        client, person = Client(), world.person(who)
        assert person is not None
        client.force_login(person.user)
        yield who, client


def test_a_page_that_shows_what_is_a_customers_leaves_a_fact_and_its_row_says_so(cast: Cast) -> None:
    world, found = make_world(cast), set()
    for who, client in at_the_desk(world):
        for name, row in PAGES.items():
            theirs, left = (False, False) if row.changes else shown(world, client, name)
            assert left or not theirs, f"{name} shows the {who} what nobody will know they saw"
            if left:
                found.add(name)
    assert found == {name for name, row in PAGES.items() if row.shows}


@pytest.mark.parametrize("who", ["customer", "auditor", "anonymous"])
def test_a_page_leaves_no_trace_of_a_customer_at_their_own(cast: Cast, who: str) -> None:
    world, client = make_world(cast), Client()
    if person := world.person(who):
        client.force_login(person.user)
    for name, row in PAGES.items():
        assert row.changes or shown(world, client, name)[1] is False, name


def test_an_operation_that_tells_what_is_a_customers_leaves_a_fact_and_its_row_says_so(cast: Cast, ask: Askers) -> None:
    world, found = make_api_world(cast), set()
    for who, asker in by_role(ask).items():
        for operation in TABLE:
            with transaction.atomic():
                before = looks()
                answer = request(asker, operation, world, keep=True)
                left = looks() > before
                transaction.set_rollback(True)
            theirs = answer.status < 300 and any(text in answer.content for text in (b'"Down"', b'"Slow"', b'"Alice"'))
            assert left or not theirs or who not in STAFF, f"{operation} tells the {who} what nobody will know"
            assert who in STAFF or not left, f"{operation} for the {who}"
            if left:
                found.add(operation)
    assert found == {operation for operation, row in TABLE.items() if row.shows}
