"""A real PostgreSQL for the tests: an embedded one in a folder of its own, or the one DATABASE_URL names.

Loaded with `-p`, before Django reads its settings. Workers of a parallel run inherit the address.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from baken.reach.postgres import Cluster

CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""Nobody misses the data of a test when the power fails."""


def start() -> None:
    home = Path(tempfile.mkdtemp(prefix="baken-tests-"))
    home.chmod(0o755)  # started by root, the server runs as another account
    os.environ["BAKEN_HOME"] = str(home)
    os.environ["BAKEN_URL"] = "http://testserver"
    if "DATABASE_URL" in os.environ:
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        return
    cluster = Cluster(home, settings=CARELESS)
    cluster.start()
    os.environ.update(cluster.environment)
    with psycopg.connect(cluster.admin_dsn) as admin:
        admin.execute("GRANT baken TO baken_app")  # see `tests.databases.owning`
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    atexit.register(cluster.stop)


if "PYTEST_XDIST_WORKER" not in os.environ:
    start()
