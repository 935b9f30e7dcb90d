"""A period from the last unconfirmed class to a sealed report that nothing changes, and the pages around it."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from baken.domain.facts import Outcome
from baken.domain.instants import to_us
from baken.domain.kpis import Status, Unit
from baken.record.audits import flows as audits
from baken.record.audits.models import SecurityReview
from baken.record.complaints import flows as complaints
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.people.access import Forbidden, NotFound
from baken.record.reports import flows, frozen, reads, sealed
from baken.record.reports.flows import Conflict, SealError
from baken.record.reports.models import Snapshot
from baken.record.reports.reads import Scope
from baken.show.web import remedies
from tests.conftest import Cast, Person

APRIL = datetime(2026, 4, 2, 9, tzinfo=UTC)
MARCH = {"date_from": date(2026, 3, 1), "date_to": date(2026, 4, 1)}
ASKED = "service=cloud&from=2026-03-01&to=2026-04-01"


def reported(cast: Cast, day: int, hour: int = 9, **more: Any) -> Incident:
    """An availability incident of March, at an hour of UTC."""
    with clock.at(datetime(2026, 3, day, hour, tzinfo=UTC)):
        given = {"organisation": cast.customer, "service": cast.service, "subject": "Nothing opens",
                 "classes": ["availability"]}  # fmt: skip
        return incidents.report(cast.alice.caller, **{**given, **more})


@pytest.fixture
def march(cast: Cast) -> Incident:
    """One incident answered in time, one late and never confirmed, a reviewed month, a complaint and spam."""
    quick, late = reported(cast, 3), reported(cast, 10)
    for incident, hours in ((quick, 1), (late, 7)):
        with clock.at(incident.reported + timedelta(hours=hours)):
            incidents.reply(cast.bob.caller, incident.number, body="We look.")
            incidents.resolve(cast.bob.caller, incident.number, body="It works.")
    spam = reported(cast, 12)
    with clock.at(APRIL):
        incidents.confirm_classes(cast.bob.caller, quick.number)
        incidents.leave_out(cast.bob.caller, spam.number, outcome=Outcome.SPAM, reason="Spam")
        audits.record_review(
            cast.mona.caller, service=cast.service, began=datetime(2026, 2, 28, tzinfo=UTC),
            ended=datetime(2026, 4, 1, tzinfo=UTC),
        )  # fmt: skip
    with clock.at(datetime(2026, 3, 20, tzinfo=UTC)):
        complaints.lodge(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Slow", body="Very."
        )
    return late


def scope(cast: Cast, as_of: datetime = APRIL, **more: Any) -> Scope:
    given = {"service": cast.service, "customer": None, "as_of": to_us(as_of), **MARCH}
    return reads.scope(cast.mona.caller, **{**given, **more})


def write_down(cast: Cast, asked: Scope) -> list[str]:
    """Cause, action, owner and date for every KPI that needs them."""
    codes = sealed.missing(cast.mona.caller, asked, reads.report(cast.mona.caller, asked)).improvements
    for code in codes:
        flows.improve(
            cast.mona.caller, asked, code, cause="A disk.", action="Two disks.", owner="Bob", due=date(2026, 5, 1)
        )
    return codes


def seal(cast: Cast, late: Incident, **more: Any) -> Snapshot:
    with clock.at(APRIL):
        incidents.confirm_classes(cast.bob.caller, late.number)
        write_down(cast, scope(cast, **more))
        return flows.seal(cast.mona.caller, scope(cast, **more))


def test_what_is_missing_is_named_one_after_the_other(cast: Cast, march: Incident) -> None:
    with clock.at(APRIL):
        asked = scope(cast)
        report = reads.report(cast.mona.caller, asked)
        assert [code for code, kpi in report.kpis.items() if kpi.status is Status.MISSED] == ["D1", "D2"]
        with pytest.raises(SealError, match="confirm the classes of one incident first;") as refused:
            flows.seal(cast.mona.caller, asked)
        assert str(refused.value).endswith("for C1, C2, C9, D1, D2")
        with override("nl"):
            assert "bevestig eerst de soort van één incident" in remedies.in_words(
                str(refused.value).partition(": ")[2]
            )
        incidents.confirm_classes(cast.bob.caller, march.number)
        with pytest.raises(SealError, match="improvements"):
            flows.seal(cast.mona.caller, asked)
        assert write_down(cast, asked) == ["C1", "C2", "C9", "D1", "D2"]
        snapshot = flows.seal(cast.mona.caller, asked)
    assert (snapshot.sealed_by, snapshot.customer, snapshot.digest) == (
        cast.mona.user, None, flows.digest_of(snapshot.content),
    )  # fmt: skip
    (fact,) = ledger.of_stream(snapshot.id)
    assert (fact.kind, fact.data["digest"]) == ("report.sealed", snapshot.digest)


def test_a_period_is_sealed_once_and_after_its_end(cast: Cast, march: Incident) -> None:
    with clock.at(datetime(2026, 3, 31, 21, 59, tzinfo=UTC)), pytest.raises(SealError, match="not over yet"):
        flows.seal(cast.mona.caller, scope(cast, clock.now()))
    seal(cast, march)
    with clock.at(APRIL), pytest.raises(Conflict):
        flows.seal(cast.mona.caller, scope(cast))


def test_what_a_sealed_report_says_is_done_is_not_said_otherwise(cast: Cast, march: Incident) -> None:
    seal(cast, march)
    told = {"cause": "Nothing.", "action": "None.", "owner": "Nobody", "due": date(2026, 6, 1)}
    with clock.at(APRIL):
        with pytest.raises(Conflict):
            flows.improve(cast.mona.caller, scope(cast), "D1", **told)
        flows.improve(cast.mona.caller, scope(cast, customer=cast.customer), "D1", **told)
        assert sealed.improvements(cast.mona.caller, scope(cast)).get(kpi="D1").cause == "A disk."


def test_what_is_written_down_for_a_month_is_not_that_of_its_first_half(cast: Cast, march: Incident) -> None:
    month, half = scope(cast), scope(cast, date_to=date(2026, 3, 15))
    told = {"action": "Two disks.", "owner": "Bob", "due": date(2026, 5, 1)}
    flows.improve(cast.mona.caller, month, "D1", cause="A disk.", **told)
    assert not sealed.improvements(cast.mona.caller, half).exists()
    flows.improve(cast.mona.caller, half, "D1", cause="Another.", **told)
    assert sealed.improvements(cast.mona.caller, month).get().cause == "A disk."


def test_who_may_seal_and_write_down(cast: Cast, march: Incident) -> None:
    asked = scope(cast)
    for person in (cast.alice, cast.stranger, cast.bob, cast.adam, cast.audrey):
        with pytest.raises(Forbidden):
            flows.seal(person.caller, asked)
        with pytest.raises(Forbidden):
            flows.improve(person.caller, asked, "D1", cause="a", action="b", owner="c", due=date(2026, 5, 1))
        with pytest.raises(Forbidden):
            sealed.unconfirmed(person.caller, asked)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"cause": " "}, "cause"), ({"action": ""}, "action"), ({"owner": ""}, "owner"), ({"owner": "x" * 201}, "owner")],
)
def test_an_improvement_says_who_does_what_and_why(
    cast: Cast, march: Incident, wrong: dict[str, Any], field: str
) -> None:
    given = {"cause": "A disk.", "action": "Two disks.", "owner": "Bob", "due": date(2026, 5, 1)}
    with pytest.raises(SealError, match=field):
        flows.improve(cast.mona.caller, scope(cast), "D1", **{**given, **wrong})
    with pytest.raises(SealError, match="kpi"):
        flows.improve(cast.mona.caller, scope(cast), "D9", **given)


def test_a_sealed_report_stays_and_what_differs_stands_beside_it(cast: Cast, march: Incident) -> None:
    snapshot = seal(cast, march)
    assert sealed.correction(cast.mona.caller, snapshot, APRIL) == []
    with clock.at(APRIL + timedelta(days=3)):
        incidents.readmit(cast.bob.caller, Incident.objects.get(outcome="spam").number, reason="It was none.")
        after = clock.now() + timedelta(minutes=1)
    differences = sealed.correction(cast.mona.caller, snapshot, after)
    assert {one.code for one in differences} == {"C4", "D1", "D2", "D3", "D4"}
    assert [(one.sealed, one.now) for one in differences if (one.code, one.field) == ("C4", "value")] == [(2, 3)]
    with clock.at(after):
        page = client(cast.bob).get(f"/reports/{snapshot.id}/").content.decode()
    assert "Some figures come out otherwise" in page
    again = Snapshot.objects.get(id=snapshot.id)
    assert (again.content, again.digest) == (snapshot.content, snapshot.digest)
    assert flows.digest_of(again.content) == again.digest


def test_a_review_that_is_retracted_afterwards_is_a_correction(cast: Cast, march: Incident) -> None:
    snapshot = seal(cast, march)
    with clock.at(APRIL + timedelta(days=3)):
        review = SecurityReview.objects.get()
        audits.retract_review(cast.mona.caller, review.id, reason="Another service.")
        found = sealed.correction(cast.mona.caller, snapshot, clock.now())
    assert [(one.code, one.field, one.sealed, one.now) for one in found if one.field in ("value", "status")] == [
        ("C8", "value", 0, None), ("C8", "status", "met", "not_proven")
    ]  # fmt: skip


def test_a_frozen_report_reads_back_as_what_it_was(cast: Cast, march: Incident) -> None:
    with clock.at(APRIL):
        report = reads.report(cast.mona.caller, scope(cast))
    snapshot = Snapshot.objects.get(id=seal(cast, march).id)
    found = frozen.kpis(snapshot.content)
    assert list(found) == list(report.kpis)
    for code, kpi in report.kpis.items():
        back = found[code]
        assert (back.code, back.status, back.reason, back.target) == (code, kpi.status, kpi.reason, kpi.target)
        assert (back.value, back.upper, back.evidence_count) == (kpi.value, kpi.upper, kpi.evidence_count)
        assert dict(back.beside) == dict(kpi.beside)
        if kpi.unit is Unit.COUNT:
            assert back.exact == kpi.exact
    assert frozen.left_out(snapshot.content) == [("spam", 1)]


def test_reports_of_a_customer_are_theirs_alone(cast: Cast, march: Incident) -> None:
    whole, theirs = seal(cast, march), seal(cast, march, customer=cast.customer)
    assert set(sealed.snapshots(cast.bob.caller)) == {whole, theirs}
    assert list(sealed.snapshots(cast.alice.caller)) == [theirs]
    assert not sealed.snapshots(cast.stranger.caller).exists()
    with pytest.raises(NotFound):
        sealed.snapshot(cast.stranger.caller, theirs.id)
    with pytest.raises(NotFound):
        sealed.snapshot(cast.alice.caller, whole.id)
    with pytest.raises(Forbidden):
        sealed.snapshots(cast.audrey.caller)


def client(person: Person) -> Client:
    found = Client()
    found.force_login(person.user)
    return found


def test_sealing_on_the_pages(cast: Cast, march: Incident) -> None:
    mona = client(cast.mona)
    with clock.at(APRIL):
        page = mona.get(f"/sealing/?{ASKED}").content.decode()
        assert f"#{march.number} Nothing opens" in page
        assert "Seal this report" not in page
        refused = mona.post(f"/sealing/?{ASKED}")
        assert (refused.status_code, "Confirm the classes of one incident first" in refused.content.decode()) == (
            422,
            True,
        )

        nothing = mona.post(f"/sealing/classes/?{ASKED}", follow=True).content.decode()
        assert "Select the incidents whose classes are right." in nothing
        done = mona.post(f"/sealing/classes/?{ASKED}", {"numbers": [march.number]}, follow=True).content.decode()
        assert "The classes of 1 incident are confirmed." in done
        march.refresh_from_db()
        assert march.classes_confirmed

        empty = mona.post(f"/sealing/improvements/D1/?{ASKED}", {"cause": "A disk."})
        assert (empty.status_code, "A disk." in empty.content.decode()) == (422, True)
        for code in ("C1", "C2", "C9", "D1", "D2"):
            written = {"cause": "A disk.", "action": "Two disks.", "owner": "Bob", "due": "2026-05-01"}
            assert mona.post(f"/sealing/improvements/{code}/?{ASKED}", written).status_code == 302
        assert "Seal this report" in mona.get(f"/sealing/?{ASKED}").content.decode()
        answer = mona.post(f"/sealing/?{ASKED}")
        snapshot = Snapshot.objects.get()
        assert answer.headers["Location"] == f"/reports/{snapshot.id}/"
        assert mona.get(f"/sealing/?{ASKED}").headers["Location"] == f"/reports/{snapshot.id}/"
        assert mona.get(f"/sealing/improvements/D1/?{ASKED}").status_code == 404


def test_the_downloaded_file_has_the_digest_of_the_report(cast: Cast, march: Incident) -> None:
    snapshot = seal(cast, march)
    answer = client(cast.bob).get(f"/reports/{snapshot.id}/file/")
    assert hashlib.sha256(answer.content).hexdigest() == snapshot.digest
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="cloud-')
    assert json.loads(answer.content)["report"]["kpis"]["D1"]["value"] == 1
    assert client(cast.alice).get(f"/reports/{snapshot.id}/file/").status_code == 404


def test_a_report_that_was_tampered_with_says_so(cast: Cast, march: Incident) -> None:
    snapshot = seal(cast, march)
    page = client(cast.bob).get(f"/reports/{snapshot.id}/").content.decode()
    assert "does not fit its digest" not in page
    snapshot.content["report"]["kpis"]["D1"] |= {"value": 0, "lower": 0, "upper": 0, "status": "met"}
    snapshot.save(update_fields=["content"])
    assert "does not fit its digest" in client(cast.bob).get(f"/reports/{snapshot.id}/").content.decode()
