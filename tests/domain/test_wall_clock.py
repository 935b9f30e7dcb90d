"""Offsets from UTC as sampled, held to the compiled zone files themselves."""

import struct
import zoneinfo
from datetime import UTC, date, datetime
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest

from baken.domain import wall_clock
from baken.domain.instants import DAY, HOUR, MINUTE, to_us
from baken.domain.zones import UnknownZone

ZONES = sorted(zoneinfo.available_timezones())


def changes_in_file(name: str) -> list[tuple[int, int]]:
    """(second, new offset) of every change of offset in a zone file, in the 64-bit part of RFC 9636."""
    data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    header = struct.Struct(">4s c 15x 6l")
    _, _, isut, isstd, leap, times, types, chars = header.unpack_from(data)
    at = header.size + times * 5 + types * 6 + chars + leap * 8 + isstd + isut
    *_, times, types, chars = header.unpack_from(data, at)
    at += header.size
    seconds = struct.unpack_from(f">{times}q", data, at)
    kinds = data[at + 8 * times : at + 9 * times]
    offsets = [struct.unpack_from(">lBB", data, at + 9 * times + 6 * k)[0] for k in range(types)]
    before, found = offsets[0], []
    for second, kind in zip(seconds, kinds, strict=True):
        if offsets[kind] != before:
            found.append((second, offsets[kind]))
        before = offsets[kind]
    return found


def test_no_zone_changes_twice_within_a_day() -> None:
    """What sampling once a day rests on."""
    since = to_us(datetime(1900, 1, 1, tzinfo=UTC)) // 1_000_000
    for name in ZONES:
        seconds = [second for second, _ in changes_in_file(name) if second >= since]
        assert all(later - second > 86_400 for second, later in pairwise(seconds)), name


@pytest.mark.parametrize(
    "name",
    ["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"],
)
def test_every_change_is_found_at_its_second(name: str) -> None:
    since = datetime(1900, 1, 1, tzinfo=UTC).timestamp()
    listed = [change for change in changes_in_file(name) if change[0] > since]
    sampled = [change for year in range(1900, 2037) for change in wall_clock._changes(name, year)]
    # A file lists changes up to a last one; from there on a rule goes on, or nothing changes any more.
    until = min(listed[-1][0], to_us(datetime(2037, 1, 1, tzinfo=UTC)) // 1_000_000)
    assert len(listed) > 10
    assert [change for change in sampled if change[0] <= until] == [change for change in listed if change[0] <= until]


def wall(*parts: int) -> np.ndarray:
    return np.array([to_us(datetime(*parts, tzinfo=UTC))])


def utc(*parts: int) -> int:
    return to_us(datetime(*parts, tzinfo=UTC))


@pytest.mark.parametrize(
    ("shown", "first", "second"),
    [
        ((2026, 3, 29, 1, 59), (2026, 3, 29, 0, 59), (2026, 3, 29, 0, 59)),
        ((2026, 3, 29, 2, 30), (2026, 3, 29, 1, 0), (2026, 3, 29, 1, 0)),
        ((2026, 3, 29, 3, 0), (2026, 3, 29, 1, 0), (2026, 3, 29, 1, 0)),
        ((2026, 10, 25, 1, 59), (2026, 10, 24, 23, 59), (2026, 10, 24, 23, 59)),
        ((2026, 10, 25, 2, 0), (2026, 10, 25, 0, 0), (2026, 10, 25, 1, 0)),
        ((2026, 10, 25, 2, 30), (2026, 10, 25, 0, 30), (2026, 10, 25, 1, 30)),
        ((2026, 10, 25, 3, 0), (2026, 10, 25, 2, 0), (2026, 10, 25, 2, 0)),
    ],
)
def test_gap_and_fold_in_amsterdam(shown: tuple[int, ...], first: tuple[int, ...], second: tuple[int, ...]) -> None:
    assert wall_clock.opening("Europe/Amsterdam", wall(*shown)).tolist() == [utc(*first)]
    assert wall_clock.closing("Europe/Amsterdam", wall(*shown)).tolist() == [utc(*second)]


def test_half_an_hour_on_lord_howe() -> None:
    assert wall_clock.opening("Australia/Lord_Howe", wall(2026, 10, 4, 2, 15)).tolist() == [utc(2026, 10, 3, 15, 30)]
    twice = wall(2026, 4, 5, 1, 45)
    first = wall_clock.opening("Australia/Lord_Howe", twice)
    second = wall_clock.closing("Australia/Lord_Howe", twice)
    assert (second - first).tolist() == [30 * MINUTE]


def test_a_date_that_a_zone_skipped_has_no_length() -> None:
    """Samoa went from 29 to 31 December 2011."""
    skipped, after = date(2011, 12, 30), date(2011, 12, 31)
    assert wall_clock.day_start("Pacific/Apia", skipped) == wall_clock.day_start("Pacific/Apia", after)


def test_a_date_that_begins_with_a_gap_begins_at_the_jump() -> None:
    """Cuba's clocks go from midnight to one o'clock in spring and back from one to midnight in autumn."""
    lengths = [
        wall_clock.day_start("America/Havana", date(2024, m, d + 1))
        - wall_clock.day_start("America/Havana", date(2024, m, d))
        for m, d in ((3, 10), (11, 3), (6, 1))
    ]
    assert lengths == [DAY - HOUR, DAY + HOUR, DAY]


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(UnknownZone):
        wall_clock.day_start("Europe/Amstredam", date(2026, 1, 1))


def test_nothing_in_nothing_out() -> None:
    assert wall_clock.opening("UTC", np.zeros(0, dtype=np.int64)).tolist() == []
