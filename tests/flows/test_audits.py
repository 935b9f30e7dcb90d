"""Audits from the invitation to the last finding, and the grade that becomes C9; security reviews and C8."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from baken.domain.instants import to_us
from baken.domain.kpis import Status, Why
from baken.record.audits import flows, reads, signing
from baken.record.audits.flows import AuditError, Conflict
from baken.record.audits.models import Audit, Finding
from baken.record.incidents import break_ins
from baken.record.incidents import flows as incidents
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.orgs import files
from baken.record.orgs.arriving import largest
from baken.record.orgs.models import File
from baken.record.people import flows as people
from baken.record.people.access import Caller, Forbidden, NotFound, Role
from baken.record.people.reads import caller_of
from baken.record.reports import reads as reports
from tests.conftest import START, Cast

PDF = b"%PDF-1.7 signed"
DESCRIPTION = {
    "auditor": "Audit & Sons", "accreditation": "RvA 123", "independence": "No other work.", "scope": "Servers.",
    "method": "Interviews.",
}  # fmt: skip
JUNE = datetime(2026, 6, 10, 12, tzinfo=UTC)


def opened(cast: Cast, **more: Any) -> Audit:
    given = {
        "provider": cast.provider, "services": [cast.service], "invited": cast.audrey.user,
        "period_from": date(2026, 1, 1), "period_to": date(2026, 6, 30),
    }  # fmt: skip
    return flows.open_audit(cast.mona.caller, **{**given, **more})


def attach(caller: Caller, number: int, *, name: str, content: bytes) -> Audit:
    """Send a file and attach it, as a page does."""
    organisation = flows.report_goes_to(caller, number)
    file = files.receive(organisation, name=name, content=content, at=clock.now(), kind=File.Kind.REPORT)
    return flows.attach_report(caller, number, file=file)


def sign(caller: Caller, number: int, **given: Any) -> Audit:
    """Sign off the audit as it is now, as somebody does who has just read it."""
    version = reads.version(Audit.objects.get(number=number))
    return signing.sign_off(caller, number, **{"version": version} | given)


def ready(cast: Cast, **more: Any) -> Audit:
    """Filled in by the auditor, up to the grade."""
    audit = opened(cast, **more)
    flows.describe(cast.audrey.caller, audit.number, **DESCRIPTION)
    return attach(cast.audrey.caller, audit.number, name="report.pdf", content=PDF)


def signed(cast: Cast, grade: int, at: datetime) -> Audit:
    with clock.at(at):
        return sign(cast.audrey.caller, ready(cast).number, grade=grade)


def grade_of(cast: Cast, month: int, as_of: datetime) -> Any:
    scope = reports.scope(
        cast.mona.caller, service=cast.service, customer=None, date_from=date(2026, month, 1),
        date_to=date(2026 + month // 12, month % 12 + 1, 1), as_of=to_us(as_of),
    )  # fmt: skip
    return reports.report(cast.mona.caller, scope).kpis["C9"]


def test_the_manager_asks_and_the_auditor_answers(cast: Cast) -> None:
    audit = opened(cast)
    assert list(reads.visible(cast.audrey.caller)) == [audit]
    assert reads.in_scope(audit) == [cast.service]
    described = flows.describe(cast.audrey.caller, audit.number, **DESCRIPTION, exclusions="The old data centre.")
    assert (described.auditor, described.exclusions) == ("Audit & Sons", "The old data centre.")
    finding = flows.add_finding(
        cast.audrey.caller, audit.number, title="Old TLS", severity="high", owner="Bob", deadline=date(2026, 9, 1)
    )
    attach(cast.audrey.caller, audit.number, name="/tmp/report.pdf", content=PDF)
    done = sign(cast.audrey.caller, audit.number, grade=78)
    assert (done.grade, done.signed_off_by, done.signed_off_at) == (78, cast.audrey.user, START)
    assert done.report is not None
    assert (done.report.name, files.content(done.report)) == ("report.pdf", PDF)
    fact = ledger.of_stream(audit.id)[-1]
    assert (fact.kind, fact.data["grade"], fact.data["report_sha256"]) == ("audit.signed_off", 78, done.report.sha256)
    assert "Audit & Sons" not in str(fact.data)
    assert list(reads.findings(cast.mona.caller, done)) == [finding]


def test_only_the_manager_opens_one(cast: Cast) -> None:
    for person in (cast.alice, cast.stranger, cast.bob, cast.adam, cast.audrey):
        with pytest.raises(Forbidden):
            flows.open_audit(
                person.caller, provider=cast.provider, services=[cast.service], period_from=date(2026, 1, 1),
                period_to=date(2026, 6, 30),
            )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"services": []}, "services"),
        ({"period_to": date(2025, 1, 1)}, "^period_to: choose"),
        ({"grade": 80}, "grade"),
        ({"auditor": "x" * 201}, "auditor"),
    ],
)
def test_what_cannot_be_asked(cast: Cast, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(AuditError, match=field):
        opened(cast, **wrong)


def test_an_auditor_sees_theirs_and_nobody_elses(cast: Cast) -> None:
    other = people.add_user(
        cast.adam.caller, organisation=cast.provider, email="other@auditor.example", name="Other", roles=[Role.AUDITOR]
    )
    audit = opened(cast)
    with pytest.raises(NotFound):
        reads.audit(caller_of(other), audit.number)
    with pytest.raises(NotFound):
        flows.describe(caller_of(other), audit.number, **DESCRIPTION)
    finding = flows.add_finding(cast.audrey.caller, audit.number, title="Old TLS", severity="low")
    with pytest.raises(NotFound):
        flows.close_finding(caller_of(other), finding.id, evidence="x")
    for person in (cast.alice, cast.stranger, cast.bob):
        with pytest.raises(Forbidden):
            reads.audit(person.caller, audit.number)
    with pytest.raises(Forbidden):
        flows.describe(cast.adam.caller, audit.number, **DESCRIPTION)
    assert not reads.visible(Caller("token:t", None, roles=frozenset({Role.AUDITOR}))).exists()


@pytest.mark.parametrize("grade", [9, 101, 0, -78])
def test_the_grade_is_from_one_to_ten(cast: Cast, grade: int) -> None:
    audit = ready(cast)
    with pytest.raises(AuditError, match="grade"):
        sign(cast.audrey.caller, audit.number, grade=grade)


def test_no_other_scale_is_converted_and_no_sign_off_lies_ahead(cast: Cast) -> None:
    audit = ready(cast)
    with pytest.raises(AuditError, match="scale"):
        sign(cast.audrey.caller, audit.number, grade=78, scale="A-F")
    with pytest.raises(AuditError, match="signed off"):
        sign(cast.audrey.caller, audit.number, grade=78, signed_off_at=START + timedelta(days=1))


def test_nothing_is_signed_off_without_report_or_description(cast: Cast) -> None:
    audit = opened(cast)
    flows.describe(cast.audrey.caller, audit.number, **DESCRIPTION)
    with pytest.raises(AuditError, match="report"):
        sign(cast.audrey.caller, audit.number, grade=78)
    attach(cast.audrey.caller, audit.number, name="report.pdf", content=PDF)
    flows.describe(cast.audrey.caller, audit.number, independence=" ", method="")
    with pytest.raises(AuditError, match="independence, method"):
        sign(cast.audrey.caller, audit.number, grade=78)


def test_nobody_grades_their_own_service_when_an_auditor_was_invited(cast: Cast) -> None:
    audit = ready(cast)
    with pytest.raises(Forbidden, match="invited"):
        sign(cast.mona.caller, audit.number, grade=100)
    on_paper = ready_on_paper(cast)
    assert sign(cast.mona.caller, on_paper.number, grade=65).grade == 65


def ready_on_paper(cast: Cast) -> Audit:
    """Without an auditor who signs in, the manager takes the report over."""
    audit = opened(cast, invited=None, **DESCRIPTION)
    return attach(cast.mona.caller, audit.number, name="scan.pdf", content=PDF)


def test_once_signed_off_nothing_changes_but_the_closing_of_findings(cast: Cast) -> None:
    audit = ready(cast)
    finding = flows.add_finding(cast.audrey.caller, audit.number, title="Old TLS", severity="low")
    sign(cast.audrey.caller, audit.number, grade=78)
    number, auditor = audit.number, cast.audrey.caller
    for change in (
        lambda: flows.describe(auditor, number, scope="Nothing"),
        lambda: attach(auditor, number, name="other.pdf", content=b"%PDF-1.7 other"),
        lambda: flows.add_finding(auditor, number, title="One more", severity="low"),
        lambda: sign(auditor, number, grade=100),
    ):
        with pytest.raises(Conflict):
            change()
    assert flows.close_finding(cast.mona.caller, finding.id, evidence="Scanned again.").closed_at == START
    assert [fact.kind for fact in ledger.of_stream(audit.id)].count("audit.finding_closed") == 1


@pytest.mark.parametrize(
    ("finding", "field"),
    [({"title": " ", "severity": "low"}, "title"), ({"title": "X", "severity": "awful"}, "severity")],
)
def test_a_finding_has_a_title_and_a_severity(cast: Cast, finding: dict[str, Any], field: str) -> None:
    with pytest.raises(AuditError, match=field):
        flows.add_finding(cast.audrey.caller, opened(cast).number, **finding)


def test_open_findings_come_first_and_the_gravest_of_them(cast: Cast) -> None:
    audit = opened(cast)
    made = {
        severity: flows.add_finding(cast.audrey.caller, audit.number, title=severity, severity=severity)
        for severity in ("low", "critical", "medium", "high")
    }
    flows.close_finding(cast.audrey.caller, made["critical"].id, evidence="Scanned again.")
    found = [finding.title for finding in reads.findings(cast.audrey.caller, audit)]
    assert found == ["high", "medium", "low", "critical"]
    assert Finding.objects.filter(closed_at=None).count() == 3


@pytest.mark.parametrize(("content", "said"), [(b"", "empty"), (b"x" * (largest() + 1), "25 MB")])
def test_a_file_that_cannot_be_kept(cast: Cast, content: bytes, said: str) -> None:
    audit = opened(cast)
    with pytest.raises(files.FileError, match=said):
        attach(cast.audrey.caller, audit.number, name="r.pdf", content=content)
    assert reads.audit(cast.mona.caller, audit.number).report is None


def test_the_grade_is_valid_for_six_months_and_then_there_is_none(cast: Cast) -> None:
    audit = signed(cast, 78, JUNE)
    assert [(one.service, one.until) for one in reads.validity(audit, to_us(JUNE))] == [
        (cast.service, to_us(datetime(2026, 12, 10, 13, tzinfo=UTC)))  # 14:00 in Amsterdam, in winter an hour later
    ]
    later = datetime(2027, 3, 1, tzinfo=UTC)
    june, november, december = (grade_of(cast, month, later) for month in (6, 11, 12))
    assert (june.value, june.status, june.evidence_count) == (7.8, Status.MET, 1)
    assert (november.value, november.status) == (7.8, Status.MET)
    assert (december.value, december.status, december.reason.code) == (None, Status.NOT_PROVEN, Why.NO_VALID_GRADE)
    may = grade_of(cast, 5, later)
    assert (may.value, may.reason.data) == (None, {"expired_at": None})


def test_an_audit_of_another_service_is_none_of_this_one(cast: Cast) -> None:
    with clock.at(JUNE):
        audit = ready(cast, services=[cast.other_service])
        sign(cast.audrey.caller, audit.number, grade=90)
    assert grade_of(cast, 6, datetime(2026, 7, 2, tzinfo=UTC)).value is None


def test_the_new_audit_of_the_same_scope_counts_instead_of_the_old(cast: Cast) -> None:
    signed(cast, 60, datetime(2026, 4, 10, tzinfo=UTC))
    signed(cast, 85, JUNE)
    later = datetime(2026, 7, 2, tzinfo=UTC)
    assert [grade_of(cast, month, later).value for month in (4, 5, 6)] == [6.0, 6.0, 8.5]


def test_the_report_file_is_saved_by_the_browser_and_checked_before(cast: Cast) -> None:
    audit = ready(cast)
    client = Client()
    client.force_login(cast.audrey.user)
    answer = client.get(f"/audits/{audit.number}/report/")
    assert (answer.status_code, answer.getvalue()) == (200, PDF)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.pdf"'
    assert answer.headers["Content-Type"] == "application/pdf"
    File.objects.filter(id=audit.report_id).update(sha256=hashlib.sha256(b"%PDF-1.7 forged").hexdigest())
    damaged = client.get(f"/audits/{audit.number}/report/")
    assert damaged.status_code == 409
    assert PDF not in damaged.content


def test_a_review_says_for_which_time_none_found_means_none(cast: Cast) -> None:
    march, april = datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)
    later = datetime(2026, 4, 2, tzinfo=UTC)
    assert counted(cast, later).reason.code is Why.NO_DATA
    with clock.at(later):
        flows.record_review(cast.mona.caller, service=cast.service, began=march, ended=april - timedelta(days=1))
        partly = counted(cast, later)
        assert (partly.status, partly.reason.code) == (Status.NOT_PROVEN, Why.PARTLY_COVERED)
        assert partly.reason.data["gaps"] == [[to_us(april - timedelta(days=1)), to_us(april)]]
        review = flows.record_review(
            cast.adam.caller, service=cast.service, began=april - timedelta(days=1), ended=april, remarks=" Logs. "
        )
    assert (review.reviewer, review.remarks) == (cast.adam.user, "Logs.")
    whole = counted(cast, later)
    assert (whole.value, whole.status) == (0, Status.MET)


def counted(cast: Cast, as_of: datetime) -> Any:
    scope = reports.scope(
        cast.mona.caller, service=cast.service, customer=None, date_from=date(2026, 3, 1), date_to=date(2026, 4, 1),
        as_of=to_us(as_of),
    )  # fmt: skip
    return reports.report(cast.mona.caller, scope).kpis["C8"]


def test_a_confirmed_break_in_counts_with_or_without_a_review(cast: Cast) -> None:
    with clock.at(datetime(2026, 3, 5, 12, tzinfo=UTC)):
        seen = incidents.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Strange sign-ins",
            classes=["security"],
        )  # fmt: skip
        break_ins.judge(cast.mona.caller, seen.number, confirmed=True, reason="Seen in the log.")
    kpi = counted(cast, datetime(2026, 4, 2, tzinfo=UTC))
    assert (kpi.value, kpi.status) == (1, Status.MISSED)


@pytest.mark.parametrize(
    ("began", "ended", "said"),
    [(2, 1, "after it began"), (1, 1, "after it began"), (1, 30, "has not passed")],
)
def test_a_review_lies_in_the_past_and_in_order(cast: Cast, began: int, ended: int, said: str) -> None:
    with clock.at(START + timedelta(days=10)), pytest.raises(AuditError, match=said):
        flows.record_review(
            cast.mona.caller, service=cast.service, began=START + timedelta(days=began),
            ended=START + timedelta(days=ended),
        )  # fmt: skip


def test_who_may_review(cast: Cast) -> None:
    for person in (cast.alice, cast.stranger, cast.bob, cast.audrey):
        with pytest.raises(Forbidden):
            flows.record_review(
                person.caller, service=cast.service, began=START - timedelta(days=2), ended=START - timedelta(days=1)
            )
        with pytest.raises(Forbidden):
            reads.reviews(person.caller)


def test_remarks_are_kept_whole_or_refused(cast: Cast) -> None:
    with pytest.raises(AuditError, match="remarks"):
        flows.record_review(
            cast.mona.caller, service=cast.service, began=START - timedelta(days=2), ended=START - timedelta(days=1),
            remarks="x" * (flows.REMARKS + 1),
        )  # fmt: skip
