"""Where a cluster lies, and how a new one comes to be.

A place is one folder: `data` (PostgreSQL's own), `password`, `owner-password` and `admin-password`, `host`, `port`,
`conf.d`, `socket` and `start.log`. Only `data` and `socket` belong to the account that runs
PostgreSQL; what the caller reads and writes lies outside them, so that the account cannot lead root astray
with a link.

Normally the place is `database` in Baken's home. Where the account may not enter that home, it lies under
/var/lib/baken/clusters and `database.location` in the home names it; no permission on the way to the home is
changed.
"""

import hashlib
import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from baken.reach.postgres.account import Account, make_passable
from baken.reach.postgres.errors import ClusterError

CLUSTERS = Path("/var/lib/baken/clusters")
OWNER = DATABASE = "baken"
APPLICATION = "baken_app"
ADMIN = "postgres"
INCLUDE = """
# Baken's settings, written anew at each start; what stands below them wins.
include_if_exists = '../conf.d/baken.conf'
"""
# Run once, in single-user mode: one statement a line. The roles of `record.policies` are there from the beginning, so
# that a dump can be restored into a new cluster.
PREPARE = """\
CREATE ROLE baken LOGIN CREATEDB CREATEROLE PASSWORD '{owner_password}'
CREATE ROLE baken_app LOGIN NOINHERIT PASSWORD '{password}'
CREATE ROLE baken_door ADMIN baken
CREATE ROLE baken_customer ADMIN baken
CREATE ROLE baken_staff ADMIN baken
CREATE ROLE baken_auditor ADMIN baken
CREATE ROLE baken_program ADMIN baken
GRANT pg_monitor TO baken
CREATE DATABASE baken OWNER baken
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one cluster, and the paths in it."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def conf(self) -> Path:
        return self.root / "conf.d/baken.conf"

    @property
    def socket(self) -> Path:
        return self.root / "socket"

    @property
    def log(self) -> Path:
        return self.root / "start.log"

    @property
    def host(self) -> str:
        """Where the server was last told to answer: 127.0.0.1, or the folder of its socket."""
        return self.read("host") if (self.root / "host").exists() else "127.0.0.1"

    @property
    def private(self) -> bool:
        """Whether it answers at its socket alone, without passwords."""
        return self.host.startswith("/")

    def read(self, name: str) -> str:
        """One of the small files, such as password or port. Raises ClusterError when it is absent."""
        try:
            return (self.root / name).read_text().strip()
        except OSError as error:
            raise ClusterError(f"{self.root / name} cannot be read ({error.strerror}); start the cluster") from error

    def write(self, name: str, text: str, mode: int = 0o600) -> None:
        """Replace a file as a whole; it becomes the owner's of the place, also when root starts another's."""
        owner = self.root.stat()
        draft = self.root / f"{name}.new"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        draft.replace(self.root / name)


def locate(home: Path) -> Place:
    """The place of the cluster of `home`; the default one when there is none yet."""
    pointer = home / "database.location"
    if not pointer.exists():
        return Place(home / "database")
    place = Place(Path(pointer.read_text().strip()))
    if not place.root.exists():
        raise ClusterError(
            f"{pointer} says that the database lies in {place.root}, which is gone; restore it from a "
            f"backup, or delete {pointer} to begin with an empty database"
        )
    return place


def create(home: Path, bindir: Path, account: Account, version: int, lock: int) -> Place:
    """Make the cluster of `home` beside its place, then put it there by one rename.

    `lock` is the descriptor that excludes other starters; initdb inherits it, so that a killed caller's
    initdb ends before the next start removes what it left. Raises ClusterError with initdb's words.
    """
    place = _choose(home, account)
    make_passable(place.root.parent)
    draft = Place(place.root.with_name(f"{_draft_prefix(home)}{secrets.token_hex(4)}"))
    _folder(draft.root, 0o711)
    try:
        _fill(draft, bindir, account, version, lock)
        draft.root.rename(place.root)
    except BaseException:
        shutil.rmtree(draft.root, ignore_errors=True)
        raise
    if place.root.parent != home:
        _point(home, place)
    return place


def sweep(home: Path) -> None:
    """Remove what creations that were killed half-way left behind."""
    for parent in (home, CLUSTERS):
        for leftover in parent.glob(f"{_draft_prefix(home)}*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _choose(home: Path, account: Account) -> Place:
    if account.enters(home):
        return Place(home / "database")
    return Place(CLUSTERS / f"{_digest(home)}-{secrets.token_hex(4)}")


def _digest(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:16]


def _draft_prefix(home: Path) -> str:
    return f".new-{_digest(home)}-"


def _point(home: Path, place: Place) -> None:
    place.write("home", f"{home}\n", 0o644)  # for the person who wonders whose this is
    draft = home / "database.location.new"
    draft.write_text(f"{place.root}\n")
    draft.chmod(0o644)  # a path is no secret, and the home's own account reads it when root has written it
    draft.replace(home / "database.location")


def _folder(path: Path, mode: int) -> None:
    path.mkdir()
    path.chmod(mode)


def _fill(draft: Place, bindir: Path, account: Account, version: int, lock: int) -> None:
    for folder in (draft.data, draft.socket):
        _folder(folder, 0o700)
        account.own(folder)
    _folder(draft.conf.parent, 0o755)
    admin_password, owner_password, password = (secrets.token_urlsafe(32) for _ in range(3))
    draft.write("admin-password", admin_password)
    draft.write("owner-password", owner_password)
    draft.write("password", password)
    draft.write("for-initdb", admin_password)
    account.own(draft.root / "for-initdb")
    _step(account, _initdb(draft, bindir, version), lock)
    (draft.root / "for-initdb").unlink()
    prepare: list[str | Path] = [
        bindir / "postgres",
        "--single",
        "-j",
        "-c",
        "exit_on_error=on",
        "-D",
        draft.data,
        "postgres",
    ]
    statements = PREPARE.format(owner_password=owner_password, password=password).strip().replace("\n", ";\n\n")
    _step(account, prepare, lock, f"{statements};\n\n".encode())
    _include(draft)


def _initdb(draft: Place, bindir: Path, version: int) -> list[str | Path]:
    # From 17 on, neither the sort order (hence indexes) nor upper and lower case depend on the C library.
    before_17 = ["--lc-ctype=en_US.UTF-8" if sys.platform == "darwin" else "--lc-ctype=C.UTF-8"]
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    provider = builtin if version >= 17 else before_17
    return [
        *(bindir / "initdb", "-D", draft.data, "--username", ADMIN, "--pwfile", draft.root / "for-initdb"),
        *("--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C", *provider),
    ]


def _step(account: Account, command: list[str | Path], lock: int, given: bytes = b"") -> None:
    done = account.run(command, input=given, pass_fds=(lock,))
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip()
        raise ClusterError(f"a new cluster could not be made: {Path(command[0]).name} said:\n{said}")


def _include(draft: Place) -> None:
    """Append the include; without following a link, since the folder is the account's."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW
    with os.fdopen(os.open(draft.data / "postgresql.conf", flags), "w") as file:
        file.write(INCLUDE)
