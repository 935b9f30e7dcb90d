"""Ways out: an auditor who is gone, findings and their closing put right, reviews and drills that were typed wrong."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from baken.domain.kpis import Status, Why
from baken.record.audits import flows, reads, reminders
from baken.record.audits.flows import AuditError, Conflict
from baken.record.audits.models import Audit, Finding, SecurityReview
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.people import flows as people
from baken.record.people.access import Forbidden, NotFound, Role
from baken.record.people.models import User
from baken.record.people.reads import caller_of
from baken.record.privacy import flows as privacy
from baken.record.privacy import work
from tests.conftest import START, Cast
from tests.flows.test_audits import DESCRIPTION, PDF, attach, counted, ready, sign

APRIL = datetime(2026, 4, 2, tzinfo=UTC)


def another(cast: Cast) -> User:
    return people.add_user(
        cast.adam.caller, organisation=cast.provider, email="other@auditor.example", name="Other", roles=[Role.AUDITOR]
    )


def kinds(audit: Audit) -> list[str]:
    return [fact.kind for fact in ledger.of_stream(audit.id)]


@pytest.mark.parametrize("change", ["description", "finding", "finding changed", "finding removed", "report"])
def test_nobody_signs_what_was_changed_after_they_read_it(cast: Cast, change: str) -> None:
    audit = ready(cast)
    auditor, number = cast.audrey.caller, audit.number
    finding = flows.add_finding(auditor, number, title="Old TLS", severity="high")
    read = reads.version(Audit.objects.get(number=number))
    if change == "description":
        flows.describe(cast.mona.caller, number, scope="Only the canteen.")
    elif change == "finding":
        flows.add_finding(cast.mona.caller, number, title="No locks", severity="low")
    elif change == "finding changed":
        flows.change_finding(auditor, finding.id, severity="low")
    elif change == "finding removed":
        flows.remove_finding(auditor, finding.id)
    else:
        attach(cast.mona.caller, number, name="better.pdf", content=b"%PDF-1.7 a nicer report")
    with pytest.raises(Conflict, match="changed after you read it"):
        sign(auditor, number, grade=90, version=read)
    assert sign(auditor, number, grade=90).grade == 90


def test_the_page_keeps_the_grade_that_was_typed_and_shows_what_is_there_now(cast: Cast, client: Client) -> None:
    audit = ready(cast)
    page, form = f"/audits/{audit.number}/", {"grade": "7.5", "certain": "on"}
    client.force_login(cast.audrey.user)
    read = client.get(page).context["version"]
    flows.describe(cast.mona.caller, audit.number, scope="Only the canteen.")
    refused = client.post(f"{page}sign-off/", form | {"version": read})
    shown = refused.content.decode()
    assert refused.status_code == 422
    for said in ("changed after you read it", "Only the canteen.", 'value="7.5"'):
        assert said in shown
    now = refused.context["version"]
    assert now != read
    assert client.post(f"{page}sign-off/", form | {"version": now}).status_code == 302


def test_a_slip_in_the_grade_does_not_read_the_audit_again_for_who_signs(cast: Cast, client: Client) -> None:
    audit = ready(cast)
    client.force_login(cast.audrey.user)
    read = reads.version(Audit.objects.get(number=audit.number))
    flows.describe(cast.mona.caller, audit.number, scope="Only the canteen.")
    slip = client.post(f"/audits/{audit.number}/sign-off/", {"grade": "75", "certain": "on", "version": read})
    assert (slip.status_code, slip.context["version"]) == (422, read)


def erased(cast: Cast) -> None:
    work.erase(privacy.erase_person(cast.adam.caller, cast.audrey.user.id, confirmation=cast.audrey.user.email))


def shut_out(cast: Cast) -> None:
    people.set_active(cast.adam.caller, cast.audrey.user.id, active=False)


@pytest.mark.parametrize("gone", [erased, shut_out])
def test_another_auditor_takes_over_from_one_who_is_gone(cast: Cast, client: Client, gone: Any) -> None:
    audit, other = ready(cast), another(cast)
    finding = flows.add_finding(cast.audrey.caller, audit.number, title="Old TLS", severity="high")
    gone(cast)
    client.force_login(cast.mona.user)
    assert "can no longer sign in" in client.get(f"/audits/{audit.number}/").content.decode()
    form = {"invited": str(other.id), "reason": "Left the firm."}
    assert client.post(f"/audits/{audit.number}/auditor/", form).status_code == 302
    now, auditor = reads.audit(cast.mona.caller, audit.number), caller_of(other)
    assert (now.invited, now.reason, now.auditor, now.scope) == (other, "Left the firm.", "", "Servers.")
    fact = ledger.of_stream(audit.id)[-1]
    assert (fact.kind, fact.data) == ("audit.invited", {"user": str(other.id)})
    with pytest.raises(NotFound):
        reads.audit(cast.audrey.caller, audit.number)
    flows.describe(auditor, audit.number, **DESCRIPTION | {"auditor": "Others Ltd"})
    flows.change_finding(auditor, finding.id, severity="low", title="TLS 1.1")
    attach(auditor, audit.number, name="new.pdf", content=PDF)
    assert sign(auditor, audit.number, grade=70).signed_by_auditor


def test_only_the_manager_asks_another_and_only_with_a_reason(cast: Cast) -> None:
    audit, other = ready(cast), another(cast)
    for person in (cast.audrey, cast.adam, cast.bob):
        with pytest.raises(Forbidden):
            flows.invite(person.caller, audit.number, invited=other, reason="So.")
        with pytest.raises(Forbidden):
            flows.withdraw(person.caller, audit.number, reason="So.")
    with pytest.raises(AuditError, match=r"^reason: "):
        flows.invite(cast.mona.caller, audit.number, invited=other, reason=" ")
    with pytest.raises(AuditError, match=r"^invited: "):
        flows.invite(cast.mona.caller, audit.number, invited=cast.audrey.user, reason="Again.")
    sign(cast.audrey.caller, audit.number, grade=70)
    with pytest.raises(Conflict, match="signed off"):
        flows.invite(cast.mona.caller, audit.number, invited=other, reason="Too low.")
    with pytest.raises(Conflict, match="signed off"):
        flows.withdraw(cast.mona.caller, audit.number, reason="Too low.")


def test_a_withdrawn_audit_stays_readable_and_nothing_follows_from_it(cast: Cast, client: Client) -> None:
    audit = ready(cast)
    finding = flows.add_finding(
        cast.audrey.caller, audit.number, title="Old TLS", severity="high", deadline=date(2026, 3, 5)
    )
    client.force_login(cast.mona.user)
    flows.invite(cast.mona.caller, audit.number, invited=another(cast), reason="Left the firm.")
    flows.invite(cast.mona.caller, audit.number, invited=cast.audrey.user, reason="Is back.")
    assert client.post(f"/audits/{audit.number}/withdrawal/", {"reason": " "}).status_code == 422
    assert client.post(f"/audits/{audit.number}/withdrawal/", {"reason": "Nobody can."}).status_code == 302
    now = reads.audit(cast.audrey.caller, audit.number)
    said = "Left the firm.\n\nIs back.\n\nNobody can."
    assert (now.withdrawn_at, now.reason, kinds(audit)[-1]) == (START, said, "audit.withdrawn")
    assert "Nobody can." in client.get(f"/audits/{audit.number}/").content.decode()
    assert "withdrawn" in client.get("/audits/").content.decode()
    with clock.at(APRIL):
        assert reminders.remind() == 0
    for change in (
        lambda: sign(cast.audrey.caller, audit.number, grade=70),
        lambda: flows.describe(cast.audrey.caller, audit.number, scope="More."),
        lambda: flows.change_finding(cast.audrey.caller, finding.id, title="New"),
        lambda: flows.close_finding(cast.mona.caller, finding.id, evidence="Done."),
        lambda: flows.withdraw(cast.mona.caller, audit.number, reason="Again."),
    ):
        with pytest.raises(Conflict, match="withdrawn"):
            change()


def test_a_finding_is_changed_and_removed_by_the_auditor_until_the_sign_off(cast: Cast, client: Client) -> None:
    audit = ready(cast)
    finding, none = (
        flows.add_finding(cast.audrey.caller, audit.number, title=title, severity="high") for title in ("Old", "None")
    )
    client.force_login(cast.audrey.user)
    form = {"title": "Old TLS", "severity": "low", "owner": "Bob", "detail": "", "deadline": ""}
    assert client.post(f"/findings/{finding.id}/", form | {"title": " "}).status_code == 422
    assert client.post(f"/findings/{finding.id}/", form).status_code == 302
    assert client.post(f"/findings/{none.id}/removal/").status_code == 302
    (left,) = reads.findings(cast.mona.caller, audit)
    assert (left.title, left.severity, left.owner) == ("Old TLS", "low", "Bob")
    for change in (
        lambda: flows.change_finding(cast.mona.caller, finding.id, severity="low"),
        lambda: flows.remove_finding(cast.mona.caller, finding.id),
    ):
        with pytest.raises(Forbidden):
            change()
    sign(cast.audrey.caller, audit.number, grade=70)
    with pytest.raises(Conflict, match="signed off"):
        flows.change_finding(cast.audrey.caller, finding.id, severity="low")
    with pytest.raises(Conflict, match="signed off"):
        flows.remove_finding(cast.audrey.caller, finding.id)
    assert Finding.objects.count() == 1


def test_a_finding_that_was_closed_wrongly_is_open_again_and_reminded_of(cast: Cast, client: Client) -> None:
    audit = ready(cast)
    finding = flows.add_finding(
        cast.audrey.caller, audit.number, title="Old TLS", severity="high", deadline=date(2026, 3, 20)
    )
    sign(cast.audrey.caller, audit.number, grade=70)
    with pytest.raises(Conflict, match="open already"):
        flows.reopen_finding(cast.audrey.caller, finding.id, reason="Well.")
    flows.close_finding(cast.mona.caller, finding.id, evidence="Change 118.")
    client.force_login(cast.audrey.user)
    twice = client.post(f"/findings/{finding.id}/closure/", {"evidence": "And change 119."})
    assert twice.status_code == 422
    for said in ("closed already", "And change 119."):
        assert said in twice.content.decode(), "refused in words, and what was typed is there"
    with clock.at(datetime(2026, 3, 15, tzinfo=UTC)):
        assert reminders.remind() == 0
        reopened = client.post(f"/findings/{finding.id}/reopening/", {"reason": "TLS 1.0 still answers."})
        assert reopened.status_code == 302
        assert reminders.remind() == 1
    finding.refresh_from_db()
    assert (finding.closed_at, finding.closed_by, finding.doubt) == (None, None, "TLS 1.0 still answers.")
    assert "audit.finding_reopened" in kinds(audit)
    page = client.get(f"/audits/{audit.number}/").content.decode()
    for said in ("TLS 1.0 still answers.", "Change 118."):
        assert said in page
    assert flows.close_finding(cast.mona.caller, finding.id, evidence="Change 120.").closed_at is not None


def test_a_review_that_was_typed_wrong_is_taken_back_and_c8_is_what_it_was(cast: Cast, client: Client) -> None:
    march, april = datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)
    with clock.at(APRIL):
        review = flows.record_review(cast.adam.caller, service=cast.service, began=march, ended=april)
        assert counted(cast, APRIL).status is Status.MET
        for person in (cast.adam, cast.bob, cast.audrey):
            with pytest.raises(Forbidden):
                flows.retract_review(person.caller, review.id, reason="Wrong month.")
        client.force_login(cast.mona.user)
        assert client.post(f"/reviews/{review.id}/retraction/", {"reason": " "}).status_code == 422
        assert client.post(f"/reviews/{review.id}/retraction/", {"reason": "Wrong month."}).status_code == 302
        with pytest.raises(Conflict, match="retracted already"):
            flows.retract_review(cast.mona.caller, review.id, reason="Again.")
        assert counted(cast, APRIL).reason.code is Why.NO_DATA
        page = client.get("/reviews/").content.decode()
    for said in ("retracted", "Wrong month."):
        assert said in page
    facts = ledger.of_stream(review.id)
    assert [(fact.kind, fact.data.get("seq")) for fact in facts] == [("security.reviewed", None), ("fact.retracted", 1)]
    assert SecurityReview.objects.get().began == march, "it stays readable"


@pytest.mark.parametrize(("days", "allowed"), [(366, True), (367, False)])
def test_a_review_covers_a_year_at_most(cast: Cast, days: int, allowed: bool) -> None:
    def record() -> SecurityReview:
        return flows.record_review(
            cast.mona.caller, service=cast.service, began=START - timedelta(days=days), ended=START
        )

    if allowed:
        assert record().ended == START
        return
    with pytest.raises(AuditError, match=r"^began: "):
        record()
