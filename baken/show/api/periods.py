"""Which period of which service is asked about."""

from ninja import Schema
from pydantic import Field

from baken.domain.instants import to_us
from baken.record.catalogue import reads as catalogue
from baken.record.ledger import clock
from baken.record.people import reads as people
from baken.record.people.access import Caller
from baken.record.reports import reads
from baken.record.reports.scopes import Scope
from baken.show.api.schemas import Code, Day, Instant


class Asked(Schema):
    """A period of whole days in the zone of the agreement, for all customers or for one."""

    first: Day = Field(alias="from", description="the first day")
    last: Day = Field(alias="to", description="the day after the last", examples=["2026-04-01"])
    customer: Code | None = Field(None, description="a customer; their own for a customer's token")
    as_of: Instant | None = Field(None, description="what was known then; now if not given")


def scope_of(caller: Caller, service: str, asked: Asked) -> Scope:
    """The scope that is asked about. Raises NotFound and PeriodError."""
    return reads.scope(
        caller,
        service=catalogue.service(caller, service),
        customer=people.customer(caller, asked.customer) if asked.customer else None,
        date_from=asked.first,
        date_to=asked.last,
        as_of=to_us(asked.as_of or clock.now()),
    )
