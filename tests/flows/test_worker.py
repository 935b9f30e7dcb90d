"""The worker's loop: it hears of facts at once, outlives what fails, and repeats nothing."""

import threading
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from baken.record.clocks.models import Reading
from baken.record.detection.models import Routine
from baken.record.incidents import flows as incidents
from baken.record.ledger import clock
from baken.record.ledger.flows import Entry, Stream, append
from baken.run import worker
from baken.run.supervisor import wait_until
from baken.run.worker import Ear, Job, Worker, run_due
from tests.conftest import Cast


def address() -> str:
    at = connection.settings_dict
    return f"postgresql://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def fact() -> None:
    append(Stream("incident", uuid4(), uuid4()), [Entry("a", datetime.now(UTC))], actor="test")


@pytest.mark.django_db(transaction=True)
def test_a_job_that_fails_waits_longer_and_longer_and_the_others_go_on() -> None:
    done: list[str] = []

    def broken() -> None:
        done.append("broken")
        raise RuntimeError("out of luck")

    jobs = [Job("broken", 0.5, broken), Job("well", 0.5, lambda: done.append("well"))]
    pauses = []
    for _ in range(4):
        began = worker.time.monotonic()
        for job in jobs:
            job.due = 0.0
        run_due(jobs)
        pauses.append(round(jobs[0].due - began))
    assert done == ["broken", "well"] * 4
    assert pauses == [2, 4, 8, 16]
    jobs[0].work = lambda: None
    jobs[0].attempt()
    assert jobs[0].failures == 0


@pytest.mark.django_db(transaction=True)
def test_new_facts_are_heard_and_a_lost_line_is_made_anew() -> None:
    ear = Ear(address())
    assert ear.listen(0.1), "at first everything is news"
    assert not ear.listen(0.05)
    fact()
    assert ear.listen(10)
    with psycopg.connect(address(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'baken worker' AND datname = current_database()"
        )
    assert not ear.listen(0.1)
    assert ear.listen(0.1), "what was announced meanwhile was not heard, so it has to look"
    ear.close()


@pytest.mark.django_db(transaction=True)
def test_it_folds_reports_and_stops(cast: Cast) -> None:
    running = Worker(address(), worker.quick_jobs(), [])
    thread = threading.Thread(target=running.run)
    with clock.at(datetime.now(UTC)):
        incident = incidents.report(cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Help")
    thread.start()
    assert wait_until(lambda: Reading.objects.filter(incident_id=incident.id).exists(), 30)
    assert wait_until(lambda: Routine.objects.filter(name="detection").exclude(ended=None).exists(), 30)
    running.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_the_slow_jobs_keep_what_they_should(cast: Cast) -> None:
    for job in worker.slow_jobs():
        job.attempt()
        assert job.failures == 0, job.name
    names = set(Routine.objects.exclude(ended=None).values_list("name", flat=True))
    kept = {"results", "progress", "chain", "sessions", "audits", "alerts", "files", "file check", "erased again"}
    assert names == kept
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'monitors_result'::regclass")
        assert cursor.fetchone()[0] >= 8, "today and a week ahead"
