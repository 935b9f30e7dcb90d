"""Locations: the places that services are probed from."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from baken.run import configuration
from baken.run.keys import ensure_key
from baken.run.ready import django_ready

if TYPE_CHECKING:
    from baken.record.monitors.models import Location

KEY = click.option("--key", type=click.Path(dir_okay=False, path_type=Path), help="File to write.  [default: CODE.key]")


@click.group(short_help="Add the places that services are probed from.")
def command() -> None:
    """Locations: the places that services are probed from, each with a key of its own.

    \b
    Examples:
      baken location add ams --name "Amsterdam, our own rack" --key ams.key
      baken location list
      baken location revoke ams
    """


@command.command()
@click.argument("code")
@click.option("--name", default="", help="How people see it.  [default: the code]")
@KEY
def add(code: str, name: str, key: Path | None) -> None:
    """Add a location and write its private key to a file, for the prober that will run there."""
    path = _fresh(code, key)
    django_ready()
    from baken.record.monitors import flows
    from baken.record.people.access import program
    from baken.record.people.reads import provider

    owner = provider()
    if owner is None:
        raise click.ClickException("there is no provider yet; start Baken with `baken up` and set it up first")
    with _key_in(path) as public:
        flows.add_location(program("command-line"), provider=owner, code=code, name=name, public_key=public)
    _tell(code, path)


@command.command()
@click.argument("code")
@KEY
def renew(code: str, key: Path | None) -> None:
    """Give a location a new key; the old one opens nothing any more. One that was revoked may report again."""
    path = _fresh(code, key)
    django_ready()
    from baken.record.monitors import flows, reads
    from baken.record.people.access import program

    caller = program("command-line")
    reads.location(caller, code)
    with _key_in(path) as public:
        flows.replace_key(caller, code, public)
    _tell(code, path)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_(as_json: bool) -> None:
    """List all locations, with when each was last heard of."""
    django_ready()
    from baken.record.monitors import reads
    from baken.record.people.access import program

    rows = [_row(location) for location in reads.locations(program("command-line"))]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    for row in [] if as_json else rows:
        state = f"revoked {row['revoked_at']}" if row["revoked_at"] else f"last seen {row['last_seen'] or 'never'}"
        click.echo(f"{row['code']}  {row['name']}  {state}")


@command.command()
@click.argument("code")
def revoke(code: str) -> None:
    """Take no more results from a location; what it saw stays."""
    django_ready()
    from baken.record.monitors import flows
    from baken.record.people.access import program

    flows.revoke_location(program("command-line"), code)
    click.echo(f"{code} may report no longer")


def _fresh(code: str, key: Path | None) -> Path:
    path = key or Path(f"{code}.key")
    if path.exists():
        raise click.UsageError(f"--key: {path} exists already; name another file or move it away")
    return path


@contextmanager
def _key_in(path: Path) -> Iterator[str]:
    """A new key in a file, which is taken away again when the location is refused."""
    try:
        yield ensure_key(path)
    except Exception:
        path.unlink(missing_ok=True)
        raise


def _tell(code: str, path: Path) -> None:
    click.echo(f"The private key of {code} is in {path}. On the machine that will probe from there:")
    click.echo(f"  baken probe --hub {configuration.url()} --location {code} --key {path.name} --state DIRECTORY")


def _row(location: "Location") -> dict[str, str | None]:
    seen, revoked = location.last_seen, location.revoked_at
    return {
        "code": location.code, "name": location.name,
        "last_seen": seen.isoformat() if seen else None, "revoked_at": revoked.isoformat() if revoked else None,
    }  # fmt: skip
