"""Making and removing the demonstration."""

import click

from baken.run.ready import django_ready


@click.group()
def command() -> None:
    """A made-up provider with a year of history, to look around in."""


@command.command()
@click.option("--seed", type=int, help="Another number makes another history.")
@click.option("--months", type=click.IntRange(1, 36), help="Months of history before this one.  [default: 12]")
def make(seed: int | None, months: int | None) -> None:
    """Make the demonstration; refused where there is a provider already."""
    django_ready()
    from baken.run import demonstration

    demonstration.make(
        click.echo,
        seed=demonstration.SEED if seed is None else seed,
        months=demonstration.MONTHS if months is None else months,
    )
    demonstration.withdraw_published(click.echo)
    for line in demonstration.sign_ins():
        click.echo(line)


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(yes: bool) -> None:
    """Delete the demonstration, its history on the ledger included, and nothing else."""
    if not yes:
        click.confirm("Delete the demonstration's organisations with everything they hold?", abort=True, err=True)
    django_ready()
    from baken.run import demonstration

    demonstration.remove(click.echo)
    click.echo("The demonstration is gone. The next `baken up` begins with the first-run setup.")
