"""Files: checked as a whole, and moved between the places where they can lie."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import click

from baken.run.ready import django_ready


@click.group(short_help="Check the files that are kept, and move them to another place.")
def command() -> None:
    """Files: attachments and audit reports, sealed in PostgreSQL or in an object store that speaks S3.

    \b
    Examples:
      baken files verify             is every file what was stored?
      baken files move --to s3       those that are in PostgreSQL go to the bucket
    """


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def verify(context: click.Context, as_json: bool) -> None:
    """Read every file and compare it with its digest. Ends with 1 if any is damaged, of which an incident is opened."""
    django_ready()
    from baken.record.ledger import clock, signals
    from baken.record.orgs import upkeep

    found = _each("checking", quiet=as_json, work=lambda file: upkeep.verify(file, clock.now()))
    damaged = sorted(id for id, well in found.items() if not well)
    signals.write_faults()
    if as_json:
        click.echo(json.dumps({"ok": not damaged, "checked": len(found), "damaged": damaged}, indent=2))
    else:
        for id in damaged:
            click.echo(f"{id}: damaged")
        click.echo(f"{len(found) - len(damaged)} of {len(found)} files are what was stored")
    context.exit(1 if damaged else 0)


@command.command()
@click.option("--to", required=True, type=click.Choice(["postgres", "s3"]), help="Where the files go.")
@click.pass_context
def move(context: click.Context, to: str) -> None:
    """Move every file that lies elsewhere, checked on its way. People can go on working.

    New files go where BAKEN_FILES says: set that first. Stopped, it goes on where it was when you run it again.
    """
    django_ready()
    from django.conf import settings

    from baken.record.orgs import upkeep

    if to == "s3" and "files" not in settings.STORAGES:
        raise click.ClickException("BAKEN_S3_BUCKET: name the bucket first, and how it is reached")
    try:
        found = _each("moving", work=lambda file: upkeep.move(file, to), only=lambda row: row.exclude(place=to))
    except upkeep.Busy as busy:
        raise click.ClickException(str(busy)) from busy
    damaged = sorted(id for id, well in found.items() if not well)
    for id in damaged:
        click.echo(f"{id}: damaged; it stays where it is")
    click.echo(f"{len(found) - len(damaged)} files moved to {to}")
    if to != settings.BAKEN_FILES:
        click.echo(f"New files still go to {settings.BAKEN_FILES}: BAKEN_FILES says so.")
    context.exit(1 if damaged else 0)


def _each(
    label: str, *, work: Callable[[Any], bool], only: Callable[[Any], Any] = lambda rows: rows, quiet: bool = False
) -> dict[str, bool]:
    """Do something to every file, with a bar for the bytes; by id, whether all was well."""
    from baken.record.orgs import upkeep
    from baken.record.orgs.models import File

    rows = only(upkeep.kept()).order_by("id")
    sizes: list[tuple[Any, int]] = list(rows.values_list("id", "size"))
    done: dict[str, bool] = {}
    with click.progressbar(length=max(1, sum(size for _, size in sizes)), label=label, hidden=quiet) as bar:
        for file, size in _still_there(File, sizes):
            if file is not None:
                done[str(file.id)] = work(file)
            bar.update(size)
    return done


def _still_there(model: Any, sizes: list[tuple[Any, int]]) -> Iterator[tuple[Any, int]]:
    for id, size in sizes:
        yield model.objects.filter(id=id).exclude(kept_at=None).first(), size
