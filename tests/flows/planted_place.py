"""An installation of its own that is used, with secrets in all that it takes, and all that then lies on its disk."""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import psycopg
from moto.server import ThreadedMotoServer

from baken.reach.postgres import Cluster, find_binaries
from tests.flows.planting import PASSWORD
from tests.flows.prober_world import wait_for
from tests.flows.spellings import files_below, mark_of
from tests.flows.test_up import free_port

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"wal_keep_size": "2GB", "fsync": "off", "autovacuum": "off", "work_mem": "64kB"}
PAGES, API = "application/x-www-form-urlencoded", "application/json"

HASTE = """
import sys
from baken.run.ready import django_ready
django_ready()
from baken.record.orgs import keys, spreading
keys.FRESH, spreading.MARGIN = 0.2, 0.1  # nobody else is at work who would have to hear of a new key
from baken.run.cli import baken
baken(sys.argv[1:])
"""


@dataclass
class Place:
    """An installation that was used, and what came of planting."""

    home: Path
    cluster: Cluster
    mark: str
    control: str
    """What was written as a careless program would, to show that the search finds it."""
    report: dict[str, Any]

    def everything(self) -> list[Path]:
        """Dump, base backups, data directory with log and WAL, temporary files, objects, and Baken's home."""
        return sorted(set(files_below(self.home, self.cluster.data)))

    def kinds(self) -> dict[str, list[Path]]:
        """The same files, by what each of them is."""
        data, home, found = self.cluster.data, self.home, self.everything()
        where = {
            "dump": home / "dump", "base backup": home / "backup", "zipped base backup": home / "zipped",
            "rows": data / "base", "write-ahead log": data / "pg_wal", "log of the database": data / "log",
            "log of the program": home / "logs", "temporary files": home / "temporary",
            "temporary files of the database": home / "spilled", "object store": home / "objects",
            "prober": home / "prober",
        }  # fmt: skip
        return {kind: [path for path in found if folder in path.parents] for kind, folder in where.items()}


@contextmanager
def planted_place() -> Iterator[Place]:
    home = Path(tempfile.mkdtemp(prefix="baken-readable-", dir="/tmp"))
    home.chmod(0o755)
    for folder in ("logs", "temporary", "dump", "objects", "prober"):
        (home / folder).mkdir()
    cluster, mark, control = Cluster(home, settings=SETTINGS), mark_of("planted"), mark_of("control")
    try:
        cluster.start()
        report = _planted(home, cluster, mark)
        report["statuses"] = _through_the_server(home, cluster, mark, report)
        with _object_store() as (settings, bucket):
            report["stored"] = _through_the_server(home, cluster, mark, report, brief=True, **settings)
            report["commands"] = _by_command(home, cluster, report, **settings)
            bucket.put_object(Key="careless", Body=control.encode())
            for number, held in enumerate(bucket.objects.all()):
                (home / "objects" / str(number)).write_bytes(held.key.encode() + held.get()["Body"].read())
        place = Place(home, cluster, mark, control, report)
        _careless(place)
        report["facts"] = _facts(cluster)
        _backed_up(place)
        cluster.stop()  # writes out what lies in memory alone, as rows of unlogged tables do
        yield place
    finally:
        cluster.stop()
        shutil.rmtree(cluster.data.parent, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path, cluster: Cluster, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BAKEN_")}
    return {
        **kept, "BAKEN_HOME": str(home), **cluster.environment, "DJANGO_SETTINGS_MODULE": "baken.run.settings",
        "PYTHONPATH": str(ROOT), "TMPDIR": str(home / "temporary"), **more,
    }  # fmt: skip


def _planted(home: Path, cluster: Cluster, mark: str) -> dict[str, Any]:
    settings = _environment(home, cluster, BAKEN_URL="http://testserver", BAKEN_OPENID_PRIVATE="yes")
    with (home / "logs/planting.log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-m", "tests.flows.planting", json.dumps({"mark": mark})], cwd=ROOT, env=settings,
            stdout=subprocess.PIPE, stderr=log, check=False,
        )  # fmt: skip
    assert done.returncode == 0, (home / "logs/planting.log").read_text()
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def _through_the_server(
    home: Path, cluster: Cluster, mark: str, report: dict[str, Any], *, brief: bool = False, **settings: str
) -> list[int]:
    """The same by a web process: incidents, files small and large, what does not fit, an export; the statuses."""
    port = free_port()
    told = _environment(home, cluster, BAKEN_PORT=str(port), BAKEN_URL=f"http://127.0.0.1:{port}", **settings)
    with (home / "logs/web.log").open("ab") as log:
        web = subprocess.Popen(
            [sys.executable, "-m", "baken.run.web"], cwd=ROOT, env=told, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(f"{base}/api/v1/health", web)
        if brief:
            return _stored(base, mark, report)
        report["probing"] = _probing(home, cluster, base, report["prober_key"])
        return _asked(base, mark, report)
    finally:
        web.terminate()
        web.wait(30)


def _asked(base: str, mark: str, report: dict[str, Any]) -> list[int]:
    api, customer = f"{base}/api/v1", report["customer"]
    incident = {"service": "cloud", "subject": f"{mark}subject", "body": f"{mark}body"}
    return [
        _post(f"{api}/incidents", customer, API, json.dumps(incident).encode()),
        _post(f"{api}/incidents", customer, API, json.dumps({**incident, mark: mark}).encode()),
        _post(f"{api}/incidents", customer, API, f'{{"subject": "{mark}'.encode()),
        *(_upload(api, report["provider"], mark, size) for size in (100_000, 6_000_000, 34_000_000)),
        _post(f"{api}/{mark}?q={mark}", customer, API, mark.encode()),
        _sign_in(base, f"{mark}@nobody.example", mark).status,
        _export(base, report["address"]),
    ]


def _probing(home: Path, cluster: Cluster, base: str, key: str) -> str:
    """A prober takes its assignment and is killed, which leaves the journal of its spool; what it said."""
    log, file = home / "logs/probing.log", home / "prober/ams.key"
    file.write_text(key)
    command = [sys.executable, "-m", "baken.run.cli", "probe", "--hub", base, "--location", "ams"]
    with log.open("wb") as out:
        prober = subprocess.Popen(
            [*command, "--key", str(file), "--state", str(home / "prober")], cwd=ROOT, stdout=out, stderr=out,
            env=_environment(home, cluster),
        )  # fmt: skip
    try:
        wait_for(lambda: "checks" in log.read_text() or prober.poll() is not None, "an assignment")
    finally:
        prober.kill()
        prober.wait()
    return log.read_text()


def _stored(base: str, mark: str, report: dict[str, Any]) -> list[int]:
    return [_upload(f"{base}/api/v1", report["provider"], mark, size) for size in (100_000, 6_000_000)]


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web process ended")


def _upload(api: str, token: str, mark: str, size: int) -> int:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{mark}.txt"\r\n\r\n'
    body = (f"{mark}file" * (1 + size // 20))[:size]
    whole = f"{head}{body}\r\n--b--\r\n".encode()
    return _post(f"{api}/audits/1/report", token, "multipart/form-data; boundary=b", whole)


def _post(address: str, token: str, media_type: str, body: bytes) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": media_type}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _sign_in(base: str, address: str, password: str) -> http.client.HTTPResponse:
    talk, key = http.client.HTTPConnection(base.partition("//")[2], timeout=30), "k" * 32
    form = urlencode({"email": address, "password": password, "csrfmiddlewaretoken": key})
    talk.request("POST", "/sign-in/", form, {"Content-Type": PAGES, "Cookie": f"csrftoken={key}"})
    answer = talk.getresponse()
    answer.read()
    return answer


def _export(base: str, address: str) -> int:
    """Somebody downloads all that is theirs."""
    cookies = _sign_in(base, address, PASSWORD).headers.get_all("Set-Cookie") or []
    session = next(cookie.partition(";")[0] for cookie in cookies if cookie.startswith("sessionid="))
    talk, key = http.client.HTTPConnection(base.partition("//")[2], timeout=30), "k" * 32
    form = urlencode({"csrfmiddlewaretoken": key})
    talk.request("POST", "/account/export/", form, {"Content-Type": PAGES, "Cookie": f"csrftoken={key}; {session}"})
    answer = talk.getresponse()
    assert answer.read().startswith(b"PK"), answer.status
    return answer.status


@contextmanager
def _object_store() -> Iterator[tuple[dict[str, str], Any]]:
    """An object store over S3's protocol: the settings with which files go there, and its bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        keys = {"aws_access_key_id": "access", "aws_secret_access_key": "secret", "region_name": "eu-central-1"}
        bucket = boto3.resource("s3", endpoint_url=f"http://{host}:{port}", **keys).Bucket("readable")
        bucket.create(CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield {
            "BAKEN_FILES": "s3", "BAKEN_S3_BUCKET": "readable", "BAKEN_S3_ENDPOINT": f"http://{host}:{port}",
            "BAKEN_S3_REGION": "eu-central-1", "BAKEN_S3_ACCESS_KEY": "access", "BAKEN_S3_SECRET_KEY": "secret",
        }, bucket  # fmt: skip
    finally:
        server.stop()


def _by_command(home: Path, cluster: Cluster, report: dict[str, Any], **settings: str) -> list[int]:
    """An export, which is plain and goes elsewhere, an erasure, and other keys; the exit codes."""
    with tempfile.TemporaryDirectory() as elsewhere, (home / "logs/commands.log").open("wb") as log:
        commands = (
            ("export", "organisation", "customer", "--to", f"{elsewhere}/customer.zip"),
            ("erase", "person", report["leaver"], "--yes"),
            ("keys", "rotate"),
            ("keys", "rotate", "--index"),
        )
        return [
            subprocess.run(
                [sys.executable, "-c", HASTE, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log,
                env=_environment(home, cluster, BAKEN_URL="http://testserver", **settings), check=False,
            ).returncode
            for command in commands
        ]  # fmt: skip


def _careless(place: Place) -> None:
    """Write the control where a careless program would."""
    said = [place.control, f"{'so it was, ' * 1_000}{place.control[::-1]}{' and so it will be' * 1_000}"]
    with psycopg.connect(place.cluster.admin_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE scratch (said text)")
        connection.execute("INSERT INTO scratch VALUES (%s), (%s)", said)
        connection.execute(f"DO $$ BEGIN RAISE LOG '{place.control}'; END $$")
    with contextlib.suppress(psycopg.Error), psycopg.connect(place.cluster.owner_dsn) as connection:
        connection.execute(f"INSERT INTO orgs_organisation (code) VALUES ('{place.mark}')")
    for folder in ("temporary", "logs", "prober"):
        (place.home / folder / "careless").write_text(place.control)


def _facts(cluster: Cluster) -> list[tuple[str, str, Any]]:
    """Every fact on the ledger: its kind, who did it, and its data."""
    with psycopg.connect(cluster.admin_dsn) as connection:
        return connection.execute("SELECT kind, actor, data FROM ledger_ledgerfact").fetchall()


def _backed_up(place: Place) -> None:
    """Dump, base backups, and what PostgreSQL writes beside its tables while it sorts."""
    home, cluster = place.home, place.cluster
    programs = find_binaries(None, cluster.data)
    with psycopg.connect(cluster.admin_dsn, autocommit=True) as connection:
        row = connection.execute("SELECT pg_relation_filepath('people_allowance')").fetchone()
        place.report["unlogged"] = row and row[0]
        connection.execute("CHECKPOINT")
        for form, how in (("plain", ()), ("custom", ("--format=custom", "--compress=0"))):
            _run(programs / "pg_dump", "--dbname", cluster.admin_dsn, "--file", home / "dump" / form, *how)
        backup = (programs / "pg_basebackup", "--dbname", cluster.admin_dsn, "--checkpoint=fast")
        _run(*backup, "--pgdata", home / "backup")
        _run(*backup, "--pgdata", home / "zipped", "--format=tar", "--gzip", "--wal-method=fetch")
        for table, times in (("incidents_message", 10), ("orgs_filechunk", 2), ("people_user", 300), ("scratch", 300)):
            connection.execute(
                f"DECLARE sorted_{table} CURSOR WITH HOLD FOR "
                f"SELECT one, again FROM {table} one, generate_series(1, {times}) again ORDER BY again, one::text"
            )
        shutil.copytree(cluster.data / "base/pgsql_tmp", home / "spilled")


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)
