"""What machines notice becomes incidents: once, with the instants at which things happened, however late they look."""

import dataclasses
import threading
from datetime import datetime, timedelta

import pytest
from django.db import connections

from baken.domain.agreements import MaintenanceTerms, default_terms
from baken.domain.calendars import CalendarRule
from baken.domain.facts import Kind
from baken.domain.instants import to_us
from baken.record.catalogue import flows as catalogue
from baken.record.detection import flows, reads, routines
from baken.record.detection.models import Detected, Routine
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident, Message
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.monitors.models import Monitor
from baken.record.recovery import flows as recovery
from tests.conftest import START, Cast
from tests.databases import owning
from tests.flows.measuring import monitored, place, see

NOON = START + timedelta(hours=12)


def after(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def detect_at(seconds: int) -> int:
    with clock.at(after(seconds)):
        return flows.detect()


@pytest.fixture
def monitor(cast: Cast) -> Monitor:
    return monitored(cast.service, NOON)


def test_a_confirmed_outage_is_an_incident_from_its_confirmation_to_its_real_end(cast: Cast, monitor: Monitor) -> None:
    ams = place(cast.service, "ams", NOON)
    see(ams, monitor, NOON, after(125), down=[(100, 200)])
    assert detect_at(125) == 0, "not down for long enough yet"
    see(ams, monitor, after(130), after(140), down=[(0, 10)])
    assert detect_at(140) == 1
    incident = Incident.objects.get()
    assert (incident.priority, incident.classes, incident.origin) == ("high", ["availability"], "monitor")
    assert incident.reported == after(130), "confirmed 30 s after the first failure, whenever anybody looked"
    assert incident.organisation == cast.provider
    assert detect_at(150) == 0
    see(ams, monitor, after(140), after(260), down=[(0, 60)])
    assert detect_at(260) == 0, "a check that is under way may still fail"
    see(ams, monitor, after(260), after(280))
    assert detect_at(280) == 1
    incident.refresh_from_db()
    assert (incident.status, incident.resolved_at) == ("resolved", after(200))
    assert detect_at(400) == 0
    assert Incident.objects.count() == 1
    assert [message.actor for message in Message.objects.all()] == ["monitor", "monitor"]


def test_looking_only_afterwards_gives_the_same_incident(cast: Cast, monitor: Monitor) -> None:
    ams = place(cast.service, "ams", NOON)
    see(ams, monitor, NOON, after(1000), down=[(100, 200)])
    assert detect_at(1000) == 2, "opened and ended in one go"
    incident = Incident.objects.get()
    assert (incident.reported, incident.resolved_at) == (after(130), after(200))
    facts = [(fact.kind, fact.at) for fact in ledger.of_stream(incident.id)]
    assert facts == [(Kind.REPORTED, to_us(after(130))), (Kind.RESOLVED, to_us(after(200)))]


def test_a_short_outage_and_unknown_time_open_nothing(cast: Cast, monitor: Monitor) -> None:
    ams = place(cast.service, "ams", NOON)
    see(ams, monitor, NOON, after(200), down=[(100, 120)])
    see(ams, monitor, after(1200), after(1300), down=[(0, 10)])  # after a thousand silent seconds
    assert detect_at(1400) == 0
    assert not Incident.objects.exists()


def test_a_good_check_that_is_delivered_late_is_waited_for(cast: Cast) -> None:
    monitor = monitored(cast.service, NOON, confirm_after=35_000, tolerance=20_000)
    ams = place(cast.service, "ams", NOON)
    see(ams, monitor, NOON, after(140), down=[(110, 140)])
    assert detect_at(147) == 0, "down for 37 s if the check of 140 s failed too, which nobody knows yet"
    see(ams, monitor, after(140), after(300))
    assert detect_at(300) == 0
    assert not Incident.objects.exists()


def test_flapping_is_one_incident_that_says_less_and_less(cast: Cast, monitor: Monitor) -> None:
    ams = place(cast.service, "ams", NOON)
    for cycle in range(50):
        began = cycle * 90
        see(ams, monitor, after(began), after(began + 90), down=[(10, 50)])
        detect_at(began + 90)
    see(ams, monitor, after(4500), after(4700))
    detect_at(4700)
    incident = Incident.objects.get()
    assert incident.resolved_at == after(49 * 90 + 50)
    said = [message.body for message in Message.objects.all()]
    assert len(said) == 2 + 5, "begun, over, and again at 2, 4, 8, 16 and 32 outages"
    assert Detected.objects.get().outages == 50


def test_calm_between_two_outages_makes_two_incidents(cast: Cast, monitor: Monitor) -> None:
    ams = place(cast.service, "ams", NOON)
    see(ams, monitor, NOON, after(600), down=[(100, 150), (300, 350)])
    detect_at(600)
    assert [row.reported for row in Incident.objects.order_by("reported")] == [after(130), after(330)]


def test_a_location_that_alone_sees_it_down_is_named_and_does_not_alarm(cast: Cast, monitor: Monitor) -> None:
    ams, fra, lon = (place(cast.service, code, NOON) for code in ("ams", "fra", "lon"))
    see(ams, monitor, NOON, after(400), down=[(100, 200)])
    for other in (fra, lon):
        see(other, monitor, NOON, after(400))
    detect_at(400)
    incident = Incident.objects.get()
    assert (incident.priority, incident.subject) == ("medium", "cloud: down from ams")
    assert (incident.reported, incident.resolved_at) == (after(130), after(200))


def test_the_quorum_alarms_and_no_location_beside_it(cast: Cast, monitor: Monitor) -> None:
    ams, fra, lon = (place(cast.service, code, NOON) for code in ("ams", "fra", "lon"))
    for location in (ams, fra):
        see(location, monitor, NOON, after(400), down=[(100, 200)])
    see(lon, monitor, NOON, after(400))
    detect_at(400)
    assert [(row.priority, row.subject) for row in Incident.objects.all()] == [("high", "cloud: down")]


def test_the_patience_of_the_monitor_that_is_down_decides(cast: Cast, monitor: Monitor) -> None:
    patient = monitored(cast.service, NOON, confirm_after=300_000)
    ams = place(cast.service, "ams", NOON)
    see(ams, monitor, NOON, after(500))
    see(ams, patient, NOON, after(500), down=[(100, 350)])
    assert detect_at(500) == 0
    see(ams, monitor, after(500), after(1300))
    see(ams, patient, after(500), after(1300), down=[(100, 500)])
    detect_at(1300)
    assert Incident.objects.get().reported == after(900)


def test_work_in_an_agreed_window_alarms_nobody(cast: Cast) -> None:
    terms = default_terms("Europe/Amsterdam", holidays="NL")  # the first of January has no peak hours
    agreed = MaintenanceTerms(CalendarRule.always(terms.zone), notice=3_600_000_000, monthly_maximum=7_200_000_000)
    service = catalogue.add_service(
        cast.program, provider=cast.provider, code="kept", name="Kept", valid_from=START,
        terms=dataclasses.replace(terms, maintenance=agreed),
    )  # fmt: skip
    for measured in (service, cast.service):  # what was agreed with the other one excuses nothing
        with clock.at(START):
            catalogue.announce_maintenance(cast.program, service=measured, starts=NOON, ends=after(3600))
        monitor = monitored(measured, NOON)
        see(place(measured, f"ams-{measured.code}", NOON), monitor, NOON, after(400), down=[(100, 200)])
    detect_at(400)
    assert [incident.service for incident in Incident.objects.all()] == [cast.service]


def test_results_that_arrive_late_open_the_incident_they_would_have_opened(cast: Cast, monitor: Monitor) -> None:
    ams = place(cast.service, "ams", NOON)
    see(ams, monitor, NOON, after(100))
    assert detect_at(90_000) == 0
    with clock.at(after(90_000)):
        see(ams, monitor, after(100), after(90_000), down=[(100, 300)])
    detect_at(90_010)
    assert Incident.objects.get().reported == after(230)


def test_what_a_person_settled_stays_settled(cast: Cast, monitor: Monitor) -> None:
    ams = place(cast.service, "ams", NOON)
    see(ams, monitor, NOON, after(150), down=[(100, 150)])
    detect_at(150)
    number = Incident.objects.get().number
    with clock.at(after(155)):
        incidents.resolve(cast.bob.caller, number, body="The cable is back in.")
    see(ams, monitor, after(150), after(400), down=[(0, 50)])
    detect_at(400)
    incident = Incident.objects.get()
    assert incident.resolved_at == after(155)
    assert Detected.objects.get().ended == after(200)
    assert Message.objects.filter(kind="note", visible=False).count() == 1


def test_an_episode_that_late_results_prolong_is_open_again(cast: Cast) -> None:
    monitor = monitored(cast.service, NOON, quorum=1)
    ams, fra = (place(cast.service, code, NOON) for code in ("ams", "fra"))
    see(ams, monitor, NOON, after(320), down=[(100, 200)])
    detect_at(320)
    assert Incident.objects.get().resolved_at == after(200)
    see(fra, monitor, NOON, after(320), down=[(100, 280), (310, 320)])  # had been cut off from the hub
    detect_at(320)
    assert Incident.objects.get().status != "resolved"
    for location in (ams, fra):
        see(location, monitor, after(320), after(500))
    detect_at(500)
    facts = [(fact.kind, fact.at) for fact in ledger.of_stream(Incident.objects.get().id)]
    assert facts[1:] == [
        (Kind.RESOLVED, to_us(after(200))),
        (Kind.REOPENED, to_us(after(200))),
        (Kind.RESOLVED, to_us(after(320))),
    ]


def test_a_failed_restore_drill_is_an_integrity_incident(cast: Cast) -> None:
    with clock.at(NOON):
        recovery.record(cast.program, service=cast.service, finished=after(-60), outcome="passed")
        recovery.record(cast.program, service=cast.service, finished=after(-30), outcome="failed")
    assert detect_at(10) == 1
    incident = Incident.objects.get()
    assert (incident.classes, incident.priority, incident.reported) == (["integrity"], "high", after(-30))
    assert detect_at(20) == 0


def test_a_changed_ledger_is_a_security_incident(cast: Cast) -> None:
    with owning() as cursor:
        cursor.execute("ALTER TABLE ledger_ledgerfact DISABLE TRIGGER ledger_append_only")
        cursor.execute("UPDATE ledger_ledgerfact SET actor = 'nobody' WHERE stream_id = %s", [cast.service.id])
    broken = list(ledger.verify())
    assert broken
    assert flows.take_up_broken_chain(broken) == 1
    assert flows.take_up_broken_chain(broken) == 0
    assert "security" in Incident.objects.get().classes


def test_a_routine_takes_turns_and_shows_when_it_ran(cast: Cast) -> None:
    done: list[int] = []
    for seconds in (0, 30, 60):
        with clock.at(after(seconds)):
            routines.take_turn("detection", timedelta(seconds=60), lambda: done.append(1))
    assert len(done) == 2
    assert reads.worker_seen() == after(60)
    with pytest.raises(ZeroDivisionError), clock.at(after(600)):
        routines.take_turn("detection", timedelta(seconds=60), lambda: 1 // 0)
    assert Routine.objects.get().failing_since == after(600)


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_incident(cast: Cast) -> None:
    monitor = monitored(cast.service, NOON)
    see(place(cast.service, "ams", NOON), monitor, NOON, after(1000), down=[(100, 200), (500, 900)])
    together = threading.Barrier(3)
    done: list[int] = []

    def work() -> None:
        together.wait(10)
        done.append(detect_at(1000))
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(done) == [0, 0, 4]
    assert [row.resolved_at for row in Incident.objects.order_by("reported")] == [after(200), after(900)]
