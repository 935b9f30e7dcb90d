"""Recompute every KPI from the ledger alone."""

import json
from dataclasses import asdict

import click

from baken.run.ready import django_ready


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Recompute every KPI from the ledger alone, in an empty schema, and compare it bit for bit with the live one.

    For every service, for each of its customers, for every month. The live tables are only read; what was made for
    the comparison is dropped.

    \b
    Examples:
      baken replay
      baken replay --json > replay.json

    Ends with 1 when anything differs.
    """
    django_ready()
    from baken.run.replay import replay

    outcome = replay(lambda said: click.echo(said, err=True))
    if as_json:
        click.echo(json.dumps(asdict(outcome), indent=2))
    else:
        for found in outcome.differences:
            click.echo(f"{found.place} {found.what}\n  live:   {found.live}\n  ledger: {found.replayed}")
        click.echo(
            f"{outcome.facts} facts, {outcome.reports} reports, {outcome.kpis} figures: "
            f"{len(outcome.differences) or 'nothing'} differs"
        )
    if outcome.differences:
        ctx.exit(1)
