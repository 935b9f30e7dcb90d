"""How fast the control room is on the server, at the volume of a real desk's log.

    make bench
    .venv-bench/bin/python bench/control_room.py [incident-log.csv.gz]

Starts a PostgreSQL of its own, brings in an incident log of ServiceNow (or, without one, as many incidents with random
histories), and asks for pages through Django's whole stack, middleware and templates included, without the network.
Each page is asked for once before it is timed. Times are of one process on one core.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from baken.reach.postgres import Cluster

ROUNDS = 100
INCIDENTS = 13_698


def main() -> int:
    log = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(prefix="baken-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with Cluster(home) as cluster:
            os.environ |= {
                "BAKEN_HOME": folder, **cluster.environment, "BAKEN_URL": "http://testserver",
                "DJANGO_SETTINGS_MODULE": "baken.run.settings",
            }  # fmt: skip
            prepare()
            fill(log)
            measure("Asked for by a manager, milliseconds")
    return 0


def prepare() -> None:
    from baken.run.ready import django_ready

    django_ready()


def fill(log: Path | None) -> None:
    from baken.record.clocks import flows as clocks

    if log:
        from_log(log)
    else:
        at_random()
    while clocks.catch_up():
        pass


def from_log(log: Path) -> None:
    from click.testing import CliRunner

    from baken.run.cli.imports import command

    arguments = ["servicenow", str(log), "--service", "desk", "--zone", "UTC"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    if result.exit_code:
        sys.exit(result.output)


def at_random() -> None:
    from baken.domain.agreements import default_terms
    from baken.record.catalogue import flows as catalogue
    from baken.record.people.access import program
    from tests.flows import random_histories

    start, me = datetime(2016, 2, 1, tzinfo=UTC), program("bench")
    provider = catalogue.add_organisation(
        me, code="provider", name="Provider", kind="provider", language="en", zone="UTC"
    )
    customer = catalogue.add_organisation(
        me, code="customer", name="Customer", kind="customer", language="en", zone="UTC"
    )
    service = catalogue.add_service(
        me, provider=provider, code="desk", name="Desk", terms=default_terms("UTC"), valid_from=start
    )
    catalogue.subscribe(me, service=service, organisation=customer, since=start)
    random_histories.write(service, [customer], INCIDENTS, start, 75, 1)


def measure(title: str) -> None:
    from django.test import Client

    client = Client()
    client.force_login(manager())
    period = "service=desk&from=2016-03-01&to=2016-04-01"
    pages = {
        "control room": f"/kpis/?{period}",
        "list behind C4": f"/kpis/C4/?{period}",
        "list behind D1": f"/kpis/D1/?{period}",
        "queue": "/incidents/",
    }
    print(f"\n{title}, {ROUNDS} rounds\n{'':16}{'median':>9}{'p95':>9}")
    for name, address in pages.items():
        times = timed(lambda address=address: client.get(address))  # type: ignore[misc]
        print(f"{name:16}{statistics.median(times):9.1f}{statistics.quantiles(times, n=20)[-1]:9.1f}")


def timed(ask: Callable[[], object]) -> list[float]:
    """Milliseconds of each round; a page that does not answer 200 ends the run."""
    times = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - began) * 1_000)
        if answer.status_code != 200:  # type: ignore[attr-defined]
            sys.exit(f"the page answered {answer.status_code}")  # type: ignore[attr-defined]
    return times[1:]


def manager() -> object:
    from baken.record.people import flows as people
    from baken.record.people.access import Role, program
    from baken.record.people.reads import provider

    organisation = provider()
    assert organisation is not None
    return people.add_user(
        program("bench"), organisation=organisation, email="mona@provider.example", name="Mona", roles=[Role.MANAGER]
    )


if __name__ == "__main__":
    sys.exit(main())
