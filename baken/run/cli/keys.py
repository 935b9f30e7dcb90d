"""Keys: kept safe, brought back, checked and rotated."""

import json
from pathlib import Path

import click

from baken.reach.keyring import KeyFile, KeyringError
from baken.run import configuration, keyring
from baken.run.ready import django_ready

PASSPHRASE = click.option(
    "--passphrase", prompt=True, hide_input=True, help="What seals the escrow. Asked for when it is not given."
)


@click.group(short_help="Keep, bring back, check and rotate the keys.")
def command() -> None:
    """Keys: what people write is sealed, and the database is useless without the root key.

    \b
    Examples:
      baken keys export root-key.escrow     a copy for a safe, sealed with a passphrase
      baken keys verify                     does every organisation's key open?
      baken keys rotate --organisation acme
    """


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--passphrase", prompt=True, hide_input=True, confirmation_prompt=True,
    help="What seals the escrow. Asked for when it is not given.",
)  # fmt: skip
def export(file: Path, passphrase: str) -> None:
    """Write the root key to FILE, sealed with a passphrase, for a place where no backup of the database is."""
    if file.exists():
        raise click.ClickException(f"{file} is there already; choose another name")
    if len(passphrase) < 12:
        raise click.ClickException("passphrase: give at least 12 characters; a sentence is good")
    django_ready()
    held = keyring.root()
    if not isinstance(held, KeyFile):
        raise click.ClickException("the root key is kept by Vault; make its escrow there")
    held.save(file, passphrase, replace=False)
    click.echo(f"{file} holds the root key {held.name}. Keep it, and the passphrase elsewhere.")


@command.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@PASSPHRASE
def import_(file: Path, passphrase: str) -> None:
    """Bring the root key back from FILE, to where Baken looks for it. An existing key is never overwritten."""
    held, path = KeyFile.load(file, passphrase), keyring.key_file()
    if path.exists():
        raise click.ClickException(f"{path} is there already; move it away first if it is the wrong one")
    held.save(path, configuration.secret("BAKEN_KEY_PASSPHRASE"), replace=False)
    click.echo(f"{path} holds the root key {held.name}. Check it with `baken keys verify`.")


@command.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--passphrase", default="", help="Of FILE.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def verify(context: click.Context, file: Path | None, passphrase: str, as_json: bool) -> None:
    """Open every organisation's keys with the root key in use, or with the one in FILE. Ends with 1 if any does not."""
    django_ready()
    from baken.record.orgs import keys

    root = KeyFile.load(file, passphrase or click.prompt("Passphrase", hide_input=True)) if file else keyring.root()
    found = dict(keys.verify(root, KeyringError))
    wrong = {str(organisation): problem for organisation, problem in found.items() if problem}
    if as_json:
        click.echo(json.dumps({"ok": not wrong, "root": root.name, "checked": len(found), "wrong": wrong}, indent=2))
    else:
        for organisation, problem in wrong.items():
            click.echo(f"{organisation}: {problem}")
        click.echo(f"root key {root.name}: the keys of {len(found) - len(wrong)} of {len(found)} organisations open")
    context.exit(1 if wrong else 0)


@command.command()
@click.option("--organisation", "code", help="Code of one organisation.  [default: all]")
@click.option("--wrapping", is_flag=True, help="Renew the wrapping key: instant, nothing is sealed again.")
def rotate(code: str | None, wrapping: bool) -> None:
    """Renew data keys: everything is sealed again while people work, then the old keys are destroyed.

    A rotation that was stopped goes on where it was when you run it again.
    """
    django_ready()
    from baken.record.orgs import keys, rotation
    from baken.record.orgs.models import Organisation

    chosen = Organisation.objects.order_by("created_at")
    chosen = chosen.filter(code=code) if code else chosen
    if code and not chosen.exists():
        raise click.ClickException(f"organisation: there is none of code {code!r}")
    for organisation in chosen:
        if wrapping:
            keys.rewrap(organisation.id)
            click.echo(f"{organisation.code}: new wrapping key")
            continue
        with click.progressbar(length=1, label=organisation.code) as bar:

            def show(seen: rotation.Progress, bar=bar) -> None:  # type: ignore[no-untyped-def]
                bar.length = seen.total
                bar.update(seen.done - bar.pos)

            rotation.rotate(organisation.id, show)
        click.echo(f"{organisation.code}: everything is sealed with the new key")
