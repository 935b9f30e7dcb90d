"""The control room and what lies behind it, in a browser: from a number to a fact, to a seal, to a grade."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from baken.domain.instants import to_datetime
from baken.domain.periods import Period, PeriodKind, previous_periods
from baken.record.audits import flows as audits
from baken.record.incidents import flows as incidents
from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.reports.models import Snapshot
from baken.record.reports.status import for_everybody
from tests.browser.conftest import Visit, sideways
from tests.conftest import Cast
from tests.flows import following
from tests.flows.measuring import monitored, place, see

Barriers = Callable[[Page], list[str]]


@pytest.fixture
def month(cast: Cast, now: datetime) -> Period:
    """The last closed month: an incident answered in time, one late, and every day of it reviewed."""
    last = previous_periods("Europe/Amsterdam", PeriodKind.MONTH, now.date(), 1)[0]
    start = to_datetime(last.start)
    monday = start + timedelta(days=(7 - start.weekday()) % 7, hours=10)
    for subject, answered in (("Upload hangs", 1), ("Folder is empty", 6)):
        with clock.at(monday):
            incident = incidents.report(
                cast.alice.caller, organisation=cast.customer, service=cast.service, subject=subject,
                classes=["availability"],
            )  # fmt: skip
        with clock.at(monday + timedelta(hours=answered)):
            incidents.reply(cast.bob.caller, incident.number, body="We look at it.")
            incidents.resolve(cast.bob.caller, incident.number, body="It works again.")
            if answered == 1:
                incidents.confirm_classes(cast.bob.caller, incident.number)
    audits.record_review(cast.mona.caller, service=cast.service, began=start, ended=to_datetime(last.end))
    following.to_the_end()
    return last


def test_from_a_number_to_the_fact_behind_it(cast: Cast, visit: Visit, month: Period, barriers: Barriers) -> None:
    page = visit(cast.mona, "/kpis/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Control room")
    expect(page.locator(".factor")).to_have_count(7)
    expect(page.locator("tr[data-row]")).to_have_count(14)
    row = page.locator("#D1")
    expect(row).to_contain_text("missed")
    expect(row).to_contain_text("1 over the target.")
    expect(row.locator(".value")).to_have_text("1 of 2")
    expect(page.locator(".sums")).to_contain_text("Received")
    assert barriers(page) == []

    page.get_by_label("Customer").select_option("stranger")
    page.get_by_role("button", name="Show").click()
    assert "customer=stranger" in page.url
    expect(page.locator("#D1 .value")).to_have_text("0 of 0")
    page.get_by_label("Customer").select_option("customer")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="The period after").click()
    expect(page.locator(".period")).to_contain_text("open period")
    expect(page.get_by_role("link", name="The period after")).to_have_count(0)
    page.get_by_role("link", name="The period before").click()
    page.get_by_role("link", name="Quarter").click()
    expect(page.locator(".period strong")).to_contain_text("Q")
    page.go_back()

    page.locator("#D1").get_by_role("link", name="1 incident").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("D1 Not responded to in time")
    expect(page.locator("#records tbody tr")).to_have_count(1)
    expect(page.locator("#records")).to_contain_text("1 of the 2 clocks that came to a verdict in the period")
    expect(page.locator("#records tfoot")).to_contain_text("1 incident")
    assert barriers(page) == []
    page.get_by_role("link", name="explain").click()
    assert page.url.endswith("/response/")
    expect(page.locator("main")).to_contain_text("Folder is empty")
    page.go_back()
    page.locator("#records").get_by_role("link", name="Folder is empty").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Folder is empty")


def test_the_times_to_resolve_add_up_on_a_phone_without_script(cast: Cast, visit: Visit, month: Period) -> None:
    page = visit(cast.alice, "/kpis/C6/", width=390, java_script_enabled=False)
    expect(page.locator(".verdict").first).to_contain_text("3 h 30 m")
    rows = page.locator("#records tbody [data-label='Time to resolve']").all_inner_texts()
    assert [text.split() for text in rows] == [["1", "h", "00", "m", "00", "s"], ["6", "h", "00", "m", "00", "s"]]
    expect(page.locator("#records tfoot")).to_contain_text("7 h 00 m 00 s")
    expect(page.locator("#records .small-figures b")).to_have_text("3 h 30 m 00 s")
    assert sideways(visit(cast.alice, "/kpis/", width=320, dark=True)) == 0


def test_sealing_a_month(cast: Cast, visit: Visit, month: Period, barriers: Barriers, tmp_path: Path) -> None:
    page = visit(cast.mona, "/kpis/")
    page.get_by_role("link", name="Seal this period").click()
    expect(page.get_by_role("button", name="Seal this report")).to_have_count(0)
    assert barriers(page) == []
    page.get_by_label("The classes of #").check()
    page.get_by_role("button", name="Confirm the selected").click()
    expect(page.locator(".flash")).to_contain_text("The classes of 1 incident are confirmed.")
    wanted = page.get_by_role("link", name="Write down")
    while wanted.count():
        wanted.first.click()
        if not page.get_by_label("Owner").input_value() and "D1" in page.url:
            page.get_by_label("Cause").fill("Nobody was there.")
            page.get_by_role("button", name="Save").click()
            expect(page.locator("#problems")).to_contain_text("Owner")
            expect(page.get_by_label("Cause")).to_have_value("Nobody was there.")
        for label, text in (("Cause", "A gap in the rota."), ("Action", "A second shift."), ("Owner", "Mona")):
            page.get_by_label(label).fill(text)
        page.get_by_label("Done by").fill("2030-01-01")
        page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Seal this report").click()
    expect(page.locator(".flash")).to_contain_text("The report is sealed.")
    snapshot = Snapshot.objects.get()
    expect(page.locator(".digest")).to_have_text(snapshot.digest)
    assert barriers(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "report.json")
    assert hashlib.sha256((tmp_path / "report.json").read_bytes()).hexdigest() == snapshot.digest

    incidents.change_priority(
        cast.bob.caller, _reopened(cast).number, impact=1, urgency=1, reason="All of them are gone."
    )
    page.reload()
    expect(page.locator("#C4")).to_contain_text("2")
    expect(page.locator("#C4")).to_contain_text("now 1")
    expect(page.locator("#C3")).to_contain_text("now 1")
    page.get_by_role("link", name="As it is now").click()
    expect(page.locator("#C3 .value")).to_have_text("1")
    page.get_by_role("link", name="Sealed report").click()
    assert str(snapshot.id) in page.url


def _reopened(cast: Cast) -> Incident:
    incident = next(row for row in Incident.objects.all() if row.subject == "Upload hangs")
    return incidents.reopen(cast.bob.caller, incident.number, reason="It hangs again.")


def test_an_audit_from_the_invitation_to_the_grade(
    cast: Cast, visit: Visit, barriers: Barriers, tmp_path: Path
) -> None:
    manager = visit(cast.mona, "/audits/")
    manager.get_by_role("link", name="Open an audit").first.click()
    manager.get_by_label("Cloud").check()
    manager.get_by_label("Auditor").select_option(label="Audrey <audrey@auditor.example>")
    manager.get_by_label("Audited period, from").fill("2026-01-01")
    manager.get_by_label("Audited period, up to and including").fill("2025-01-01")
    manager.get_by_role("button", name="Open the audit").click()
    expect(manager.get_by_label("Cloud")).to_be_checked()
    manager.get_by_label("Audited period, up to and including").fill("2026-06-30")
    assert barriers(manager) == []
    manager.get_by_role("button", name="Open the audit").click()
    expect(manager.locator("#sign-off")).to_contain_text("nobody grades their own service")

    auditor = visit(cast.audrey, "/incidents/", width=390)
    expect(auditor.locator("main")).not_to_contain_text("Queue")
    auditor.goto("/")
    expect(auditor).to_have_url(re.compile(r"/audits/$"))
    links = [link.get_attribute("href") for link in auditor.locator("nav[aria-label='Main'] a").all()]
    assert [link for link in links if link not in ("/audits/", "/status/")] == [], "the audits, and nothing else"
    auditor.get_by_role("link", name="Audit ").first.click()
    assert barriers(auditor) == []
    auditor.get_by_role("link", name="Describe the audit").first.click()
    for label in ("Auditor", "Accreditation", "Independence", "Scope", "Method"):
        auditor.get_by_label(label, exact=True).fill(f"{label} of this audit")
    auditor.get_by_role("button", name="Save").click()
    auditor.get_by_role("link", name="Add a finding").click()
    auditor.get_by_label("Finding").fill("Old TLS versions")
    auditor.get_by_label("Severity").select_option("high")
    auditor.get_by_role("button", name="Add").click()
    report = tmp_path / "signed report.pdf"
    report.write_bytes(b"%PDF-1.7 signed")
    auditor.get_by_label("Signed report").set_input_files(report)
    auditor.get_by_role("button", name="Attach the report").click()
    assert sideways(auditor) == 0
    auditor.get_by_label("Grade").fill("11")
    auditor.get_by_label("I know that nothing").check()
    auditor.get_by_role("button", name="Sign off").click()
    expect(auditor.locator("#problems")).to_be_visible()
    auditor.get_by_label("Grade").fill("7.8")
    auditor.get_by_label("I know that nothing").check()
    auditor.get_by_role("button", name="Sign off").click()
    expect(auditor.locator(".verdict")).to_contain_text("7.8")
    expect(auditor.locator(".digest")).to_contain_text(hashlib.sha256(b"%PDF-1.7 signed").hexdigest())
    expect(auditor.locator("#sign-off")).to_have_count(0)

    manager.reload()
    with manager.expect_download() as download:
        manager.get_by_role("link", name="Download the report").click()
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.7 signed"
    assert download.value.suggested_filename == "signed report.pdf"
    manager.get_by_role("link", name="Close Old TLS versions").click()
    manager.get_by_role("button", name="Close the finding").click()
    expect(manager.locator("#problems")).to_be_visible()
    manager.get_by_label("What shows that it is solved?").fill("Change 118, scanned again by Bob.")
    assert barriers(manager) == []
    manager.get_by_role("button", name="Close the finding").click()
    expect(manager.locator("main")).to_contain_text("closed")
    auditor.reload()
    auditor.get_by_text("evidence", exact=True).click()
    expect(auditor.locator("main")).to_contain_text("scanned again by Bob")
    manager.goto("/kpis/C9/?service=cloud&from=2026-01-01&to=2029-01-01")
    expect(manager.locator(".verdict").first).to_contain_text("7.8")


def test_whether_the_services_work_for_everybody_to_see(
    cast: Cast, visit: Visit, now: datetime, barriers: Barriers
) -> None:
    began = now.replace(microsecond=0) - timedelta(minutes=40)
    monitor = monitored(cast.service, began - timedelta(minutes=1))
    location = place(cast.service, "ams-1", began)
    see(location, monitor, began, began + timedelta(minutes=30), down=[(600, 900)])
    page = visit(None, "/status/", timezone_id="Pacific/Auckland", dark=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("It is not known whether Cloud works.")
    see(location, monitor, began + timedelta(minutes=30), now.replace(microsecond=0))
    for_everybody.forget()
    page.goto("/status/?again")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cloud works.")
    expect(page.locator("main")).to_contain_text("Times are in Pacific/Auckland")
    expect(page.locator("svg.bars path.hatch")).to_have_count(1)
    assert "Customer" not in page.content()
    page.get_by_text("1 outage in ninety days").click()
    expect(page.locator("details")).to_contain_text("5 m")
    assert barriers(page) == []

    see(location, monitor, now.replace(microsecond=0), datetime.now(UTC))
    monitors.revoke_location(cast.adam.caller, "ams-1")
    mona = visit(cast.mona, "/uptime/cloud/", width=390)
    expect(mona.get_by_role("heading", level=1)).to_have_text("Cloud works.")
    expect(mona.locator("main")).to_contain_text("front page")
    expect(mona.locator("main")).to_contain_text("timeout")
    assert sideways(mona) == 0
    assert barriers(mona) == []
    stranger = visit(cast.stranger, "/uptime/")
    expect(stranger.locator("main")).to_contain_text("Nothing is measured yet")
