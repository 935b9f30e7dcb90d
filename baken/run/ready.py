"""Makes a process ready to use the records: a database that answers, a schema that is current, Django set up."""

import atexit
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import django
import psycopg
from django.apps import apps

from baken.reach.postgres import Cluster
from baken.run import configuration, strict

Progress = Callable[[str], None]

CONNECT_SECONDS = 10


class InUse:
    """Who uses the embedded PostgreSQL of a home: everybody shares a lock, and the last one out stops the server.

    Held by every command and by the supervisor; the system lets go when a process dies, however it dies.
    """

    def __init__(self, home: Path) -> None:
        """Join the users; waits while the last one out stops the server."""
        home.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(home / "database.users", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def leave(self, cluster: Cluster) -> None:
        """Stop the server if nobody else uses it."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            cluster.stop()
        finally:
            os.close(self._lock)


def embedded() -> Cluster:
    """The embedded PostgreSQL of this home; a strict installation reaches it without TCP or passwords."""
    return Cluster(configuration.home(), private=strict.demanded())


def django_ready(*, migrate: bool = True, progress: Progress | None = None) -> None:
    """Find or start the database of BAKEN_HOME and set Django up; for commands, not for the supervisor's children.

    A server that this starts is stopped at the end of the process, unless somebody else uses it by then. With
    `migrate` the schema is brought up to date first, and a strict installation has to be complete; `progress` hears of
    it. Calling it twice does nothing more. Raises ClusterError, ConfigurationError and SchemaError.
    """
    if apps.ready:
        return
    if migrate:
        strict.insist()
    if configuration.secret("DATABASE_URL"):
        for setting in ("DATABASE_URL", "DATABASE_OWNER_URL"):
            _reach(setting)
    else:
        cluster, users = embedded(), InUse(configuration.home())
        cluster.start()
        os.environ.update(cluster.environment)
        atexit.register(users.leave, cluster)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baken.run.settings")
    django.setup()
    atexit.register(disconnect)
    if migrate:
        from baken.run.migrating import bring_up_to_date

        bring_up_to_date(progress or _silent)


def _reach(setting: str) -> None:
    """Connect once: a pool would try again and again, and tell of it at length. Raises ConfigurationError."""
    address = configuration.secret(setting)
    if not address:
        return
    try:
        psycopg.connect(address, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.Error as error:
        said = (str(error).strip() or "no answer").splitlines()[0]
        raise configuration.ConfigurationError(f"{setting}: {said}") from error


def disconnect() -> None:
    """Close this process's connections to the database; the server may be stopped after this."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        close_pool = getattr(connection, "close_pool", None)
        if close_pool:
            close_pool()


def _silent(said: str) -> None:
    """Nobody listens."""
