"""Whoever takes the database, its disk, its dump, a backup of it or Baken's logs reads nothing that anybody wrote.

More than 300 secrets go in through flows, pages and the API of a real installation, with a mark in each that occurs
nowhere else. Then everything that lies on the disk is searched for the mark, in the ways in which a program would write
it down. A control is another mark, put where a careless program would, and the same search finds it.
"""

import base64
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.planted_place import Place, planted_place
from tests.flows.spellings import mark_of, readable_in, spellings, whole

CODE = re.compile(
    r"(user|token|location):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # who did it
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}"  # a record, a digest
    r"|\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d))?"  # a day, an instant
    r"|[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+|\d+/\d+|[CD]\d"  # a time zone, a share, a KPI
    r"|[a-z0-9]([a-z0-9._:-]{0,30}[a-z0-9])?|"  # a code
)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with planted_place() as used:
        yield used


def test_every_column_for_text_was_written_to_and_says_what_was_written(place: Place) -> None:
    assert place.report["planted"] >= 300
    assert (place.report["lost"], place.report["empty"]) == ([], [])
    assert place.report["statuses"] == [201, 422, 400, 201, 201, 413, 403, 422, 200]
    assert place.report["stored"] == [201, 201]
    assert place.report["commands"] == [0, 0, 0, 0], (place.home / "logs/commands.log").read_text()
    assert ": 1 checks" in place.report["probing"], place.report["probing"]


def test_nothing_is_readable(place: Place) -> None:
    assert list(readable_in(place.everything(), spellings(place.mark))) == []


def test_nothing_is_readable_of_what_nobody_chose(place: Place) -> None:
    """Secrets of apps, codes on paper, network addresses; these last are in the log of the program, as it says."""
    kept = set(place.everything()) - set(place.kinds()["log of the program"])
    for column, texts in place.report["made"].items():
        assert texts, column
        assert list(readable_in(kept, [one for text in texts[:1] for one in whole(text)])) == [], column


@pytest.mark.parametrize("way", [slice(None), slice(None, None, -1)], ids=["short", "compressed"])
def test_the_search_finds_what_a_careless_program_writes(place: Place, way: slice) -> None:
    of_tables = {"dump", "rows", "write-ahead log", "base backup", "zipped base backup"}
    for kind, paths in place.kinds().items():
        if kind in of_tables or way.step is None:
            assert next(readable_in(paths, spellings(place.control[way])), None), kind


def test_everything_is_searched(place: Place) -> None:
    found = {path: path.stat().st_size for path in place.everything()}
    home, data = place.home, place.cluster.data
    for path in ("tombstones", "zipped/base.tar.gz", "backup/PG_VERSION", "dump/custom", "prober/spool.sqlite3-wal"):
        assert found.get(home / path), path
    assert found.get(data / place.report["unlogged"]), "rows that are not in the write-ahead log"
    for kind, least in (("object store", 3), ("temporary files of the database", 4), ("log of the program", 3)):
        assert len([path for path in place.kinds()[kind] if found[path]]) >= least, kind


def test_a_failing_statement_leaves_its_values_out_of_the_log(place: Place) -> None:
    """The statement was refused for what it left out, and it had the mark in it."""
    assert any("null value in column" in path.read_text() for path in place.kinds()["log of the database"])
    assert list(readable_in(place.kinds()["log of the database"], spellings(place.mark))) == []


def test_whoever_has_the_database_takes_over_no_session(place: Place) -> None:
    """The key of an open session is nowhere, and nothing that is there in its place opens it."""
    assert list(readable_in(place.everything(), [place.report["session"].encode()])) == []
    opened = place.report["opened"]
    assert opened.pop("its key") == 200
    assert opened and set(opened.values()) == {302}


def test_the_ledger_names_people_by_codes_alone(place: Place) -> None:
    """Its facts outlive whoever is erased, so they hold codes, numbers and instants."""
    facts = place.report["facts"]
    assert len({kind for kind, _actor, _data in facts}) >= 30
    said = {one for kind, actor, data in facts for one in written_in(kind, [kind, actor, data])}
    assert not said, "\n".join(sorted(said))
    for careless in ("Jan de Vries", "jan@customer.example", "Jan", "https://customer.example/", "2001:DB8::1"):
        assert written_in("incident.reported", {"by": [{"name": careless}]}) == [f"incident.reported: {careless}"]


def written_in(kind: str, value: Any) -> list[str]:
    """What is no code, anywhere in a fact."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return [one for part in value for one in written_in(kind, part)]
    plain = value is None or isinstance(value, bool | int) or CODE.fullmatch(value)
    return [] if plain else [f"{kind}: {value}"]


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
        assert list(readable_in([tmp_path / "file"], spellings(control))), content
    (tmp_path / "file").write_bytes(random.Random(1).randbytes(1_000_000))
    assert list(readable_in([tmp_path / "file"], spellings(control))) == []
    (tmp_path / control).touch()
    assert list(readable_in([tmp_path / control], spellings(control))), "a name tells as much"
