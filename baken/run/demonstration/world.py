"""Who and what there is in the demonstration: a provider with three services, five customers and their people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from baken.domain.agreements import Basis, MaintenanceTerms, ResponseCounts, Target, Terms, default_terms
from baken.domain.calendars import CalendarRule
from baken.domain.facts import Priority
from baken.domain.instants import DAY, HOUR, MINUTE
from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.models import Service
from baken.record.orgs.models import Organisation
from baken.record.people import flows as people
from baken.record.people.access import Caller, Role, program
from baken.record.people.models import User
from baken.record.people.reads import caller_of
from baken.run.demonstration import passwords

DEMONSTRATION = program("demonstration")
PROVIDER = "wolkenhuis"

STAFF = (
    ("manager@wolkenhuis.example", "Mirjam de Wit", Role.MANAGER),
    ("administrator@wolkenhuis.example", "Arjan Postma", Role.ADMINISTRATOR),
    ("agent@wolkenhuis.example", "Anouk Visser", Role.AGENT),
    ("bas@wolkenhuis.example", "Bas Hendriks", Role.AGENT),
    ("carmen@wolkenhuis.example", "Carmen Ortiz", Role.AGENT),
    ("deepak@wolkenhuis.example", "Deepak Rao", Role.AGENT),
    ("sanne@wolkenhuis.example", "Sanne Kuipers", Role.AGENT),
    ("auditor@noordlicht.example", "Ingrid Sørensen", Role.AUDITOR),
)
CUSTOMERS: Mapping[str, tuple[str, str, str, tuple[tuple[str, str], ...]]] = {
    "veldrade": ("Gemeente Veldrade", "Europe/Amsterdam", "nl", (
        ("customer@veldrade.example", "Joost Bakker"), ("wil@veldrade.example", "Wil van den Berg"),
        ("fatima@veldrade.example", "Fatima el Amrani"),
    )),
    "lindehof": ("Zorggroep Lindehof", "Europe/Amsterdam", "nl", (
        ("karin@lindehof.example", "Karin Smit"), ("piet@lindehof.example", "Piet Veenstra"),
    )),
    "van-dalen": ("Bakkerij Van Dalen & Zonen", "Europe/Amsterdam", "nl", (
        ("henk@vandalen.example", "Henk van Dalen"),
    )),
    "harbour-pike": ("Harbour & Pike Ltd", "Europe/London", "en", (
        ("priya@harbourpike.example", "Priya Shah"), ("owen@harbourpike.example", "Owen Lloyd"),
    )),
    "ironwood": ("Ironwood Logistics Inc.", "America/New_York", "en", (
        ("maria@ironwood.example", "Maria Lopez"), ("dwayne@ironwood.example", "Dwayne Carter"),
    )),
}  # fmt: skip
USES = {
    "documents": {"veldrade": 5, "lindehof": 3, "van-dalen": 1},
    "payroll": {"harbour-pike": 3, "lindehof": 1},
    "sensors": {"ironwood": 1},
}
"""Which customers use a service, and how much of its incidents they report."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes: a user, and the language they write in."""

    user: User
    language: str

    @property
    def first_name(self) -> str:
        """What they sign with."""
        return self.user.name.split()[0]

    @property
    def caller(self) -> Caller:
        """Who they are to a flow."""
        return caller_of(self.user)


@dataclass(frozen=True, slots=True)
class World:
    """Everything there is before anything happens."""

    provider: Organisation
    services: Mapping[str, Service]
    customers: Mapping[str, Organisation]
    contacts: Mapping[UUID, Sequence[Person]]
    staff: Mapping[Role, Sequence[Person]]

    def uses(self, service: str) -> Sequence[str]:
        """The codes of the customers that use a service."""
        return list(USES[service])

    @property
    def manager(self) -> Caller:
        """The service manager."""
        return self.staff[Role.MANAGER][0].caller

    @property
    def administrator(self) -> Caller:
        """The administrator."""
        return self.staff[Role.ADMINISTRATOR][0].caller


def make(began: datetime) -> World:
    """The provider, its people and its services, whose agreements and intake begin at `began`; now, for its facts."""
    provider = _organisation(PROVIDER, "Wolkenhuis", "provider", "Europe/Amsterdam", "nl")
    services = {code: _service(provider, code, began) for code in USES}
    customers = {code: _organisation(code, name, "customer", *rest) for code, (name, *rest, _) in CUSTOMERS.items()}
    for code, shares in USES.items():
        for customer in shares:
            catalogue.subscribe(DEMONSTRATION, service=services[code], organisation=customers[customer], since=began)
    catalogue.agree(
        DEMONSTRATION, service=services["documents"], organisation=customers["lindehof"],
        terms=_lindehof(), valid_from=began,
    )  # fmt: skip
    staff: dict[Role, list[Person]] = {}
    for email, name, role in STAFF:
        staff.setdefault(role, []).append(_person(provider, email, name, role))
    contacts = {
        customers[code].id: [_person(customers[code], email, name, Role.CUSTOMER) for email, name in people]
        for code, (_, _, _, people) in CUSTOMERS.items()
    }
    User.objects.filter(memberships__organisation__demonstration=True).update(password=passwords.given())
    return World(provider, services, customers, contacts, staff)


def _organisation(code: str, name: str, kind: str, zone: str, language: str) -> Organisation:
    return catalogue.add_organisation(
        DEMONSTRATION, code=code, name=name, kind=kind, language=language, zone=zone, demonstration=True
    )


def _person(organisation: Organisation, email: str, name: str, role: Role) -> Person:
    user = people.add_user(DEMONSTRATION, organisation=organisation, email=email, name=name, roles=[role])
    return Person(user, organisation.language)


def _service(provider: Organisation, code: str, began: datetime) -> Service:
    name, description, terms = {
        "documents": ("Documenten", "Bestanden delen, zoeken en bewaren.", documents()),
        "payroll": ("Payroll", "Salaries, payslips and timesheets.", payroll()),
        "sensors": ("Sensor Cloud", "Readings of cold stores and trucks, around the clock.", sensors()),
    }[code]
    return catalogue.add_service(
        DEMONSTRATION, provider=provider, code=code, name=name, description=description, terms=terms, valid_from=began
    )


def documents() -> Terms:
    """Dutch office hours, high priority around the clock, peak hours from nine to five."""
    return _with_targets(default_terms("Europe/Amsterdam", "NL"), C3=3, C4=28, C5=24, C6=52 * 3600, D1=2, D3=2)


def payroll() -> Terms:
    """Long British days; taking an incident on is the response."""
    plain = default_terms("Europe/London", "GB")
    days = CalendarRule.weekly("Europe/London", opens="07:00", closes="19:00", holidays="GB")
    hours = {Priority.HIGH: plain.service_hours[Priority.HIGH], Priority.MEDIUM: days, Priority.LOW: days}
    terms = replace(plain, service_hours=hours, response_counts=ResponseCounts.PICKUP)
    return _with_targets(terms, C3=2, C4=14, C5=12, C6=38 * 3600, D1=1, D3=1)


def sensors() -> Terms:
    """Around the clock, and every target in elapsed time."""
    always = CalendarRule.always("America/New_York")
    targets = {
        Priority.HIGH: Target(30 * MINUTE, 4 * HOUR, Basis.ELAPSED),
        Priority.MEDIUM: Target(2 * HOUR, 12 * HOUR, Basis.ELAPSED),
        Priority.LOW: Target(8 * HOUR, 48 * HOUR, Basis.ELAPSED),
    }
    plain = default_terms("America/New_York", "US")
    terms = replace(plain, service_hours=dict.fromkeys(Priority, always), targets=targets)
    return _with_targets(terms, C3=2, C4=20, C5=16, C6=15 * 3600, D1=1, D3=1)


def stricter(terms: Terms) -> Terms:
    """The next version of an agreement: a faster response to medium priority."""
    medium = replace(terms.targets[Priority.MEDIUM], response=3 * HOUR)
    return replace(terms, targets={**terms.targets, Priority.MEDIUM: medium})


def _lindehof() -> Terms:
    """A hospital's own agreement: half the time for high priority."""
    terms = documents()
    return replace(terms, targets={**terms.targets, Priority.HIGH: Target(30 * MINUTE, 3 * HOUR)})


def _with_targets(terms: Terms, **targets: int) -> Terms:
    """Targets of the KPIs, Sunday nights for maintenance, a restore drill every five weeks."""
    own = {code: Fraction(value) for code, value in targets.items()}
    in_peak = {"D2": own["D1"], "D4": own["D3"]}
    nights = CalendarRule.weekly(terms.zone, days=[6], opens="01:00", closes="05:00")
    return replace(
        terms,
        kpi_targets={**terms.kpi_targets, **own, **in_peak, "D5": Fraction(2)},
        maintenance=MaintenanceTerms(nights, notice=5 * DAY, monthly_maximum=4 * HOUR),
        drill_every=35 * DAY,
        audit_grace_days=30,
    )
