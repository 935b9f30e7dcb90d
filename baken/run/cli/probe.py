"""Run a prober."""

import logging
from pathlib import Path

import click

from baken.reach.prober import agent
from baken.run.lifeline import is_supervised, watch_parent
from baken.run.lines import Line


@click.command()
@click.option("--hub", required=True, help="Address of Baken, such as https://desk.example.org.")
@click.option("--location", required=True, help="Code of this location, as `baken location add` was given it.")
@click.option("--key", required=True, type=click.Path(path_type=Path), help="The location's private key, a PEM file.")
@click.option(
    "--state", required=True, type=click.Path(path_type=Path), help="Folder for results that the hub has not had yet."
)
@click.option(
    "--hub-certificate",
    type=click.Path(path_type=Path),
    help="Take this very certificate of the hub and no other; PEM.",
)
def command(hub: str, location: str, key: Path, state: Path, hub_certificate: Path | None) -> None:
    """Check the services from this location and report to the hub, until SIGTERM.

    Needs no database, and nothing has to be able to reach it.

    \b
    Example:
      baken probe --hub https://desk.example.org --location ams \\
                  --key /etc/baken/ams.key --state /var/lib/baken-prober
    """
    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    if is_supervised():
        watch_parent()
    agent.main(hub, location, key, state, hub_certificate=hub_certificate)
