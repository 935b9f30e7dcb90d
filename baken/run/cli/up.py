"""Start Baken."""

import click

from baken.run import start


@click.command()
def command() -> None:
    """Start everything: PostgreSQL (unless DATABASE_URL names one), the pages, the worker and a prober.

    The first start makes a demonstration provider with a year of history; with BAKEN_DEMO=no it prints the address of
    the first-run setup instead. Ctrl-C stops everything. Whatever was killed is repaired by the next start.

    \b
    Examples:
      baken up
      BAKEN_PORT=9000 BAKEN_HOME=/srv/baken baken up
      BAKEN_URL=https://desk.example.org DATABASE_URL=postgresql://baken:secret@db/baken baken up

    Ends with 3 when Baken runs already in this BAKEN_HOME.
    """
    start.run(lambda said: click.echo(said))
