"""Explaining a clock on the command line."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from baken.domain.clocks import Name
from baken.domain.instants import SECOND, to_datetime, to_iso, to_us
from baken.domain.zones import zone
from baken.run.cli.choosing import an_instant
from baken.run.ready import django_ready

if TYPE_CHECKING:  # Django's models need settings
    from baken.record.clocks.reads import Explanation


@click.command("explain")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--clock", "name", type=click.Choice([known.value for known in Name]), help="Only this one.")
@click.option("--as-of", "as_of", help="As it was known at this instant, ISO 8601 with zone.  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, durations in seconds.")
def command(number: int, name: str | None, as_of: str | None, as_json: bool) -> None:
    """Explain the clocks of incident NUMBER: each stretch of time that counted or did not, and why."""
    known_at = an_instant("--as-of", as_of) if as_of else to_us(datetime.now(UTC))
    django_ready()
    from baken.record.clocks import reads as clocks
    from baken.record.incidents import reads as incidents
    from baken.record.people.access import program

    caller = program("command-line")
    incident = incidents.incident(caller, number)
    names = [name] if name else [known.value for known in Name]
    explained = {one: clocks.explanation(caller, incident, one, known_at) for one in names}
    if as_json:
        found = {one: _to_wire(explanation) for one, explanation in explained.items()}
        click.echo(json.dumps({"incident": number, "as_of": to_iso(known_at), "clocks": found}, indent=2))
        return
    for explanation in explained.values():
        _tell(number, explanation)


def _to_wire(explanation: "Explanation") -> dict[str, Any]:
    reading = explanation.reading
    return {
        "state": reading.state.value,
        "priority": reading.priority.value,
        "basis": reading.basis.value,
        "target": None if reading.target is None else reading.target / SECOND,
        "used": reading.used / SECOND,
        "left": None if reading.left is None else reading.left / SECOND,
        "started": to_iso(reading.started),
        "due": _iso(reading.due),
        "met_at": _iso(reading.met_at),
        "breached_at": _iso(reading.breached_at),
        "in_peak": reading.in_peak,
        "segments": [
            {"from": to_iso(one.start), "to": to_iso(one.end), "counted": one.counted, "reason": one.reason}
            for one in explanation.segments
        ],
        "agreement_version": explanation.agreement_version,
        "agreement_valid_from": explanation.agreement_valid_from.isoformat().replace("+00:00", "Z"),
        "tzdata_version": explanation.tzdata_version,
        "holidays_version": explanation.holidays_version,
    }


def _iso(instant: int | None) -> str | None:
    return None if instant is None else to_iso(instant)


def _tell(number: int, explanation: "Explanation") -> None:
    reading, here = explanation.reading, explanation.terms.zone
    target = "no target" if reading.target is None else f"of {_duration(reading.target)} agreed"
    click.echo(
        f"#{number} {reading.name.value}, priority {reading.priority.value}: {reading.state.value.replace('_', ' ')}, "
        f"{_duration(reading.used)} used {target}"
    )
    for label, instant in (("due", reading.due), ("breached", reading.breached_at), ("done", reading.met_at)):
        if instant is not None:
            click.echo(f"  {label:9} {_local(instant, here)}")
    for one in explanation.segments:
        counted = f"+ {_duration(one.end - one.start)}" if one.counted else "does not count"
        click.echo(f"  {_local(one.start, here)} to {_local(one.end, here)}  {counted:>18}  {one.reason}")
    click.echo(
        f"  Times in {here}. Agreement version {explanation.agreement_version}, "
        f"time zones {explanation.tzdata_version}, holidays {explanation.holidays_version}.\n"
    )


def _local(instant: int, here: str) -> str:
    return to_datetime(instant).astimezone(zone(here)).strftime("%a %Y-%m-%d %H:%M:%S")


def _duration(length: int) -> str:
    seconds = abs(length) // SECOND
    return f"{seconds // 3600} h {seconds // 60 % 60:02} m {seconds % 60:02} s"
