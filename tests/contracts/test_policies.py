"""Row-level security: who the program is in the database, and what is found when a query forgets its filter."""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import Model, QuerySet
from django.test import Client
from django.urls import reverse

from baken.reach.postgres import place
from baken.record import policies
from baken.record.audits.models import Audit, Finding
from baken.record.catalogue.models import AgreementVersion, Service
from baken.record.complaints.models import Remark
from baken.record.incidents.models import Draft, Incident, Message
from baken.record.incidents.reads import DESK, EVERYBODY
from baken.record.ledger import clock
from baken.record.ledger.flows import HEADS, Entry, Stream, append
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import files, search
from baken.record.orgs.fields import WrittenField
from baken.record.orgs.models import File, FileChunk, Organisation
from baken.record.people import reads as people
from baken.record.people.access import NOBODY, Caller, program
from baken.record.people.acting import acting, fall_silent, role_of, say
from baken.record.people.models import User
from tests.conftest import Cast
from tests.contracts import api_world
from tests.contracts.api_table import TABLE, WHO
from tests.contracts.asking import Asker, Askers
from tests.contracts.forgetting import Forgetting
from tests.contracts.neighbours import move_in
from tests.contracts.test_api_table import request
from tests.page_table import PAGES, World, make_world

SHORTEST = 6
"""Letters of a text that is looked for; shorter ones are words of the pages themselves."""


def asked(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_the_role_that_works_owns_nothing_and_passes_no_policy_by(db: None) -> None:
    roles = "', '".join((*policies.ROLES, asked("SELECT session_user")[0][0]))
    attributes = f"SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname IN ('{roles}')"
    assert asked(attributes) == [(False, False, False, False)] * 6
    owned = f"SELECT relname FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE rolname IN ('{roles}')"
    assert asked(owned) == []


def test_a_new_embedded_server_has_the_roles_that_a_dump_of_it_names() -> None:
    assert set(re.findall(r"CREATE ROLE (baken_\w+) ADMIN baken\n", place.PREPARE)) == set(policies.ROLES)


def test_every_table_with_an_organisation_is_for_its_own_people_or_for_none(db: None) -> None:
    secured = {name for (name,) in asked("SELECT relname FROM pg_class WHERE relrowsecurity")}
    assert secured == policies.SHARED
    for role in (policies.CUSTOMER, policies.AUDITOR):
        granted = asked(
            f"SELECT table_name FROM information_schema.role_table_grants WHERE grantee = '{role}'"
        )  # fmt: skip
        assert {name for (name,) in granted} <= policies.SHARED, role


def test_nothing_is_said_after_what_was_said(cast: Cast) -> None:
    with acting(cast.alice.caller):
        assert asked("SELECT current_user::text") == [("baken_customer",)]
        with acting(NOBODY):
            assert asked("SELECT current_user::text") == [("baken_door",)]
        assert asked("SELECT current_setting('baken.organisation')") == [(str(cast.customer.id),)]
    assert asked("SELECT current_user::text") == [("baken_program",)]
    with pytest.raises(DatabaseError), transaction.atomic(), acting(cast.alice.caller):
        asked("SELECT 1 / 0")
    assert asked("SELECT current_user::text") == [("baken_program",)]
    say(cast.stranger.caller)
    fall_silent()
    assert asked("SELECT current_user::text, current_setting('baken.organisation', true)") == [("baken_program", "")]


def test_each_caller_has_a_role(cast: Cast) -> None:
    people = {"alice": "customer", "bob": "staff", "mona": "staff", "adam": "staff", "audrey": "auditor"}
    assert {name: role_of(getattr(cast, name).caller) for name in people} == {
        name: f"baken_{role}" for name, role in people.items()
    }
    assert (role_of(program("x")), role_of(NOBODY)) == (policies.PROGRAM, policies.DOOR)
    assert role_of(Caller(actor="token:x", organisation=cast.customer.id)) == policies.DOOR


def of_others(model: type[Model], own: set[Any]) -> int:
    """Rows of a table that belong to another customer than the reader's."""
    rows: QuerySet[Any] = model._default_manager.exclude(organisation_id__in=own)
    return rows.count()


def test_every_table_as_a_whole_holds_nothing_of_another_customer(cast: Cast) -> None:
    world = make_world(cast)
    move_in(cast, world.records["incident"], world.records["complaint"])
    provider = {cast.provider.id}
    readers = {cast.alice: {cast.customer.id}, cast.stranger: {cast.stranger_organisation.id}, cast.audrey: set()}
    found = 0
    for model in apps.get_models():
        if not any(field.attname == "organisation_id" for field in model._meta.concrete_fields):
            continue
        found += of_others(model, provider)
        for person, own in readers.items():
            with acting(person.caller):
                if _readable(model):
                    assert of_others(model, provider | own) == 0, (model, person.user.email)
    assert found > 20, "the program sees all of it"


def _readable(model: type[Model]) -> bool:
    return bool(asked(f"SELECT has_table_privilege('{model._meta.db_table}', 'SELECT')")[0][0])


def test_what_is_among_colleagues_stays_there_when_everything_is_asked_for(cast: Cast) -> None:
    world = make_world(cast)
    move_in(cast, world.records["incident"], world.records["complaint"])
    draft = Draft.objects.filter(organisation=cast.customer, author=cast.bob.user)
    rows = [model.objects.filter(organisation=cast.customer) for model in (Message, Remark, File)]  # type: ignore[attr-defined]
    internal = [*(of_theirs.filter(visible=False) for of_theirs in rows), draft]
    assert all(among.exists() for among in internal)
    with acting(cast.alice.caller):
        assert all(of_theirs.exists() for of_theirs in rows)
        assert not any(among.exists() for among in internal)


def test_a_customer_writes_in_their_own_name_only(cast: Cast) -> None:
    make_world(cast)
    row = Incident.objects.filter(organisation=cast.customer).first()
    assert row is not None
    with acting(cast.stranger.caller):
        assert Incident.objects.filter(id=row.id).update(status="closed") == 0
        row.id, row.number = cast.stranger.user.id, 77_777
        for statement in (
            lambda: Incident.objects.filter(organisation=cast.customer)._raw_delete("default"),
            lambda: row.save(force_insert=True),
            lambda: Organisation.objects.filter(id=cast.customer.id).update(zone="UTC"),
        ):
            with pytest.raises(DatabaseError, match=r"permission denied|row-level security"), transaction.atomic():
                statement()


def test_nobody_speaks_for_somebody_else_or_makes_keys(cast: Cast) -> None:
    own = Stream("person", cast.alice.user.id, cast.customer.id)
    forged = (
        lambda: append(own, [Entry("signed.in", clock.now())], actor=cast.bob.caller.actor),
        lambda: User.objects.filter(id=cast.bob.user.id).update(language="en"),
        lambda: User.objects.filter(id=cast.alice.user.id).update(is_active=True),
        lambda: asked("INSERT INTO orgs_datakey SELECT * FROM orgs_datakey RETURNING 1"),
        lambda: asked("CREATE TEMPORARY TABLE people_apitoken AS SELECT 1"),
        lambda: asked("SELECT monitors_drop_partitions(current_date)"),
    )
    for person in (cast.alice, cast.audrey):
        with acting(person.caller):
            for what in forged:
                with pytest.raises(DatabaseError, match=r"permission denied|row-level security"), transaction.atomic():
                    what()


def test_staff_change_nothing_of_who_looked_or_was_erased(cast: Cast) -> None:
    with acting(cast.adam.caller):
        for table in ("looks_look", "privacy_tombstone", policies.LEDGER):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                asked(f"DELETE FROM {table} RETURNING 1")


def test_a_question_in_sql_finds_nothing_of_others_either(cast: Cast) -> None:
    """The statements that are written by hand get ids from their callers; here another customer's."""
    world = make_world(cast)
    incident = Incident.objects.get(number=world.records["incident"])
    word = incident.subject.split()[0]
    found = {}
    for person in (cast.bob, cast.stranger):
        with acting(person.caller):
            ids = search.find([cast.customer.id], [EVERYBODY, DESK], word, 10).ids
            heads = HEADS, [[incident.id]]
            with connection.cursor() as cursor:
                cursor.execute(*heads)
                found[person] = (ids, cursor.fetchall())
    assert all(found[cast.bob])
    assert found[cast.stranger] == ([], [])


def written_by(organisation: Organisation) -> set[str]:
    """Every text that was written for an organisation and its people, as it reads."""
    texts = set()
    for model in apps.get_models():
        fields = [field.attname for field in model._meta.concrete_fields if isinstance(field, WrittenField)]
        if fields and any(field.attname == "organisation_id" for field in model._meta.concrete_fields):
            for row in model._default_manager.filter(organisation_id=organisation.id):  # type: ignore[misc]
                held = [getattr(row, name) for name in fields]
                texts |= {value.decode() if isinstance(value, bytes) else value for value in held}
    return {text for text in texts if len(text) >= SHORTEST} | {organisation.name}


def readable(who: str) -> list[str]:
    """The pages that a role may ask for."""
    return [name for name, row in PAGES.items() if not row.changes and row.gets.get(who, 403) != 403]


def leaks_of_pages(forgetting: Forgetting, world: World, client: Client, names: Iterable[str]) -> list[str]:
    """What pages let out when a filter is forgotten. What is on all of them is asked for with one that is no more."""
    found = forgetting.leaks_everywhere(lambda: _page(world, client, "account-keyboard"))
    for name in names:
        found += forgetting.leaks(name, partial(_page, world, client, name))
    return found


def leaks_of_the_api(forgetting: Forgetting, world: dict[str, str], asker: Asker, who: str) -> list[str]:
    """What the API lets out when a filter is forgotten."""
    column, found = WHO.index(who), forgetting.leaks_everywhere(lambda: _told(asker, "GET /token", world))
    for operation, row in TABLE.items():
        if operation.startswith("GET ") and row.answers.split()[column] != "403":
            found += forgetting.leaks(operation, partial(_told, asker, operation, world))
    return found


def test_with_any_filter_forgotten_a_stranger_finds_nothing_on_any_page(cast: Cast) -> None:
    world, client = make_world(cast), Client(raise_request_exception=False)
    client.force_login(cast.stranger.user)
    forgetting = Forgetting(written_by(_named(cast.customer)))
    assert len(forgetting.secrets) > 5
    with forgetting.in_force():
        leaks = leaks_of_pages(forgetting, world, client, readable("customer"))
    assert not leaks, "\n".join(sorted(set(leaks)))
    assert len(forgetting.sites) > 50


def test_with_any_filter_forgotten_a_customer_finds_nothing_of_a_neighbour_or_among_colleagues(cast: Cast) -> None:
    world, client = make_world(cast), Client(raise_request_exception=False)
    texts, file, evidence = move_in(cast, world.records["incident"], world.records["complaint"])
    client.force_login(cast.alice.user)
    forgetting = Forgetting(texts | written_by(_named(cast.stranger_organisation)))
    internal = replace(world, records={**world.records, "attachment": file, "evidence": evidence})
    with forgetting.in_force():
        leaks = leaks_of_pages(forgetting, world, client, readable("customer"))
        leaks += leaks_of_pages(forgetting, internal, client, ("incident-attachment", "complaint-attachment"))
    assert not leaks, "\n".join(sorted(set(leaks)))
    assert len(forgetting.sites) > 70
    desk = ""
    for person in (cast.bob, cast.mona):
        client.force_login(person.user)
        desk += "".join(_page(internal, client, name) for name in ("incidents", "incident", "incident-attachment"))
    desk += _page(internal, client, "complaint")
    assert forgetting.within(desk) >= {*texts, "Our till is dead"}, "they are there, for the desk"


def test_with_any_filter_forgotten_a_stranger_finds_nothing_in_the_api(cast: Cast, ask: Askers) -> None:
    world = api_world.make_world(cast)
    forgetting = Forgetting(written_by(_named(cast.customer)))
    with forgetting.in_force():
        leaks = leaks_of_the_api(forgetting, world, ask.stranger, "stranger")
    assert not leaks, "\n".join(sorted(set(leaks)))
    assert len(forgetting.sites) > 10


def test_with_any_filter_forgotten_a_customer_finds_nothing_of_a_neighbour_in_the_api(cast: Cast, ask: Askers) -> None:
    world = api_world.make_world(cast)
    texts, file, evidence = move_in(cast, int(world["number"]), int(world["complaint"]))
    forgetting = Forgetting(texts | written_by(_named(cast.stranger_organisation)))
    with forgetting.in_force():
        leaks = leaks_of_the_api(forgetting, world, ask.alice, "customer")
        internal = world | {"attachment": str(file), "evidence": str(evidence)}
        for operation in (
            "GET /incidents/{number}/attachments/{attachment}",
            "GET /complaints/{complaint}/attachments/{evidence}",
        ):
            leaks += forgetting.leaks(operation, partial(_told, ask.alice, operation, internal))
    assert not leaks, "\n".join(sorted(set(leaks)))
    assert len(forgetting.sites) > 50


def _named(organisation: Organisation) -> Organisation:
    """By a name that is no word of the pages."""
    organisation.name = "Veldrade & Zonen"
    organisation.save()
    return organisation


def _told(asker: Asker, operation: str, world: dict[str, str]) -> str:
    return request(asker, operation, world).content.decode(errors="replace")


def test_with_any_filter_forgotten_an_auditor_finds_nothing_of_the_audits_of_others(cast: Cast) -> None:
    world = make_world(cast)
    audit = Audit.objects.get(number=world.records["audit"])
    audit.scope, finding = "Everything in the west wing", "The cellar door is never locked"
    audit.save()
    Finding(organisation=audit.organisation, audit=audit, title=finding, severity="high").save(force_insert=True)
    forgetting = Forgetting({audit.scope, finding})
    client, of_theirs = Client(raise_request_exception=False), Client(raise_request_exception=False)
    client.force_login(world.other_auditor.user)
    of_theirs.force_login(cast.audrey.user)
    with forgetting.in_force():
        leaks = leaks_of_pages(forgetting, world, client, readable("auditor"))
    assert not leaks, "\n".join(sorted(set(leaks)))
    shown = "".join(_page(world, of_theirs, name) for name in readable("auditor"))
    assert forgetting.within(shown) == forgetting.secrets, "whoever was invited sees them"


def test_an_auditor_has_the_rows_of_their_own_audits_alone(cast: Cast) -> None:
    world = make_world(cast)
    audit = Audit.objects.select_related("report").get(number=world.records["audit"])
    report = audit.report or files.receive(cast.provider, name="r.txt", content=b"7.4", at=clock.now(), kind="report")
    Audit.objects.filter(id=audit.id).update(report=report)
    with acting(world.other_auditor.caller):
        for model in (Audit, Finding, File, FileChunk, Service, AgreementVersion):
            assert not model._default_manager.exists(), model
        assert Audit.objects.update(grade=99) == 0
        assert not LedgerFact.objects.filter(stream_id=audit.id).exists()
    token = replace(cast.audrey.caller, actor="token:x")
    for caller in (cast.audrey.caller, token):
        with acting(caller):
            assert Audit.objects.get().id == audit.id
            assert File.objects.get().id == report.id
            assert LedgerFact.objects.filter(stream_id=audit.id).exists()


def test_a_forgotten_filter_is_noticed_where_nothing_holds_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above can fail: where everybody is the program, a forgotten filter shows the rows of others."""
    world = make_world(cast)
    monkeypatch.setattr("baken.record.people.acting.role_of", lambda caller: policies.PROGRAM)
    client = Client(raise_request_exception=False)
    client.force_login(cast.stranger.user)
    forgetting = Forgetting(written_by(_named(cast.customer)))
    with forgetting.in_force():
        assert leaks_of_pages(forgetting, world, client, ["incidents"])


def _page(world: World, client: Client, name: str) -> str:
    with transaction.atomic():
        response = client.get(reverse(name, args=PAGES[name].args(world)))
        content = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    return content.decode(errors="replace")


def test_names_of_people_are_found_by_those_who_deal_with_them(cast: Cast) -> None:
    with acting(cast.alice.caller):
        assert people.names([cast.alice.user.id, cast.bob.user.id, cast.stranger.user.id]) == {
            cast.alice.user.id: "Alice", cast.bob.user.id: "Bob",
        }  # fmt: skip
