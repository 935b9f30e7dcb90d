"""Row-level security: who the program is in the database, and what is found when a query forgets its filter."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
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
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident, Message
from baken.record.incidents.reads import DESK, EVERYBODY
from baken.record.ledger import clock
from baken.record.ledger.flows import HEADS, Entry, Stream, append
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import files, search
from baken.record.orgs.fields import WrittenField
from baken.record.orgs.models import File, FileChunk, Organisation
from baken.record.people import flows
from baken.record.people import reads as people
from baken.record.people.access import NOBODY, Caller, Role, program
from baken.record.people.acting import acting, fall_silent, role_of, say
from baken.record.people.models import User
from baken.record.people.reads import caller_of
from tests.conftest import PASSWORD, Cast
from tests.contracts import api_world
from tests.contracts.api_table import TABLE
from tests.contracts.asking import Askers
from tests.contracts.test_api_table import request
from tests.page_table import PAGES, World, make_world

WHO_SOMEBODY_IS = {"caller_of", "caller_of_token", "by_email", "get_user", "authenticate", "_holds", "note_use"}
"""Functions that find out who asks: until they have, there is nobody whose rows could be told apart."""
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
    make_world(cast)
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
    number = int(make_world(cast).records["incident"])
    incidents.note(cast.bob.caller, number, body="They forgot to pay.")
    internal = Message.objects.filter(organisation=cast.customer, visible=False)
    assert internal.exists()
    with acting(cast.alice.caller):
        assert Message.objects.exists()
        assert not internal.exists()


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


class Forgetting:
    """Filters of the records' queries, of which one at a time is forgotten."""

    def __init__(self) -> None:
        self.met: set[tuple[str, int]] = set()
        self.forgotten: tuple[str, int] | None = None

    @contextmanager
    def in_force(self) -> Iterator[None]:
        kept = QuerySet.filter

        def filter(rows: Any, *conditions: Any, **named: Any) -> Any:
            site = _site(sys._getframe(1))
            if site is not None:
                self.met.add(site)
            return rows.all() if site is not None and site == self.forgotten else kept(rows, *conditions, **named)

        QuerySet.filter = filter  # type: ignore[method-assign]
        try:
            yield
        finally:
            QuerySet.filter = kept  # type: ignore[method-assign]


def _site(frame: FrameType) -> tuple[str, int] | None:
    """Where a filter is called, if that is in the records and somebody is known already."""
    while "/django/db/" in frame.f_code.co_filename and frame.f_back is not None:  # managers and get() filter too
        frame = frame.f_back
    path = frame.f_code.co_filename
    return (path, frame.f_lineno) if "/baken/record/" in path and frame.f_code.co_name not in WHO_SOMEBODY_IS else None


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


def test_with_any_filter_forgotten_a_stranger_finds_nothing_on_any_page(cast: Cast) -> None:
    world = make_world(cast)
    secrets = written_by(cast.customer)
    assert len(secrets) > 5
    client = Client(raise_request_exception=False)
    client.force_login(cast.stranger.user)
    forgetting, leaks = Forgetting(), []
    with forgetting.in_force():
        for name, row in PAGES.items():
            if not row.changes:
                leaks += _leaks(forgetting, name, secrets, lambda name=name: _page(world, client, name))  # type: ignore[misc]
    assert not leaks, "\n".join(sorted(set(leaks)))
    assert len(forgetting.met) > 20


def test_with_any_filter_forgotten_a_stranger_finds_nothing_in_the_api(cast: Cast, ask: Askers) -> None:
    world = api_world.make_world(cast)
    secrets = written_by(cast.customer)
    forgetting, leaks = Forgetting(), []
    with forgetting.in_force():
        for operation in TABLE:
            if operation.startswith("GET "):
                leaks += _leaks(
                    forgetting, operation, secrets,
                    lambda operation=operation: request(ask.stranger, operation, world).content.decode(),  # type: ignore[misc]
                )  # fmt: skip
    assert not leaks, "\n".join(sorted(set(leaks)))
    assert len(forgetting.met) > 10


def another_auditor(cast: Cast) -> User:
    return flows.add_user(
        program("tests"), organisation=cast.provider, email="eve@auditor.example", name="Eve", roles=[Role.AUDITOR],
        password=PASSWORD, language="en",
    )  # fmt: skip


def test_with_any_filter_forgotten_an_auditor_finds_nothing_of_the_audits_of_others(cast: Cast) -> None:
    world = make_world(cast)
    audit = Audit.objects.get(number=world.records["audit"])
    audit.scope, finding = "Everything in the west wing", "The cellar door is never locked"
    audit.save()
    Finding(organisation=audit.organisation, audit=audit, title=finding, severity="high").save(force_insert=True)
    secrets = {audit.scope, finding}
    client, of_theirs = Client(raise_request_exception=False), Client(raise_request_exception=False)
    client.force_login(another_auditor(cast))
    of_theirs.force_login(cast.audrey.user)
    forgetting, leaks, shown = Forgetting(), [], set()
    with forgetting.in_force():
        for name, row in PAGES.items():
            if not row.changes and row.status("auditor") == 200:
                leaks += _leaks(forgetting, name, secrets, lambda name=name: _page(world, client, name))  # type: ignore[misc]
                shown |= {text for text in secrets if text in _page(world, of_theirs, name)}
    assert not leaks, "\n".join(sorted(set(leaks)))
    assert shown == secrets, "whoever was invited sees them"


def test_an_auditor_has_the_rows_of_their_own_audits_alone(cast: Cast) -> None:
    world = make_world(cast)
    audit = Audit.objects.select_related("report").get(number=world.records["audit"])
    report = audit.report or files.receive(cast.provider, name="r.txt", content=b"7.4", at=clock.now(), kind="report")
    Audit.objects.filter(id=audit.id).update(report=report)
    with acting(caller_of(another_auditor(cast))):
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
    forgetting = Forgetting()
    with forgetting.in_force():
        page = lambda: _page(world, client, "incidents")  # noqa: E731
        assert _leaks(forgetting, "incidents", written_by(cast.customer), page)


def _page(world: World, client: Client, name: str) -> str:
    with transaction.atomic():
        response = client.get(reverse(name, args=PAGES[name].args(world)))
        content = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    return content.decode(errors="replace")


def _leaks(forgetting: Forgetting, what: str, secrets: set[str], ask: Any) -> list[str]:
    """Which of the secrets are in an answer when one filter is forgotten, each of those that it comes by in turn."""
    before, forgetting.met, forgetting.forgotten = forgetting.met, set(), None
    usual = ask()
    sites, found = set(forgetting.met), []
    for site in sorted(sites):
        forgetting.forgotten = site
        answer = ask()
        found += [f"{what}: {text!r} without {site}" for text in secrets if text in answer and text not in usual]
    forgetting.forgotten, forgetting.met = None, before | sites
    return found


def test_names_of_people_are_found_by_those_who_deal_with_them(cast: Cast) -> None:
    with acting(cast.alice.caller):
        assert people.names([cast.alice.user.id, cast.bob.user.id, cast.stranger.user.id]) == {
            cast.alice.user.id: "Alice", cast.bob.user.id: "Bob",
        }  # fmt: skip
