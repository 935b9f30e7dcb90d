"""The fourteen KPIs on the command line."""

import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import click

from baken.domain.instants import to_datetime, to_iso, to_us
from baken.domain.kpis import Kpi, Unit, display
from baken.domain.zones import zone
from baken.run.cli.choosing import an_instant, the_customer, the_service
from baken.run.ready import django_ready

if TYPE_CHECKING:  # Django's models need settings
    from baken.record.catalogue.models import Service
    from baken.record.orgs.models import Organisation
    from baken.record.reports.reads import Report

DAY = click.DateTime(["%Y-%m-%d"])
NAMES = {
    "C1": "uptime",
    "C2": "uptime in peak hours",
    "C3": "availability incidents, high",
    "C4": "availability incidents, medium",
    "C5": "availability incidents, low",
    "C6": "mean time to resolve",
    "C7": "data not restorable",
    "C8": "break-ins",
    "C9": "grade of the security audit",
    "D1": "not responded to in time",
    "D2": "the same, reported in peak hours",
    "D3": "not resolved in time",
    "D4": "the same, reported in peak hours",
    "D5": "complaints",
}


@click.command("kpi")
@click.option("--from", "date_from", type=DAY, help="First day.  [default: of this month]")
@click.option("--to", "date_to", type=DAY, help="Day after the last.  [default: the first of the month after --from]")
@click.option("--service", "service_code", help="Code of the service; needed where there are several.")
@click.option("--customer", "customer_code", help="Code of a customer, for the report of that customer alone.")
@click.option("--as-of", "as_of", help="Compute what was known at this instant, ISO 8601 with zone.  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    date_from: datetime | None, date_to: datetime | None, service_code: str | None, customer_code: str | None,
    as_of: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Print the fourteen KPIs of a service over a period: value, target, status and number of records behind each.

    Days begin at midnight in the zone of the agreement.
    """
    known_at = an_instant("--as-of", as_of) if as_of else to_us(datetime.now(UTC))
    django_ready()
    from baken.record.people.access import program
    from baken.record.reports import reads, wire

    caller = program("command-line")
    service, customer = the_service(caller, service_code), the_customer(customer_code)
    first = date_from.date() if date_from else _this_month(service, customer, known_at)
    last = date_to.date() if date_to else _next_month(first)
    scope = reads.scope(caller, service=service, customer=customer, date_from=first, date_to=last, as_of=known_at)
    report = reads.report(caller, scope)
    if as_json:
        click.echo(json.dumps(wire.to_wire(report), indent=2))
    else:
        _tell(report)


def _this_month(service: "Service", customer: "Organisation | None", at: int) -> date:
    """The first day of the month that it is where the agreement holds."""
    from baken.record.catalogue import reads

    owner = customer.id if customer else service.organisation_id
    here = zone(reads.held_at(service.id, owner, to_datetime(at)).terms.zone)
    return to_datetime(at).astimezone(here).date().replace(day=1)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _tell(report: "Report") -> None:
    scope = report.scope
    whose = f"{scope.service.code}, {scope.customer.code}" if scope.customer else scope.service.code
    click.echo(f"{whose}: {to_iso(scope.period.start)} to {to_iso(scope.period.end)}, as of {to_iso(scope.as_of)}\n")
    rows = [["", "", "value", "target", "status", "records"]]
    rows += [_row(kpi) for kpi in report.kpis.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        left = f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}"
        click.echo(f"{left}  {row[4]:{widths[4]}}  {row[5]:>{widths[5]}}")


def _row(kpi: Kpi) -> list[str]:
    status = kpi.status.value.replace("_", " ")
    return [kpi.code, NAMES[kpi.code], _value(kpi), _shown(kpi.target, None, kpi.unit), status, str(kpi.evidence_count)]


def _value(kpi: Kpi) -> str:
    if kpi.exact is None:
        return "no data" if kpi.unit is not Unit.SECONDS else "–"
    lower, upper = (_shown(bound, kpi.target, kpi.unit) for bound in kpi.exact)
    return lower if lower == upper else f"{lower} to {upper}"


def _shown(value: Fraction | None, target: Fraction | None, unit: Unit) -> str:
    if value is None:
        return "none"
    shown = display(value, target, unit)
    if unit is not Unit.SECONDS:
        return f"{shown} %" if unit is Unit.PERCENT else str(shown)
    hours, seconds = divmod(int(shown), 3600)
    return f"{hours} h {seconds // 60:02} m {seconds % 60:02} s"
