"""Django's own commands, for who develops Baken."""

import click

from baken.run.ready import django_ready


@click.command(
    hidden=True, context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run one of Django's commands against this installation, such as `baken manage shell`."""
    django_ready(migrate=False)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["baken manage", *arguments])
