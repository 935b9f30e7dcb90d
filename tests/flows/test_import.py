"""Importing the history of another desk, through the command line and on a database of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from baken.record.catalogue.models import IntakeSpan, Service
from baken.record.incidents import flows, imports
from baken.record.incidents.models import Imported, Incident
from baken.record.ledger.models import LedgerFact
from baken.record.ledger.reads import verify
from baken.record.people.access import program
from baken.run.cli import baken
from baken.run.supervisor import wait_until
from tests import databases
from tests.conftest import Cast
from tests.flows.service_now import beginning, log, real

BAKEN = [sys.executable, "-m", "baken.run.cli"]
LATER = "2026-06-01T00:00:00Z"
CONTENT = """
SELECT imported.key, status, classes, priority, reported, responded_at, resolved_at, digest
FROM incidents_imported imported JOIN incidents_incident incident ON incident.id = incident_id ORDER BY imported.key
"""


FOLLOW = """
from baken.run.ready import django_ready
django_ready()
from baken.record.clocks import flows
while flows.catch_up():
    pass
"""


class Installation:
    """A database of its own, and commands in processes of their own."""

    def __init__(self, database: str) -> None:
        addresses = databases.addresses(database)
        self._owner = addresses["DATABASE_OWNER_URL"]
        self._environment = {**os.environ, **addresses}

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*BAKEN, *arguments], env=self._environment, stderr=subprocess.DEVNULL)

    def run(self, *arguments: str) -> Any:
        done = subprocess.run([*BAKEN, *arguments, "--json"], env=self._environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def servicenow(self, path: Path, *arguments: str) -> Any:
        return self.run("import", "servicenow", str(path), "--service", "cloud", "--zone", "UTC", *arguments)

    def kpis(self, first: str, last: str) -> dict[str, Any]:
        kpis: dict[str, Any] = self.run("kpi", "--from", first, "--to", last, "--as-of", LATER)["kpis"]
        return kpis

    def followed(self) -> bool:
        """Whether every incident has its reading; a follower waits for whoever writes in the same server."""
        subprocess.run([sys.executable, "-c", FOLLOW], env=self._environment, check=True)
        return self.ask("SELECT count(*) FROM incidents_incident") == self.ask("SELECT count(*) FROM clocks_reading")

    def ask(self, query: str) -> list[Any]:
        with psycopg.connect(self._owner) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]


@contextmanager
def _installation(name: str) -> Iterator[Installation]:
    name = f"{name}_{os.getpid()}"
    with psycopg.connect(databases.addresses("baken")["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        try:
            yield Installation(name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def desk() -> Iterator[tuple[Installation, Any]]:
    """An installation with the real log in it, and what the import said."""
    path = real()
    with _installation("real") as installation:
        yield installation, installation.servicenow(path)


def test_the_real_log_gives_its_published_counts(desk: tuple[Installation, Any]) -> None:
    installation, said = desk
    assert said["rows"] == 83_526
    assert said["incidents"] == {"new": 13_698, "changed": 0, "unchanged": 0}
    assert said["rejects"] == []
    assert said["covers"] == {"from": "2016-02-29T01:16:00Z", "to": "2016-04-15T22:39:00Z"}
    for first, last, reported in [
        ("2016-02-01", "2016-03-01", 207),
        ("2016-03-01", "2016-04-01", 8_995),
        ("2016-04-01", "2016-05-01", 4_496),
    ]:
        kpis = installation.kpis(first, last)
        assert sum(kpis[code]["value"] for code in ("C3", "C4", "C5")) == reported
    whole = installation.kpis("2016-02-01", "2018-01-01")
    assert [whole[code]["value"] for code in ("C3", "C4", "C5")] == [127 + 179, 12_918, 474]
    assert whole["C6"]["beside"]["untimed"] == 1_035
    assert whole["C6"]["evidence_count"] == 13_698 - 1_035
    assert round(whole["C6"]["value"] / 3600, 3) == 216.395


def test_the_real_log_gives_its_published_month(desk: tuple[Installation, Any]) -> None:
    march = desk[0].kpis("2016-03-01", "2016-04-01")
    assert [march[code]["value"] for code in ("C3", "C4", "C5")] == [228, 8_418, 349]
    assert [march[code]["status"] for code in ("C3", "C4", "C5")] == ["missed"] * 3
    assert march["C6"]["evidence_count"] == 6_878
    assert round(march["C6"]["value"], 3) == 364_988.680
    april = desk[0].kpis("2016-04-01", "2016-05-01")
    assert april["C7"]["status"] == "not_proven", "the log ends in the middle of April"


def test_the_real_log_gives_its_published_means(desk: tuple[Installation, Any]) -> None:
    assert wait_until(desk[0].followed, 120), "somebody kept a transaction open in this server"
    means = desk[0].ask(
        "SELECT priority, round(avg(resolve_elapsed) / 3600000000, 3)::text FROM clocks_reading "
        "WHERE resolved_timed GROUP BY priority ORDER BY priority"
    )
    assert dict(means)["medium"] == "208.325"
    assert dict(means)["low"] == "414.164"


def test_importing_twice_is_importing_once(desk: tuple[Installation, Any]) -> None:
    installation, _ = desk
    counts = "SELECT count(*), max(position) FROM ledger_ledgerfact"
    facts, kpis = installation.ask(counts), installation.kpis("2016-03-01", "2016-04-01")
    said = installation.servicenow(real())
    assert said["incidents"] == {"new": 0, "changed": 0, "unchanged": 13_698}
    assert installation.ask(counts) == facts
    assert installation.kpis("2016-03-01", "2016-04-01") == kpis


def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    path, total = beginning(tmp_path / "log.csv", 4_000), 4_000
    with _installation("whole") as whole, _installation("killed") as killed:
        whole.servicenow(path)
        killed.run("import", "servicenow", str(log(tmp_path / "one.csv", {"number": "first"})), "--service", "other",
                   "--zone", "UTC")  # fmt: skip
        importing = killed.start("import", "servicenow", str(path), "--service", "cloud", "--zone", "UTC")
        while (written := _imported(killed)) <= 1 and importing.poll() is None:
            time.sleep(0.005)
        importing.send_signal(signal.SIGKILL)
        importing.wait()
        written = _imported(killed) - 1
        assert 0 < written < total, "it was killed half-way"
        assert written % imports.BATCH == 0, "batches are written whole"
        said = killed.servicenow(path)
        assert said["incidents"] == {"new": total - written, "changed": 0, "unchanged": written}
        assert [row for row in killed.ask(CONTENT) if row[0] != "first"] == whole.ask(CONTENT)
        for first, last in [("2016-02-01", "2016-03-01"), ("2016-03-01", "2016-04-01")]:
            both = [one.run("kpi", "--service", "cloud", "--from", first, "--to", last, "--as-of", LATER)
                    for one in (killed, whole)]  # fmt: skip
            assert both[0] == both[1]


def _imported(installation: Installation) -> int:
    return int(installation.ask("SELECT count(*) FROM incidents_imported")[0][0])


def _run(path: Path, *arguments: str, zone: str = "UTC") -> Any:
    """The command in this process, on the database of the test."""
    command = ["import", "servicenow", str(path), "--service", "Desk", "--zone", zone, "--json", *arguments]
    done = CliRunner().invoke(baken, command)
    return json.loads(done.stdout) if done.exit_code == 0 else done


def _row(state: str, at: str, **more: str) -> dict[str, str]:
    return {"incident_state": state, "sys_updated_at": at, **more}


RESOLVED = (_row("Active", "1/3/2016 10:00"), _row("Resolved", "2/3/2016 10:00"))


@pytest.mark.django_db
def test_what_is_missing_is_made(tmp_path: Path) -> None:
    said = _run(log(tmp_path / "log.csv", *RESOLVED), "--customer", "De Boer & Zn", zone="Europe/Amsterdam")
    service, incident = Service.objects.get(), Incident.objects.get()
    assert (service.code, service.name, service.organisation.kind) == ("desk", "Desk", "provider")
    assert said["customer"] == incident.organisation.code == "de-boer-zn"
    assert (incident.origin, incident.classes, incident.status) == ("import", ["availability"], "resolved")
    assert incident.reported == datetime(2016, 3, 1, 8, tzinfo=UTC)
    version = incident.agreement.versions.get()
    assert version.valid_from == datetime(2016, 2, 29, 23, tzinfo=UTC), "the month of the first report, in its zone"
    assert (version.terms["zone"], version.terms["response_counts"]) == ("Europe/Amsterdam", "pickup")
    span = IntakeSpan.objects.get()
    assert (span.source, span.what) == ("servicenow", "incidents")
    assert (span.began, span.ended) == (incident.reported, datetime(2016, 3, 1, 8, 1, tzinfo=UTC))


@pytest.mark.django_db
def test_into_a_service_that_counts_replies_it_says_that_pickups_do_not(tmp_path: Path, cast: Cast) -> None:
    said = _run(log(tmp_path / "log.csv", *RESOLVED), "--service", "cloud", "--customer", "customer")
    assert said["response_counts"] == "reply"
    incident = Incident.objects.get()
    assert (incident.service, incident.organisation) == (cast.service, cast.customer)
    assert incident.responded_at == incident.resolved_at, "a resolution is a response"
    shown = CliRunner().invoke(baken, ["import", "servicenow", str(tmp_path / "log.csv"), "--service", "cloud",
                                       "--zone", "UTC", "--customer", "customer"]).output  # fmt: skip
    assert "they do not count" in shown
    assert "1 as before" in shown


@pytest.mark.django_db
def test_an_import_says_what_it_covers_and_concerns(tmp_path: Path) -> None:
    path = log(tmp_path / "log.csv", *RESOLVED)
    said = _run(path, "--from", "2016-03-01", "--to", "2016-04-01", "--class", "security", "--class", "integrity")
    assert said["covers"] == {"from": "2016-03-01T00:00:00Z", "to": "2016-04-01T00:00:00Z"}
    assert Incident.objects.get().classes == ["integrity", "security"]
    refused = _run(path, "--from", "2016-03-02")
    assert refused.exit_code == 2
    assert "cover them all" in refused.output


@pytest.mark.django_db
def test_rows_that_cannot_be_read_are_written_down(tmp_path: Path) -> None:
    path = log(tmp_path / "log.csv", {}, {"number": "2", "incident_state": "-100"}, {"number": "3"})
    said = _run(path, "--rejects", str(tmp_path / "rejects.csv"))
    assert (said["rows"], said["incidents"]["new"]) == (2, 2)
    lines = (tmp_path / "rejects.csv").read_text().splitlines()
    assert lines[0] == "line,reason"
    assert lines[1].startswith("3,")
    assert said["rejects"][0]["line"] == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "arguments", "said"),
    [
        (lambda path: path.write_bytes(b""), [], "empty"),
        (lambda path: path.write_text(path.read_text() + '2,"'), [], "not CSV"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\xff"), [], "UTF-8"),
        (lambda path: path.write_text(path.read_text() + "x" * 10_000_000), [], "longer than"),
        (lambda path: path.write_text(path.read_text().replace("impact", "effect")), [], "no column impact"),
        (lambda path: log(path, {}, {"number": "2"}, {}), [], "apart from those above"),
        (lambda path: None, ["--zone", "Mars"], "not an IANA time zone"),
        (lambda path: None, ["--service", "!"], "service: '!' holds no letter"),
        (lambda path: None, ["--class", "weather"], "weather"),
        (lambda path: path.unlink(), [], "does not exist"),
    ],
)
def test_what_cannot_be_imported_leaves_nothing(
    tmp_path: Path, spoil: Callable[[Path], Any], arguments: list[str], said: str
) -> None:
    path = log(tmp_path / "log.csv", *RESOLVED)
    spoil(path)
    refused = _run(path, *arguments)
    assert refused.exit_code != 0
    assert said in refused.output + str(refused.exception)
    assert not LedgerFact.objects.exists()


@pytest.mark.django_db
def test_a_history_that_says_something_else_is_corrected(tmp_path: Path, cast: Cast) -> None:
    path = tmp_path / "log.csv"
    _run(log(path, *RESOLVED, {"number": "2"}))
    before = Incident.objects.get(imported__key="1")
    assert before.resolved_at == datetime(2016, 3, 2, 10, tzinfo=UTC)
    facts = LedgerFact.objects.count()

    resolved = "3/3/2016 12:00"
    more = [*RESOLVED, _row("Active", "3/3/2016 09:00", priority="1"), _row("Closed", resolved)]
    said = _run(log(path, *[{**row, "resolved_at": resolved} for row in more], {"number": "2"}))
    assert said["incidents"] == {"new": 0, "changed": 1, "unchanged": 1}
    after = Incident.objects.get(imported__key="1")
    assert (after.number, after.status, after.priority) == (before.number, "closed", "medium")
    assert after.resolved_at == datetime(2016, 3, 3, 12, tzinfo=UTC)
    assert LedgerFact.objects.count() > facts
    assert list(verify()) == []
    assert _run(path)["incidents"]["unchanged"] == 2


@pytest.mark.django_db
def test_a_corrected_history_equals_one_imported_afresh(tmp_path: Path) -> None:
    first = log(tmp_path / "first.csv", _row("Active", "1/3/2016 10:00"), _row("Closed", "2/3/2016 10:00"))
    moved = log(
        tmp_path / "moved.csv", _row("Active", "1/3/2016 10:00"), _row("Closed", "2/3/2016 10:00"),
        opened_at="1/3/2016 08:30", resolved_at="2/3/2016 10:00", priority="4",
    )  # fmt: skip
    _run(first)
    _run(moved)
    _run(moved, "--service", "Fresh")
    corrected, fresh = (_content(imported.incident) for imported in Imported.objects.order_by("incident__number"))
    assert corrected == fresh
    assert fresh["reported"] == datetime(2016, 3, 1, 8, 30, tzinfo=UTC)
    kpis = [_kpis(service) for service in ("desk", "fresh")]
    assert kpis[0]["C6"]["evidence_count"] == 1
    for code, kpi in kpis[0].items():
        assert [kpi[name] for name in ("value", "evidence_count")] == [
            kpis[1][code][name] for name in ("value", "evidence_count")
        ]


def _content(incident: Incident) -> dict[str, Any]:
    names = ("status", "priority", "impact", "reported", "responded_at", "resolved_at", "subject")
    return {name: getattr(incident, name) for name in names}


def _kpis(service: str) -> Any:
    command = ["kpi", "--service", service, "--from", "2016-03-01", "--to", "2016-04-01", "--as-of", LATER, "--json"]
    return json.loads(CliRunner().invoke(baken, command).stdout)["kpis"]


@pytest.mark.django_db
def test_what_people_do_to_an_imported_incident_stays(tmp_path: Path, cast: Cast) -> None:
    path = log(tmp_path / "log.csv", *RESOLVED)
    _run(path)
    number = Incident.objects.get().number
    flows.reopen(cast.bob.caller, number, reason="It broke again.")
    resolution = LedgerFact.objects.get(kind="incident.resolved")
    flows.retract(cast.mona.caller, number, seq=resolution.seq, reason="It never worked.")
    flows.change_classes(cast.bob.caller, number, classes=["other"], reason="Somebody's own computer.")
    _run(log(path, _row("New", "1/3/2016 09:10"), *RESOLVED, short_description="No sound"))
    incident = Incident.objects.get()
    assert (incident.subject, incident.classes, incident.status) == ("No sound", ["other"], "open")
    assert incident.resolved_at is None


@pytest.mark.django_db
def test_incidents_keep_the_customer_they_were_imported_for(tmp_path: Path) -> None:
    path = log(tmp_path / "log.csv", *RESOLVED)
    _run(path, "--customer", "First")
    refused = _run(path, "--customer", "Second")
    assert "customer: incident 1 was imported for first" in str(refused.exception)
    assert Incident.objects.count() == 1


@pytest.mark.django_db
def test_an_import_needs_the_permission_to_write_the_catalogue(cast: Cast) -> None:
    target = imports.Target(cast.service, cast.customer, "servicenow")
    for person in (cast.bob, cast.mona, cast.alice, cast.audrey):
        with pytest.raises(Exception, match="catalogue:write"):
            imports.write(person.caller, target, [])
    assert imports.write(program("tests"), target, []) == imports.Counts()


@pytest.mark.django_db
def test_kpis_and_clocks_on_the_command_line(tmp_path: Path) -> None:
    _run(log(tmp_path / "log.csv", *RESOLVED))
    number = str(Incident.objects.get().number)
    shown = CliRunner().invoke(baken, ["kpi", "--from", "2016-03-01", "--as-of", LATER]).output
    assert "availability incidents, medium" in shown
    assert CliRunner().invoke(baken, ["kpi", "--service", "cloud"]).output.endswith("choose one of desk\n")
    assert "choose one of desk" in CliRunner().invoke(baken, ["kpi", "--customer", "nobody"]).output
    told = json.loads(CliRunner().invoke(baken, ["explain", number, "--json"]).stdout)["clocks"]
    assert (told["response"]["state"], told["response"]["used"]) == ("met", 3600.0)
    counted = [segment for segment in told["resolution"]["segments"] if segment["counted"]]
    assert told["resolution"]["used"] == (9 + 2) * 3600.0
    assert len(counted) == 2
    one = CliRunner().invoke(baken, ["explain", number, "--clock", "response"]).output
    assert "1 h 00 m 00 s used of 4 h 00 m 00 s agreed" in one
    assert "resolution" not in one
