"""Every page, who gets what from it, and the records its address is made of. The tests of pages read this table.

A row says what each person gets: 200 the page, 302 a redirect, 403 a refusal, 404 nothing that is theirs. Rows of
`changes` are addresses that are only posted to; what they get is the answer to an empty form: 302 where that is enough,
422 where the flow misses something in it, 409 where the record is not in a state for it.

Two of them ask for what is not theirs, the records of `World`: `stranger` is a customer of another organisation,
`other_auditor` an auditor who was invited to none of its audits. At the desk there is nobody like that: an installation
has one provider, and each agent, manager and administrator works for all of its customers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.urls import URLPattern, URLResolver

from baken.record.audits import flows as audits
from baken.record.catalogue import flows as catalogue
from baken.record.complaints import flows as complaints
from baken.record.detection import sources
from baken.record.incidents import flows as incidents
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.orgs import files
from baken.record.orgs.models import File, Organisation
from baken.record.people import flows as people
from baken.record.people.access import Role
from baken.record.people.models import IdentityProvider
from baken.record.privacy import flows as privacy
from baken.record.recovery import flows as recovery
from tests.conftest import Cast, Person, another_auditor

STRANGERS = {"stranger": "customer", "other_auditor": "auditor"}
"""Whose role each has, and none of whose records."""
EVERYBODY = ("anonymous", "customer", "agent", "manager", "administrator", "auditor", *STRANGERS)


@dataclass(frozen=True)
class World:
    """The cast with one record of each kind: all of them the customer's, none of them a stranger's."""

    cast: Cast
    other_auditor: Person
    records: Mapping[str, Any]

    def person(self, who: str) -> Person | None:
        """Somebody of the cast by their part; None for nobody."""
        if who == "other_auditor":
            return self.other_auditor
        names = {
            "customer": "alice", "agent": "bob", "manager": "mona", "administrator": "adam", "auditor": "audrey",
            "stranger": "stranger",
        }  # fmt: skip
        return getattr(self.cast, names[who]) if who in names else None


@dataclass(frozen=True)
class Row:
    """One address: which records name it, and the status each person gets.

    shows: it shows the provider's people what a customer wrote or who they are, so a look at it is written down.
    """

    records: tuple[str, ...] = ()
    gets: Mapping[str, int] = field(default_factory=dict)
    changes: bool = False
    shows: bool = False

    def status(self, who: str) -> int:
        """What somebody gets: a stranger what their role does, nobody the way to the sign-in, unless it says so."""
        usual = 302 if who == "anonymous" else self.gets.get(STRANGERS.get(who, who), 403)
        return self.gets.get(who, usual)

    def args(self, world: World) -> list[Any]:
        """The parts of the address."""
        return [world.records[name] for name in self.records]


def row(*records: str, changes: bool = False, shows: bool = False, **gets: int) -> Row:
    """A row; whoever is not named is refused."""
    return Row(records, gets, changes, shows)


def staff(status: int = 200) -> dict[str, int]:
    """Everybody at the desk."""
    return dict.fromkeys(("agent", "manager", "administrator"), status)


def everybody(status: int = 200) -> dict[str, int]:
    """Everybody who is signed in."""
    return {"customer": status, "auditor": status, **staff(status)}


def customer_and_staff(status: int = 200) -> dict[str, int]:
    """A customer and the desk, not the auditor."""
    return {"customer": status, **staff(status)}


BASE: dict[str, Row] = {
    "home": row(**everybody(302) | {"customer": 200}),
    "setup": row(anonymous=404, **everybody(404)),
    "sign-in": row(**everybody(302) | {"anonymous": 200}),
    "sign-in-step": row(**everybody(302)),
    "departure": row("nothing", anonymous=404, **everybody(404)),
    "arrival": row("nothing", anonymous=404, **everybody(404)),
    "sign-out": row(**everybody(302), changes=True),
    "appearance": row(**everybody(302), changes=True),
    "search": row(**everybody(), shows=True),
    "account": row(**everybody()),
    "account-password": row(**everybody()),
    "confirmation": row(**everybody()),
    "security": row(**everybody()),
    "authenticator-new": row(**everybody()),
    "authenticator-removal": row(**everybody(302), changes=True),
    "recovery-codes-new": row(**everybody(302), changes=True),
    "passkey-new": row(**everybody()),
    "passkey-registration": row(**everybody(), changes=True),
    "passkey": row("nothing", **everybody(404)),
    "passkey-removal": row("nothing", **everybody(404), changes=True),
    "passkey-challenge": row(**everybody() | {"anonymous": 200}, changes=True),
    "passkey-answer": row(**everybody(302), changes=True),
    "account-keyboard": row(**everybody()),
    "session-ending": row("nothing", **everybody(404), changes=True),
    "session-endings": row(**everybody(302), changes=True),
    "services": row(**customer_and_staff()),
    "service-new": row(administrator=200),
    "service": row("service", **customer_and_staff(), stranger=404),
    "service-description": row("service", administrator=200),
    "subscription-new": row("service", administrator=200),
    "customer-agreement-new": row("service", "customer", administrator=200),
    "subscription-ending": row("subscription", administrator=200),
    "agreement": row("agreement", **customer_and_staff(), stranger=404),
    "agreement-version": row("agreement", "version", **customer_and_staff(), stranger=404),
    "agreement-version-new": row("agreement", administrator=200),
    "maintenance": row(**customer_and_staff()),
    "maintenance-new": row(administrator=200),
    "maintenance-cancellation": row("maintenance", administrator=302, changes=True),
    "monitors": row(**customer_and_staff()),
    "monitor-new": row(administrator=200),
    "monitor": row("monitor", administrator=200),
    "monitor-ending": row("monitor", administrator=200),
    "locations": row(administrator=200),
    "location-new": row(administrator=200),
    "location-key": row("location", administrator=200),
    "location-revocation": row("location", administrator=200),
    "customers": row(administrator=200),
    "customer-new": row(administrator=200),
    "customer": row("customer", administrator=200, shows=True),
    "customer-name": row("customer", administrator=200),
    "provider-name": row(administrator=200),
    "use-new": row("customer", administrator=200),
    "people": row(administrator=200, shows=True),
    "person-new": row(administrator=200),
    "person": row("person", administrator=200),
    "person-password": row("person", administrator=200),
    "person-factors": row("person", administrator=302, changes=True),
    "person-admission": row("person", administrator=302, changes=True),
    "identity-providers": row(administrator=200, shows=True),
    "identity-provider-new": row(administrator=200),
    "identity-provider": row("identity-provider", administrator=200, shows=True),
    "identity-provider-ending": row("identity-provider", administrator=302, changes=True),
    "tokens": row(administrator=200),
    "token-new": row(administrator=200),
    "token-revocation": row("token", administrator=302, changes=True),
    "looks": row(customer=200, manager=200, administrator=200),
    "looks-file": row(customer=200, manager=200, administrator=200),
    "health": row(administrator=200),
}
WORK = {
    "reply": 422, "note": 422, "call": 422, "assignee": 302, "waiting": 422, "resumption": 409, "resolution": 422,
    "closing": 409, "priority": 422, "classes": 422, "confirmation": 302, "exclusion": 422, "readmission": 422,
    "merger": 422, "outage": 422, "restoration": 422,
}  # fmt: skip
DESK: dict[str, Row] = {
    "incidents": row(**customer_and_staff(), shows=True),
    "incidents-changes": row(**staff()),
    "incident-new": row(**customer_and_staff(), shows=True),
    "incident": row("incident", **customer_and_staff(), stranger=404, shows=True),
    "incident-attachment": row("incident", "attachment", **customer_and_staff(), stranger=404, shows=True),
    "incident-presence": row("incident", **staff(), changes=True),
    "incident-draft": row("incident", "draft", **customer_and_staff(), stranger=404, changes=True),
    "clock": row("incident", "clock", **customer_and_staff(), stranger=404, shows=True),
    "incident-taking": row("incident", **staff(302), changes=True),
    **{f"incident-{name}": row("incident", **staff(status), changes=True) for name, status in WORK.items()},
    **{
        f"incident-{name}": row("incident", **customer_and_staff(422), stranger=404, changes=True)
        for name in ("answer", "reopening", "withdrawal")
    },
    **{
        f"incident-{name}": row("incident", manager=422, changes=True)
        for name in ("consent", "retraction", "break-in", "authority-report")
    },
    "complaints": row(customer=200, manager=200, shows=True),
    "complaint-new": row(customer=200, manager=200, shows=True),
    "complaint": row("complaint", customer=200, manager=200, stranger=404, shows=True),
    "complaint-attachment": row("complaint", "evidence", customer=200, manager=200, stranger=404, shows=True),
    "complaint-answer": row("complaint", customer=422, manager=422, stranger=404, changes=True),
    **{
        f"complaint-{name}": row("complaint", manager=422, changes=True)
        for name in ("acknowledgement", "remark", "decision", "exclusion")
    },
}
KPI: dict[str, Row] = {
    "kpis": row(**customer_and_staff()),
    "kpi": row("kpi", **customer_and_staff()),
    "seal": row(manager=200),
    "seal-classes": row(manager=302, changes=True),
    "improvement": row("kpi", manager=200),
    "reports": row(**customer_and_staff()),
    "report": row("nothing", **customer_and_staff(404)),
    "report-file": row("nothing", **customer_and_staff(404)),
    "status": row(**everybody() | {"anonymous": 200}),
    "outages": row(**customer_and_staff()),
    "uptime": row("service", **customer_and_staff(), stranger=404),
    "audits": row(manager=200, administrator=200, auditor=200),
    "audit-new": row(manager=200),
    "audit": row("audit", manager=200, administrator=200, auditor=200, other_auditor=404),
    "audit-describe": row("audit", manager=200, auditor=200, other_auditor=404),
    "finding-new": row("audit", manager=200, auditor=200, other_auditor=404),
    "audit-report": row("audit", manager=302, administrator=302, auditor=302, other_auditor=404),
    "audit-sign-off": row("audit", manager=422, auditor=422, other_auditor=404, changes=True),
    "audit-invite": row("audit", manager=200),
    "audit-withdrawal": row("audit", manager=200),
    "finding": row("finding", manager=403, auditor=200, other_auditor=404),
    "finding-removal": row("nothing", manager=404, auditor=404, changes=True),
    "finding-close": row("finding", manager=200, auditor=200, other_auditor=404),
    "finding-reopening": row("finding", manager=200, auditor=200, other_auditor=404),
    "drills": row(manager=200, administrator=200),
    "drill-new": row(manager=200, administrator=200),
    "drill-retraction": row("drill", manager=200),
    "reviews": row(manager=200, administrator=200),
    "review-new": row(manager=200, administrator=200),
    "review-retraction": row("review", manager=200),
}
SECURITY: dict[str, Row] = {
    "alerts": row(manager=200, administrator=200),
    "alert-sources": row(administrator=200),
    "alert-source-new": row(administrator=200),
    "alert-source": row("alert_source", administrator=200),
    "honey-tokens": row(administrator=200),
    "honey-new": row(administrator=200),
    "honey-removal": row("nothing", administrator=404, changes=True),
    "shared": row("draft", anonymous=404, **everybody(404)),
}
PRIVACY: dict[str, Row] = {
    "account-export": row(**everybody(200), changes=True),
    "person-export": row("person", administrator=200, changes=True),
    "person-erasure": row("person", administrator=200),
    "customer-export": row("customer", administrator=200, changes=True),
    "customer-erasure": row("customer", administrator=200),
    "erasures": row(administrator=200),
    "erasure": row("erasure", administrator=200),
}
PAGES: dict[str, Row] = {**BASE, **PRIVACY, **DESK, **KPI, **SECURITY}
REFERENCE: dict[str, Row] = {
    **{name: row(anonymous=302, **everybody(302)) for name in ("api", "api:api-root")},
    **{name: row(anonymous=200, **everybody()) for name in ("api-reference", "api:openapi-json")},
    "api-reference-group": row("group", anonymous=200, **everybody()),
    "api-nothing": row("nothing", anonymous=404, **everybody(404)),
}
"""What the API's addresses show beside its operations, in English and with nobody's records. See `api_table`."""


def addresses(resolver: URLResolver, route: str = "", space: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    """Every address: its name, empty when it has none, its route, and its pattern."""
    for entry in resolver.url_patterns:
        whole = f"{route}{entry.pattern}"
        if isinstance(entry, URLPattern):
            yield f"{space}{entry.name}" if entry.name else "", whole, entry
        else:
            yield from addresses(entry, whole, f"{space}{entry.namespace}:" if entry.namespace else space)


def is_operation(address: URLPattern) -> bool:
    """Whether the API answers there by one of its operations, and not by a view of its own."""
    return address.lookup_str.startswith("ninja.operation.PathView.")


def sent(customer: Organisation) -> File:
    """A file that has arrived."""
    return files.receive(customer, name="screen.txt", content=b"Nothing opens at all", at=clock.now())


def make_world(cast: Cast) -> World:
    """Records of every kind, of the customer of the cast."""
    tests, service, customer = cast.program, cast.service, cast.customer
    now = clock.now()
    incident = incidents.report(
        tests, organisation=customer, service=service, subject="Nothing opens", body="Since this morning.",
        reporter=cast.alice.user, files=[sent(customer)],
    )  # fmt: skip
    complaint = complaints.lodge(
        cast.alice.caller, organisation=customer, service=service, subject="No answer", body="Still none.",
        files=[sent(customer)],
    )  # fmt: skip
    audit = audits.open_audit(
        cast.mona.caller, provider=cast.provider, auditor="Audit & Sons", services=[service], invited=cast.audrey.user,
        period_from=date(2026, 1, 1), period_to=date(2026, 6, 30),
    )  # fmt: skip
    finding = audits.add_finding(cast.audrey.caller, audit.number, title="Old TLS", severity="high")
    drill = recovery.record(tests, service=service, finished=now, outcome="passed")
    review = audits.record_review(tests, service=service, began=now - timedelta(days=1), ended=now)
    monitor = monitors.add_monitor(tests, service=service, name="front page", url="https://service.example/")
    location = monitors.add_location(
        tests, provider=cast.provider, code="ams-1", name="Amsterdam", public_key="0" * 43 + "="
    )
    token, _ = people.add_token(
        tests, organisation=cast.provider, name="script", role=Role.AGENT, scopes=["incidents:read"]
    )
    work = catalogue.announce_maintenance(
        tests, service=service, starts=now + timedelta(days=20), ends=now + timedelta(days=20, hours=2)
    )
    house = IdentityProvider.objects.create(
        organisation=cast.customer, name="Waterschap", issuer="https://id.customer.example", client_id="baken",
        domains="customer.example", created_at=now,
    )  # fmt: skip
    alert_source = sources.add_source(tests, code="ids-1", tool="generic", service=service)
    gone = people.add_user(
        tests, organisation=cast.customer, email="gone@customer.example", name="Gone", roles=[Role.CUSTOMER]
    )
    erasure = privacy.erase_person(tests, gone.id, confirmation="gone@customer.example")
    return World(
        cast,
        another_auditor(cast),
        {
            "erasure": erasure.number,
            "attachment": incident.messages.get().attachments.get().id,
            "evidence": complaint.remarks.get().attachments.get().id,
            "alert_source": alert_source.code,
            "identity-provider": house.id,
            "incident": incident.number, "complaint": complaint.number, "audit": audit.number,
            "finding": finding.id, "drill": drill.id, "review": review.id,
            "monitor": monitor.id, "location": location.code, "token": token.id, "maintenance": work.id,
            "service": service.code, "customer": customer.code, "person": cast.bob.user.id,
            "agreement": service.agreements.get(base=True).id,
            "subscription": service.subscriptions.get(organisation=customer).id,
            "version": 1, "clock": "response", "draft": "reply", "kpi": "C1",
            "nothing": "00000000-0000-7000-8000-000000000000", "group": "incidents",
        },
    )  # fmt: skip
