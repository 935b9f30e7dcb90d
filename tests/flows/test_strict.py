"""A strict installation: complete it starts, and whatever is missing is named, alone or together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from baken.run import health
from baken.run.strict import NotStrict, insist, missing
from tests.flows.certificates import Authority

ROOT = Path(__file__).resolve().parents[2]
SURE = "sslmode=verify-full&sslrootcert=/c/ca.pem&sslcert=/c/me.pem&sslkey=/c/me.key"
ELSEWHERE = f"postgresql://baken_app@db.example.org/baken?{SURE}"


@pytest.fixture
def complete(tmp_path: Path) -> dict[str, str]:
    """Everything that is demanded, and everything that may be left out, as it may be."""
    pair = Authority(tmp_path).sign("desk.example.org")
    leaked, token = tmp_path / "leaked", tmp_path / "token"
    leaked.write_text("00:1\n")
    token.write_text("renewed")
    return {
        "BAKEN_STRICT": "yes", "BAKEN_DEMO": "no", "BAKEN_URL": "https://desk.example.org",
        "BAKEN_CERTIFICATE": str(pair.chain), "BAKEN_CERTIFICATE_KEY": str(pair.key),
        "BAKEN_SECOND_FACTOR": "everyone", "BAKEN_LEAKED_PASSWORDS": str(leaked),
        "BAKEN_CLAMAV": "unix:/run/clamav/clamd.ctl", "BAKEN_ALLOW_PRIVATE": "no",
        "DATABASE_URL": ELSEWHERE, "DATABASE_OWNER_URL": ELSEWHERE,
        "BAKEN_VAULT_ADDR": "https://vault.example.org", "BAKEN_VAULT_TOKEN_FILE": str(token),
        "BAKEN_S3_BUCKET": "files", "BAKEN_S3_ENDPOINT": "https://s3.example.org",
        "BAKEN_SYSLOG": f"tls://logs.example.org?cert={pair.chain}&key={pair.key}",
    }  # fmt: skip


ALSO = [
    {"BAKEN_CLAMAV": "tls://clamav.example.org?ca=/c/ca.pem&cert=/c/me.pem&key=/c/me.key"},
    {"BAKEN_CLAMAV_FAIL": "closed", "BAKEN_OPENID_PRIVATE": "no", "BAKEN_DEBUG": "no"},
    {"DATABASE_URL": "", "DATABASE_OWNER_URL": ""},  # the embedded one
    {"DATABASE_URL": "postgresql://baken_app@/baken?host=/run/postgresql"},
    {"DATABASE_URL": "postgresql:///baken"},
    {"BAKEN_S3_ENDPOINT": ""},
    {"PGDATA": "/var/lib/postgresql", "PGHOST": ""},  # not what libpq reads, and nothing
    {"BAKEN_S3_BUCKET": "", "AWS_ENDPOINT_URL": "http://192.0.2.1:9000"},
    {"BAKEN_LIMITS": "pages=60"},
]

SPOILED = [
    ("BAKEN_DEMO", {"BAKEN_DEMO": ""}),
    ("BAKEN_URL", {"BAKEN_URL": "http://desk.example.org"}),
    ("BAKEN_URL", {"BAKEN_URL": ""}),
    ("BAKEN_URL", {"BAKEN_URL": "https://localhost"}),
    ("BAKEN_URL", {"BAKEN_URL": "https://192.0.2.1"}),
    ("BAKEN_CERTIFICATE", {"BAKEN_CERTIFICATE": "", "BAKEN_CERTIFICATE_KEY": ""}),
    ("BAKEN_CERTIFICATE_KEY", {"BAKEN_CERTIFICATE_KEY": ""}),
    ("BAKEN_LIMITS", {"BAKEN_LIMITS": "pages=0,reads=9"}),
    ("BAKEN_LIMITS", {"BAKEN_LIMITS": "sides=9"}),
    ("BAKEN_SECOND_FACTOR", {"BAKEN_SECOND_FACTOR": "staff"}),
    ("BAKEN_SECOND_FACTOR", {"BAKEN_SECOND_FACTOR": ""}),
    ("BAKEN_LEAKED_PASSWORDS", {"BAKEN_LEAKED_PASSWORDS": ""}),
    ("BAKEN_LEAKED_PASSWORDS", {"BAKEN_LEAKED_PASSWORDS": "/nowhere"}),
    ("BAKEN_CLAMAV", {"BAKEN_CLAMAV": ""}),
    ("BAKEN_CLAMAV", {"BAKEN_CLAMAV": "tcp://127.0.0.1:3310"}),
    ("BAKEN_CLAMAV", {"BAKEN_CLAMAV": "tls://clamav.example.org?ca=/c/ca.pem"}),
    ("BAKEN_CLAMAV_FAIL", {"BAKEN_CLAMAV_FAIL": "open"}),
    ("BAKEN_ALLOW_PRIVATE", {"BAKEN_ALLOW_PRIVATE": ""}),
    ("BAKEN_OPENID_PRIVATE", {"BAKEN_OPENID_PRIVATE": "yes"}),
    ("BAKEN_DEBUG", {"BAKEN_DEBUG": "yes"}),
    ("DATABASE_URL", {"DATABASE_URL": ELSEWHERE.replace("verify-full", "require")}),
    ("DATABASE_URL", {"DATABASE_URL": ELSEWHERE.replace("sslrootcert", "application_name")}),
    ("DATABASE_URL", {"DATABASE_URL": ELSEWHERE.replace("sslcert", "application_name")}),
    ("DATABASE_URL", {"DATABASE_URL": ELSEWHERE.replace("sslkey", "application_name")}),
    ("DATABASE_URL", {"DATABASE_URL": ELSEWHERE.replace("baken_app@", "baken_app:secret@")}),
    ("DATABASE_URL", {"DATABASE_URL": "postgresql://baken_app:secret@127.0.0.1/baken"}),
    ("DATABASE_URL", {"DATABASE_URL": "postgresql://baken_app:secret@/baken?host=/run/postgresql"}),
    ("DATABASE_URL", {"DATABASE_URL": f"{ELSEWHERE}&passfile=/c/pgpass"}),
    ("DATABASE_URL", {"DATABASE_URL": f"{ELSEWHERE}&service=other"}),
    ("DATABASE_URL", {"DATABASE_URL": f"{ELSEWHERE}&password=secret"}),
    ("PGHOST", {"DATABASE_URL": "postgresql://baken_app@/baken", "PGHOST": "db.example.org"}),
    ("PGHOSTADDR", {"DATABASE_URL": "postgresql://baken_app@/baken", "PGHOSTADDR": "203.0.113.5"}),
    ("PGHOSTADDR", {"DATABASE_URL": "", "DATABASE_OWNER_URL": "", "PGHOSTADDR": "203.0.113.5"}),
    ("PGPASSWORD", {"PGPASSWORD": "secret"}),
    ("PGPASSFILE", {"PGPASSFILE": "/c/pgpass"}),
    ("PGSERVICE", {"PGSERVICE": "other"}),
    ("PGGSSENCMODE", {"PGGSSENCMODE": "require"}),
    ("DATABASE_URL", {"DATABASE_URL": "not an address"}),
    ("DATABASE_OWNER_URL", {"DATABASE_OWNER_URL": "postgresql://baken@db.example.org/baken"}),
    ("BAKEN_VAULT_ADDR", {"BAKEN_VAULT_ADDR": "http://vault.example.org"}),
    ("BAKEN_VAULT_TOKEN_FILE", {"BAKEN_VAULT_TOKEN_FILE": "", "BAKEN_VAULT_TOKEN": "for good"}),
    ("BAKEN_VAULT_ADDR", {"BAKEN_VAULT_ADDR": ""}),
    ("BAKEN_SECRET_KEY", {"BAKEN_SECRET_KEY": "x" * 50}),
    ("BAKEN_KEY_PASSPHRASE", {"BAKEN_KEY_PASSPHRASE": "a sentence"}),
    ("BAKEN_SYSLOG", {"BAKEN_SYSLOG": ""}),
    ("BAKEN_SYSLOG", {"BAKEN_SYSLOG": "tls://logs.example.org"}),
    ("BAKEN_SYSLOG", {"BAKEN_SYSLOG": "tcp://logs.example.org?cert=/c/me.pem&key=/c/me.key"}),
    ("BAKEN_S3_ENDPOINT", {"BAKEN_S3_ENDPOINT": "http://s3.example.org"}),
    ("AWS_ENDPOINT_URL", {"AWS_ENDPOINT_URL": "http://192.0.2.1:9000", "BAKEN_S3_ENDPOINT": ""}),
    ("AWS_ENDPOINT_URL_S3", {"AWS_ENDPOINT_URL_S3": "http://192.0.2.1:9000"}),
    ("BAKEN_S3_ACCESS_KEY", {"BAKEN_S3_ACCESS_KEY": "for good"}),
    ("BAKEN_S3_SECRET_KEY", {"BAKEN_S3_SECRET_KEY": "for good"}),
    ("AWS_ACCESS_KEY_ID", {"AWS_ACCESS_KEY_ID": "for good"}),
]
"""The setting that is complained of, and what was done to a complete environment."""


@pytest.mark.parametrize("change", [{}, *ALSO], ids=lambda change: " ".join(change) or "as it is")
def test_a_complete_one_starts(complete: dict[str, str], change: dict[str, str]) -> None:
    assert missing(complete | change) == []
    insist(complete | change)


@pytest.mark.parametrize(("named", "change"), SPOILED)
def test_what_is_missing_is_named_with_its_remedy(complete: dict[str, str], named: str, change: dict[str, str]) -> None:
    found = missing(complete | change)
    assert [said.partition(":")[0] for said in found] == [named]
    assert len(found[0]) > len(named) + 20
    assert "secret" not in found[0]
    assert missing({**complete, **change, "BAKEN_STRICT": "no"}) == []
    with pytest.raises(NotStrict, match=rf"\n  {named}: "):
        insist(complete | change)


def test_a_password_that_lies_at_home_is_not_taken_either(complete: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".pgpass").write_text("*:*:*:*:secret\n")
    found = missing(complete | {"HOME": str(tmp_path)})
    assert [said.partition(":")[0] for said in found] == ["DATABASE_URL", "DATABASE_OWNER_URL"]
    assert f"move {tmp_path / '.pgpass'} away" in found[0]


@pytest.mark.parametrize(("bits", "enough"), [(2_048, False), (3_072, True)])
def test_its_own_certificate_has_a_long_key(complete: dict[str, str], tmp_path: Path, bits: int, enough: bool) -> None:
    pair = Authority(tmp_path, "other").sign("rsa", key=rsa.generate_private_key(65_537, bits))
    found = missing(complete | {"BAKEN_CERTIFICATE": str(pair.chain), "BAKEN_CERTIFICATE_KEY": str(pair.key)})
    assert (found == []) is enough
    assert enough or "RSA of 3072 bits" in found[0]


@pytest.mark.parametrize("program", [["baken.run.cli", "up"], ["baken.run.web"], ["baken.run.worker"]])
def test_nothing_starts_and_everything_that_is_missing_is_named_at_once(tmp_path: Path, program: list[str]) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BAKEN_", "DATABASE_"))}
    told = {**kept, "BAKEN_HOME": str(tmp_path), "BAKEN_STRICT": "yes", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-m", *program], env=told, capture_output=True, text=True, check=False, timeout=60
    )
    said = ended.stderr.splitlines()
    assert (ended.returncode, said[0].startswith("baken: BAKEN_STRICT: nothing starts")) == (1, True), ended.stderr
    named = {line.strip().partition(":")[0] for line in said[1:]}
    assert named >= {
        "BAKEN_DEMO", "BAKEN_SECOND_FACTOR", "BAKEN_ALLOW_PRIVATE", "BAKEN_URL", "BAKEN_CERTIFICATE",
        "BAKEN_LEAKED_PASSWORDS", "BAKEN_CLAMAV", "BAKEN_VAULT_ADDR", "BAKEN_SYSLOG",
    }  # fmt: skip
    assert not (tmp_path / "database").exists()


def test_doctor_says_it_in_one_line_each(complete: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in complete.items():
        monkeypatch.setenv(name, value)
    assert list(health.demands()) == [health.Check("strict", True, "nothing is missing")]
    monkeypatch.setenv("BAKEN_DEMO", "yes")
    monkeypatch.setenv("BAKEN_CLAMAV", "")
    assert [(check.ok, check.detail.partition(":")[0]) for check in health.demands()] == [
        (False, "BAKEN_DEMO"), (False, "BAKEN_CLAMAV"),
    ]  # fmt: skip
    monkeypatch.setenv("BAKEN_STRICT", "no")
    assert list(health.demands()) == []
