"""Check the health of this installation."""

import json
from dataclasses import asdict

import click

from baken.run.health import examine


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Look at everything that Baken rests on, and say what to do about what is wrong.

    Settings, disk, receiver of logs, what is missing of a strict installation, database, schema, its login, clock,
    worker, probers, the ledger's chain, apps for codes, the virus scanner, the object store, the pages. It changes
    nothing.

    \b
    Examples:
      baken doctor
      baken doctor --json | jq .ok

    Ends with 1 when something is wrong.
    """
    checks = list(examine())
    well = all(check.ok for check in checks)
    if as_json:
        click.echo(json.dumps({"ok": well, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        for check in checks:
            said = "WRONG" if not check.ok else "warn" if check.warns else "ok"
            click.echo(f"{said:5} {check.name:9} {check.detail}")
    if not well:
        ctx.exit(1)
