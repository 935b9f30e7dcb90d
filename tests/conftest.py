"""The cast: people every test knows, and a stranger who must be refused."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from django.db import connections
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck
from pytest_django import DjangoDbBlocker, Settings

from baken.domain.agreements import default_terms
from baken.record import policies
from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.models import Service
from baken.record.ledger import clock
from baken.record.orgs import indexkeys, unopened
from baken.record.orgs.models import Organisation
from baken.record.people import flows as people
from baken.record.people.access import Caller, Role, program
from baken.record.people.models import User
from baken.record.people.reads import caller_of
from baken.record.reports.status import for_everybody
from baken.run.catalogues import compile_catalogues
from tests.databases import owning

PASSWORD = "correct horse battery"
START = datetime(2026, 1, 1, tzinfo=UTC)
END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND usename = session_user AND pid <> pg_backend_pid()
"""


# How long an example takes says something of the machine and of what else runs on it.
hypothesis.settings.register_profile("baken", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("baken")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests commit come first: they take longest, and the others fill the gaps between the processes."""
    long = {item.path for item in items if _commits(item)}
    items.sort(key=lambda item: item.path not in long)


def _commits(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    return bool(mark and mark.kwargs.get("transaction")) or "live_server" in getattr(item, "fixturenames", ())


def pytest_configure() -> None:
    """The pages speak Dutch in the tests as well; compiled once, before a parallel run divides itself."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        compile_catalogues()


@dataclass(frozen=True)
class Person:
    """Somebody of the cast: the user, and the caller they are."""

    user: User
    caller: Caller
    password: str = PASSWORD


@dataclass(frozen=True)
class Cast:
    """One provider with a service, its people, a customer, and another customer who is the stranger."""

    provider: Organisation
    customer: Organisation
    stranger_organisation: Organisation
    service: Service
    other_service: Service
    program: Caller
    alice: Person  # customer
    bob: Person  # agent
    bea: Person  # another agent
    mona: Person  # service manager
    adam: Person  # administrator
    audrey: Person  # external auditor
    stranger: Person  # customer of another organisation


def _person(organisation: Organisation, email: str, name: str, *roles: Role) -> Person:
    user = people.add_user(
        program("tests"), organisation=organisation, email=email, name=name, roles=roles,
        password=PASSWORD, language="en",
    )  # fmt: skip
    return Person(user, caller_of(user))


def another_auditor(cast: Cast) -> Person:
    """An external auditor who was invited to nothing: the stranger among auditors."""
    return _person(cast.provider, "eve@auditor.example", "Eve", Role.AUDITOR)


def _organisation(code: str, kind: str) -> Organisation:
    return catalogue.add_organisation(
        program("tests"), code=code, name=code.title(), kind=kind, language="en", zone="Europe/Amsterdam"
    )


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash that is slow on purpose would be most of the time that the tests take."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr("baken.record.people.recovery_codes.BLOCKS", 2)


@pytest.fixture(autouse=True)
def _no_hurry(settings: Settings) -> None:
    """Tests ask for more pages in a minute than people do, or stop the clock; those of the limits set some."""
    settings.BAKEN_LIMITS = settings.BAKEN_LIMITS | dict.fromkeys(("pages", "posts", "visitors"), 0)


@pytest.fixture(autouse=True)
def _own_list_of_tombstones(settings: Settings) -> None:
    """A file outlasts the database of a test: each has its own."""
    settings.BAKEN_TOMBSTONES = Path(settings.BAKEN_HOME) / f"tombstones-{uuid4()}"


@pytest.fixture(autouse=True)
def _no_language_is_left() -> Iterator[None]:
    """A request leaves its language behind in the thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    """What a process keeps for a moment, it keeps not from one test to the next."""
    for_everybody.forget()
    unopened.take()


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    """Everybody, since the first of January 2026."""
    tests = program("tests")
    with clock.at(START):
        provider = _organisation("provider", "provider")
        customer, other = _organisation("customer", "customer"), _organisation("stranger", "customer")
        service, other_service = (
            catalogue.add_service(
                tests, provider=provider, code=code, name=code.title(),
                terms=default_terms("Europe/Amsterdam"), valid_from=START,
            )
            for code in ("cloud", "other")
        )  # fmt: skip
        catalogue.subscribe(tests, service=service, organisation=customer, since=START)
        catalogue.subscribe(tests, service=other_service, organisation=other, since=START)
        yield Cast(
            provider, customer, other, service, other_service, tests,
            alice=_person(customer, "alice@customer.example", "Alice", Role.CUSTOMER),
            bob=_person(provider, "bob@provider.example", "Bob", Role.AGENT),
            bea=_person(provider, "bea@provider.example", "Bea", Role.AGENT),
            mona=_person(provider, "mona@provider.example", "Mona", Role.MANAGER),
            adam=_person(provider, "adam@provider.example", "Adam", Role.ADMINISTRATOR),
            audrey=_person(provider, "audrey@auditor.example", "Audrey", Role.AUDITOR),
            stranger=_person(other, "stranger@stranger.example", "Stranger", Role.CUSTOMER),
        )  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def _no_cluster_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home that PostgreSQL's account cannot enter has its cluster elsewhere, where nobody would clear it away."""
    yield
    for pointer in tmp_path_factory.getbasetemp().rglob("database.location"):
        shutil.rmtree(pointer.read_text().strip(), ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker, django_db_modify_db_settings: None
) -> Iterator[None]:
    """The owner makes the database; the tests, as the program does, work as a role that owns nothing of it."""
    owner, application = connections["owner"], connections["default"]
    with django_db_blocker.unblock():
        before = owner.settings_dict["NAME"]
        name = owner.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        policies.put_in_force(owner, application.settings_dict["USER"])
        owner.close()
        application.settings_dict["NAME"] = name
        indexkeys.ensure()
    yield
    with django_db_blocker.unblock():
        with application.cursor() as cursor:  # a server's thread may still be answering somebody who has left
            cursor.execute(f"SET ROLE NONE; {END_OTHERS}")
        application.close()
        application.close_pool()
        owner.creation.destroy_test_db(before, verbosity=0)


def _empty_the_tables(case: TransactionTestCase) -> None:
    """Empty all tables after a test that commits; the ledger refuses that to everybody but its owner."""
    with owning() as cursor:
        cursor.execute(policies.TABLES)
        names = [name for (name,) in cursor.fetchall() if name != policies.MIGRATIONS]
        cursor.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM \"{name}\" LIMIT 1)" for name in names))
        filled = ", ".join(f'"{name}"' for (name,) in cursor.fetchall())
        cursor.execute("ALTER TABLE ledger_ledgerfact DISABLE TRIGGER ledger_append_only")
        if filled:
            cursor.execute(f"TRUNCATE {filled} CASCADE")
        cursor.execute("ALTER TABLE ledger_ledgerfact ENABLE ALWAYS TRIGGER ledger_append_only")
    indexkeys.forget_all()
    indexkeys.ensure()


TransactionTestCase._fixture_teardown = _empty_the_tables
