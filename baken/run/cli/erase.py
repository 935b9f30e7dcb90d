"""Erase people and organisations, and erase again after a restore."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from baken.record.people.access import NotFound, program
from baken.run.ready import django_ready

if TYPE_CHECKING:
    from baken.record.privacy.models import Tombstone

CALLER = program("command-line")
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(short_help="Erase a person or an organisation; again after a restore.")
def command() -> None:
    """Erase a person or an organisation for good. The figures of the past stay.

    \b
    Examples:
      baken erase person alice@customer.example
      baken erase organisation customer
      baken erase list
      baken erase replay
    """


@command.command()
@click.argument("email")
@YES
def person(email: str, yes: bool) -> None:
    """Erase the person with the address EMAIL: name, address, what they sign in with, and the texts they wrote."""
    django_ready()
    from baken.record.people.reads import by_email
    from baken.record.privacy import flows

    found = by_email(email)
    if found is None:
        raise NotFound(f"email: nobody has the address {email}; `baken user list` shows who there is")
    _ask(yes, f"Erase {found} <{found.email}>? This cannot be undone. Type the e-mail address", email)
    _finish(flows.erase_person(CALLER, found.id, confirmation=email))


@command.command()
@click.argument("code")
@YES
def organisation(code: str, yes: bool) -> None:
    """Erase the customer of code CODE: its keys, its people, and all that was written by them or to them."""
    django_ready()
    from baken.record.privacy import flows

    _ask(yes, f"Erase the customer {code}, with all its people? This cannot be undone. Type its code", code)
    _finish(flows.erase_organisation(CALLER, code, confirmation=code))


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the key to check by.")
def list_(as_json: bool) -> None:
    """List who was erased: kind, id and when."""
    django_ready()
    from baken.record.privacy import reads, tombstones

    tombstones.settle()
    rows = list(reads.erasures(CALLER))[::-1]
    if as_json:
        key = b64encode(tombstones.public_key()).decode()
        click.echo(json.dumps({"public_key": key, "tombstones": [_row(row) for row in rows]}, indent=2))
        return
    for row in rows:
        state = "finished" if row.finished_at else f"{row.done} of {row.total} rows"
        click.echo(f"{row.number}  {row.kind}  {row.subject}  {row.at:%Y-%m-%d %H:%M}  {state}")


@command.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def replay(file: Path | None) -> None:
    """Erase everybody on the list of tombstones again, whatever the database says of them; FILE names another list.

    Every start does this for those who came back with an older backup. By hand it goes over everything.
    """
    django_ready()
    from baken.record.privacy import work

    with _shown() as show:
        number = work.erase_all_again(show, file)
    click.echo(f"{number} erasures are in effect")


def _ask(yes: bool, question: str, expected: str) -> None:
    if not yes and click.prompt(question, default="", show_default=False).strip() != expected:
        raise click.ClickException("that is something else; nobody was erased")


def _finish(row: "Tombstone") -> None:
    from baken.record.privacy import work

    with _shown() as show:
        work.erase(row, show)
    click.echo(f"erasure {row.number} is finished: {row.done} rows")


def _row(row: "Tombstone") -> dict[str, object]:
    return {
        "number": row.number, "kind": row.kind, "subject": str(row.subject), "at": row.at.isoformat(),
        "previous": row.previous, "signature": row.signature,
        "finished_at": row.finished_at and row.finished_at.isoformat(),
    }  # fmt: skip


@contextmanager
def _shown() -> "Iterator[Callable[[Tombstone], None]]":
    with click.progressbar(length=1, label="erasing") as bar:

        def show(seen: "Tombstone") -> None:
            bar.length = max(1, seen.total)
            bar.update(seen.done - bar.pos)

        yield show
