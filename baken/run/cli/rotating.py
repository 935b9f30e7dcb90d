"""`baken keys rotate`: every kind of key that the database or the home holds."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from baken.run import configuration, kept, keyring
from baken.run.ready import django_ready, embedded

if TYPE_CHECKING:
    from baken.record.orgs.models import Organisation
    from baken.record.orgs.rotation import Progress

LISTED = 100
"""How many of an organisation's damaged things are listed."""


@click.command()
@click.option("--organisation", "code", help="Code of one organisation, for data keys and --wrapping.  [default: all]")
@click.option("--wrapping", "kind", flag_value="wrapping", help="The keys that wrap data keys: instant.")
@click.option("--root", "kind", flag_value="root", help="The root key: a new version, everything wrapped with it.")
@click.option("--index", "kind", flag_value="index", help="What search tokens and e-mail codes are made with.")
@click.option("--sessions", "kind", flag_value="sessions", help="The key that signs sessions.")
@click.option("--database", "kind", flag_value="database", help="The passwords of the embedded PostgreSQL.")
@click.option("--prepare", is_flag=True, help="With --root: only make the version, to copy the key file elsewhere.")
@click.option("--retire", is_flag=True, help="With --root or --sessions: destroy the old versions instead.")
@click.option("--give-up", is_flag=True, help="For data keys: destroy the old ones though something does not open.")
def rotate(code: str | None, kind: str | None, prepare: bool, retire: bool, give_up: bool) -> None:
    """Renew keys while people work; without an option data keys, with everything sealed again.

    Each can be stopped, and goes on where it was when you run it again; --wrapping, which takes a moment, begins anew.

    Something that was damaged and does not open keeps the old data key of its organisation: it is listed, and this
    ends with 1. Bring it back from a backup and run this again, or give it up.
    """
    if code and kind not in (None, "wrapping"):
        raise click.UsageError("--organisation: only data keys and wrapping keys are an organisation's own")
    if give_up and kind:
        raise click.UsageError("--give-up goes with data keys alone")
    if (prepare and kind != "root") or (retire and (prepare or kind not in ("root", "sessions"))):
        raise click.UsageError("--prepare goes with --root, --retire with --root or --sessions")
    if kind in ("sessions", "database"):
        _sessions(retire) if kind == "sessions" else _database()
        return
    django_ready()
    with _alone(kind or "data"):
        if kind == "root":
            _retire() if retire else _prepare() if prepare else _root()
        elif kind == "index":
            _index()
        else:
            chosen = _chosen(code)
            _wrapping(chosen) if kind == "wrapping" else _data(chosen, give_up)


def _chosen(code: str | None) -> "list[Organisation]":
    from baken.record.orgs.models import Organisation, WrappingKey

    erased = WrappingKey.objects.filter(destroyed=True).values("organisation_id")
    chosen = Organisation.objects.exclude(id__in=erased).order_by("created_at")
    chosen = chosen.filter(code=code) if code else chosen
    if code and not chosen.exists():
        raise click.ClickException(f"organisation: there is none of code {code!r}")
    return list(chosen)


def _wrapping(chosen: "Sequence[Organisation]") -> None:
    from baken.record.orgs import keys

    for organisation in chosen:
        keys.rewrap(organisation.id)
        click.echo(f"{organisation.code}: new wrapping key")


def _data(chosen: "Sequence[Organisation]", give_up: bool) -> None:
    """All of them, whatever happens to one; those that are not finished are named in the end."""
    from baken.record.ledger import signals
    from baken.record.orgs import keys, rotation

    for organisation in chosen:  # all of them first: the wait until every process knows is one for all
        with suppress(keys.KeysErased):
            rotation.begin_one(organisation.id)
    unfinished = [organisation.code for organisation in chosen if not _renewed(organisation, give_up)]
    signals.write_unopened()
    signals.write_faults()
    if unfinished:
        raise click.ClickException(
            f"the old data key stays of {', '.join(unfinished)}. Bring back from a backup what does not open, or the "
            "store of files if it is that, and run this again; or give up what does not open, with --give-up"
        )


def _renewed(organisation: "Organisation", give_up: bool) -> bool:
    from baken.record.orgs import keys, places, rotation

    try:
        with _shown(organisation.code) as show:
            rotation.rotate(organisation.id, show, give_up=give_up)
    except keys.KeysErased as error:
        click.echo(f"{organisation.code}: {error}")
        return True
    except places.StoreUnreachable as error:
        click.echo(f"{organisation.code}: {error}")
    except rotation.Unfinished as error:
        click.echo(f"{organisation.code}: {error}")
        for what in error.left[:LISTED]:
            click.echo(f"  {what}")
        if len(error.left) > LISTED:
            click.echo(f"  and {len(error.left) - LISTED} more")
    else:
        click.echo(f"{organisation.code}: everything that opens is sealed with the new key")
        return True
    return False


def _root() -> None:
    from baken.record.orgs import keys, rewrapping

    name = keys.root().name
    if {*rewrapping.under(), *kept.under()} <= {name}:  # else this goes on with what was interrupted
        name = keyring.switch()
    with _shown("wrapping") as show:
        rewrapping.rewrap_all(show)
    kept.rewrap()
    click.echo(f"everything is wrapped by the root key {name}")
    if not keyring.vault():
        click.echo("Make a new escrow now: `baken keys export`. The old version stays until `--root --retire`.")


def _prepare() -> None:
    if name := keyring.prepare():
        click.echo(f"{keyring.key_file()} holds the root key {name} too, which nothing uses yet.")
        click.echo("Copy the file to every machine that runs Baken, then run `baken keys rotate --root`.")
    else:
        click.echo("Vault tells every machine of a new version by itself; run `baken keys rotate --root`.")


def _retire() -> None:
    from baken.record.orgs import keys, rewrapping, spreading

    spreading.wait_for_transactions()
    name = keys.root().name
    if needed := {root: count for root, count in (rewrapping.under() + Counter(kept.under())).items() if root != name}:
        listed = ", ".join(f"{root} wraps {count} keys" for root, count in needed.items())
        raise click.ClickException(f"still needed: {listed}; run `baken keys rotate --root` to the end first")
    for old in keyring.retire() or ["every older version in Vault"]:
        click.echo(f"{old} opens nothing any more")


def _index() -> None:
    from baken.record.ledger import signals
    from baken.record.orgs import reindexing, unopened

    click.echo("every process learns of the new key first, which takes a minute")
    with _shown("codes and tokens") as show:
        reindexing.rotate(show)
    for place in unopened.noted():
        click.echo(f"does not open, so it is not found by it any more: {place.table}.{place.column} of {place.row}")
    signals.write_unopened()
    click.echo("everything is looked up by the new index key")


def _sessions(retire: bool) -> None:
    count = kept.renew_session_key(retire=retire)
    said = "the old keys are gone" if retire else f"a new key signs sessions; {count - 1} older still open them"
    click.echo(f"{said}. Start Baken again for it to take effect.")


def _database() -> None:
    if configuration.secret("DATABASE_URL"):
        raise click.ClickException("DATABASE_URL: the server is your own; change the password there, then here")
    django_ready()
    embedded().renew_passwords()
    click.echo("PostgreSQL has new passwords; what runs is told within seconds")


@contextmanager
def _shown(label: str) -> "Iterator[Callable[[Progress], None]]":
    with click.progressbar(length=1, label=label) as bar:

        def show(seen: "Progress") -> None:
            bar.length = max(1, seen.total)
            bar.update(seen.done - bar.pos)

        yield show


@contextmanager
def _alone(kind: str) -> Iterator[None]:
    """One rotation of a kind at a time; a second one would undo the first one's progress."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('rotating ' || %s, 0))", [kind])
        if not cursor.fetchone()[0]:
            raise click.ClickException("this is being done already; wait until it is over")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('rotating ' || %s, 0))", [kind])
