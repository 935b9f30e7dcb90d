"""Databases of the tests' server: how to log in, and how to be the owner for a moment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections
from django.db.backends.utils import CursorWrapper

from baken.record.policies import PROGRAM


def addresses(name: str) -> dict[str, str]:
    """The settings with which Baken works on a database of this name."""
    owner = os.environ.get("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])
    logins = {"DATABASE_URL": os.environ["DATABASE_URL"], "DATABASE_OWNER_URL": owner}
    return {setting: f"{address.rpartition('/')[0]}/{name}" for setting, address in logins.items()}


@contextmanager
def owning() -> Iterator[CursorWrapper]:
    """The test's own connection, as the owner of the tables: to do what nobody may.

    The tests' server lets its application's role take on the owner's (see `tests.cluster`); an installation's does not.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {connections['owner'].settings_dict['USER']}")
        yield cursor
        cursor.execute(f"SET ROLE {PROGRAM}")
