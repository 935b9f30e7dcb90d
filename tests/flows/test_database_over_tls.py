"""A PostgreSQL elsewhere: both logins by certificates that each side checks, without a password anywhere."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from baken.reach.postgres import Cluster
from baken.run.strict import missing
from tests.cluster import CARELESS
from tests.flows.certificates import Authority, Pair
from tests.flows.streaming import server

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name))
"""Those of the system, which speak TLS; those of the embedded one do not."""
RULES = "hostssl all baken,baken_app all cert\nhostssl all postgres all scram-sha-256\n"


@dataclass(frozen=True)
class Elsewhere:
    """A server that lets nobody in but by TLS, and Baken's roles by certificate alone."""

    port: str
    authority: Authority
    pairs: dict[str, Pair]

    def address(self, role: str, *, host: str = "localhost", shown: str = "", trusted: Path | None = None) -> str:
        pair = self.pairs[shown or role]
        return (
            f"postgresql://{role}@{host}:{self.port}/baken?sslmode=verify-full"
            f"&sslrootcert={trusted or self.authority.file}&sslcert={pair.chain}&sslkey={pair.key}"
        )


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    if not PROGRAMS:
        pytest.skip("no PostgreSQL of the system")
    folder = Path(tempfile.mkdtemp(prefix="baken-tls-", dir="/tmp"))
    folder.chmod(0o755)
    authority = Authority(folder)
    pairs = {name: authority.sign(name) for name in ("localhost", "baken", "baken_app")}
    (folder / "hba.conf").write_text(RULES)
    settings = CARELESS | {
        "ssl": "on", "ssl_cert_file": str(pairs["localhost"].chain), "ssl_key_file": str(pairs["localhost"].key),
        "ssl_ca_file": str(authority.file), "hba_file": str(folder / "hba.conf"),
    }  # fmt: skip
    cluster = Cluster(folder / "home", PROGRAMS[-1], settings=CARELESS)
    cluster.start()  # made before it knows whose the key has to be
    cluster.stop()
    os.chown(pairs["localhost"].key, cluster.data.stat().st_uid, -1)
    with Cluster(folder / "home", PROGRAMS[-1], settings=settings) as secured:
        yield Elsewhere(secured.dsn.rpartition(":")[2].partition("/")[0], authority, pairs)
    shutil.rmtree(folder)


def test_the_schema_is_made_and_pages_are_served(elsewhere: Elsewhere, tmp_path: Path) -> None:
    addresses = {"DATABASE_URL": elsewhere.address("baken_app"), "DATABASE_OWNER_URL": elsewhere.address("baken")}
    told = {**os.environ, **addresses, "BAKEN_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    listed = subprocess.run(
        [sys.executable, "-m", "baken.run.cli", "user", "list"], env=told, capture_output=True, text=True, check=False
    )
    assert listed.returncode == 0, listed.stderr
    with psycopg.connect(addresses["DATABASE_OWNER_URL"]) as owner:
        asked = "SELECT tableowner FROM pg_tables WHERE tablename = 'people_user'"
        assert owner.execute(asked).fetchone() == ("baken",)
        assert owner.execute("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone() == ("TLSv1.3",)
    with server(tmp_path, **addresses, BAKEN_HOME=str(tmp_path)) as web:
        assert web.get("/sign-in/", "").getheader("Location") == "/setup/"  # which it learned from the database
    assert not [said for said in missing({"BAKEN_STRICT": "yes", **addresses}) if said.startswith("DATABASE")]


def refused(address: str) -> str:
    with pytest.raises(psycopg.OperationalError) as refusal:
        psycopg.connect(address).close()
    return str(refusal.value)


def test_whoever_cannot_show_who_they_are_is_refused_on_either_side(elsewhere: Elsewhere, tmp_path: Path) -> None:
    psycopg.connect(elsewhere.address("baken_app")).close()
    assert "does not match host name" in refused(elsewhere.address("baken_app", host="127.0.0.1"))
    stranger = Authority(tmp_path, "stranger").file
    assert "certificate verify failed" in refused(elsewhere.address("baken_app", trusted=stranger))
    assert "certificate authentication failed" in refused(elsewhere.address("baken", shown="baken_app"))
    assert "valid client certificate" in refused(elsewhere.address("baken_app").partition("&sslcert")[0])
    assert "no encryption" in refused(f"postgresql://baken_app:guess@localhost:{elsewhere.port}/baken?sslmode=disable")
