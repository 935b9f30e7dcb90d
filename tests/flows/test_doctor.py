"""What `baken doctor` says of the login, the virus scanner and the object store. All is well in `test_up`."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from baken.record.orgs import reindexing, rotation
from baken.record.people.models import Authenticator
from baken.run import files, health
from tests.conftest import START, Cast
from tests.flows.clamd import clamd


def test_a_login_that_can_be_the_owner_is_warned_of(db: None) -> None:
    found = health.login()  # that of the tests can become the owner, see `tests.databases`
    assert found.ok
    assert found.warns
    assert "DATABASE_OWNER_URL" in found.detail


def test_apps_from_before_it_was_strict_are_counted(cast: Cast, settings: Settings) -> None:
    for person, confirmed in ((cast.alice, START), (cast.bob, START), (cast.mona, None)):
        Authenticator.objects.create(
            organisation=cast.provider, user=person.user, secret="A", created_at=START, confirmed_at=confirmed
        )
    assert not health.apps().warns
    settings.BAKEN_STRICT = True
    found = health.apps()
    assert (found.ok, found.warns, found.detail.split(" ")[0]) == (True, True, "2")
    Authenticator.objects.update(algorithm="sha256")
    assert not health.apps().warns


def test_a_renewal_of_keys_that_was_left_half_way_is_told(cast: Cast) -> None:
    assert health.keys() == health.Check("keys", True, "none is half renewed")
    rotation.begin_one(cast.customer.id)
    found = health.keys()
    assert (found.ok, found.warns) == (True, True)
    assert "of 1 organisations: `baken keys rotate`" in found.detail
    assert "--index" not in found.detail
    reindexing._begun()
    assert "index key: `baken keys rotate --index`" in health.keys().detail


def test_a_scanner_answers_if_there_is_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAKEN_CLAMAV", raising=False)
    assert health.scanner().ok
    with clamd() as (address, _):
        monkeypatch.setenv("BAKEN_CLAMAV", address)
        found = health.scanner()
        assert (found.ok, found.detail.split("/")[0]) == (True, "ClamAV 1.4.3")
    found = health.scanner()
    assert not found.ok
    assert "BAKEN_CLAMAV" in found.detail


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[ThreadedMotoServer]:
    """An object store without a bucket, which the settings name."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "BUCKET": "doctors", "ENDPOINT": f"http://{host}:{port}", "REGION": "us-east-1", "ACCESS_KEY": "access",
        "SECRET_KEY": "secret",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"BAKEN_S3_{name}", value)
    settings.STORAGES = {**settings.STORAGES, **files.storages()}
    yield server
    server.stop()


def test_an_object_store_answers_if_there_is_to_be_one(s3: ThreadedMotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    host, port = s3.get_host_and_port()
    boto3.client(
        "s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1", aws_access_key_id="access",
        aws_secret_access_key="secret",
    ).create_bucket(Bucket="doctors")  # fmt: skip
    assert health.store() == health.Check("store", True, "answers")
    s3.stop()
    found = health.store()
    assert not found.ok
    assert "BAKEN_S3_ENDPOINT" in found.detail
    monkeypatch.delenv("BAKEN_S3_BUCKET")
    assert health.store().ok
