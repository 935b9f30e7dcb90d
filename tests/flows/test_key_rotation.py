"""Rotating a key while people work, interrupted and resumed."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from django.db import connection, connections

from baken.record.orgs import files, keys, places, rotation, spreading, unopened
from baken.record.orgs.models import DataKey, File, FileChunk, FileFault, Organisation, Rotation
from baken.record.orgs.sealing import version_of
from baken.run.cli.rotating import rotate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


class Killed(Exception):
    """The rotation stops here, as if its process had died."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(keys, "FRESH", 0.2)
    monkeypatch.setattr(spreading, "MARGIN", 0.1)
    monkeypatch.setattr(rotation, "BATCH", 20)
    keys.forget_all()
    yield
    keys.forget_all()


def filled(rows: int, code: str = "acme") -> Organisation:
    owner = Organisation.objects.create(code=code, kind="customer", name=code.title(), created_at=NOW)
    for number in range(rows):
        written(owner, number)
    return owner


def written(owner: Organisation, number: int) -> File:
    return File.objects.create(
        organisation=owner, name=f"file {number}", media_type="x", size=1, sha256="x", created_at=NOW
    )


def versions(owner: Organisation) -> set[int]:
    return {version_of(row.__dict__["name"]) for row in File.objects.filter(organisation=owner)}


def test_everything_is_sealed_again_and_the_old_key_is_gone() -> None:
    owner = filled(50)
    seen: list[rotation.Progress] = []
    rotation.rotate(owner.id, seen.append)
    assert seen[-1] == rotation.Progress(51, 51)
    assert versions(owner) == {2}
    assert list(DataKey.objects.values_list("version", "primary")) == [(2, True)]
    keys.forget_all()
    assert {row.name for row in File.objects.all()} == {f"file {number}" for number in range(50)}
    assert Organisation.objects.get(id=owner.id).name == "Acme"


def test_killed_at_three_points_it_goes_on_while_others_read_and_write() -> None:
    owner, over, failed, added = filled(200), threading.Event(), [], []

    def others() -> None:
        number = 200
        while not over.is_set():
            try:
                added.append(written(owner, number).id)
                for row in File.objects.filter(organisation=owner).order_by("?")[:20]:
                    assert row.name.startswith("file ")
                    row.media_type = "y"
                    row.save()
            except Exception as error:
                failed.append(error)
            number += 1
        connections.close_all()

    thread = threading.Thread(target=others)
    thread.start()
    try:
        for kills_at in (40, 100, 160):
            with pytest.raises(Killed):
                rotation.rotate(owner.id, lambda seen, at=kills_at: _die(seen, at))
            assert Rotation.objects.get().version == 2
            time.sleep(0.05)
        rotation.rotate(owner.id, lambda seen: None)
    finally:
        over.set()
        thread.join()
    assert failed == []
    assert versions(owner) == {2}
    keys.forget_all()
    names = [row.name for row in File.objects.filter(organisation=owner)]
    assert sorted(names) == sorted(f"file {number}" for number in range(200 + len(added)))


def test_of_many_all_are_begun_before_the_first_one_ends() -> None:
    owners, over, most = [filled(30), filled(30, "bolt"), filled(30, "coil")], threading.Event(), [0]

    def watch() -> None:
        while not over.is_set():
            most.append(Rotation.objects.count())
        connections.close_all()

    for owner in owners[:2]:
        rotation.begin_one(owner.id)  # as if it had been killed while it began them
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        assert CliRunner().invoke(rotate, [], catch_exceptions=False).exit_code == 0
    finally:
        over.set()
        thread.join()
    assert max(most) == 3
    assert [versions(owner) for owner in owners] == [{2}] * 3
    assert not Rotation.objects.exists()


def damage(row: File, at: int) -> None:
    """Change one byte of a name, or change it back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orgs_file SET name = set_byte(name, %s, get_byte(name, %s) # 1) WHERE id = %s", [at, at, row.id]
        )


def keys_of(owner: Organisation) -> list[int]:
    return list(DataKey.objects.filter(organisation_id=owner.id).order_by("version").values_list("version", flat=True))


def test_what_does_not_open_keeps_the_old_key_of_its_organisation_and_no_other() -> None:
    broken, well = filled(30), filled(3, "bolt")
    rows = list(File.objects.filter(organisation=broken).order_by("id"))
    for row, at in ((rows[3], 40), (rows[25], 0), (rows[26], 4)):  # the text, the format, the version
        damage(row, at)
    for _ in range(2):
        found = CliRunner().invoke(rotate, [])
        assert found.exit_code == 1
        assert {line.split()[1] for line in found.output.splitlines() if line.startswith("  orgs.File ")} == {
            str(rows[number].id) for number in (3, 25, 26)
        }
        assert "stays of acme. Bring back" in found.output
        assert (keys_of(broken), keys_of(well)) == ([1, 2], [2] if _ == 0 else [3])
    assert unopened.noted() == [], "it is written down"
    for row, at in ((rows[3], 40), (rows[25], 0), (rows[26], 4)):
        damage(row, at)
    assert CliRunner().invoke(rotate, ["--organisation", "acme"]).exit_code == 0
    assert (keys_of(broken), versions(broken)) == ([2], {2})
    keys.forget_all()
    assert {row.name for row in File.objects.filter(organisation=broken)} == {f"file {number}" for number in range(30)}


def test_what_does_not_open_is_given_up_when_that_is_said() -> None:
    owner = filled(3)
    lost = File.objects.filter(organisation=owner).order_by("id")[0]
    damage(lost, 40)
    before = File.objects.get(id=lost.id).__dict__["name"]
    assert CliRunner().invoke(rotate, ["--wrapping", "--give-up"]).exit_code == 2
    assert CliRunner().invoke(rotate, ["--give-up"]).exit_code == 0
    assert keys_of(owner) == [2]
    assert File.objects.get(id=lost.id).__dict__["name"] == before
    keys.forget_all()
    assert {row.name for row in File.objects.exclude(id=lost.id)} == {"file 1", "file 2"}


def test_a_row_that_was_read_before_is_saved_after() -> None:
    """It says nothing of a text that nobody opened, so it leaves that as it is by then."""
    owner = filled(0)
    held = Organisation.objects.get(id=owner.id)
    rotation.rotate(owner.id, lambda seen: None)
    held.zone = "UTC"
    held.save()
    keys.forget_all()
    assert (Organisation.objects.get().name, Organisation.objects.get().zone) == ("Acme", "UTC")


def test_a_process_that_slept_through_all_of_it_seals_with_the_key_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock stood still too, so to itself what it knows of keys is fresh."""
    owner = filled(1)
    content = bytes(range(256)) * 300
    files.receive(owner, name="before", content=content, at=NOW)
    with monkeypatch.context() as asleep:
        asleep.setattr(keys, "forget", lambda organisation: None)
        rotation.rotate(owner.id, lambda seen: None)
    keys._primaries.get(owner.id, lambda: 1, fresh=-1.0)
    monkeypatch.setattr(keys, "FRESH", 1_000.0)
    assert keys.primary(owner.id) == 1
    row = written(owner, 1)
    file = files.keep(owner, name="after", content=content, at=NOW)
    keys.forget_all()
    assert File.objects.get(id=row.id).name == "file 1"
    assert files.content(File.objects.get(id=file.id)) == content


def test_a_key_stays_while_a_piece_of_a_file_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    owner, sealed, go = filled(0), threading.Event(), threading.Event()
    put, kept = places.Postgres.put, []

    def slowly(self: places.Postgres, *given: object) -> None:
        sealed.set()
        go.wait()
        put(self, *given)  # type: ignore[arg-type]

    def send() -> None:
        kept.append(files.receive(owner, name="slow", content=b"on its way", at=NOW))
        connections.close_all()

    monkeypatch.setattr(places.Postgres, "put", slowly)
    thread = threading.Thread(target=send)
    thread.start()
    sealed.wait()
    threading.Timer(1.0, go.set).start()
    rotation.rotate(owner.id, lambda seen: None)
    go.set()
    thread.join()
    keys.forget_all()
    assert files.content(File.objects.get(id=kept[0].id)) == b"on its way"


def test_a_piece_that_is_missing_keeps_the_old_key() -> None:
    owner = filled(0)
    content = bytes(range(256)) * 600
    file = files.keep(owner, name="pieces", content=content, at=NOW)
    piece = FileChunk.objects.order_by("index")[1]
    FileChunk.objects.filter(id=piece.id).delete()
    for _ in range(2):
        with pytest.raises(rotation.Unfinished) as found:
            rotation.rotate(owner.id, lambda seen: None)
        assert found.value.left == [f"orgs.File {file.id}, its content"]
        assert keys_of(owner) == [1, 2]
    assert FileFault.objects.get().file == file.id
    piece.save(force_insert=True)
    rotation.rotate(owner.id, lambda seen: None)
    keys.forget_all()
    assert keys_of(owner) == [2]
    assert files.content(File.objects.get(id=file.id)) == content


def _die(seen: rotation.Progress, at: int) -> None:
    if seen.done >= at:
        raise Killed
