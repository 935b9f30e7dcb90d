"""Whoever takes the database, its disk, its dump or Baken's logs reads nothing that anybody wrote.

220 secrets go in through flows, pages and the API of a real installation, with a mark in each that occurs nowhere else.
Then everything that lies on the disk is searched for the mark, in the ways in which a program would write it down. A
control puts another mark where a careless program would, and the same search finds it.
"""

import base64
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from baken.reach.postgres import Cluster, find_binaries
from tests.flows.test_up import free_port

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"wal_keep_size": "2GB", "fsync": "off", "autovacuum": "off"}
PIECE = 8
"""Letters in a row that are looked for: PostgreSQL's compression puts a byte of its own between eight letters."""


def mark_of(seed: str) -> str:
    return "".join(random.Random(seed + str(time.time_ns())).choices("abcdefghijklmnopqrstuvwxyz", k=16))


def spellings(mark: str) -> list[bytes]:
    """All ways in which a mark could be written down."""
    found: set[bytes] = set()
    for text in (mark, mark.upper()):
        raw = text.encode()
        found |= {raw[at : at + PIECE] for at in range(len(raw) - PIECE + 1)}
        for encoded in (raw, text.encode("utf-16-le"), text.encode("utf-16-be")):
            found |= {encoded, encoded.hex().encode(), encoded.hex().upper().encode()}
            found |= {_inside_base64(encoded, before) for before in range(3)}
    return sorted(found)


def _inside_base64(raw: bytes, before: int) -> bytes:
    """The part of its base64 that does not depend on the `before` bytes in front of it, nor on what follows."""
    whole = base64.b64encode(bytes(before) + raw)
    return whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


def readable_in(paths: Iterable[Path], wanted: list[bytes]) -> list[str]:
    """Which files hold one of the spellings."""
    found = []
    for path in paths:
        content = path.read_bytes()
        found += [f"{path}: {spelling!r}" for spelling in wanted if spelling in content]
    return found


def files_below(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


@dataclass
class Place:
    """An installation that was used, and what came of planting."""

    home: Path
    cluster: Cluster
    mark: str
    report: dict[str, Any]

    def dump(self) -> Path:
        """All that the database holds, as a backup writes it."""
        program = find_binaries(None, self.cluster.data) / "pg_dump"
        target = self.home / "dump.sql"
        subprocess.run([program, "--dbname", self.cluster.admin_dsn, "--file", target], check=True)
        return target

    def everything(self) -> list[Path]:
        """The dump, the data directory with its log and WAL, and Baken's home; all written out."""
        with psycopg.connect(self.cluster.admin_dsn, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        self.dump()
        return sorted(set(files_below(self.home, self.cluster.data)))


def environment(home: Path, cluster: Cluster, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BAKEN_")}
    return {
        **kept, "BAKEN_HOME": str(home), **cluster.environment, "DJANGO_SETTINGS_MODULE": "baken.run.settings",
        "PYTHONPATH": str(ROOT), "TMPDIR": str(home / "temporary"), **more,
    }  # fmt: skip


def planted(home: Path, cluster: Cluster, mark: str) -> dict[str, Any]:
    with (home / "logs/planting.log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-m", "tests.flows.planting", json.dumps({"mark": mark})], cwd=ROOT,
            env=environment(home, cluster, BAKEN_URL="http://testserver"), stdout=subprocess.PIPE, stderr=log,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, (home / "logs/planting.log").read_text()
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def through_the_server(home: Path, cluster: Cluster, mark: str, report: dict[str, Any]) -> list[int]:
    """The same by a web process: an incident, files small and large, and requests that do not fit; the statuses."""
    port = free_port()
    settings = environment(home, cluster, BAKEN_PORT=str(port), BAKEN_URL=f"http://127.0.0.1:{port}")
    with (home / "logs/web.log").open("wb") as log:
        web = subprocess.Popen(
            [sys.executable, "-m", "baken.run.web"], cwd=ROOT, env=settings, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}/api/v1"
        _wait_for(f"{base}/health", web)
        incident = {"service": "cloud", "subject": f"{mark}subject", "body": f"{mark}body"}
        sent = "application/json"
        return [
            _post(f"{base}/incidents", report["customer"], sent, json.dumps(incident).encode()),
            _post(f"{base}/incidents", report["customer"], sent, json.dumps({**incident, mark: mark}).encode()),
            _post(f"{base}/incidents", report["customer"], sent, f'{{"subject": "{mark}'.encode()),
            *(_upload(f"{base}/audits/1/report", report["provider"], mark, size) for size in (100_000, 6_000_000)),
            _upload(f"{base}/audits/1/report", report["provider"], mark, 34_000_000),
            _post(f"{base}/{mark}?q={mark}", report["customer"], sent, mark.encode()),
        ]
    finally:
        web.terminate()
        web.wait(30)


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web process ended")


def _upload(address: str, token: str, mark: str, size: int) -> int:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{mark}.pdf"\r\n\r\n'
    body = (f"{mark}file" * (1 + size // 20))[:size]
    return _post(address, token, "multipart/form-data; boundary=b", f"{head}{body}\r\n--b--\r\n".encode())


def _post(address: str, token: str, media_type: str, body: bytes) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": media_type}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    home = Path(tempfile.mkdtemp(prefix="baken-readable-", dir="/tmp"))
    home.chmod(0o755)
    for folder in ("logs", "temporary"):
        (home / folder).mkdir()
    cluster, mark = Cluster(home, settings=SETTINGS), mark_of("planted")
    try:
        cluster.start()
        report = planted(home, cluster, mark)
        report["statuses"] = through_the_server(home, cluster, mark, report)
        yield Place(home, cluster, mark, report)
    finally:
        cluster.stop()
        shutil.rmtree(cluster.data.parent, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def test_a_failing_statement_leaves_its_values_out_of_the_log(place: Place) -> None:
    control = mark_of("failing")
    with psycopg.connect(place.cluster.owner_dsn) as connection, pytest.raises(psycopg.Error):
        connection.execute(f"INSERT INTO orgs_organisation (code) VALUES ('{control}')")
    logs = files_below(place.cluster.data / "log")
    assert any("null value in column" in path.read_text() for path in logs)
    assert readable_in(logs, spellings(control)) == []


def test_every_column_for_text_was_written_to_and_says_what_was_written(place: Place) -> None:
    assert place.report["planted"] >= 200
    assert (place.report["lost"], place.report["empty"]) == ([], [])
    assert place.report["statuses"] == [201, 422, 400, 201, 201, 413, 403]


def test_nothing_is_readable(place: Place) -> None:
    searched = place.everything()
    assert any("pg_wal" in path.parts and path.stat().st_size for path in searched)
    assert {"dump.sql", "planting.log", "web.log"} <= {path.name for path in searched}
    assert readable_in(searched, spellings(place.mark)) == []


def test_whoever_has_the_database_takes_over_no_session(place: Place) -> None:
    """The key of an open session is nowhere, and nothing that is there in its place opens it."""
    assert readable_in(place.everything(), [place.report["session"].encode()]) == []
    opened = place.report["opened"]
    assert opened.pop("its key") == 200
    assert opened and set(opened.values()) == {302}


@pytest.mark.parametrize("compressed", [False, True], ids=["short", "compressed"])
def test_the_search_finds_what_a_careless_program_writes(place: Place, compressed: bool) -> None:
    control = mark_of("control")
    text = f"{'so it was, ' * 1_000}{control}{' and so it will be' * 1_000}" if compressed else control
    with psycopg.connect(place.cluster.admin_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS scratch (said text)")
        connection.execute("INSERT INTO scratch VALUES (%s)", [text])
    found = readable_in(place.everything(), spellings(control))
    with psycopg.connect(place.cluster.admin_dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE scratch")
    data = str(place.cluster.data)
    for where in (f"{place.home}/dump.sql", f"{data}/base", f"{data}/pg_wal"):
        assert any(line.startswith(where) for line in found), f"{where}: {found}"


def test_the_search_knows_every_way_of_writing(tmp_path: Path) -> None:
    control = mark_of("control")
    raw = f"{control}rest".encode()
    written = [
        raw, raw.upper(), f"{control}rest".encode("utf-16-le"), f"{control}rest".encode("utf-16-be"),
        raw.hex().encode(), raw.hex().upper().encode(), *(base64.b64encode(b"-" * front + raw) for front in range(3)),
        *(base64.b64encode(b"-" * front + f"{control}rest".encode("utf-16-le")) for front in range(3)),
    ]  # fmt: skip
    for content in written:
        (tmp_path / "file").write_bytes(b"before " + content + b" after")
        assert readable_in([tmp_path / "file"], spellings(control)), content
    (tmp_path / "file").write_bytes(random.Random(1).randbytes(1_000_000))
    assert readable_in([tmp_path / "file"], spellings(control)) == []
