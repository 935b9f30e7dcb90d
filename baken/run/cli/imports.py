"""Importing the history of another desk."""

import csv
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from baken.domain.agreements import ResponseCounts
from baken.domain.facts import IncidentClass
from baken.domain.instants import MINUTE, to_datetime, to_iso, to_us
from baken.domain.periods import Period
from baken.domain.wall_clock import day_start
from baken.reach import servicenow
from baken.run.ready import django_ready

SHOWN = 10
"""Rejected rows that are shown when they are not written to a file."""
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def command() -> None:
    """Import incidents from another system. Running an import again makes no doubles."""


@command.command("servicenow")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--service", required=True, help="Service the incidents are about; made if there is none of this name.")
@click.option("--zone", required=True, help="Time zone of the log's local times, like Europe/Amsterdam or UTC.")
@click.option(
    "--class", "classes", multiple=True, type=click.Choice([known.value for known in IncidentClass]),
    default=[IncidentClass.AVAILABILITY.value], show_default=True,
    help="What the incidents concern, which the log does not say. May be repeated.",
)  # fmt: skip
@click.option("--customer", help="Whose incidents they are; made if there is none of this name.  [default: --service]")
@click.option(
    "--machine", "machines", multiple=True,
    help="Account in sys_updated_by that is no person: its updates are no pickup. May be repeated.",
)  # fmt: skip
@click.option("--from", "date_from", type=DAY, help="First day that the log covers.  [default: from its first report]")
@click.option("--to", "date_to", type=DAY, help="Day after the last that it covers.  [default: to its last report]")
@click.option(
    "--rejects", type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="CSV file for the rows that cannot be read: line and reason.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def servicenow_(
    file: Path, service: str, zone: str, classes: tuple[str, ...], customer: str | None, machines: tuple[str, ...],
    date_from: datetime | None, date_to: datetime | None, rejects: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Import the incident log of a ServiceNow desk: CSV, gzipped or not, one row for each update of an incident.

    The file is read to its end before anything is written. Incidents are then written in batches, each whole or not
    at all. An import that was stopped goes on where it was when you run it again.
    """
    reading = servicenow.Reading(
        zone=zone,
        classes=frozenset(map(IncidentClass, classes)),
        latest=to_us(datetime.now(UTC)),
        machines=servicenow.MACHINES | set(machines),
    )
    found = servicenow.survey(file, reading)
    span = _span(zone, found, date_from, date_to)
    if rejects:
        _write(rejects, found.rejects)
    django_ready()
    written = _import(file, reading, found, span, service=service, customer=customer or service)
    if as_json:
        click.echo(json.dumps({**written, "rejects": [asdict(reject) for reject in found.rejects]}, indent=2))
    else:
        _tell(written, found, rejects)


def _span(zone: str, found: servicenow.Survey, date_from: datetime | None, date_to: datetime | None) -> Period:
    """What the log covers: whole days where they are given, else from the first report to the last, to the minute."""
    start = day_start(zone, date_from.date()) if date_from else found.first
    end = day_start(zone, date_to.date()) if date_to else found.last + MINUTE
    if not start <= found.first <= found.last < end:
        raise click.UsageError(
            f"--from, --to: the log holds reports from {to_iso(found.first)} to {to_iso(found.last)}; cover them all"
        )
    return Period(start, end)


def _import(
    file: Path, reading: servicenow.Reading, found: servicenow.Survey, span: Period, *, service: str, customer: str
) -> dict[str, Any]:
    """Write the log, declare what it covers and read the clocks; the summary."""
    from baken.record.clocks.flows import catch_up
    from baken.record.incidents import imports
    from baken.record.people.access import program

    caller = program("import:servicenow")
    first = to_datetime(found.first)
    target = imports.prepare(
        caller, service=service, customer=customer, zone=reading.zone, source="servicenow", first=first
    )
    with click.progressbar(length=found.rows, label="Importing", file=sys.stderr) as bar:
        histories = servicenow.histories(file, reading, lambda reject: None)
        counts = imports.bring_in(caller, target, histories, progress=lambda done: bar.update(done.rows))
    imports.declare(caller, target, began=to_datetime(span.start), ended=to_datetime(span.end))
    click.echo("Reading the clocks", err=True)
    while catch_up():
        pass
    return {
        "service": target.service.code,
        "response_counts": imports.response_counts(target),
        "customer": target.customer.code,
        "covers": {"from": to_iso(span.start), "to": to_iso(span.end)},
        "rows": counts.rows,
        "incidents": {"new": counts.new, "changed": counts.changed, "unchanged": counts.unchanged},
    }


def _write(path: Path, rejects: tuple[servicenow.Reject, ...]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason"])
        writer.writerows([reject.line, reject.reason] for reject in rejects)


def _tell(written: dict[str, Any], found: servicenow.Survey, rejects: Path | None) -> None:
    incidents, covers = written["incidents"], written["covers"]
    click.echo(f"Service {written['service']}, customer {written['customer']}")
    click.echo(f"Covers    {covers['from']} to {covers['to']}")
    click.echo(f"Rows      {written['rows']:,}, and {len(found.rejects):,} that cannot be read")
    click.echo(
        f"Incidents {incidents['new']:,} new, {incidents['changed']:,} changed, {incidents['unchanged']:,} as before"
    )
    if written["response_counts"] == ResponseCounts.REPLY:
        click.echo(
            "The agreement counts replies as the response, and this log tells of pickups alone: they do not count."
        )
    if rejects:
        click.echo(f"The rows that cannot be read are in {rejects}")
        return
    for reject in found.rejects[:SHOWN]:
        click.echo(f"  line {reject.line}: {reject.reason}")
    if len(found.rejects) > SHOWN:
        click.echo("  and more; --rejects FILE writes them all down")
