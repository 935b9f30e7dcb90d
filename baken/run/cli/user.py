"""People: who may sign in, and as what."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from baken.record.people.access import NotFound, Role, program
from baken.run.ready import django_ready

if TYPE_CHECKING:
    from baken.record.people.models import User

CALLER = program("command-line")
ROLES = click.Choice([role.value for role in Role])
PASSWORD_STDIN = click.option("--password-stdin", is_flag=True, help="Read the first password from standard input.")


@click.group(short_help="Add people, change their passwords and roles.")
def command() -> None:
    """People: who may sign in, and as what.

    \b
    Examples:
      baken user add mona@example.org --name "Mona de Wit" --role manager
      baken user add alice@customer.example --name Alice --role customer --organisation customer
      baken user roles mona@example.org manager administrator
      baken user list --json
    """


@command.command()
@click.argument("email")
@click.option("--name", required=True, help="How colleagues and customers see them.")
@click.option("--role", "roles", type=ROLES, multiple=True, required=True, help="May be repeated.")
@click.option("--organisation", "code", help="Code of the customer they belong to.  [default: the provider]")
@click.option("--language", default="", help="nl or en.  [default: that of the organisation]")
@PASSWORD_STDIN
def add(email: str, name: str, roles: tuple[str, ...], code: str | None, language: str, password_stdin: bool) -> None:
    """Add somebody. Without --password-stdin a first password is made up and printed, once.

    It lets them in for 24 hours, and to nothing but choosing a password of their own.
    """
    django_ready()
    from baken.record.people import first_passwords, reads

    typed = _typed(password_stdin)
    organisation = reads.organisation(CALLER, code) if code else reads.provider()
    if organisation is None:
        raise click.ClickException("there is no provider yet; start Baken with `baken up` and set it up first")
    user, made = first_passwords.add_person(
        CALLER, organisation=organisation, email=email, name=name,
        roles=[Role(role) for role in roles], password=typed, language=language,
    )  # fmt: skip
    click.echo(_first(user, "" if typed else made))


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_(as_json: bool) -> None:
    """List everybody."""
    django_ready()
    from baken.record.people import reads

    rows = [_row(user) for user in reads.people(CALLER)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    for row in [] if as_json else rows:
        state = "" if row["active"] else "  (deactivated)"
        click.echo(f"{row['email']}  {row['name']}  {row['organisation']}: {', '.join(row['roles'])}{state}")


@command.command()
@click.argument("email")
@PASSWORD_STDIN
def password(email: str, password_stdin: bool) -> None:
    """Give somebody a new first password, and end their sessions.

    Without --password-stdin it is made up and printed, once. It lets them in for 24 hours, and to nothing but choosing
    a password of their own.
    """
    django_ready()
    from baken.record.people import sessions

    user, typed = _somebody(email), _typed(password_stdin)
    made = sessions.reset_password(CALLER, user, typed)
    click.echo(_first(user, "" if typed else made))


@command.command()
@click.argument("email")
@click.argument("roles", type=ROLES, nargs=-1, required=True)
def roles(email: str, roles: tuple[str, ...]) -> None:
    """Give somebody these roles instead of those they have."""
    django_ready()
    from baken.record.people import flows

    flows.set_roles(CALLER, _somebody(email).id, [Role(role) for role in roles])
    click.echo(f"{email}: {', '.join(sorted(roles))}")


@command.command()
@click.argument("email")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def factors(email: str, as_json: bool) -> None:
    """Show what somebody has for the second step of signing in."""
    django_ready()
    from baken.record.people.factors import held

    found = held(_somebody(email))
    told = {"app": found.authenticator is not None, "passkeys": len(found.passkeys), "recovery_codes": found.codes_left}
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        app = "an app" if told["app"] else "no app"
        click.echo(f"{email}: {app}, {told['passkeys']} passkeys, {told['recovery_codes']} recovery codes")


@command.command("reset-factors")
@click.argument("email")
def reset_factors(email: str) -> None:
    """Take away the app, passkeys and recovery codes of somebody who lost them, and end their sessions.

    Their password alone lets them in again. Make sure first that it is them who asks. It is a fact on the ledger.
    """
    django_ready()
    from baken.record.people import sessions

    sessions.reset_factors(CALLER, _somebody(email))
    click.echo(f"{email} has no second step any more, and was signed out everywhere")


@command.command("sign-out")
@click.argument("email")
def sign_out(email: str) -> None:
    """End every session of somebody. They can sign in again."""
    django_ready()
    from baken.record.people import sessions

    sessions.end_all(_somebody(email))
    click.echo(f"{email} was signed out everywhere")


@command.command()
@click.argument("email")
def unlink(email: str) -> None:
    """Forget the accounts at identity providers that somebody signs in with; the next sign-in ties them anew."""
    django_ready()
    from baken.record.people.factors import unlink as forget

    click.echo(f"{email}: accounts forgotten: {forget(CALLER, _somebody(email))}")


@command.command()
@click.argument("email")
def deactivate(email: str) -> None:
    """Keep somebody out; what they did stays."""
    _activate(email, active=False)


@command.command()
@click.argument("email")
def activate(email: str) -> None:
    """Let somebody in again."""
    _activate(email, active=True)


def _activate(email: str, *, active: bool) -> None:
    django_ready()
    from baken.record.people import flows, sessions

    if active:
        flows.set_active(CALLER, _somebody(email).id, active=True)
    else:
        sessions.shut_out(CALLER, _somebody(email))
    click.echo(f"{email} {'can sign in again' if active else 'can no longer sign in'}")


def _typed(from_stdin: bool) -> str | None:
    return sys.stdin.readline().rstrip("\n") if from_stdin else None


def _first(user: "User", shown: str) -> str:
    """How the person who types hears of a first password. shown: what it is; empty for one that they typed."""
    word = f". The first one: {shown}" if shown else ""
    until = f"{user.first_password_until:%Y-%m-%d %H:%M} UTC"
    return f"{user.email} can sign in until {until} and choose a password of their own{word}"


def _somebody(email: str) -> "User":
    from baken.record.people import reads

    found = reads.by_email(email)
    if found is None:
        raise NotFound(f"email: nobody has the address {email}; `baken user list` shows who there is")
    return found


def _row(user: "User") -> dict[str, Any]:
    held = list(user.memberships.all())
    return {
        "email": user.email, "name": user.name, "active": user.is_active, "language": user.language,
        "organisation": held[0].organisation.code if held else None, "roles": sorted(one.role for one in held),
    }  # fmt: skip
