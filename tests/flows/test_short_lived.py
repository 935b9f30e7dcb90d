"""Credentials that expire: whoever renews them does so beside Baken, which takes the new ones without a restart."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from storages.backends.s3 import S3Storage

from baken.reach.keyring import KeyringError
from baken.run import files, keyring
from tests.flows import vault_transit

SEEN: list[tuple[str, str]] = []
"""Access key and session token of each request to the object store."""
PROGRAM = """
import datetime, json, pathlib, secrets
until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
fresh = {"AccessKeyId": secrets.token_hex(4), "SecretAccessKey": "s", "SessionToken": secrets.token_hex(4)}
print(json.dumps({"Version": 1, "Expiration": until.isoformat(), **fresh}))
"""


class Store(BaseHTTPRequestHandler):
    """An object store that has everything and notes who asks."""

    def do_HEAD(self) -> None:
        said = self.headers["Authorization"].partition("Credential=")[2]
        SEEN.append((said.partition("/")[0], self.headers["X-Amz-Security-Token"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def store() -> Iterator[str]:
    SEEN.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_token_that_vaults_agent_renews_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tmp_path / "token"
    token.write_text("hvs.expired")
    with vault_transit.running() as address:
        monkeypatch.setenv("BAKEN_VAULT_ADDR", address)
        monkeypatch.setenv("BAKEN_VAULT_TOKEN_FILE", str(token))
        monkeypatch.delenv("BAKEN_VAULT_TOKEN", raising=False)
        with pytest.raises(KeyringError, match="refuses to encrypt"):
            keyring.root().wrap(b"secret", b"here")
        token.write_text(f"{vault_transit.TOKEN}\n")
        assert keyring.root().unwrap(keyring.root().wrap(b"secret", b"here"), b"here") == b"secret"


def test_without_keys_of_its_own_the_store_gets_those_of_the_machine_which_expire(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, config = tmp_path / "credentials.py", tmp_path / "config"
    program.write_text(PROGRAM)
    config.write_text(f"[default]\ncredential_process = {sys.executable} {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BAKEN_S3_ACCESS_KEY", "BAKEN_S3_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"BUCKET": "files", "ENDPOINT": store, "REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"BAKEN_S3_{name}", value)
    held = S3Storage(**files.storages()["files"]["OPTIONS"])
    assert held.exists("first")
    assert held.exists("second")
    (first, token), (second, _) = SEEN
    assert token, "it is a session's"
    assert first != second, "the first was about to expire"


@pytest.mark.parametrize(("strict", "leads"), [("no", "http://192.0.2.1:9000"), ("yes", "https://")])
def test_a_file_of_awss_settings_leads_a_strict_installation_to_no_other_store(
    strict: str, leads: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nendpoint_url = http://192.0.2.1:9000\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("BAKEN_STRICT", strict)
    for name, value in {"BUCKET": "files", "ENDPOINT": "", "REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"BAKEN_S3_{name}", value)
    held = S3Storage(**files.storages()["files"]["OPTIONS"])
    assert str(held.connection.meta.client.meta.endpoint_url).startswith(leads)
