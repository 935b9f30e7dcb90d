"""Rotating a key while people work, interrupted and resumed."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from django.db import connections

from baken.record.orgs import keys, rotation, spreading
from baken.record.orgs.models import DataKey, File, Organisation, Rotation
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


def _die(seen: rotation.Progress, at: int) -> None:
    if seen.done >= at:
        raise Killed
