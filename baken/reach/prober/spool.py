"""Results wait here, on disk, until the hub has them; a commit survives a crash of prober and machine.

They are codes and numbers, and lie there as they are. What the hub said in words is sealed.
"""

import logging
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from baken.reach.prober.checks import Observation, Result
from baken.reach.prober.sealing import Seal

log = logging.getLogger(__name__)

_SEALS = 1
"""The version of a spool in which no word is readable, as `user_version` of its file."""

_TABLES = """
CREATE TABLE IF NOT EXISTS result (
    sequence INTEGER PRIMARY KEY,
    monitor TEXT NOT NULL,
    started INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    status INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class SpoolError(RuntimeError):
    """The spool cannot be opened; the message says why and what to do."""


class Spool:
    """A queue of results in one SQLite file, shared by threads, used by one process at a time.

    It numbers what it takes: gapless and rising, for ever, also when it was empty in between. When `capacity`
    results wait it keeps those and refuses new ones, before they get a number. What is kept by `keep` is sealed for
    the holder of `key`.
    """

    def __init__(self, path: Path, key: Ed25519PrivateKey, capacity: int = 1_000_000) -> None:
        self._lock = threading.Lock()
        self._seal = Seal(key)
        self._capacity = capacity
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = _open(path)
        except (OSError, sqlite3.Error) as problem:
            raise SpoolError(_explain(path, problem)) from problem

    @property
    def is_new(self) -> bool:
        """Whether this spool has yet to learn from the hub where its numbers start."""
        with self._lock:
            return self._get("aligned") is None

    def append(self, observations: Sequence[Observation]) -> int:
        """Number these, commit them to disk and give how many there was room for. The first ones are kept."""
        with self._lock:
            following = self._next()
            kept = observations[: max(0, self._capacity - (following - self._first()))]
            try:
                self._insert([(following + i, *observation) for i, observation in enumerate(kept)])
            except sqlite3.OperationalError:
                return 0  # the disk is full
            return len(kept)

    def oldest(self, limit: int) -> list[Result]:
        """The results to deliver first, in order."""
        with self._lock:
            rows = self._db.execute(
                "SELECT monitor, sequence, started, duration, outcome, reason, status"
                " FROM result ORDER BY sequence LIMIT ?",
                (limit,),
            )
            return [Result(*row) for row in rows]

    def acknowledge(self, sequence: int) -> None:
        """The hub has everything up to and including `sequence`: drop it.

        A new spool, or one the hub is ahead of (the folder was lost or put back), goes on after that number.
        """
        with self._lock, self._db:
            if sequence >= self._next() or self._get("aligned") is None:
                self._renumber(sequence + 1)
            self._db.execute("DELETE FROM result WHERE sequence <= ?", (sequence,))

    def resume_at(self, expected: int) -> None:
        """The hub wants `expected` next. If that one is gone, those that wait are numbered from there."""
        with self._lock, self._db:
            if expected <= self._next():
                self._db.execute("DELETE FROM result WHERE sequence < ?", (expected,))
            if self._first() != expected:
                self._renumber(expected)

    def keep(self, name: str, value: str) -> None:
        """Remember a text under a name, sealed."""
        with self._lock, self._db:
            self._set(name, self._seal.seal(value, name))

    def recall(self, name: str) -> str | None:
        """The text kept under a name; None when there is none, or another key sealed it."""
        with self._lock:
            sealed = self._get(name)
        return None if sealed is None else self._seal.unseal(sealed, name)

    def close(self) -> None:
        """Close the file; everything in it is already committed."""
        with self._lock:
            self._db.close()

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        with self._db:
            self._db.executemany(
                "INSERT INTO result (sequence, monitor, started, duration, outcome, reason, status)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._set("next", str(self._next() + len(rows)))

    def _next(self) -> int:
        return int(self._get("next") or 1)

    def _first(self) -> int:
        first: int | None = self._db.execute("SELECT min(sequence) FROM result").fetchone()[0]
        return self._next() if first is None else first

    def _renumber(self, first: int) -> None:
        """Number all that waits from `first`; by way of negative numbers, as no two may meet."""
        shift = first - self._first()
        self._db.execute("UPDATE result SET sequence = -(sequence + ?)", (shift,))
        self._db.execute("UPDATE result SET sequence = -sequence")
        self._set("next", str(self._next() + shift))
        self._set("aligned", "yes")

    def _get(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def _set(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, value))


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=2, check_same_thread=False)
    # EXCLUSIVE keeps a second prober out: two would give the same numbers twice.
    for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
        db.execute(f"PRAGMA {pragma}")
    db.executescript(_TABLES)
    if db.execute("PRAGMA user_version").fetchone()[0] < _SEALS:
        _sweep(db)
    return db


def _sweep(db: sqlite3.Connection) -> None:
    """An older version kept the assignment as it came: leave nothing of it, in free pages and the journal neither."""
    try:
        with db:
            db.execute("DELETE FROM state WHERE name = 'assignment'")
        for step in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", f"PRAGMA user_version = {_SEALS}"):
            db.execute(step)
    except sqlite3.OperationalError as problem:  # such as a full disk: results are still worth delivering
        log.warning("the spool may hold an assignment in the clear until the next start: %s", problem)


def _explain(path: Path, problem: Exception) -> str:
    if "locked" in str(problem):
        return f"another prober is using {path.parent}; give each location a folder of its own"
    return f"cannot use the spool {path} ({problem}); move the file away to start with an empty one"
