"""What was agreed, as people read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from django.utils.functional import Promise

from baken.domain.agreements import Terms
from baken.domain.facts import Priority
from baken.domain.kpis import KPIS, Unit
from baken.record.catalogue import reads
from baken.record.catalogue.models import Service
from baken.record.catalogue.reads import InForce
from baken.record.ledger import clock
from baken.record.people.access import Caller
from baken.show.web.forms.agreement import BASES, PRIORITIES, RESPONSES
from baken.show.web.kpis.words import NAMES
from baken.show.web.templatetags.baken import duration, figure
from baken.show.web.wording import calendar_lines

BASIS_WORDS, RESPONSE_WORDS = dict(BASES), dict(RESPONSES)


@dataclass(frozen=True, slots=True)
class Promised:
    """What is promised for one priority. Times in microseconds, None where nothing is."""

    priority: str | Promise
    hours: Sequence[str]
    response: int | None
    resolution: int | None
    basis: str | Promise


@dataclass(frozen=True, slots=True)
class Aim:
    """The target of one KPI."""

    code: str
    name: str | Promise
    target: Fraction | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """One version of an agreement in words, with the terms for what is a plain value."""

    held: InForce
    promised: Sequence[Promised]
    peak: Sequence[str]
    maintenance: Sequence[str]
    response: str | Promise
    aims: Sequence[Aim]

    @property
    def agreement(self) -> UUID:
        """Which agreement it is."""
        return self.held.agreement

    @property
    def terms(self) -> Terms:
        """The terms themselves."""
        return self.held.terms

    @property
    def coverage(self) -> str:
        """The share of time that has to be measured."""
        return figure(self.terms.coverage * 100, None, Unit.PERCENT)

    @property
    def drill_every(self) -> str:
        """The longest time between two restore drills."""
        return duration(self.terms.drill_every, "days")

    @property
    def complaint_acknowledge(self) -> str:
        """The time within which a complaint is acknowledged."""
        return duration(self.terms.complaint_acknowledge, "days")


def spoken(held: InForce) -> Spoken:
    """A version of an agreement in words."""
    terms = held.terms
    windows = terms.maintenance.windows
    return Spoken(
        held=held,
        promised=[_promised(terms, priority) for priority in Priority],
        peak=calendar_lines(terms.peak),
        maintenance=calendar_lines(windows) if windows else [],
        response=RESPONSE_WORDS[terms.response_counts.value],
        aims=[Aim(code, NAMES[code], terms.kpi_targets.get(code)) for code in KPIS],
    )


def agreement_of(caller: Caller, service: Service) -> Spoken:
    """What holds now between the caller's organisation and the provider; for staff the base agreement."""
    owner = service.organisation_id if caller.staff or caller.organisation is None else caller.organisation
    return spoken(reads.held_at(service.id, owner, clock.now()))


def _promised(terms: Terms, priority: Priority) -> Promised:
    target = terms.targets[priority]
    return Promised(
        PRIORITIES[priority],
        calendar_lines(terms.service_hours[priority]),
        target.response,
        target.resolution,
        BASIS_WORDS[target.basis.value],
    )
