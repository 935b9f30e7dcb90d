"""The ledger alone gives every KPI again, bit for bit; and a live table that says otherwise is found."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner
from django.db import connection

from baken.domain.facts import Outcome, Waiting
from baken.domain.instants import to_us
from baken.record.audits import flows as audits
from baken.record.audits import reads as audit_reads
from baken.record.audits import signing
from baken.record.catalogue import flows as catalogue
from baken.record.clocks import flows as clocks
from baken.record.clocks.models import Reading
from baken.record.complaints import flows as complaints
from baken.record.detection import flows as detection
from baken.record.incidents import break_ins
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.monitors.models import StateChange
from baken.record.orgs import files
from baken.record.recovery import flows as recovery
from baken.run.cli import baken
from baken.run.replay import SCHEMA, exactly, figures, places, replay
from tests.conftest import START, Cast
from tests.flows import following
from tests.flows.measuring import monitored, place, see

COMMITS = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@pytest.fixture
def history(cast: Cast) -> Iterator[Cast]:
    """Two months in which everything happens that a KPI knows of."""
    _measure(cast)
    _work(cast)
    _prove(cast)
    with clock.at(day(40)):
        complaint = complaints.lodge(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Slow", body="Every day."
        )
        complaints.acknowledge(cast.mona.caller, complaint.number, body="I am on it.")
    with clock.at(day(41)):
        complaints.decide(cast.mona.caller, complaint.number, outcome="upheld", body="You are right.")
        detection.detect()
    with clock.at(day(50)):
        following.to_the_end()
        clocks.signal_due()
        following.to_the_end()
        yield cast


def _prove(cast: Cast) -> None:
    with clock.at(day(31)):
        recovery.record(cast.program, service=cast.service, finished=day(20), outcome="failed")
        audits.record_review(cast.program, service=cast.service, began=day(0), ended=day(31))
        described = dict.fromkeys(("auditor", "accreditation", "independence", "scope", "method"), "as agreed")
        days = {"period_from": day(0).date(), "period_to": day(30).date()}
        audit = audits.open_audit(cast.program, provider=cast.provider, services=[cast.service], **described, **days)
        report = files.receive(cast.provider, name="report.txt", content=b"7.4", at=day(25), kind="report")
        audits.attach_report(cast.program, audit.number, file=report)
        audit.refresh_from_db()
        version = audit_reads.version(audit)
        signing.sign_off(cast.program, audit.number, grade=74, version=version, signed_off_at=day(25))


def _measure(cast: Cast) -> None:
    monitor = monitored(cast.service, START)
    ams, fra = (place(cast.service, code, START) for code in ("ams", "fra"))
    for number in (0, 35):
        see(ams, monitor, day(number), day(number + 0.1), down=[(100, 900), (3_000, 3_300)])
        see(fra, monitor, day(number), day(number + 0.1), down=[(120, 900), (5_000, 5_400)])
    with clock.at(day(2)):
        work = catalogue.announce_maintenance(cast.program, service=cast.service, starts=day(34), ends=day(35))
        catalogue.cancel_maintenance(cast.program, work.id)
    with clock.at(day(35.2)):
        detection.detect()


def _work(cast: Cast) -> None:
    bob = cast.bob.caller
    numbers = []
    for offset, classes, urgency in [
        (4.4, ["availability"], 1), (5.5, ["availability", "integrity"], 2), (6.6, ["security"], 3),
        (7.7, ["other"], 2), (33.3, ["availability"], 3), (33.4, ["availability"], 3),
    ]:  # fmt: skip
        with clock.at(day(offset)):
            numbers.append(incidents.report(
                cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Help",
                impact=2, urgency=urgency, classes=classes,
            ).number)  # fmt: skip
    with clock.at(day(5)):
        incidents.take(bob, numbers[0])
        incidents.wait(bob, numbers[0], on=Waiting.CUSTOMER, question="Which page?")
    with clock.at(day(8)):
        incidents.answer(cast.alice.caller, numbers[0], body="All of them.")
        incidents.resolve(bob, numbers[0], body="Done.")
        incidents.judge_restoration(bob, numbers[1], restored=False, reason="The tape is gone.")
        break_ins.judge(cast.mona.caller, numbers[2], confirmed=True, reason="The door was open.")
        incidents.leave_out(bob, numbers[3], outcome=Outcome.TEST, reason="A test.")
    with clock.at(day(36)):
        incidents.merge(bob, numbers[5], into=numbers[4])
        incidents.change_priority(bob, numbers[4], impact=1, urgency=1, reason="Everybody is out.")
    with clock.at(day(37)):
        incidents.resolve(bob, numbers[4], body="Done.")
    with clock.at(day(38)):
        incidents.reopen(cast.alice.caller, numbers[4], reason="Not at all.")


@COMMITS
def test_the_ledger_alone_gives_every_kpi_again(history: Cast) -> None:
    outcome = replay(lambda said: None)
    assert outcome.differences == []
    assert outcome.reports == 8, "two services and their customers, in January and February"
    assert outcome.kpis == 8 * 16
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [SCHEMA])
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT current_setting('search_path')")
        assert SCHEMA not in cursor.fetchone()[0]
    as_of = to_us(day(50))
    january = figures(next(place for place in places(as_of) if place.name == "cloud all 2026-01"), as_of)
    for code in ("C1", "C3", "C7", "C8", "C9", "D1", "D3"):
        assert "exact=None" not in january[code], f"{code} was compared where it says nothing"


@COMMITS
def test_live_tables_that_were_changed_are_found(history: Cast) -> None:
    changed = Incident.objects.filter(classes=["security"]).get()
    Reading.objects.filter(incident_id=changed.id).update(break_in_confirmed_at=None)
    StateChange.objects.filter(state="down").first().delete()  # type: ignore[union-attr]
    done = CliRunner().invoke(baken, ["replay", "--json"])
    assert done.exit_code == 1, done.output
    differences = json.loads(done.stdout)["differences"]
    assert ("cloud all 2026-01", "C8") in {(found["place"], found["what"]) for found in differences}
    assert {found["what"] for found in differences} == {"C1", "C8"}


def test_the_order_of_a_mapping_is_no_difference() -> None:
    assert exactly({"a": [1, {"x": 1, "y": 2}], "b": 2}) == exactly({"b": 2, "a": (1, {"y": 2, "x": 1})})
    assert exactly({"a": 1}) != exactly({"a": True})
