"""Files in an object store: moto answers S3's protocol over a real socket, and boto3 speaks it, as with any other."""

import secrets
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from baken.record.orgs import files, keys, places, rotation, spreading, upkeep
from baken.record.orgs.arriving import CHUNK, FileError
from baken.record.orgs.files import Damaged
from baken.record.orgs.models import DataKey, File, FileChunk, FileFault, FilePart, Organisation
from baken.run import files as configured
from baken.run.cli import baken
from baken.run.configuration import ConfigurationError
from tests.conftest import Cast
from tests.flows.spellings import mark_of, readable_in, spellings
from tests.flows.streaming import Memory, content, digest, server
from tests.flows.test_streaming import MEGABYTES, warm, world_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BUCKET = "sealed"
PART = places.OBJECTS.batch * CHUNK


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The address of an object store."""
    answering = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    answering.start()
    host, port = answering.get_host_and_port()
    yield f"http://{host}:{port}"
    answering.stop()


@pytest.fixture
def environment(store: str) -> dict[str, str]:
    return {
        "BAKEN_FILES": "s3", "BAKEN_S3_BUCKET": BUCKET, "BAKEN_S3_ENDPOINT": store, "BAKEN_S3_REGION": "eu-central-1",
        "BAKEN_S3_ACCESS_KEY": "access", "BAKEN_S3_SECRET_KEY": "secret",
    }  # fmt: skip


@pytest.fixture
def bucket(environment: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket, where new files go."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    held = boto3.resource(
        "s3", endpoint_url=environment["BAKEN_S3_ENDPOINT"], region_name="eu-central-1", aws_access_key_id="access",
        aws_secret_access_key="secret",
    ).Bucket(BUCKET)  # fmt: skip
    held.create(CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    settings.STORAGES = {**settings.STORAGES, **configured.storages()}
    settings.BAKEN_FILES = configured.chosen()
    yield held
    held.objects.all().delete()
    held.delete()


def kept(organisation: Organisation, content: bytes) -> File:
    return files.keep(organisation, name="a.bin", content=content, at=NOW)


def names(bucket: Any) -> set[str]:
    return {held.key for held in bucket.objects.all()}


@pytest.mark.parametrize("size", [1, CHUNK, CHUNK + 1, PART, PART + 1, 2 * PART + 12_345])
def test_what_was_kept_is_given_back(cast: Cast, bucket: Any, size: int) -> None:
    content = secrets.token_bytes(size)
    file = kept(cast.customer, content)
    assert (file.place, FileChunk.objects.count()) == ("s3", 0)
    assert files.content(file) == content
    assert len(names(bucket)) == FilePart.objects.count() == -(-size // PART)
    middle = size // 2
    assert b"".join(files.chunks(file, middle, middle + 70_000)) == content[middle : middle + 70_000]


def test_the_bucket_tells_nothing(cast: Cast, bucket: Any, tmp_path: Path) -> None:
    mark, control = mark_of("bucket"), mark_of("careless")
    kept(cast.customer, f"{mark} and {cast.customer.code} ".encode() * 40_000)
    bucket.put_object(Key="careless", Body=control.encode())
    for number, held in enumerate(bucket.objects.all()):
        (tmp_path / str(number)).write_bytes(held.key.encode() + held.get()["Body"].read())
    written = list(tmp_path.iterdir())
    assert len(written) == 2
    assert list(readable_in(written, spellings(mark))) == []
    assert (
        list(
            readable_in(written, [cast.customer.code.encode(), cast.customer.id.bytes, str(cast.customer.id).encode()])
        )
        == []
    )
    assert list(readable_in(written, spellings(control))) != []
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in names(bucket) - {"careless"})


def _swap(bucket: Any, parts: list[FilePart]) -> None:
    first, second = (bucket.Object(part.object).get()["Body"].read() for part in parts[:2])
    bucket.put_object(Key=parts[0].object, Body=second)
    bucket.put_object(Key=parts[1].object, Body=first)


def _change(bucket: Any, parts: list[FilePart]) -> None:
    held = bytearray(bucket.Object(parts[1].object).get()["Body"].read())
    held[1_000] ^= 1
    bucket.put_object(Key=parts[1].object, Body=bytes(held))


def _cut(bucket: Any, parts: list[FilePart]) -> None:
    held = bucket.Object(parts[1].object).get()["Body"].read()
    bucket.put_object(Key=parts[1].object, Body=held[: len(held) // 2])


def _remove(bucket: Any, parts: list[FilePart]) -> None:
    bucket.Object(parts[0].object).delete()


@pytest.mark.parametrize("harm", [_swap, _change, _cut, _remove])
def test_whatever_is_done_to_the_objects_is_noticed(
    cast: Cast, bucket: Any, harm: Callable[[Any, list[FilePart]], None]
) -> None:
    file = kept(cast.customer, secrets.token_bytes(PART + 3 * CHUNK))
    harm(bucket, list(FilePart.objects.order_by("index")))
    for _ in range(2):
        with pytest.raises(Damaged):
            files.content(file)
    assert FileFault.objects.get().file == file.id
    assert not upkeep.verify(file, NOW)


def test_a_store_that_does_not_answer_is_no_damage(
    cast: Cast, bucket: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = kept(cast.customer, b"one")
    with socket.socket() as silent:  # bound and not listening: whoever connects is refused
        silent.bind(("127.0.0.1", 0))
        monkeypatch.setenv("BAKEN_S3_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        settings.STORAGES = {**settings.STORAGES, **configured.storages()}
        with pytest.raises(places.StoreUnreachable, match="try again"):
            files.content(file)
        with pytest.raises(FileError, match="store for files does not answer; try again"):
            files.receive(cast.customer, name="b.txt", content=b"two", at=NOW)
    assert not FileFault.objects.exists()


def test_without_its_settings_the_store_is_missed_in_words(cast: Cast, bucket: Any, settings: Settings) -> None:
    """As where `baken keys rotate` is run on a machine that was not told of it."""
    file = kept(cast.customer, b"one")
    settings.STORAGES = {name: value for name, value in settings.STORAGES.items() if name != "files"}
    for ask in (lambda: places.seal_parts_again(cast.customer.id, 2), lambda: files.content(file)):
        with pytest.raises(places.StoreUnreachable, match="no setting names; set BAKEN_S3_BUCKET"):
            ask()
    assert not FileFault.objects.exists()


def test_what_nobody_refers_to_any_more_leaves_the_bucket(cast: Cast, bucket: Any) -> None:
    released, orphan = kept(cast.customer, b"released"), kept(cast.stranger_organisation, b"orphan")
    stays = kept(cast.customer, b"stays")
    files.release(released)
    orphan.delete()
    assert upkeep.sweep(NOW + timedelta(days=2)) == 2
    assert not File.objects.filter(id=released.id).exists()
    assert names(bucket) == {part.object for part in FilePart.objects.all()}
    assert files.content(stays) == b"stays"


def test_a_refused_file_leaves_nothing_in_the_bucket(cast: Cast, bucket: Any, settings: Settings) -> None:
    settings.BAKEN_FILE_LIMIT = 5
    with pytest.raises(FileError, match="at most 5 MB"):
        files.receive(cast.customer, name="a.pdf", content=bytes(6 * MEGABYTES), at=NOW)
    assert names(bucket) == set()
    assert not FilePart.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_files_are_moved_there_and_back_and_stay_readable(
    cast: Cast, bucket: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BAKEN_FILES = "postgres"
    held = {kept(cast.customer, content).id: content for content in (secrets.token_bytes(PART + CHUNK + 1), b"small")}
    first = File.objects.get(id=min(held))
    reading = files.chunks(first)
    beginning = next(reading)
    _break_off_a_move(first, monkeypatch)
    moved = CliRunner().invoke(baken, ["files", "move", "--to", "s3"], standalone_mode=False)
    assert "2 files moved to s3" in moved.output, moved
    assert "New files still go to postgres" in moved.output
    assert beginning + b"".join(reading) == held[first.id], "a reader that began before goes on"
    assert (FileChunk.objects.count(), len(names(bucket))) == (0, 3)
    for file in File.objects.all():
        assert (file.place, files.content(file)) == ("s3", held[file.id])
    back = CliRunner().invoke(baken, ["files", "move", "--to", "postgres"], standalone_mode=False)
    assert "2 files moved to postgres" in back.output
    assert names(bucket) == set()
    assert all(files.content(file) == held[file.id] for file in File.objects.all())
    checked = CliRunner().invoke(baken, ["files", "verify", "--json"], standalone_mode=False)
    assert '"checked": 2' in checked.output


@pytest.mark.django_db(transaction=True)
def test_what_a_move_found_it_copies_though_the_store_is_empty_a_moment_later(
    cast: Cast, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, read, seen = kept(cast.customer, b"one"), places.Objects._read, set[str]()

    def once(self: places.Objects, name: str) -> bytes:
        again = name in seen
        seen.add(name)
        return b"" if again else read(self, name)

    monkeypatch.setattr(places.Objects, "_read", once)
    assert upkeep.move(file, "postgres")
    assert files.content(File.objects.get(id=file.id)) == b"one"
    damaged = kept(cast.customer, b"two")
    seen.update(names(bucket))
    assert not upkeep.move(damaged, "postgres")
    assert File.objects.get(id=damaged.id).place == "s3"
    assert len(names(bucket)) == 1


def _break_off_a_move(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first object: what was moved so far is there, and the file is where it was."""
    put, count = places.Objects.put, 0

    def breaks_off(self: places.Objects, *given: Any) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        put(self, *given)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(places.Objects, "put", breaks_off)
        upkeep.move(file, "s3")
    assert FilePart.objects.count() == 1
    assert File.objects.get(id=file.id).place == "postgres"


@pytest.mark.django_db(transaction=True)
def test_renewing_the_keys_seals_objects_again(cast: Cast, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "FRESH", 0.2)
    monkeypatch.setattr(spreading, "MARGIN", 0.1)
    keys.forget_all()
    content = secrets.token_bytes(PART + 10)
    file, before = kept(cast.customer, content), names(bucket)
    reading = files.chunks(file)
    next(reading)
    rotation.rotate(cast.customer.id, lambda seen: None)
    keys.forget_all()
    assert {part.version for part in FilePart.objects.all()} == {2}
    assert len(names(bucket)) == 2
    assert not names(bucket) & before
    assert files.content(file) == content
    assert len(b"".join(reading)) == len(content) - CHUNK


def _harmed(bodies: dict[str, bytes], parts: list[str], other: str) -> dict[str, bytes | None]:
    """What may be in the place of the second part, by what happened to it."""
    first, second = (bodies[name] for name in parts)
    piece = len(second) // 2  # there are two, of the same size
    return {
        "gone": None, "empty": b"", "cut within a piece": second[:-1], "cut after a piece": second[:piece],
        "without its first piece": second[piece:], "a piece too many": second + second[piece:],
        "the pieces turned round": second[piece:] + second[:piece], "the first part": first,
        "of another file": bodies[other], "changed": second[:1_000] + bytes([second[1_000] ^ 1]) + second[1_001:],
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_nothing_of_an_object_is_replaced_nor_its_key_destroyed_unless_all_of_it_opens(
    cast: Cast, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "FRESH", 0.2)
    monkeypatch.setattr(spreading, "MARGIN", 0.1)
    keys.forget_all()
    content = secrets.token_bytes(PART + 2 * CHUNK)
    file = kept(cast.customer, content)
    kept(cast.stranger_organisation, content[: 2 * CHUNK])
    first, part = FilePart.objects.filter(file=file.id).order_by("index")
    other = FilePart.objects.exclude(file=file.id).get()
    bodies = {held.key: held.get()["Body"].read() for held in bucket.objects.all()}
    rotation.begin_one(cast.customer.id)
    for harm, body in _harmed(bodies, [first.object, part.object], other.object).items():
        bucket.Object(part.object).delete()
        if body is not None:
            bucket.put_object(Key=part.object, Body=body)
        assert places.seal_parts_again(cast.customer.id, 2) == [file], harm
        assert FilePart.objects.get(id=part.id).object == part.object, harm
        assert (part.object in names(bucket)) == (body is not None), harm
    with pytest.raises(rotation.Unfinished) as found:
        rotation.rotate(cast.customer.id, lambda seen: None)
    assert found.value.left == [f"orgs.File {file.id}, its content"]
    assert DataKey.objects.filter(organisation_id=cast.customer.id, version=1).exists()
    assert FileFault.objects.get().file == file.id
    bucket.put_object(Key=part.object, Body=bodies[part.object])
    FilePart.objects.filter(id=part.id).delete()
    with pytest.raises(rotation.Unfinished):
        rotation.rotate(cast.customer.id, lambda seen: None)
    part.save(force_insert=True)
    rotation.rotate(cast.customer.id, lambda seen: None)
    keys.forget_all()
    assert list(DataKey.objects.filter(organisation_id=cast.customer.id).values_list("version", flat=True)) == [2]
    assert files.content(file) == content
    assert len(names(bucket)) == 3


@pytest.mark.django_db(transaction=True)
def test_a_store_that_answers_errors_keeps_the_key_of_its_organisation_and_no_other(
    cast: Cast, bucket: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "FRESH", 0.2)
    monkeypatch.setattr(spreading, "MARGIN", 0.1)
    keys.forget_all()
    file = kept(cast.customer, b"one")
    with monkeypatch.context() as failing:
        failing.setattr(places.Objects, "_write", _refuses)
        found = CliRunner().invoke(baken, ["keys", "rotate", "--give-up"])
    assert found.exit_code == 1
    assert f"the old data key stays of {cast.customer.code}." in found.output
    count = {owner: DataKey.objects.filter(organisation_id=owner.id).count() for owner in Organisation.objects.all()}
    assert {owner.code for owner, number in count.items() if number > 1} == {cast.customer.code}
    assert CliRunner().invoke(baken, ["keys", "rotate", "--organisation", cast.customer.code]).exit_code == 0
    keys.forget_all()
    assert DataKey.objects.filter(organisation_id=cast.customer.id).count() == 1
    assert files.content(file) == b"one"


def _refuses(*_: Any) -> None:
    raise places.StoreUnreachable(str(places.StoreUnreachable.__doc__))


def test_settings_that_cannot_be_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value, said in (
        ("BAKEN_FILES", "ftp", "neither postgres nor s3"), ("BAKEN_FILES", "s3", "BAKEN_S3_BUCKET"),
        ("BAKEN_FILE_LIMIT", "0", "BAKEN_FILE_LIMIT"), ("BAKEN_FILE_LIMIT", "much", "whole MB"),
        ("BAKEN_CLAMAV", "localhost", "write it like"), ("BAKEN_CLAMAV_FAIL", "yes", "neither open nor closed"),
    ):  # fmt: skip
        with monkeypatch.context() as patch, pytest.raises(ConfigurationError, match=said):
            patch.setenv(name, value)
            for read in (configured.chosen, configured.limit, configured.scanner, configured.scanner_may_fail):
                read()


@pytest.mark.django_db(transaction=True)
def test_large_files_pass_through_the_web_process(
    cast: Cast, bucket: Any, environment: dict[str, str], tmp_path: Path
) -> None:
    size = 24 * MEGABYTES + 7
    with server(tmp_path, **environment, BAKEN_FILE_LIMIT="64") as web:
        world = world_of(cast, web)
        warm(world)
        memory = Memory(web.processes()) if Path("/proc/self").is_dir() else None
        assert world.upload(size)[0] == 201
        assert web.download(world.path, world.token) == (size, digest(size))
        assert memory is None or memory.growth() < 40
        part = web.get(world.path, world.token, Range=f"bytes={size - 9}-")
        assert part.read() == b"".join(content(size))[-9:]
    assert not FileChunk.objects.exists()
