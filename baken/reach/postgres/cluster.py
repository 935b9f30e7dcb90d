"""The life of an embedded PostgreSQL: made, started, looked at, stopped. Safe with several processes."""

import fcntl
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from urllib.parse import urlencode

from baken.reach.postgres import doors, passwords
from baken.reach.postgres import place as places
from baken.reach.postgres.account import Account, account_for, make_passable
from baken.reach.postgres.binaries import find_binaries, reachable, version_of
from baken.reach.postgres.errors import ClusterError, DoesNotStart
from baken.reach.postgres.postmaster import Status, answers, end_orphans, read_postmaster, remove_stale_locks

PATIENCE = 600  # seconds for crash recovery, after which the start counts as failed
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "max_locks_per_transaction": "256",  # a query over a year of daily partitions locks each of them
    "shared_buffers": "128MB",
    "wal_level": "replica",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # a statement that fails has values in it
    "log_error_verbosity": "terse",  # and so has the detail of what is wrong with it
}
SOCKET_PATH_LIMIT = 100  # bytes; macOS allows 103, Linux 107


class Cluster:
    """The PostgreSQL cluster of one Baken home.

    `home`: Baken's data directory. `bindir`: the programs to use (default: BAKEN_PG_BIN, else found).
    `settings`: PostgreSQL settings that replace or extend Baken's at the next start. `private`: it answers at a Unix
    socket alone from the next start on, and knows who asks by their account of the system instead of by a password.
    """

    def __init__(
        self,
        home: Path,
        bindir: Path | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        private: bool = False,
    ) -> None:
        self.home = home.absolute()
        self._bindir = bindir or os.environ.get("BAKEN_PG_BIN") or None
        self._settings = dict(settings or {})
        self._private = private

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self._place.data

    @property
    def dsn(self) -> str:
        """The database's address for the program at work, which owns nothing; ClusterError before the first start."""
        return self._address(places.APPLICATION, "password")

    @property
    def owner_dsn(self) -> str:
        """The same database for the role that owns its tables: changes of the schema."""
        return self._address(places.OWNER, "owner-password")

    @property
    def environment(self) -> dict[str, str]:
        """The two addresses as the settings are called that Baken reads them from."""
        return {"DATABASE_URL": self.dsn, "DATABASE_OWNER_URL": self.owner_dsn}

    @property
    def admin_dsn(self) -> str:
        """The same database for the superuser: backups, extensions, replication."""
        return self._address(places.ADMIN, "admin-password")

    @cached_property
    def version(self) -> str:
        """Version of the programs that run this cluster, like 18.6."""
        return version_of(self._programs) or "unknown"

    def status(self) -> Status:
        """What the cluster is doing; cheap enough to ask every second."""
        if not self.data.exists():
            return Status.ABSENT
        try:
            postmaster = read_postmaster(self.data)
        except PermissionError as error:
            raise ClusterError(f"{self.data} belongs to another account; use Baken as that account") from error
        return postmaster.status if postmaster else Status.STOPPED

    def start(self) -> str:
        """Start the cluster, making it first where there is none; its address.

        A running one is left as it is. Repairs what a killed server or a killed start left. Blocks other
        starters until it is done. Raises ClusterError: NoBinaries, DoesNotStart or what initdb said.
        """
        with self._locked() as lock:
            places.sweep(self.home)
            if not self.data.exists():
                major = int(self.version.split(".")[0])
                places.create(self.home, self._runnable(), self._account, major, lock)
            self._start_server()
            if self._private and not self._place.private:
                raise ClusterError("PostgreSQL of this home runs without BAKEN_STRICT; stop what uses it, start again")
            return self.dsn

    def stop(self) -> None:
        """End all sessions and shut the server down cleanly; nothing to do when it is not running."""
        with self._locked():
            for mode in ("fast", "immediate"):
                if self.status() in (Status.ABSENT, Status.STOPPED):
                    return
                self._control("stop", "-m", mode, "-w", "-t", "60")
            if self.status() is not Status.STOPPED:
                raise ClusterError(f"PostgreSQL in {self.data} does not stop; see {self._place.log}")

    def renew_passwords(self) -> None:
        """Give the roles of the running server other passwords; see `passwords.renew`."""
        with self._locked():
            passwords.renew(self._place)

    @property
    def _place(self) -> places.Place:
        return places.locate(self.home)

    @property
    def _account(self) -> Account:
        return account_for(self.data)

    @cached_property
    def _programs(self) -> Path:
        return find_binaries(self._bindir, self.data)

    def _runnable(self) -> Path:
        return reachable(self._programs, self._account)

    def _address(self, role: str, password: str) -> str:
        place = self._place
        port = place.read("port")
        if place.private:
            return f"postgresql://{role}@/{places.DATABASE}?{urlencode({'host': place.host, 'port': port})}"
        return f"postgresql://{role}:{place.read(password)}@{place.host}:{port}/{places.DATABASE}"

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Exclude other starters and stoppers; the system lets go when this process dies, however it dies."""
        make_passable(self.home)
        lock = os.open(self.home / "database.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            if os.geteuid() == 0:  # in another account's home it stays that account's
                os.fchown(lock, self.home.stat().st_uid, self.home.stat().st_gid)
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock
        finally:
            os.close(lock)

    def _start_server(self) -> None:
        """Until it runs: wait while a server starts, recovers or stops; launch one while there is none.

        Right after a kill -9 the old server's children hold its shared memory for about a second: they are
        given that second, then ended. Another failure is tried three times, for a port that was taken in
        between.
        """
        failures, began = 0, time.monotonic()
        while not self._serves():
            waited = time.monotonic() - began
            if failures >= 3 or waited > PATIENCE:
                raise DoesNotStart(f"PostgreSQL does not start in {self.data}:\n{self._last_words()}")
            if self.status() is Status.STOPPED and not self._launch():
                held = "shared memory" in self._place.log.read_text(errors="replace")
                failures += not held or waited > 20
                if held and waited > 1:
                    end_orphans(self.data)
            time.sleep(0.1)

    def _serves(self) -> bool:
        return self.status() is Status.RUNNING and answers(self._place.host, int(self._place.read("port")))

    def _launch(self) -> bool:
        remove_stale_locks(self.data, self._place.socket)
        self._configure()
        return self._control("start", "-w", "-t", str(PATIENCE))

    def _control(self, action: str, *options: str) -> bool:
        """Run pg_ctl; what it and a starting server say goes to start.log, opened by the caller."""
        self._place.write("start.log", "")
        with self._place.log.open("ab") as log:
            command: list[str | Path] = [self._runnable() / "pg_ctl", "-D", self.data, "-s", action, *options]
            return self._account.run(command, output=log).returncode == 0

    def _configure(self) -> None:
        place = self._place
        port = _port(place)
        place.write("port", str(port))
        folder = str(place.socket)
        fits = len(os.fsencode(f"{folder}/.s.PGSQL.{port}")) <= SOCKET_PATH_LIMIT
        own = {"port": str(port), "unix_socket_directories": folder if fits else ""}
        if self._private:
            if not fits:
                raise ClusterError(f"BAKEN_HOME: {folder} is too long for a socket; choose a shorter one")
            own |= {"listen_addresses": "", **doors.known_by_account(place, self.home)}
        place.write("host", folder if self._private else "127.0.0.1", 0o644)
        lines = ["# Written anew at each start; settings of your own belong at the end of postgresql.conf."]
        for name, value in {**SETTINGS, **own, **self._settings}.items():
            quoted = value.replace("'", "''")
            lines.append(f"{name} = '{quoted}'")
        place.write("conf.d/baken.conf", "\n".join(lines) + "\n", 0o644)

    def _last_words(self) -> str:
        logs = sorted((self.data / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)
        said = [*self._place.log.read_text(errors="replace").splitlines()[-10:]]
        for log in logs[-1:]:
            said += [f"{log}:", *log.read_text(errors="replace").splitlines()[-10:]]
        return "\n".join(said)


def _port(place: places.Place) -> int:
    """The last time's port if it is free, else a free one below the range that outgoing connections take."""
    kept = place.root / "port"
    if kept.exists() and _is_free(int(place.read("port"))):
        return int(place.read("port"))
    for _ in range(200):
        port = 20000 + secrets.randbelow(12000)
        if _is_free(port):
            return port
    raise ClusterError("no free port between 20000 and 32000 on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
