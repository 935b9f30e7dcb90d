"""A PostgreSQL with the schema of Baken in a folder, for a benchmark alone. A folder that is there is used again."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from baken.reach.postgres import Cluster

ROOT = Path(__file__).parents[2]
CARELESS = {
    "fsync": "off", "synchronous_commit": "off", "max_wal_size": "1GB", "wal_level": "minimal", "max_wal_senders": "0",
}  # fmt: skip
"""What is measured is not the disk, and nobody misses the data."""


@contextmanager
def running(home: Path) -> Iterator[Cluster]:
    """The server while it runs, with this process ready to use the records as the application does."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755)  # started by root, the server runs as another account
    with Cluster(home, settings=CARELESS) as cluster:
        os.environ |= {"BAKEN_HOME": str(home), "BAKEN_URL": "http://testserver", **cluster.environment}
        os.environ["PYTHONPATH"] = str(ROOT)
        ready()
        try:
            yield cluster
        finally:
            from baken.run.ready import disconnect

            disconnect()


def ready() -> None:
    """Django, and a schema that is up to date. Also for the other processes of a benchmark."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from baken.run.ready import django_ready

    django_ready()
