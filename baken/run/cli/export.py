"""Export what Baken keeps of a person or an organisation."""

from collections.abc import Iterator
from pathlib import Path

import click

from baken.record.people.access import NotFound, program
from baken.run.ready import django_ready

CALLER = program("command-line")
TO = click.option(
    "--to", "target", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="The ZIP file to write; one that is there already is not overwritten.",
)  # fmt: skip


@click.group(short_help="Export what is kept of a person or an organisation.")
def command() -> None:
    """All that is kept of a person or an organisation, as a ZIP file of JSON documents.

    \b
    Examples:
      baken export person alice@customer.example --to alice.zip
      baken export organisation customer --to customer.zip
    """


@command.command()
@click.argument("email")
@TO
def person(email: str, target: Path) -> None:
    """Export what is the own of the person with the address EMAIL."""
    django_ready()
    from baken.record.people.reads import by_email
    from baken.record.privacy import flows

    found = by_email(email)
    if found is None:
        raise NotFound(f"email: nobody has the address {email}; `baken user list` shows who there is")
    _write(target, flows.export_person(CALLER, found.id).pieces)


@command.command()
@click.argument("code")
@TO
def organisation(code: str, target: Path) -> None:
    """Export what the organisation of code CODE may see of itself."""
    django_ready()
    from baken.record.privacy import flows

    _write(target, flows.export_organisation(CALLER, code).pieces)


def _write(target: Path, pieces: Iterator[bytes]) -> None:
    """For its owner alone; all of it or nothing."""
    if target.exists():
        raise click.ClickException(f"{target} is there already; choose another name")
    draft = target.with_name(f"{target.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        with draft.open("wb") as file:
            file.writelines(pieces)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    click.echo(f"{target} holds everything; it is readable, keep it where only they get it")
