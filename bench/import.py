"""How many rows of a ServiceNow log are imported a second, from the command to readings that can be counted.

    make bench

The whole command, in a process of its own: starting Python, reading the log twice (once to check it), writing facts,
rows and keys in batches, and reading both clocks of every incident. Into an empty database each time, whose schema
was made before. Medians of several runs. Then the same command once more, which finds nothing to do.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from baken.reach.postgres import Cluster

LOG = Path(__file__).parents[2] / "shared/data/servicenow-incident-log-2016.csv.gz"
ROWS = 83_526
RUNS = 5
BAKEN = [sys.executable, "-m", "baken.run.cli"]
SCHEMA = [sys.executable, "-c", "from baken.run.ready import django_ready; django_ready()"]


def seconds(addresses: dict[str, str], command: list[str]) -> float:
    """How long a command takes."""
    environment = {**os.environ, **addresses, "PYTHONPATH": str(Path(__file__).parents[1])}
    begun = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - begun


def run(cluster: Cluster, name: str) -> tuple[float, float]:
    """Seconds of the first import into a database of its own, and of the second."""
    addresses = {setting: f"{held.rpartition('/')[0]}/{name}" for setting, held in cluster.environment.items()}
    with psycopg.connect(cluster.admin_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER baken")
    seconds(addresses, SCHEMA)
    command = [*BAKEN, "import", "servicenow", str(LOG), "--service", "cloud", "--zone", "UTC"]
    taken = seconds(addresses, command), seconds(addresses, command)
    with psycopg.connect(cluster.admin_dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    return taken


def main() -> None:
    if not LOG.exists():
        print(f"nothing to import: {LOG} is absent")
        return
    with tempfile.TemporaryDirectory(prefix="baken-bench-") as home:
        Path(home).chmod(0o755)  # started by root, the server runs as another account
        os.environ["BAKEN_HOME"] = home
        with Cluster(Path(home)) as cluster:
            taken = [run(cluster, f"import_{number}") for number in range(RUNS)]
            version = cluster.version
    print(f"Python {platform.python_version()}, PostgreSQL {version}, {os.cpu_count()} cores, {RUNS} runs")
    for label, times in zip(("first import", "the same again"), zip(*taken, strict=True), strict=True):
        median = statistics.median(times)
        spread = f"({min(times):.1f} to {max(times):.1f})"
        print(f"{label:16}{median:>8.1f} s  {spread}{ROWS / median:>10,.0f} rows a second")


if __name__ == "__main__":
    main()
