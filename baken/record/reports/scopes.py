"""What a report is about: a service, for all or for one customer, a period, and the instant it is computed for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cached_property

from baken.domain.agreements import Terms
from baken.domain.instants import to_us
from baken.domain.periods import Period, from_dates
from baken.record.catalogue import reads as catalogue
from baken.record.catalogue.models import Service
from baken.record.catalogue.reads import InForce
from baken.record.orgs.models import Organisation
from baken.record.people.access import Caller, NotFound, Permission


@dataclass(frozen=True, slots=True)
class Agreed:
    """Everything that was ever agreed, by when it came into force."""

    history: Sequence[InForce]

    def at(self, instant: int) -> InForce:
        """The terms in force at an instant (microseconds); before the first ones, those: nothing else was agreed."""
        holding = [held for held in self.history if to_us(held.valid_from) <= instant]
        return holding[-1] if holding else self.history[0]

    @property
    def versions(self) -> list[tuple[int, Terms]]:
        """All terms with the instant from which each holds."""
        return [(to_us(held.valid_from), held.terms) for held in self.history]


@dataclass(frozen=True)
class Scope:
    """The service as a whole when `customer` is None. as_of: instant in microseconds."""

    service: Service
    customer: Organisation | None
    period: Period
    as_of: int

    @cached_property
    def agreed(self) -> Agreed:
        """What it is judged by: the customer's own agreement, or the base agreement of the service."""
        owner = self.customer.id if self.customer else self.service.organisation_id
        return Agreed(catalogue.history_for(self.service.id, owner))

    @property
    def in_force(self) -> InForce:
        """The terms that held when the period began: its targets and its zone."""
        return self.agreed.at(self.period.start)

    @property
    def closed(self) -> bool:
        """Whether the period is over."""
        return self.period.end <= self.as_of

    def over(self, period: Period) -> "Scope":
        """The same for another period."""
        return replace(self, period=period)


def scope(
    caller: Caller,
    *,
    service: Service,
    customer: Organisation | None,
    date_from: date,
    date_to: date,
    as_of: int,
) -> Scope:
    """From the beginning of `date_from` up to the beginning of `date_to`, in the zone of the agreement.

    A customer's caller gets their own organisation whatever is asked. Raises Forbidden, NotFound for a service or a
    customer that is not theirs to see, and PeriodError.
    """
    caller.require(Permission.READ_KPIS)
    catalogue.service(caller, service.code)
    if not caller.staff:
        own = Organisation.objects.filter(id=caller.organisation).first() if caller.organisation else None
        if own is None or (customer and customer.id != own.id):
            raise NotFound("There is no such customer.")
        customer = own
    owner = customer.id if customer else service.organisation_id
    midnight = datetime.combine(date_from, time(), UTC)
    zone = catalogue.held_at(service.id, owner, midnight).terms.zone
    return Scope(service, customer, from_dates(zone, date_from, date_to), as_of)
