"""What several commands ask for: an instant, a service, a customer."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from baken.domain.instants import to_us

if TYPE_CHECKING:  # Django's models need settings
    from baken.record.catalogue.models import Service
    from baken.record.orgs.models import Organisation
    from baken.record.people.access import Caller


def an_instant(option: str, text: str) -> int:
    """The instant that an ISO 8601 text with a zone names, in microseconds."""
    try:
        return to_us(datetime.fromisoformat(text))
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: write it like 2016-04-01T00:00:00Z", param_hint=option) from error


def the_service(caller: "Caller", code: str | None) -> "Service":
    """The service with this code, or the only one there is."""
    from baken.record.catalogue import reads

    services = {service.code: service for service in reads.services(caller)}
    if not services:
        raise click.UsageError("there is no service yet; `baken import` or `baken demo make` makes one")
    if code is None and len(services) == 1:
        return next(iter(services.values()))
    if code not in services:
        raise click.UsageError(f"--service: choose one of {', '.join(sorted(services))}")
    return services[code]


def the_customer(code: str | None) -> "Organisation | None":
    """The customer with this code; None when none is asked for."""
    from baken.record.orgs.models import Organisation

    if code is None:
        return None
    customers = {row.code: row for row in Organisation.objects.filter(kind=Organisation.Kind.CUSTOMER)}
    if code not in customers:
        raise click.UsageError(f"--customer: choose one of {', '.join(sorted(customers))}")
    return customers[code]
