"""Keys: kept safe, brought back, checked and rotated."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from baken.reach.keyring import KeyFile, KeyringError, RootKey, ShareError, keyfile, shares
from baken.run import configuration, kept, keyring
from baken.run.cli import rotating
from baken.run.ready import django_ready

ESCROW = click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
PASSPHRASE = click.option("--passphrase", default="", help="What seals FILE. Asked for when it is not given.")
SHARES = click.option(
    "--share", "parts", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One share of a divided escrow; give it as often as shares are needed.",
)  # fmt: skip


@click.group(short_help="Keep, bring back, check and rotate the keys.")
def command() -> None:
    """Keys: what people write is sealed, and the database is useless without the root key.

    \b
    Examples:
      baken keys export root-key.escrow     a copy for a safe, sealed with a passphrase
      baken keys export root-key --shares 5 --needed 3
      baken keys verify                     does every organisation's key open?
      baken keys rotate --root
    """


command.add_command(rotating.rotate)


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--passphrase", default="", help="What seals FILE. Asked for when it is not given.")
@click.option("--shares", "count", type=int, help="Divide it over so many files instead, without a passphrase.")
@click.option("--needed", type=int, help="How many of them open it together.")
def export(file: Path, passphrase: str, count: int | None, needed: int | None) -> None:
    """Write the root key to FILE, sealed with a passphrase, for a place where no backup of the database is.

    With --shares to FILE.1, FILE.2 and so on, one for each of several people.
    """
    if (count is None) != (needed is None):
        raise click.UsageError("--shares and --needed: give both, as in --shares 5 --needed 3")
    if passphrase and count is not None:
        raise click.UsageError("--passphrase: shares have none; leave it out, or --shares and --needed")
    django_ready()
    held = keyring.root()
    if not isinstance(held, KeyFile):
        raise click.ClickException("the root key is kept by Vault; make its escrow there")
    if count is not None and needed is not None:
        _export_shares(held, file, count, needed)
    else:
        _export_whole(held, file, passphrase or click.prompt("Passphrase", hide_input=True, confirmation_prompt=True))


def _export_whole(held: KeyFile, file: Path, passphrase: str) -> None:
    _free(file)
    if len(passphrase) < 12:
        raise click.ClickException("passphrase: give at least 12 characters; a sentence is good")
    held.save(file, passphrase, replace=False)
    click.echo(f"{file} holds the root key {held.name}. Keep it, and the passphrase elsewhere.")


def _export_shares(held: KeyFile, file: Path, count: int, needed: int) -> None:
    texts = shares.divide(held, needed, count)
    names = [file.with_name(f"{file.name}.{number}") for number in range(1, count + 1)]
    _free(*names)
    for name, text in zip(names, texts, strict=True):
        keyfile.write_private(name, text)
    click.echo(f"{names[0]} to {names[-1]}: any {needed} of these open the root key {held.name}, fewer tell nothing.")
    click.echo("Give each to somebody else, and leave none here.")


def _free(*files: Path) -> None:
    for file in files:
        if file.exists():
            raise click.ClickException(f"{file} is there already; choose another name")


@command.command(name="import")
@ESCROW
@PASSPHRASE
@SHARES
def import_(file: Path | None, passphrase: str, parts: Sequence[Path]) -> None:
    """Bring the root key back from FILE or from shares, to where Baken looks for it.

    An existing key is never overwritten.
    """
    held, path = _escrow(file, passphrase, parts), keyring.key_file()
    if held is None:
        raise click.UsageError("name the escrow's FILE, or its shares with --share")
    if path.exists():
        raise click.ClickException(f"{path} is there already; move it away first if it is the wrong one")
    held.save(path, configuration.secret("BAKEN_KEY_PASSPHRASE"), replace=False)
    click.echo(f"{path} holds the root key {held.name}. Check it with `baken keys verify`.")


def _escrow(file: Path | None, passphrase: str, parts: Sequence[Path]) -> KeyFile | None:
    if file and parts:
        raise click.UsageError("give FILE or shares, not both")
    if parts:
        held, wrong = shares.join({str(part): _text(part) for part in parts})
        for problem in wrong:
            click.echo(f"left out: {problem}", err=True)
        return held
    return KeyFile.load(file, passphrase or click.prompt("Passphrase", hide_input=True)) if file else None


def _text(share: Path) -> str:
    try:
        return share.read_text(errors="replace")
    except OSError as error:
        raise ShareError(f"{share} cannot be read; bring another share") from error


@command.command()
@ESCROW
@PASSPHRASE
@SHARES
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def verify(context: click.Context, file: Path | None, passphrase: str, parts: Sequence[Path], as_json: bool) -> None:
    """Open every key with the root key in use, or with the escrow in FILE or in shares. Changes nothing.

    Ends with 1 if any does not open.
    """
    escrow = _escrow(file, passphrase, parts)
    django_ready(migrate=False)
    from django.db import ProgrammingError

    try:
        root = escrow or keyring.root()
        found = dict(_tried(root))
    except ProgrammingError as error:  # a table is not there
        raise click.ClickException("the schema is not up to date; start Baken once with `baken up`") from error
    wrong = {key: problem for key, problem in found.items() if problem}
    if as_json:
        click.echo(json.dumps({"ok": not wrong, "root": root.name, "checked": len(found), "wrong": wrong}, indent=2))
    else:
        for key, problem in wrong.items():
            click.echo(f"{key}: {problem}")
        click.echo(f"root key {root.name}: opens {len(found) - len(wrong)} of {len(found)} keys")
    context.exit(1 if wrong else 0)


def _tried(root: RootKey) -> list[tuple[str, str]]:
    from baken.record.orgs import rewrapping

    return [*rewrapping.verify(root, KeyringError), *kept.verify(root)]
