"""Every page against the table in `tests/page_table.py`: as nobody, as each role, as a stranger; and odd input."""

from copy import copy
from itertools import combinations, product

import pytest
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse

from baken.record.ledger.models import LedgerFact
from baken.run.crowd import Crowd
from baken.show.web.errors import failed
from tests.conftest import Cast
from tests.page_table import EVERYBODY, PAGES, REFERENCE, STRANGERS, World, addresses, is_operation, make_world

TOO_MUCH = "x" * 2_600_000
ROWS = PAGES | REFERENCE


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


def signed_in(world: World, who: str) -> Client:
    client = Client()
    person = world.person(who)
    if person is not None:
        client.force_login(person.user)
    return client


def ask(world: World, name: str, client: Client, *, post: bool = False) -> int:
    """The status somebody gets; whatever it changed is taken back, signing out too."""
    row, cookies = ROWS[name], copy(client.cookies)
    address = reverse(name, args=row.args(world))
    with transaction.atomic():
        response = client.post(address) if post or row.changes else client.get(address)
        transaction.set_rollback(True)
    client.cookies = cookies
    return response.status_code


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    """Of the API's operations there is another table; whatever else answers is in this one, by a name of its own."""
    found = [name or f"{route} has no name" for name, route, one in addresses(get_resolver()) if not is_operation(one)]
    assert sorted(found) == sorted(ROWS)


def test_everybody_gets_what_the_table_says(world: World) -> None:
    wrong = []
    for who in EVERYBODY:
        client = signed_in(world, who)
        for name, row in ROWS.items():
            wanted, got = row.status(who), ask(world, name, client)
            if got != wanted:
                wrong.append(f"{name} for {who}: {got}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_what_a_stranger_does_not_get_they_cannot_send_anything_to_either(world: World) -> None:
    wrong = []
    for who in STRANGERS:
        client = signed_in(world, who)
        for name, row in PAGES.items():
            if not row.changes and (refusal := row.status(who)) in {403, 404}:
                got = ask(world, name, client, post=True)
                if got not in {refusal, 405}:
                    wrong.append(f"{name} for {who}: {got}, not {refusal}")
    assert not wrong, "\n".join(wrong)


def test_nul_too_much_and_records_that_are_not_there_are_refused_in_words(world: World) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(world.cast.adam.user)
    for name, row in PAGES.items():
        address = reverse(name, args=row.args(world))
        for response in (
            client.get(address, {"q": "a\x00b", "page": "x"}),
            client.post(address, {"name": "a\x00b", "subject": "a\x00b"}),
        ):
            assert response.status_code in {400, 403, 404, 405}, (name, response.status_code)
        assert client.post(address, {"name": TOO_MUCH}).status_code in {405, 413}, name
        assert client.get(f"{address}?page=-1&page_size=x&from=x&to=99999999999&service=%00x").status_code < 500, name


EDGES = ("0001-01-01", "1950-01-01", "1950-02-01", "2016-01-01", "2026-11-01", "2150-01-01", "9999-12-31")
PERIODS = (("from", "to"), ("first", "last"))
DATED = (
    "reported", "began", "ended", "lodged", "starts", "ends", "at", "due", "date", "day", "valid_from", "period_from",
    "period_to", "given", "performed", "expires", "since", "until",
)  # fmt: skip


def test_dates_at_the_edges_of_time_are_answered_in_words(world: World) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(world.cast.mona.user)
    wrong = []
    for name, row in PAGES.items():
        address = reverse(name, args=row.args(world))
        every = [*combinations(EDGES, 2)] if name in {"kpis", "kpi"} else [(EDGES[0], EDGES[-1])]
        for (first, last), (begin, end) in product(PERIODS, every):
            wrong += [(name, begin, end)] * (client.get(address, {first: begin, last: end}).status_code >= 500)
        for day in (EDGES[0], EDGES[-1]):
            for text in (day, f"{day}T00:00", f"{day}T23:59"):
                with transaction.atomic():
                    status = client.post(address, dict.fromkeys(DATED, text)).status_code
                    transaction.set_rollback(True)
                wrong += [(name, "post", text)] * (status >= 500)
    assert not wrong


@pytest.mark.parametrize("wrong", ["0001-01-01", "1969-12-31", "2200-01-02"])
def test_records_are_of_a_time_that_can_be(world: World, wrong: str) -> None:
    client = Client()
    client.force_login(world.cast.mona.user)
    for name, fields in {
        "drill-new": {"outcome": "passed", "finished": f"{wrong}T12:00"},
        "review-new": {"began": f"{wrong}T12:00", "ended": f"{wrong}T13:00"},
        "audit-new": {"services": ["cloud"], "period_from": wrong, "period_to": wrong},
    }.items():
        answer = client.post(reverse(name), {"service": "cloud", **fields})
        assert (answer.status_code, "from 1970 up to 2199" in answer.content.decode()) == (422, True), name


def test_a_long_period_has_a_shorter_trend(world: World) -> None:
    client = Client()
    client.force_login(world.cast.mona.user)
    asked = client.get("/kpis/", {"service": "cloud", "from": "2016-01-01", "to": "2026-11-01"})
    assert asked.status_code == 200
    before = client.get("/kpis/", {"service": "cloud", "from": "1950-01-01", "to": "2026-11-01"})
    assert (before.status_code, "choose a shorter or a later period" in before.content.decode()) == (400, True)


def test_a_get_changes_nothing(world: World) -> None:
    client = Client()
    client.force_login(world.cast.adam.user)
    for name, row in PAGES.items():
        if row.changes:
            before = LedgerFact.objects.count()
            response = client.get(reverse(name, args=row.args(world)))
            assert response.status_code in {302, 403, 405}, name
            assert LedgerFact.objects.count() == before, name


def test_an_error_of_ours_is_a_page_that_asks_nothing_of_the_database() -> None:
    response = failed(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Something failed on our side" in response.content.decode()


@pytest.mark.parametrize("silence", [OperationalError, InterfaceError, ConnectionRefusedError])
def test_what_does_not_answer_is_no_error_of_ours(silence: type[Exception]) -> None:
    try:
        raise silence("it does not answer")
    except silence:
        response = failed(RequestFactory().get("/"))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert "Baken does not reach its data" in response.content.decode()


def test_too_much_at_once_is_said_in_words() -> None:
    for request, words in ({"crowded": True}, "is being sent"), ({"hoarding": True}, "Too many files at once"):
        for path, media_type in (("/", "text/html; charset=utf-8"), ("/api/v1/incidents", "application/problem+json")):
            asked = RequestFactory().get(path)
            asked.__dict__ |= request
            response = Crowd(lambda _request: HttpResponse())(asked)
            assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
            assert response.headers["Content-Type"] == media_type
            assert words in response.content.decode() or path != "/"


def test_a_form_from_elsewhere_is_refused(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.cast.adam.user)
    for name, row in PAGES.items():
        response = client.post(reverse(name, args=row.args(world)))
        assert response.status_code == 403, name
        assert "cookies" in response.content.decode(), name
        assert "Not for your role" not in response.content.decode(), name


def test_loading_again_what_was_refused_leads_back_to_the_audit(world: World) -> None:
    client, number = signed_in(world, "auditor"), world.records["audit"]
    for name in ("audit-report", "audit-sign-off"):
        address = reverse(name, args=[number])
        assert client.post(address).status_code == 422
        assert client.get(address).headers["Location"] == f"/audits/{number}/"
