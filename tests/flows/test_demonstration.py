"""The demonstration: made from a seed, whole, and taken away without a trace."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.apps import apps
from django.contrib.auth import authenticate
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from baken.domain.instants import to_us
from baken.domain.kpis import KPIS
from baken.domain.periods import from_dates
from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.models import Service
from baken.record.clocks.flows import signal_due
from baken.record.detection.flows import detect
from baken.record.detection.models import Detected
from baken.record.incidents.models import Incident, Message
from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.ledger.reads import verify
from baken.record.orgs.models import Organisation
from baken.record.people.access import Conflict, program
from baken.record.people.models import User
from baken.record.people.reads import provider
from baken.record.reports import reads
from baken.record.reports.scopes import Scope
from baken.run import demonstration
from baken.run.cli import baken
from baken.run.demonstration.care import ZONES
from baken.run.demonstration.removing import forget_removal
from baken.run.demonstration.stage import Year
from tests.flows import following

END = datetime(2026, 6, 17, 13, 20, tzinfo=UTC)
TESTS = program("tests")

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture(autouse=True)
def on_this_machine(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of its own, and pages that this machine alone reaches."""
    settings.BAKEN_HOME = tmp_path
    monkeypatch.setenv("BAKEN_URL", "http://127.0.0.1:8420")


@pytest.fixture(autouse=True)
def _unmarked() -> Iterator[None]:
    forget_removal()
    yield
    forget_removal()


def _quiet(said: str) -> None:
    """Progress that nobody hears."""


def _kpis(months: int, end: datetime = END) -> dict[tuple[str, int, str], Any]:
    """Every KPI of every service in every month."""
    year, found = Year.until(end, months), {}
    for service, zone in ZONES.items():
        periods = [from_dates(zone, year.days[number], year.days[number + 1]) for number in year.months]
        scope = Scope(Service.objects.get(code=service), None, periods[-1], to_us(end))
        for code in KPIS:
            for number, kpi in enumerate(reads.trend(TESTS, scope, code, periods)):
                found[service, number, code] = (kpi.exact, kpi.status.value, kpi.evidence_count)
    return found


def test_in_its_year_every_kpi_is_met_missed_and_not_proven() -> None:
    demonstration.make(_quiet, end=END)
    kpis = _kpis(months=12)
    for code in KPIS:
        seen = {status for (_, _, one), (_, status, _) in kpis.items() if one == code}
        assert {"met", "missed", "not_proven"} <= seen, code
    _is_whole()
    _can_be_entered()


def _is_whole() -> None:
    assert list(verify()) == []
    assert not LedgerFact.objects.filter(at__gt=END).exists(), "nothing happened yet that lies ahead"
    assert not LedgerFact.objects.filter(recorded__gt=END).exists()
    numbers = list(Incident.objects.order_by("reported").values_list("number", flat=True))
    assert 1_700 < len(numbers) < 2_700
    assert Incident.objects.exclude(status__in=["resolved", "closed"]).filter(outcome="").count() > 15
    assert set(Incident.objects.values_list("outcome", flat=True)) == {"", "withdrawn", "rejected", "test", "duplicate"}
    assert not any("{" in said.body for said in Message.objects.exclude(kind="reason")), "every blank is filled in"
    outages = Detected.objects.filter(about__startswith="outage")
    assert outages.filter(about__endswith=":fra").count() == 1, "one that a single location saw"
    assert outages.filter(ended=None).count() == 0
    with clock.at(END):
        assert detect() == 0, "what was measured became incidents already"
        following.to_the_end()
        assert signal_due() == 0


def _can_be_entered() -> None:
    lines = [line.split() for line in demonstration.sign_ins() if "@" in line]
    assert {line[0] for line in lines} == {"customer", "agent", "manager", "administrator", "auditor"}
    for role, email, *_ in lines:
        user = authenticate(email=email, password=demonstration.PUBLISHED)
        assert isinstance(user, User) and not user.first_password_until, "nobody has to choose another to look around"
        assert list(user.memberships.values_list("role", flat=True)) == [role]


def test_the_same_seed_gives_the_same_history_and_removing_it_leaves_nothing() -> None:
    before = _content()
    made = []
    for seed in (1, 1, 2):
        demonstration.make(_quiet, seed=seed, months=1, end=END)
        made.append(_kpis(months=1))
        demonstration.remove(_quiet)
        assert _content() == before
    assert made[0] == made[1]
    assert made[0] != made[2]
    assert provider() is None, "the first-run setup can begin"
    assert demonstration.was_removed(), "the next start does not make it again"


def _content() -> dict[str, int]:
    """How many rows every table has, but for what the program keeps about itself."""
    kept = {"clocks_cursor", "django_content_type", "django_migrations", "detection_routine"}
    with connection.cursor() as cursor:
        tables = sorted({model._meta.db_table for model in apps.get_models()} | {"monitors_result"})
        counts = {}
        for table in tables:
            if table not in kept:
                cursor.execute(f"SELECT count(*) FROM {table}")
                counts[table] = cursor.fetchone()[0]
    return counts


def _somebody_real() -> Organisation:
    return catalogue.add_organisation(
        TESTS, code="real", name="Real", kind="customer", language="en", zone="Europe/Amsterdam"
    )


def test_what_is_real_stays(caplog: pytest.LogCaptureFixture) -> None:
    real = _somebody_real()
    facts = list(LedgerFact.objects.values_list("stream_id", "seq", "hash"))
    caplog.set_level("INFO", "baken.security")
    demonstration.make(_quiet, months=1, end=END)
    noted = [record.getMessage() for record in caplog.records if record.name == "baken.security"]
    assert noted == [f"demonstration.made events={User.objects.count()}"], "its people are no lines of their own"
    demonstration.remove(_quiet)
    assert list(Organisation.objects.values_list("id", flat=True)) == [real.id]
    assert list(LedgerFact.objects.values_list("stream_id", "seq", "hash")) == facts
    assert list(verify()) == []
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_ledgerfact")


def test_a_demonstration_that_somebody_real_uses_is_kept() -> None:
    real = _somebody_real()
    demonstration.make(_quiet, months=1, end=END)
    catalogue.subscribe(TESTS, service=Service.objects.get(code="payroll"), organisation=real, since=END)
    before = _content()
    with pytest.raises(demonstration.Kept, match="hold records of real; nothing was removed"):
        demonstration.remove(_quiet)
    assert _content() == before


@pytest.mark.parametrize(("name", "value"), [("BAKEN_BIND", "0.0.0.0"), ("BAKEN_URL", "https://desk.example.org")])
def test_where_others_get_in_nobody_has_the_published_password(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = list[str]()
    demonstration.make(_quiet, months=1, end=END)
    email = "manager@wolkenhuis.example"
    demonstration.withdraw_published(said.append)
    assert authenticate(email=email, password=demonstration.PUBLISHED), "on this machine alone it stays"
    monkeypatch.setenv(name, value)
    demonstration.withdraw_published(said.append)
    demonstration.withdraw_published(said.append)
    file = tmp_path / "demonstration.password"
    (line,) = said
    assert file.read_text() in line
    assert file.stat().st_mode & 0o777 == 0o600
    assert not authenticate(email=email, password=demonstration.PUBLISHED)
    assert authenticate(email=email, password=file.read_text())
    shown = "\n".join(demonstration.sign_ins())
    assert str(file) in shown
    assert file.read_text() not in shown
    assert demonstration.PUBLISHED not in shown


def test_it_is_made_once_and_removed_by_command() -> None:
    nothing = CliRunner().invoke(baken, ["demo", "remove", "--yes"])
    assert isinstance(nothing.exception, demonstration.Kept)
    shown = CliRunner().invoke(baken, ["demo", "make", "--months", "1"])
    assert shown.exit_code == 0
    assert demonstration.PUBLISHED in shown.output
    again = CliRunner().invoke(baken, ["demo", "make"])
    assert isinstance(again.exception, Conflict)
    unsure = CliRunner().invoke(baken, ["demo", "remove"], input="n\n")
    assert unsure.exit_code == 1
    assert provider() is not None
    gone = CliRunner().invoke(baken, ["demo", "remove", "--yes"])
    assert gone.exit_code == 0
    assert "from incidents_incident" in gone.output
    assert provider() is None
