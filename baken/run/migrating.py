"""Brings the schema up to date: one process at a time, and never waiting long on a table that is in use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, ProgrammingError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.exceptions import MigrationSchemaMissing
from django.db.migrations.executor import MigrationExecutor
from psycopg.errors import InsufficientPrivilege

from baken.record import policies
from baken.record.orgs import indexkeys

OLDEST = 150_000
"""Oldest PostgreSQL that works, as it numbers itself."""
LOCK_TIMEOUT = "10s"
"""Longest wait for a table that others use: they would all queue up behind the waiting migration."""
STATEMENT_TIMEOUT = "15min"
FEW = 5
"""So many migrations are told one by one; a new database has too many for anybody to read."""
ADVISORY = 0x62616B656E  # "baken"


REMEDY = "name a role that owns the database and may make roles"


class SchemaError(Exception):
    """The schema cannot be brought up to date; the message says what to do."""


def bring_up_to_date(progress: Callable[[str], None]) -> None:
    """Apply the migrations that are missing, saying how many, and each when they are few. Raises SchemaError.

    Safe in several processes at once: the second waits for the first and finds nothing left to do.
    """
    if server_version() < OLDEST:
        raise SchemaError(f"DATABASE_URL: PostgreSQL 15 or newer is needed; this is {server_version() // 10_000}")
    if not pending() and policies.in_force(owner(), login()):
        indexkeys.ensure()
        return
    with _alone():
        executor = MigrationExecutor(owner())
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            progress(f"database: {len(plan)} changes to make to the schema")
        if len(plan) <= FEW:
            executor.progress_callback = _teller(progress)
        _apply(executor, plan)
    indexkeys.ensure()


def _apply(executor: MigrationExecutor, plan: Any) -> None:
    try:
        executor.migrate(executor.loader.graph.leaf_nodes(), plan)
        policies.put_in_force(owner(), login())
    except OperationalError as error:
        raise SchemaError(f"the schema is not up to date ({str(error).strip()}); start again") from error
    except (ProgrammingError, MigrationSchemaMissing) as error:
        if isinstance(error, ProgrammingError) and not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        raise SchemaError(f"DATABASE_OWNER_URL: {str(error).splitlines()[0]}; {REMEDY}") from error


def owner() -> BaseDatabaseWrapper:
    """The connection of the role that owns the tables."""
    return connections["owner"]


def login() -> str:
    """As whom the program at work logs in."""
    user: str = connections["default"].settings_dict["USER"]
    return user


def server_version() -> int:
    """What the server calls itself: 150007 is 15.7."""
    with owner().cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        return int(cursor.fetchone()[0])


def pending() -> list[str]:
    """The migrations that this database lacks."""
    executor = MigrationExecutor(owner())
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


@contextmanager
def _alone() -> Iterator[None]:
    with owner().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY])
        try:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [STATEMENT_TIMEOUT])
            yield
        finally:
            if owner().is_usable():
                cursor.execute("RESET lock_timeout; RESET statement_timeout")
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY])


def _teller(progress: Callable[[str], None]) -> Callable[..., None]:
    def tell(action: str, migration: Any = None, *_: object) -> None:
        if action == "apply_start":
            progress(f"database: {migration.app_label} {migration.name}")

    return tell
