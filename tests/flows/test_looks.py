"""Who looked: what the provider's people were shown of customers is on the ledger before they see it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from django.test import Client

from baken.record.incidents import flows as incidents
from baken.record.incidents import reads
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry
from baken.record.ledger.models import LedgerFact
from baken.record.ledger.reads import verify
from baken.record.looks import flows as looks
from baken.record.looks import project
from baken.record.looks import reads as looked
from baken.record.looks.models import Look
from baken.record.people import flows as people
from baken.record.people.access import Forbidden, Role
from baken.run.cli import COMMANDS
from baken.run.cli.watching import UNSEEN, account, watched
from tests.conftest import Cast, Person
from tests.contracts.asking import Asker, Askers, askers

NOW = datetime(2026, 4, 10, 8, tzinfo=UTC)


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def facts() -> list[LedgerFact]:
    return list(LedgerFact.objects.filter(stream_kind="look").order_by("position"))


@pytest.fixture
def number(cast: Cast) -> int:
    """An incident of the customer, and one of the stranger."""
    for organisation, service in ((cast.stranger_organisation, cast.other_service), (cast.customer, cast.service)):
        made = incidents.report(
            cast.program, organisation=organisation, service=service, subject="Zebra down", body="Since nine."
        )
    return made.number


@pytest.fixture
def ask(cast: Cast) -> Askers:
    return askers(cast)


def test_an_incident_that_is_opened_leaves_one_fact_of_codes(cast: Cast, number: int) -> None:
    assert signed_in(cast.bob).get(f"/incidents/{number}/").status_code == 200
    (fact,) = facts()
    assert (fact.kind, fact.actor, fact.organisation_id) == ("look", f"user:{cast.bob.user.id}", cast.provider.id)
    assert fact.data["door"] == "web" and fact.data["page"] == "incident" and fact.data["found"] is None
    named = {organisation: (kind, record) for organisation, kind, record, _count, _shown in fact.data["seen"]}
    assert named[str(cast.customer.id)] == ("incident", str(number))
    assert "Zebra" not in str(fact.data)
    (look,) = Look.objects.filter(organisation=cast.customer)
    assert (look.kind, look.record, look.person) == ("incident", str(number), cast.bob.user.id)


def test_a_list_is_one_fact_with_its_customers_and_how_many_of_each(cast: Cast, number: int) -> None:
    assert signed_in(cast.bea).get("/incidents/").status_code == 200
    (fact,) = facts()
    assert sorted(seen[:4] for seen in fact.data["seen"]) == sorted(
        [str(organisation.id), "incident", "", 1] for organisation in (cast.customer, cast.stranger_organisation)
    )


def test_a_search_says_how_many_it_found_and_not_for_what(cast: Cast, number: int) -> None:
    client = signed_in(cast.bob)
    client.post("/incidents/", {"words": "zebra"}, follow=True)
    client.post("/incidents/", {"words": "nothing has this"}, follow=True)
    found, nothing = facts()
    assert (found.data["found"], len(found.data["seen"])) == (2, 2)
    assert (nothing.data["found"], nothing.data["seen"]) == (0, [])
    assert "zebra" not in str([found.data, nothing.data]).lower()


def test_customers_leave_no_trace_at_what_is_theirs(cast: Cast, ask: Askers, number: int) -> None:
    client = signed_in(cast.alice)
    for address in ("/", "/incidents/", f"/incidents/{number}/"):
        assert client.get(address).status_code == 200
    for address in ("/incidents/", "/search/"):
        assert b"Zebra" in client.post(address, {"words": "zebra"}, follow=True).content
    ask.alice.get(f"/incidents/{number}")
    ask.gateway.ask("POST", "/incidents/search", {"words": "zebra"}).expect(200)
    assert facts() == []


def test_a_token_leaves_its_own_name_and_the_operation(cast: Cast, ask: Askers, number: int) -> None:
    ask.robot.get(f"/incidents/{number}/messages")
    ask.bob.get(f"/incidents/{number}")
    robot, bob = facts()
    assert robot.actor.startswith("token:") and robot.data["person"] == ""
    assert (robot.data["door"], robot.data["page"]) == ("api", "GET /incidents/{number}/messages")
    assert bob.actor.startswith("token:") and bob.data["person"] == str(cast.bob.user.id)
    assert robot.stream_id != bob.stream_id, "readers have chains of their own"
    assert list(verify()) == []


def test_the_list_behind_a_kpi_is_a_list(cast: Cast, ask: Askers, number: int) -> None:
    incidents.change_classes(cast.bob.caller, number, classes=["availability"], reason="It is down.")
    year = clock.now().year
    period = f"service=cloud&from={year}-01-01&to={year + 1}-01-01"
    assert b"Zebra" in signed_in(cast.mona).get(f"/kpis/C4/?{period}").content
    ask.mona.get(f"/kpis/C4/evidence?{period}")
    assert [(fact.data["page"], [seen[:4] for seen in fact.data["seen"]]) for fact in facts()] == [
        (page, [[str(cast.customer.id), "incident", "", 1]]) for page in ("kpi", "GET /kpis/{code}/evidence")
    ]


def test_looks_within_five_minutes_are_joined(cast: Cast, number: int) -> None:
    client = signed_in(cast.bob)
    for minutes in (0, 2, 4, 6):
        with clock.at(NOW + timedelta(minutes=minutes)):
            client.get(f"/incidents/{number}/")
            client.get("/incidents/")
    assert [fact.at.minute for fact in facts()] == [0, 0, 6, 6]
    with clock.at(NOW + timedelta(minutes=6)):
        signed_in(cast.bea).get(f"/incidents/{number}/")
        for _again in range(2):
            client.post("/incidents/", {"words": "zebra"}, follow=True)
    assert len(facts()) == 7, "somebody else's look is another, and each search is"


@pytest.fixture
def thirty(cast: Cast) -> list[int]:
    """Incidents of the customer."""
    given = {"organisation": cast.customer, "service": cast.service, "body": "Since nine."}
    return [incidents.report(cast.program, subject=f"Zebra {n}", **given).number for n in range(30)]  # type: ignore[arg-type]


def counts(of: str) -> list[int]:
    """How many records each look at a list had on it, in order."""
    rows = Look.objects.filter(kind="incident", record="", page=of).order_by("id")
    return list(rows.values_list("count", flat=True))


def test_every_part_of_a_list_is_a_look_with_its_number(cast: Cast, ask: Askers, thirty: list[int]) -> None:
    listing = "GET /incidents"
    for query in ("limit=1", "limit=10", "limit=10&offset=10", "limit=10&offset=20", "limit=200"):
        for _again in range(2):
            ask.bob.get(f"/incidents?{query}")
    assert counts(listing) == [1, 10, 10, 10, 30]
    made = incidents.change_priority(cast.bob.caller, thirty[0], impact=1, urgency=1, reason="All of them.")
    ask.bob.get(f"/incidents?priority={made.priority}")
    ask.bob.get("/incidents?status=new")
    incidents.report(cast.program, organisation=cast.customer, service=cast.service, subject="Zebra", body="Late.")
    ask.bob.get("/incidents?limit=200")
    assert counts(listing)[5:] == [1, 31]
    assert list(verify()) == []


def test_so_are_the_rows_that_a_page_fetches_and_the_list_beside_an_incident(
    cast: Cast, thirty: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("baken.show.web.desk.queue.SHOWN", 20)
    client = signed_in(cast.bob)
    for numbers in (thirty[:2], thirty[:2], thirty[1:3], thirty):
        client.get("/incidents/changes/", {"view": "open", "shown": numbers})
    assert counts("incidents-changes") == [2, 2, 30], "an open page that asks for the same again is one look"
    for page in (1, 1, 2):
        client.get(f"/incidents/{thirty[0]}/", {"view": "open", "page": page})
    named = Look.objects.filter(page="incident", kind="incident", record=str(thirty[0]))
    assert (named.count(), len(counts("incident"))) == (1, 2)


def test_an_export_is_one_look_however_many_pieces_it_has(cast: Cast, ask: Askers, thirty: list[int]) -> None:
    assert ask.adam.ask("POST", "/customers/customer/export").status == 200
    assert [(look.kind, look.record) for look in Look.objects.all()] == [("export", str(cast.customer.id))]


def test_what_leads_elsewhere_shows_nothing(cast: Cast, number: int) -> None:
    answer = signed_in(cast.bob).post(f"/incidents/{number}/taking/")
    assert answer.status_code == 302
    assert facts() == []


@pytest.fixture
def no_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(looks, "append", refuse)


def test_what_cannot_be_written_down_is_not_shown(cast: Cast, ask: Askers, number: int, no_facts: None) -> None:
    client = signed_in(cast.bob)
    client.raise_request_exception = False
    answer = client.get(f"/incidents/{number}/")
    assert answer.status_code == 500
    assert b"Zebra" not in answer.content
    told = ask.bob.ask("GET", f"/incidents/{number}")
    assert (told.status, told.body["type"]) == (503, "urn:baken:problem:unavailable")
    assert b"Zebra" not in told.content


def test_a_command_is_written_down_with_who_ran_it(cast: Cast, number: int) -> None:
    with watched("user"):
        assert reads.incident(cast.program, number).subject
    with watched("keys"):
        assert reads.incident(cast.program, number).subject
    (fact,) = facts()
    assert (fact.actor, fact.organisation_id) == (f"command:{account()}", cast.provider.id)
    assert (fact.data["door"], fact.data["page"]) == ("command", "user")


def test_the_commands_that_show_nothing_are_commands() -> None:
    assert set(COMMANDS) > UNSEEN


def test_the_rows_are_what_the_facts_say(cast: Cast, ask: Askers, number: int) -> None:
    signed_in(cast.mona).get("/incidents/")
    ask.bob.ask("POST", "/incidents/search", {"words": "zebra"}).expect(200)
    columns = ("organisation_id", "at", "reader", "person", "door", "page", "kind", "record", "count", "shown", "found")
    folded = [row for fact in facts() for row in project.rows(Entry(fact.kind, fact.at, fact.data), fact.actor)]
    said = sorted([str(getattr(row, name)) for name in columns] for row in folded)
    assert said == sorted([str(value) for value in row] for row in Look.objects.values_list(*columns))
    assert len(said) == 4


def test_customers_read_who_looked_at_theirs_and_agents_do_not(cast: Cast, number: int) -> None:
    signed_in(cast.bob).get(f"/incidents/{number}/")
    signed_in(cast.bea).get("/incidents/")
    own = list(looked.listed(cast.alice.caller))
    assert {row.organisation_id for row in own} == {cast.customer.id}
    assert set(looked.names(cast.alice.caller, own).values()) == {"Bob", "Bea"}
    assert looked.listed(cast.mona.caller).count() > len(own)
    assert [row.person for row in looked.listed(cast.adam.caller, incident=number)] == [cast.bob.user.id]
    assert looked.listed(cast.alice.caller, customer=cast.stranger_organisation).count() == 0
    with pytest.raises(Forbidden):
        looked.listed(cast.bob.caller)


def test_the_page_and_the_file_name_the_token_a_person_looked_by(cast: Cast, ask: Askers, number: int) -> None:
    _row, secret = people.add_token(
        cast.program, organisation=cast.provider, name="Laptop of Bob", role=Role.AGENT, user=cast.bob.user,
        scopes=["incidents:read"],
    )  # fmt: skip
    Asker(secret).get(f"/incidents/{number}")
    signed_in(cast.bea).get(f"/incidents/{number}/")
    code = Look.objects.get(person=cast.bob.user.id, organisation=cast.customer).reader.removeprefix("token:")
    for address in ("/looks/", "/looks/file/"):
        told = signed_in(cast.mona).get(address).content.decode()
        assert "Laptop of Bob" in told and "Bob, " in told and code not in told
        assert "GET /incidents/{number}" in told
        shown = signed_in(cast.alice).get(address).content.decode()
        assert f"token {code}" in shown and "Bob, " in shown and "Laptop" not in shown
        assert "{number}" not in shown and "Bea" in shown
