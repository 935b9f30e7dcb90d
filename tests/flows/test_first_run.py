"""The first run: all of it or nothing, once, by whoever holds the token."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from baken.domain.agreements import default_terms
from baken.record.catalogue.models import Service
from baken.record.ledger.models import LedgerFact
from baken.record.monitors.first_run import Administrator, FirstRunError, FirstService, set_up, token_file
from baken.record.monitors.models import Monitor
from baken.record.orgs.models import Organisation
from baken.record.people.access import Conflict, Role
from baken.record.people.flows import PeopleError
from baken.record.people.models import User
from baken.record.people.reads import caller_of

ADA = Administrator("Ada", "ada@desk.example", "a long enough sentence")
DRIVE = FirstService("Drive", ["https://drive.example/", "https://drive.example/api"], default_terms("Europe/Paris"))
TOKEN = "the-token"


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.BAKEN_HOME = tmp_path
    token_file().write_text(f"{TOKEN}\n")
    return tmp_path


def run(**changes: Any) -> User:
    given = {
        "token": TOKEN, "provider_name": "Desk & Co", "language": "en", "zone": "Europe/Paris", "administrator": ADA,
        "service": DRIVE, **changes,
    }  # fmt: skip
    return set_up(**given)


def nothing_is_there() -> bool:
    return not any(model._default_manager.exists() for model in (Organisation, User, Service, Monitor, LedgerFact))


@pytest.mark.django_db
def test_it_makes_provider_administrator_service_agreement_and_monitors() -> None:
    made = run()
    assert caller_of(made).roles == {Role.ADMINISTRATOR, Role.MANAGER}
    assert made.check_password(ADA.password)
    provider = Organisation.objects.get()
    assert (provider.code, provider.kind, provider.name, provider.zone) == (
        "desk-co",
        "provider",
        "Desk & Co",
        "Europe/Paris",
    )
    service = Service.objects.get()
    assert (service.code, service.name) == ("drive", "Drive")
    assert service.agreements.get().versions.get().read_terms() == DRIVE.terms
    assert sorted(monitor.url for monitor in Monitor.objects.all()) == sorted(DRIVE.addresses)


@pytest.mark.django_db
def test_the_token_works_once_and_nothing_works_without_it() -> None:
    for wrong in ("", "another", "the-token-and-more"):
        with pytest.raises(FirstRunError, match=r"^token: "):
            run(token=wrong)
    run()
    assert not token_file().exists()
    with pytest.raises(FirstRunError, match=r"^token: "):
        run()
    token_file().write_text(TOKEN)
    with pytest.raises(Conflict):
        run()


@pytest.mark.django_db
def test_without_a_token_file_even_the_empty_token_is_wrong() -> None:
    token_file().unlink()
    with pytest.raises(FirstRunError, match=r"^token: "):
        run(token="")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"administrator": replace(ADA, password="short")}, PeopleError, "password"),
        ({"administrator": replace(ADA, email="nobody")}, PeopleError, "email"),
        ({"service": replace(DRIVE, addresses=["https://drive.example/", "ftp://x"])}, FirstRunError, "addresses"),
    ],
)
def test_one_thing_that_does_not_fit_leaves_nothing_behind(changes: Any, error: type[Exception], field: str) -> None:
    with pytest.raises(error, match=f"^{field}: "):
        run(**changes)
    assert nothing_is_there()
    assert token_file().exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_is_told_it_was_second() -> None:
    def attempt(_: int) -> str:
        try:
            run()
        except (Conflict, FirstRunError) as error:
            return type(error).__name__
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(attempt, range(4)))
    assert said.count("made") == 1
    assert Organisation.objects.count() == User.objects.count() == Service.objects.count() == 1
