"""`baken up`, really: from an empty folder to pages that answer, whatever is killed in between."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from baken.reach.postgres import Cluster
from baken.run.supervisor import wait_until
from tests.flows.certificates import Authority
from tests.flows.syslog_receiver import Listener, listening
from tests.flows.test_supervisor import alive

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
SECRETS = {"BAKEN_VAULT_TOKEN": "vault-secret", "BAKEN_S3_SECRET_KEY": "s3-secret", "ELSEWHERE_TOKEN": "other-secret"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """A home, a port, and `baken` commands that know them."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BAKEN_")}
        kept.pop("DATABASE_URL", None)
        self.environment = {
            **kept, "BAKEN_HOME": str(home), "BAKEN_PORT": str(self.port), "BAKEN_DEMO": "no", "PYTHONPATH": str(ROOT),
            **SECRETS,
        }  # fmt: skip
        self.process: subprocess.Popen[str] | None = None
        self.said = home.parent / f"{home.name}.said"

    def baken(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "baken.run.cli", *arguments],
            env={**self.environment, **environment}, capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip

    def up(self) -> None:
        """Start it, in a session of its own as in a terminal, and wait until it has told its address."""
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "baken.run.cli", "up"],
                env=self.environment, stdout=said, stderr=said, text=True, start_new_session=True,
            )  # fmt: skip
        until(lambda: "Baken runs at" in self.said.read_text() or self.ended(), self.said.read_text)
        assert not self.ended(), self.said.read_text()

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def get(self, path: str) -> int:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return int(answer.status)

    def answers(self) -> bool:
        try:
            return self.get("/api/v1/health") == 200
        except OSError:
            return False

    def pid(self, name: str) -> int:
        """The process of a child, or PostgreSQL's."""
        if name == "postgres":
            file = Cluster(self.home).data / "postmaster.pid"
            words = file.read_text().split() if file.exists() else []
            return int(words[0]) if words else 0
        assert self.process is not None
        listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        word = {
            "web": "baken.run.web",
            "worker": "baken.run.worker",
            "prober": "probe --hub",
            "shipper": "run.shipper",
        }[name]
        found = re.findall(rf"^ *(\d+) +{self.process.pid} .*{word}", listed, re.MULTILINE)
        return int(found[0]) if found else 0

    def ctrl_c(self) -> int:
        """Press Ctrl-C; the exit code."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)

    def processes(self) -> list[str]:
        """What still runs that knows this home."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and alive(int(entry.name)):
                try:
                    told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if str(self.home).encode() in told:
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
        return found


def until(holds: object, said: object = lambda: "") -> None:
    assert callable(holds) and callable(said)
    assert wait_until(holds, PATIENCE, every=0.1), said()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """Where the logs go."""
    with listening(Authority(tmp_path_factory.mktemp("certificates"))) as listener:
        yield listener


@pytest.fixture(scope="module")
def installation(receiver: Listener) -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="baken-up-", dir="/tmp"))
    folder.chmod(0o755)
    home = folder / "home"
    home.mkdir()
    made = Installation(home)
    made.environment["BAKEN_SYSLOG"] = receiver.address
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        until(lambda: not [line for line in made.processes() if "postgres" not in line])
    Cluster(home).stop()
    shutil.rmtree(folder)


def test_the_first_start_ends_with_an_address_that_answers(installation: Installation) -> None:
    installation.up()
    said = installation.said.read_text()
    assert f"Baken runs at {installation.url}" in said
    ((setup, token),) = re.findall(r"^\s*(http\S+/setup/)\n\s*(\S{20,})$", said, re.MULTILINE)
    assert urllib.request.urlopen(setup, timeout=10).status == 200
    assert token in (installation.home / "setup.token").read_text()
    assert installation.get("/api/v1/health") == 200


def test_the_prober_gets_no_secrets_and_nobody_else_reads_the_home(installation: Installation) -> None:
    def environment(part: str) -> dict[str, str]:
        told = Path(f"/proc/{installation.pid(part)}/environ").read_text().split("\0")
        return dict(line.split("=", 1) for line in told if "=" in line)

    until(lambda: installation.pid("prober") != 0)
    assert not {name for name in environment("prober") if "TOKEN" in name or "SECRET" in name or "DATABASE" in name}
    assert not {name for name in environment("prober") if name.startswith("BAKEN_")} - {"BAKEN_SUPERVISOR"}
    assert environment("web")["DATABASE_URL"]
    assert "DATABASE_OWNER_URL" not in environment("web") | environment("worker")
    for path in (installation.home / "keys", installation.home / "logs", installation.home / "prober"):
        for one in (path, *path.rglob("*")):
            assert one.stat().st_mode & 0o077 == 0, one
    for path in (*installation.home.glob("*.key"), *installation.home.glob("tombstones*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_assets_are_kept_for_ever_under_names_that_change(installation: Installation) -> None:
    page = urllib.request.urlopen(f"{installation.url}/setup/", timeout=10).read().decode()
    assets = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page)
    assert assets
    for path in assets:
        request = urllib.request.Request(installation.url + path, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert re.search(r"\.[0-9a-f]{12}\.(css|js)$", path)
            assert "immutable" in answer.headers["Cache-Control"]
            etag = answer.headers["ETag"]
        request.add_header("If-None-Match", etag)
        with pytest.raises(urllib.error.HTTPError) as unchanged:
            urllib.request.urlopen(request, timeout=10)
        assert unchanged.value.code == 304
    for path in ("/static/../secret.key", "/static/staticfiles.json", "/static/nothing.css"):
        with pytest.raises(urllib.error.HTTPError) as missing:
            installation.get(path)
        assert missing.value.code == 404


def test_a_second_start_says_where_it_runs(installation: Installation) -> None:
    done = installation.baken("up")
    assert done.returncode == 3
    assert done.stderr.startswith(f"baken: already running at {installation.url}, pid ")


def test_a_taken_port_is_named(installation: Installation, tmp_path: Path) -> None:
    done = installation.baken("up", BAKEN_HOME=str(tmp_path), BAKEN_PRT="1")
    assert done.returncode == 1
    assert done.stderr.startswith(f"baken: BAKEN_PORT: port {installation.port} is in use")
    assert "did you mean BAKEN_PORT?" in done.stdout
    assert not (tmp_path / "database").exists(), "nothing is made for a start that cannot succeed"


@pytest.mark.parametrize("part", ["web", "worker", "prober", "shipper", "postgres"])
def test_a_part_that_is_killed_comes_back(installation: Installation, part: str) -> None:
    until(lambda: installation.pid(part) != 0)
    before = installation.pid(part)
    os.kill(before, signal.SIGKILL)
    until(lambda: installation.pid(part) not in (0, before), installation.said.read_text)
    until(installation.answers, installation.said.read_text)
    assert not installation.ended()


def test_ctrl_c_leaves_nothing_running(installation: Installation) -> None:
    assert installation.ctrl_c() == 0
    assert installation.processes() == []


def test_a_start_after_everything_was_killed(installation: Installation) -> None:
    installation.up()
    assert installation.process is not None
    installation.process.kill()  # PostgreSQL and the children are left behind, and the port is taken
    installation.process.wait()
    installation.up()
    assert installation.get("/api/v1/health") == 200


def test_it_measures_itself_once_there_is_a_provider(installation: Installation) -> None:
    program = (
        "from baken.run.ready import django_ready\ndjango_ready()\n"
        "from baken.record.catalogue import flows\nfrom baken.record.people.access import program\n"
        "flows.add_organisation(program('test'), code='us', name='Us', kind='provider', language='en', zone='UTC')\n"
        "from baken.run.own import watch_itself\nassert watch_itself() and watch_itself()\n"
    )
    subprocess.run([sys.executable, "-c", program], env=installation.environment, check=True)

    def is_well() -> bool:
        checks = {check["name"]: check for check in json.loads(installation.baken("doctor", "--json").stdout)["checks"]}
        assert not checks.get("login", {}).get("warns"), "the embedded server has a login that owns nothing"
        return all(checks[name]["ok"] for name in ("settings", "database", "schema", "probers", "worker", "pages"))

    until(is_well, lambda: installation.baken("doctor").stdout)

    def has_reported() -> bool:  # it may be well before: nobody calls a new location silent at once
        listed = json.loads(installation.baken("location", "list", "--json").stdout)
        assert [row["code"] for row in listed] == ["local"]
        return bool(listed[0]["last_seen"])

    until(has_reported, lambda: installation.baken("location", "list").stdout)


def test_no_failure_shows_a_trace(installation: Installation) -> None:
    done = installation.baken("user", "add", "nobody", "--name", "Nobody", "--role", "agent")
    assert (done.returncode, done.stderr) == (1, "baken: email: write an address like name@example.org\n")
    done = installation.baken("user", "list", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert installation.baken("user", "add").returncode == 2


def test_the_next_start_has_nothing_to_do_again(installation: Installation) -> None:
    installation.ctrl_c()
    installation.up()
    assert "changes to make" not in installation.said.read_text(), "it does not do again what the first start did"
    assert installation.ctrl_c() == 0
    assert installation.processes() == []


def test_whatever_the_parts_said_is_elsewhere_too(installation: Installation, receiver: Listener) -> None:
    arrived = [message.partition(" baken ")[2] for message in receiver.messages]
    for part in ("web", "worker", "prober"):
        lines = (installation.home / f"logs/{part}.log").read_text().splitlines()
        said = [line.rsplit(" ", 1)[1] for line in lines if line and not line.startswith((" ", "\t"))]
        there = [message.splitlines()[0].rsplit(" ", 1)[1] for message in arrived if message.startswith(f"{part} ")]
        assert [word for word in said if word not in there] == [], part
        assert len(there) >= len(said), part
    assert {"web", "prober"} <= {message.split()[0] for message in arrived}
