"""What is due of audits and break-ins: reminders that are written down once, and the list on the front pages."""

import html
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from baken.domain.alerts import Alert, Level
from baken.domain.instants import to_us
from baken.record.audits import flows, reminders
from baken.record.audits.flows import AuditError, Conflict
from baken.record.audits.models import Audit
from baken.record.detection import alerts, sources
from baken.record.incidents import break_ins
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.reports import duties
from tests.conftest import Cast
from tests.flows.test_audits import JUNE, opened, signed


def reminded(audit: Audit) -> list[tuple[str, int]]:
    kinds = ("audit.expiry_reminded", "audit.finding_reminded")
    return [(fact.kind, fact.data["days"]) for fact in ledger.of_stream(audit.id) if fact.kind in kinds]


def remind_at(moment: datetime) -> int:
    with clock.at(moment):
        return reminders.remind()


def test_somebody_is_reminded_once_of_a_grade_that_ends(cast: Cast) -> None:
    audit = signed(cast, 78, JUNE)
    until = datetime(2026, 12, 10, 13, tzinfo=UTC)
    assert remind_at(until - timedelta(days=60, seconds=1)) == 0
    assert remind_at(until - timedelta(days=60)) == 1
    assert remind_at(until - timedelta(days=59)) == 0
    assert remind_at(until - timedelta(days=7)) == 2, "the worker stood still, and catches up"
    assert reminded(audit) == [("audit.expiry_reminded", days) for days in (60, 30, 7)]
    last = ledger.of_stream(audit.id)[-1]
    assert last.at == to_us(until - timedelta(days=7)), "dated when it fell"
    assert (remind_at(until + timedelta(days=1)), last.data["service"]) == (0, str(cast.service.id))


def test_a_newer_audit_takes_the_place_of_one_that_ends(cast: Cast) -> None:
    signed(cast, 78, JUNE)
    newer = signed(cast, 80, datetime(2026, 10, 1, tzinfo=UTC))
    assert remind_at(datetime(2026, 12, 9, tzinfo=UTC)) == 0
    assert remind_at(datetime(2027, 2, 10, tzinfo=UTC)) == 1
    assert len(reminded(newer)) == 1


def due_at(cast: Cast, moment: datetime) -> list[tuple[str, bool]]:
    found = duties.due(cast.mona.caller, to_us(moment))
    return [(one.matter.value, one.overdue) for one in found.first if one.matter != "drill"]


def days_left(cast: Cast, moment: datetime) -> int | None:
    """Of the first that is due."""
    return duties.due(cast.mona.caller, to_us(moment)).first[0].days


def test_what_is_due_of_audits_and_break_ins_is_on_one_list(cast: Cast) -> None:
    audit = signed(cast, 78, JUNE)
    until = datetime(2026, 12, 10, 13, tzinfo=UTC)
    assert due_at(cast, until - timedelta(days=61)) == []
    assert due_at(cast, until - timedelta(days=60)) == [("grade", False)]
    assert due_at(cast, until) == [("grade", True)]
    assert [days_left(cast, until - timedelta(days=days, hours=-1)) for days in (60, 30, 7, 0)] == [60, 30, 7, 0]
    with clock.at(JUNE):
        later = opened(cast)
        finding = flows.add_finding(
            cast.audrey.caller, later.number, title="Old TLS", severity="high", deadline=date(2026, 7, 10)
        )
        number = incidents.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Odd", classes=["security"]
        ).number
    assert due_at(cast, JUNE + timedelta(hours=1)) == [("break_in", False)]
    assert due_at(cast, datetime(2026, 7, 8, tzinfo=UTC)) == [("break_in", True), ("finding", False)]
    with clock.at(datetime(2026, 7, 8, tzinfo=UTC)):
        break_ins.judge(cast.mona.caller, number, confirmed=False, reason="Our own scanner.")
        assert reminders.remind() == 1
    assert due_at(cast, datetime(2026, 7, 10, 21, tzinfo=UTC)) == [("finding", False)], "the day lasts in Amsterdam"
    assert due_at(cast, datetime(2026, 7, 10, 22, tzinfo=UTC)) == [("finding", True)]
    assert remind_at(datetime(2026, 7, 11, tzinfo=UTC)) == 1
    assert reminded(later) == [("audit.finding_reminded", 7), ("audit.finding_reminded", 0)]
    flows.close_finding(cast.audrey.caller, finding.id, evidence="Scanned again.")
    assert due_at(cast, datetime(2026, 7, 12, tzinfo=UTC)) == []
    assert reminded(audit) == []


def test_a_flood_of_suspicions_hides_no_other_and_what_is_not_listed_is_counted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr(duties, "OF_ONE_SOURCE", 2)
    for code in ("noisy", "quiet"):
        sources.add_source(cast.adam.caller, code=code, tool="generic", service=cast.service)

    def alerted(code: str, rule: str, level: Level, minute: int) -> int:
        with clock.at(JUNE + timedelta(minutes=minute)):
            return alerts.take(cast.program, code, [Alert(rule, rule, "web-1", "", "x", level)]).incidents.pop()

    noise = [alerted("noisy", f"noise {minute}", Level.HIGH, minute) for minute in range(5)]
    grave = alerted("noisy", "Rootkit", Level.CRITICAL, 6)
    quiet = alerted("quiet", "Port scan", Level.MEDIUM, 7)
    with clock.at(JUNE + timedelta(minutes=8)):
        asked = incidents.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Odd", classes=["security"]
        ).number
        found = duties.due(cast.mona.caller, to_us(clock.now()))
        suspected = [(one.about.number, one.critical) for one in found.first if isinstance(one.about, Incident)]
        assert suspected == [(grave, True), (noise[0], False), (quiet, False), (asked, False)]
        assert found.more == [(cast.service, 4)]
        client.force_login(cast.mona.user)
        page = client.get("/kpis/").content.decode()
        assert "4 more incidents" in page
        (there,) = re.findall(r'href="(/kpis/C8/[^"]+)">Cloud</a> <span class="small soft">4 more', page)
        listed = client.get(html.unescape(there)).content.decode()
        assert all(f"#{number}" in listed for number in [*noise, grave, quiet, asked]), "the others are there"


def test_a_finding_is_closed_by_somebody_who_shows_why(cast: Cast) -> None:
    finding = flows.add_finding(cast.audrey.caller, opened(cast).number, title="Old TLS", severity="high")
    with pytest.raises(AuditError, match=r"^evidence: "):
        flows.close_finding(cast.mona.caller, finding.id, evidence=" ")
    flows.close_finding(cast.mona.caller, finding.id, evidence="Change 118, scanned by Bob.")
    with pytest.raises(Conflict, match="closed already"):
        flows.close_finding(cast.audrey.caller, finding.id, evidence="Me too.")
    finding.refresh_from_db()
    assert (finding.closed_by, finding.evidence) == (cast.mona.user, "Change 118, scanned by Bob.")


def test_the_front_pages_of_manager_and_administrator_show_what_is_due(cast: Cast, client: Client) -> None:
    client.force_login(cast.adam.user)
    assert not client.get("/health/").context["due"], "nothing waits for a decision"
    with clock.at(JUNE):
        incidents.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Odd", classes=["security"]
        )
        for person, address, shown in (
            (cast.mona, "/kpis/", True), (cast.adam, "/health/", True), (cast.bob, "/kpis/", False),
        ):  # fmt: skip
            client.force_login(person.user)
            assert ("judge whether somebody broke in" in client.get(address).content.decode()) is shown, address
