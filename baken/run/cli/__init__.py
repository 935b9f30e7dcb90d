"""The command line. Each command lives in a module of its own, imported only when it is asked for.

Exit codes: 0 it is done; 1 refused, or a check failed; 2 the command was typed wrong; 3 Baken runs already.
"""

import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import click

from baken.run.cli.watching import watched

COMMANDS = {
    "up": "Start Baken: database, pages, worker and prober.",
    "demo": "Make the demonstration provider, with a year of history.",
    "import": "Import incidents from another system.",
    "kpi": "Print the fourteen KPIs of a service.",
    "explain": "Explain one clock of one incident.",
    "user": "Add people, change their passwords and roles.",
    "location": "Add the places that services are probed from.",
    "probe": "Run a prober at this location.",
    "export": "Export what is kept of a person or an organisation.",
    "erase": "Erase a person or an organisation; again after a restore.",
    "keys": "Keep, bring back, check and rotate the keys.",
    "files": "Check the files that are kept, and move them to another place.",
    "replay": "Recompute every KPI from the ledger alone and compare.",
    "doctor": "Check the health of this installation.",
    "manage": "Django's own commands.",
}
MODULES = {"import": "imports"}
HIDDEN = {"manage"}
FAILED, ALREADY_RUNNING = 1, 3

EPILOG = """\b
First steps:
  baken up                                 start, and make the demonstration
  baken kpi --service documents --json     the KPIs of this month, for a script
  baken explain 1017 --clock resolution    why a clock says what it says
  baken doctor                             is everything all right?

\b
Exit codes: 0 done, 1 refused or a check failed, 2 typed wrong, 3 runs already.
Settings come from the environment: BAKEN_HOME, BAKEN_PORT, DATABASE_URL and others.
"""


class LazyGroup(click.Group):
    """Imports a command's module when the command is used; its summary is known without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"baken.run.cli.{MODULES.get(cmd_name, cmd_name)}")
        found: click.Command = module.command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, summary in COMMANDS.items() if name not in HIDDEN])


def _version() -> str:
    try:
        return version("baken")
    except PackageNotFoundError:  # runs from its checkout
        return "from a checkout"


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="baken")
@click.pass_context
def baken(ctx: click.Context) -> None:
    """A service desk, a prober and a service-level engine that prove what a cloud service promised."""
    ctx.with_resource(watched(ctx.invoked_subcommand))


def main() -> int:
    """Run the command line; what `baken` ends with. Every failure is one line that names what to do."""
    try:
        ended = baken.main(standalone_mode=False)  # the code that a command gave to ctx.exit
        return ended if isinstance(ended, int) else 0
    except click.ClickException as mistake:
        mistake.show()
        return mistake.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:  # `baken kpi | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as problem:  # a person reads this: one line, never a trace
        if os.environ.get("BAKEN_DEBUG") == "yes":
            raise
        click.echo(f"baken: {_line(problem)}", err=True)
        return int(getattr(problem, "exit_code", FAILED))


def _line(problem: Exception) -> str:
    """What a person reads of a failure: its own words when they are for people, else its kind as well."""
    said = str(problem).strip()
    if type(problem).__module__.startswith("baken.") and said:
        return said
    kind = type(problem).__name__
    return f"{kind}: {said.splitlines()[0] if said else 'no details'} (BAKEN_DEBUG=yes shows where)"
