"""What the provider does to keep its promises: audits, restore drills, security reviews, maintenance, agreements."""

from datetime import date, timedelta

from baken.domain.instants import DAY, HOUR, to_datetime
from baken.record.audits import flows as audits
from baken.record.audits import reads, signing
from baken.record.audits.models import Audit
from baken.record.catalogue import flows as catalogue
from baken.record.ledger import clock
from baken.record.orgs import files
from baken.record.orgs.models import File
from baken.record.people.access import Role
from baken.record.recovery import flows as recovery
from baken.run.demonstration.stage import Script, Stage, Year, days_later
from baken.run.demonstration.world import World, documents, stricter

AMSTERDAM, LONDON, NEW_YORK = "Europe/Amsterdam", "Europe/London", "America/New_York"
ZONES = {"documents": AMSTERDAM, "payroll": LONDON, "sensors": NEW_YORK}
NO_DRILL, FAILED_DRILL = ("documents", 5), ("payroll", 7)
NO_REVIEW = {("payroll", 4), ("sensors", 10)}
REPORT = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R
  /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >> endobj
4 0 obj << /Length 79 >> stream
BT /F1 18 Tf 72 760 Td (Noordlicht Assurance: security audit, made up) Tj ET
endstream endobj
trailer << /Root 1 0 R >>
%%EOF
"""
FINDINGS = {
    "Two administrators share one account": ("high", "Arjan Postma", 30),
    "Old cipher suites on the upload address": ("medium", "Deepak Rao", 60),
    "Leavers keep access for up to a week": ("medium", "Mirjam de Wit", 60),
    "No date on three procedures": ("low", "Sanne Kuipers", 120),
}
MAINTENANCE = (
    ("documents", 2, 8, "Vervangen van een opslagkast."),
    ("documents", 5, 8, "Nieuwe versie van de zoekindex."),
    ("documents", 6, 1, "Dringende beveiligingsupdate."),
    ("documents", 8, 9, "Uitbreiding van de database."),
    ("sensors", 3, 7, "Replacement of a core switch."),
    ("payroll", 9, 7, "Year-end preparation."),
)
"""Service, month, days of notice, and why. Always on the second Sunday, from two to three at night."""


def add_all(stage: Stage, world: World, year: Year) -> None:
    """Everything of this kind that lies in the year."""
    last = year.months[-1]
    stage.add(_audit(world, year, ("documents", "payroll"), (1, 5), (2, 3), 78))
    stage.add(_audit(world, year, ("sensors",), (4, 8), (5, 9), 81))
    stage.add(_audit(world, year, ("documents", "payroll"), (9, 1), (10, 12), 64))
    stage.add(_audit(world, year, ("sensors",), (last, 1), None, 0))
    for month in year.months:
        for service in world.services:
            stage.add(_drill(world, year, service, month))
            stage.add(_review(world, year, service, month))
    for service, month, notice, reason in MAINTENANCE:
        stage.add(_maintenance(world, year, service, month, notice, reason))
    stage.add(_maintenance_ahead(world, year))
    stage.add(_new_version(world, year))


def window(year: Year, service: str, month: int) -> tuple[int, int]:
    """When maintenance of a month is planned, in microseconds."""
    starts = year.on(month, 6, 2, "02:00", ZONES[service])
    return starts, starts + HOUR


def _audit(
    world: World, year: Year, services: tuple[str, ...], opened: tuple[int, int], signed: tuple[int, int] | None,
    grade: int,
) -> Script:  # fmt: skip
    if opened[0] not in year.months:
        return
    yield year.at(*opened, "10:00", AMSTERDAM)
    auditor = world.staff[Role.AUDITOR][0]
    audit = audits.open_audit(
        world.manager, provider=world.provider, services=[world.services[code] for code in services],
        invited=auditor.user, auditor="Noordlicht Assurance B.V.", period_from=year.days[opened[0]] - timedelta(180),
        period_to=year.days[opened[0]] - timedelta(1), next_due=year.days[opened[0]] + timedelta(200),
    )  # fmt: skip
    if signed is None or signed[0] not in year.months:
        return
    yield year.at(*signed, "09:10", AMSTERDAM)
    _describe(world, audit)
    for title, (severity, owner, days) in list(FINDINGS.items())[: 4 if grade < 70 else 2 if grade < 80 else 1]:
        deadline = year.days[signed[0]] + timedelta(days)
        audits.add_finding(auditor.caller, audit.number, title=title, severity=severity, owner=owner, deadline=deadline)
    yield year.at(*signed, "16:40", AMSTERDAM)
    read = reads.audit(auditor.caller, audit.number)
    signing.sign_off(auditor.caller, audit.number, grade=grade, version=reads.version(read))
    yield days_later(year.at(*signed, "11:00", AMSTERDAM), 41)
    for finding in audit.findings.filter(severity__in=["high", "low"]):
        audits.close_finding(
            world.manager, finding.id, evidence="Checked again on the servers; the change is on record."
        )


def _describe(world: World, audit: Audit) -> None:
    auditor = world.staff[Role.AUDITOR][0].caller
    audits.describe(
        auditor, audit.number, accreditation="Accreditation L-204 for information security audits",
        independence="The auditor advises neither the provider nor its customers, and is paid a fixed sum.",
        scope="Access, change, backup and incident handling of the services named, and the data centres they run in.",
        method="Interviews, sampling of 40 changes and 25 leavers, a penetration test of the public addresses.",
    )  # fmt: skip
    name = f"audit-{audit.number}.pdf"
    report = files.receive(audit.organisation, name=name, content=REPORT, at=clock.now(), kind=File.Kind.REPORT)
    audits.attach_report(auditor, audit.number, file=report)


def _drill(world: World, year: Year, service: str, month: int) -> Script:
    if (service, month) == NO_DRILL:
        return
    day = 12 if month == 0 else 6
    at = year.at(month, day, "04:30", ZONES[service])
    yield at
    failed = (service, month) == FAILED_DRILL
    recovery.record(
        world.manager, service=world.services[service], finished=to_datetime(at),
        outcome="failed" if failed else "passed",
        remarks="The archive of the night before could not be read." if failed else "Restored, checksums compared.",
    )  # fmt: skip
    if failed:
        yield at + DAY
        recovery.record(
            world.manager, service=world.services[service], finished=to_datetime(at + DAY), outcome="passed",
            remarks="Restored from the second archive.",
        )  # fmt: skip


def _review(world: World, year: Year, service: str, month: int) -> Script:
    if (service, month) in NO_REVIEW:
        return
    period = year.period(month, ZONES[service])
    yield days_later(period.end, 1) + 10 * HOUR
    audits.record_review(
        world.manager, service=world.services[service], began=to_datetime(period.start),
        ended=to_datetime(period.end), remarks="Sign-ins, changes of rights and unknown addresses looked at.",
    )  # fmt: skip


def _maintenance(world: World, year: Year, service: str, month: int, notice: int, reason: str) -> Script:
    if month not in year.months:
        return
    starts, ends = window(year, service, month)
    yield starts - notice * DAY
    catalogue.announce_maintenance(
        world.administrator, service=world.services[service], starts=to_datetime(starts),
        ends=to_datetime(ends), reason=reason,
    )  # fmt: skip


def _maintenance_ahead(world: World, year: Year) -> Script:
    """Planned when the demonstration is made."""
    yield year.end - 2 * DAY
    sunday = to_datetime(year.end).date() + timedelta(13 - to_datetime(year.end).weekday())
    month = Year((date(sunday.year, sunday.month, 1),), 0, 0)
    starts = to_datetime(month.at(0, sunday.day, "02:00", AMSTERDAM))
    catalogue.announce_maintenance(
        world.administrator, service=world.services["documents"], starts=starts,
        ends=starts + timedelta(hours=1), reason="Vervangen van netwerkapparatuur.",
    )  # fmt: skip


def _new_version(world: World, year: Year) -> Script:
    """The agreement about documents changes from the seventh month on."""
    if 7 not in year.months:
        return
    yield year.at(5, 20, "15:00", AMSTERDAM)
    catalogue.agree(
        world.administrator, service=world.services["documents"], organisation=None,
        terms=stricter(documents()), valid_from=to_datetime(year.period(7, AMSTERDAM).start),
    )  # fmt: skip
