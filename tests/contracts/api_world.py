"""One record of every kind, of the customer of the cast, for asking the whole API."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from baken.domain.facts import Origin, Outcome, Waiting
from baken.domain.instants import to_us
from baken.record.audits import flows as audits
from baken.record.audits import reads as audit_reads
from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.models import Subscription
from baken.record.complaints import flows as complaints
from baken.record.detection import sources
from baken.record.incidents import flows as incidents
from baken.record.incidents import reads
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.orgs import files
from baken.record.orgs.models import File, Organisation
from baken.record.people import flows as people
from baken.record.people.access import Role
from baken.record.privacy import flows as privacy
from baken.record.recovery import flows as recovery
from baken.record.reports import flows as reports
from baken.record.reports import reads as kpis
from baken.record.reports.scopes import Scope
from tests.conftest import Cast

KEY = "0" * 43 + "="


def make_world(cast: Cast) -> dict[str, str]:
    """What paths and bodies name: number of an incident, code of a service, id of a monitor, and so on."""
    return {
        **_incidents(cast),
        **_catalogue(cast),
        **_monitors(cast),
        **_audit(cast),
        "alert_source": sources.add_source(cast.program, code="ids-1", tool="generic", service=cast.service).code,
        **_erased(cast),
        **_complaint(cast),
        "report": _report(cast),
        "name": "response",
        "kpi": "C1",
        "seq": "2",
    }


def _incidents(cast: Cast) -> dict[str, str]:
    def report(owner: Organisation = cast.customer, origin: Origin = Origin.API, *more: str) -> int:
        classes = ["availability", "integrity", *more]
        return incidents.report(
            cast.program, organisation=owner, service=cast.service, subject="Down", classes=classes, origin=origin
        ).number

    number = report(cast.customer, Origin.API, "security")
    waiting, resolved, left_out = report(), report(), report()
    incidents.wait(cast.bob.caller, waiting, on=Waiting.SUPPLIER, question="A disk.")
    incidents.resolve(cast.bob.caller, resolved, body="It works.")
    incidents.leave_out(cast.bob.caller, left_out, outcome=Outcome.TEST, reason="A drill.")
    incidents.answer(cast.alice.caller, number, body="Look.", files=[_sent(cast)])
    file = reads.attachments(cast.alice.caller, reads.incident(cast.alice.caller, number)).get()
    return {
        "number": str(number), "attachment": str(file.id),
        "waiting": str(waiting), "resolved": str(resolved), "left_out": str(left_out),
        "outage": str(report(cast.provider, Origin.MONITOR)),
    }  # fmt: skip


def _erased(cast: Cast) -> dict[str, str]:
    """A customer with two people, of whom one was erased."""
    empty = catalogue.add_organisation(
        cast.program, code="empty", name="Empty", kind="customer", language="en", zone="UTC"
    )

    def person(name: str) -> UUID:
        email = f"{name}@empty.example"
        added = people.add_user(cast.program, organisation=empty, email=email, name=name, roles=[Role.CUSTOMER])
        return added.id

    erased = privacy.erase_person(cast.program, person("went"), confirmation="went@empty.example")
    return {"empty": "empty", "somebody": str(person("gone")), "erasure": str(erased.number)}


def _complaint(cast: Cast) -> dict[str, str]:
    lodged = complaints.lodge(
        cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Slow", body="Too slow.",
        files=[_sent(cast)],
    )  # fmt: skip
    return {"complaint": str(lodged.number), "evidence": str(lodged.remarks.get().attachments.get().id)}


def _sent(cast: Cast) -> File:
    return files.receive(cast.customer, name="screen.txt", content=b"Nothing opens at all", at=clock.now())


def _catalogue(cast: Cast) -> dict[str, str]:
    work = catalogue.announce_maintenance(
        cast.program, service=cast.service, starts=clock.now(), ends=clock.now() + timedelta(hours=1)
    )
    held = Subscription.objects.get(organisation=cast.customer)
    return {"service": "cloud", "customer": "customer", "maintenance": str(work.id), "subscription": str(held.id)}


def _monitors(cast: Cast) -> dict[str, str]:
    monitors.add_location(cast.program, provider=cast.provider, code="ams-1", name="Amsterdam", public_key=KEY)
    monitor = monitors.add_monitor(cast.program, service=cast.service, name="Front", url="https://cloud.example/")
    return {"location": "ams-1", "monitor": str(monitor.id)}


def _audit(cast: Cast) -> dict[str, str]:
    day = clock.now().date()
    audit = audits.open_audit(
        cast.mona.caller, provider=cast.provider, services=[cast.service], invited=cast.audrey.user,
        period_from=day, period_to=day,
        **dict.fromkeys(("auditor", "accreditation", "independence", "scope", "method"), "As agreed."),
    )  # fmt: skip
    report = files.receive(cast.provider, name="report.pdf", content=b"%PDF-1.7", at=clock.now(), kind="report")
    audits.attach_report(cast.audrey.caller, audit.number, file=report)
    finding = audits.add_finding(cast.audrey.caller, audit.number, title="Old TLS", severity="high")
    closed = audits.add_finding(cast.audrey.caller, audit.number, title="No locks", severity="low")
    audits.close_finding(cast.mona.caller, closed.id, evidence="There are locks.")
    other = people.add_user(
        cast.program, organisation=cast.provider, email="other@auditor.example", name="Other", roles=[Role.AUDITOR]
    )
    now = clock.now()
    review = audits.record_review(cast.program, service=cast.service, began=now - timedelta(days=1), ended=now)
    drill = recovery.record(cast.program, service=cast.service, finished=now, outcome="passed")
    audit.refresh_from_db()
    return {
        "audit": str(audit.number), "version": audit_reads.version(audit), "finding": str(finding.id),
        "closed": str(closed.id), "auditor": str(other.id), "review": str(review.id), "drill": str(drill.id),
    }  # fmt: skip


def _report(cast: Cast) -> str:
    """The report of February, sealed; that of March needs no more than the seal."""
    _improve(cast, _scope(cast, cast.customer, 3))
    february = _scope(cast, None, 2)
    _improve(cast, february)
    return str(reports.seal(cast.mona.caller, february).id)


def _scope(cast: Cast, customer: Organisation | None, month: int) -> Scope:
    first, last = (datetime(2026, n, 1, tzinfo=UTC).date() for n in (month, month + 1))
    return kpis.scope(
        cast.mona.caller, service=cast.service, customer=customer, date_from=first, date_to=last,
        as_of=to_us(clock.now()),
    )  # fmt: skip


def _improve(cast: Cast, scope: Scope) -> None:
    for code, kpi in kpis.report(cast.mona.caller, scope).kpis.items():
        if kpi.status in ("missed", "not_proven"):
            due = clock.now().date()
            reports.improve(cast.mona.caller, scope, code, cause="?", action="!", owner="Us", due=due)
