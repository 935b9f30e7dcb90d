"""Who PostgreSQL runs as: the caller, or, because PostgreSQL refuses root, an unprivileged account."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from baken.reach.postgres.errors import ClusterError


@dataclass(frozen=True, slots=True)
class Account:
    """An operating-system account, and how to run programs as it."""

    name: str
    uid: int
    gid: int

    @property
    def is_caller(self) -> bool:
        return self.uid == os.geteuid()

    def run(
        self, command: Sequence[str | Path], *, output: int | IO[bytes] = subprocess.PIPE, **more: Any
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `command` as this account to its end, with none of the caller's secrets in the environment.

        Standard output and standard error go to `output`, standard input is empty unless `input` is given.
        Raises OSError when the account cannot execute the program.
        """
        if not self.is_caller:
            more |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        if "input" not in more:
            more["stdin"] = subprocess.DEVNULL
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env=_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            **more,
        )

    def enters(self, directory: Path) -> bool:
        """Whether this account may pass through `directory` and everything above it."""
        return self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", directory]).returncode == 0

    def own(self, path: Path) -> None:
        """Make `path` this account's."""
        if not self.is_caller:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def make_passable(folder: Path) -> None:
    """Make `folder` and what is missing above it, for all accounts to pass; what exists stays as it is."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)


def _environment() -> dict[str, str]:
    """What PostgreSQL's programs need; messages in English, since the start reads them."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def account_for(data: Path) -> Account:
    """The account that runs the cluster in `data`.

    An existing data directory is run by its owner. A new one belongs to the caller; root gives it to
    BAKEN_PG_USER, else to `postgres`, else to `nobody`. Raises ClusterError when that account is absent, is
    root, or is another than the caller, who is not root.
    """
    if data.exists():
        return _owner(data)
    if os.geteuid() != 0:
        return _numbered(os.geteuid(), os.getegid())
    wish = os.environ.get("BAKEN_PG_USER")
    for name in [wish] if wish else ["postgres", "nobody"]:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            raise ClusterError("BAKEN_PG_USER: PostgreSQL does not run as root; name an unprivileged account")
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise ClusterError(f"BAKEN_PG_USER: there is no account {wish or 'postgres or nobody'!r}; name one that exists")


def _owner(data: Path) -> Account:
    found = data.stat()
    owner = _numbered(found.st_uid, found.st_gid)
    if found.st_uid == 0:
        raise ClusterError(f"{data} belongs to root, which PostgreSQL refuses; give it to an unprivileged account")
    if os.geteuid() not in (0, found.st_uid):
        raise ClusterError(f"{data} belongs to the account {owner.name}; start Baken as that account or as root")
    return owner


def _numbered(uid: int, gid: int) -> Account:
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, gid)
    except KeyError:  # containers run numbers that no file names
        return Account(str(uid), uid, gid)
