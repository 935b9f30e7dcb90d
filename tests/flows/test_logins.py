"""As whom Baken logs in on a server of somebody's own: as two roles, or as one for both."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from tests.databases import addresses

NAME = f"logins_{os.getpid()}"


@pytest.fixture
def empty() -> Iterator[dict[str, str]]:
    """The addresses of a new database, of the role that works and of its owner."""
    with psycopg.connect(addresses("baken")["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {NAME}")  # type: ignore[arg-type]
        yield addresses(NAME)
        owner.execute(f"DROP DATABASE {NAME} WITH (FORCE)")  # type: ignore[arg-type]


def baken(**settings: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    return subprocess.run(
        [sys.executable, "-m", "baken.run.cli", "user", "list"], env=kept | settings, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_one_role_for_both_works_as_one_that_owns_nothing(empty: dict[str, str]) -> None:
    done = baken(DATABASE_URL=empty["DATABASE_OWNER_URL"])
    assert (done.returncode, done.stderr) == (0, "")
    assert baken(**empty).returncode == 0, "two roles may follow on one"


def test_without_the_owner_it_is_said_which_role_is_needed(empty: dict[str, str]) -> None:
    done = baken(DATABASE_URL=empty["DATABASE_URL"])
    assert done.returncode == 1
    assert done.stderr.startswith("baken: DATABASE_OWNER_URL: ")
    assert "name a role that owns the database and may make roles" in done.stderr
    assert done.stderr.count("\n") <= 2
