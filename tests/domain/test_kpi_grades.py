"""Calendar months of validity, and which audit's grade is valid when, held to a walk through the days."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.deadlines import Nis2, Standing, Step, duties, months_after, nis2, told
from baken.domain.facts import Fact, Kind
from baken.domain.grades import Audit, expiry, longest, standing, valid_before
from baken.domain.instants import DAY, HOUR, MINUTE, to_us
from baken.domain.zones import UnknownZone
from tests.domain.histories import AMSTERDAM, at

ZONES = ("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
moments = st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: to_us(moment.replace(second=0, microsecond=0))
)


def walked(zone_name: str, instant: int, months: int, days: int) -> int:
    """Turn the pages of a calendar, then look when the clock on the wall shows the time."""
    local = datetime.fromtimestamp(instant / 1e6, ZoneInfo(zone_name))
    year, month = local.year, local.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    day = local.day
    while True:
        try:
            page = date(year, month, day)
            break
        except ValueError:
            day -= 1
    wall = datetime.combine(page + timedelta(days=days), local.time(), ZoneInfo(zone_name))
    second = wall.replace(fold=1)
    back = second.astimezone(UTC).astimezone(ZoneInfo(zone_name))
    if back.replace(tzinfo=None) != wall.replace(tzinfo=None):  # the clock skips it: minute by minute to the jump
        while back.replace(tzinfo=None) != wall.replace(tzinfo=None):
            wall += timedelta(minutes=1)
            back = wall.astimezone(UTC).astimezone(ZoneInfo(zone_name))
        return to_us(wall)
    return to_us(second)


@given(st.sampled_from(ZONES), moments, st.integers(0, 14), st.integers(0, 40))
def test_months_on_the_wall_clock(zone_name: str, instant: int, months: int, days: int) -> None:
    assert months_after(zone_name, instant, months, days) == walked(zone_name, instant, months, days)


@pytest.mark.parametrize(
    ("signed", "months", "days", "until"),
    [
        ("2025-08-31 12:00", 6, 0, "2026-02-28 12:00"),
        ("2027-08-31 12:00", 6, 0, "2028-02-29 12:00"),
        ("2026-08-15 09:30", 6, 14, "2027-03-01 09:30"),
        ("2026-01-29 02:30", 2, 0, "2026-03-29 03:00"),
        ("2025-12-31 23:59", 6, 0, "2026-06-30 23:59"),
    ],
)
def test_examples_in_amsterdam(signed: str, months: int, days: int, until: str) -> None:
    assert months_after(AMSTERDAM, at(signed), months, days) == at(until)


def test_a_time_shown_twice_is_the_second() -> None:
    until = months_after(AMSTERDAM, at("2026-04-25 02:30"), 6)
    assert until == to_us(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    with pytest.raises(UnknownZone):
        months_after("Mars/Olympus", 0, 6)


def test_reporting_deadlines_of_a_break_in() -> None:
    """24 and 72 real hours across the change of the clock; the month runs from the notification."""
    detected = at("2026-03-28 12:00")
    assert nis2(AMSTERDAM, detected) == Nis2(at("2026-03-29 13:00"), at("2026-03-31 13:00"), at("2026-04-30 13:00"))
    assert nis2(AMSTERDAM, detected, at("2026-03-30 09:00")).final_report == at("2026-04-30 09:00")
    assert nis2(AMSTERDAM, detected).notification - detected == 72 * HOUR


def audit(
    signed: str,
    grade: str = "7.5",
    auditor: str = "a",
    scope: str = "all",
    *services: str,
    own: bool = True,
    grace: int = 0,
) -> Audit:
    until = expiry(AMSTERDAM, at(signed), grace)
    return Audit(auditor, scope, frozenset(services or ("mail",)), at(signed), until, Fraction(grade), own)


def test_valid_up_to_the_instant_at_which_it_expires() -> None:
    one = audit("2026-01-15 12:00")
    assert one.until == at("2026-07-15 12:00")
    valid = [bool(valid_before([one], "mail", t)) for t in (one.signed_off, one.signed_off + 1)]
    assert valid == [False, True]
    assert [bool(valid_before([one], "mail", t)) for t in (one.until, one.until + 1)] == [True, False]
    graced = audit("2026-01-15 12:00", grace=30)
    assert valid_before([graced], "mail", one.until + 30 * DAY) == [graced]


def test_the_lowest_of_the_scopes_that_cover_a_service() -> None:
    network = audit("2026-02-01 12:00", "6.1", "a", "network")
    code = audit("2026-02-02 12:00", "8.0", "b", "code", "mail", "files")
    assert valid_before([code, network], "mail", at("2026-03-01 00:00")) == [network, code]
    assert valid_before([code, network], "files", at("2026-03-01 00:00")) == [code]
    assert valid_before([code, network], "chat", at("2026-03-01 00:00")) == []


def test_the_same_auditors_new_audit_of_the_same_scope_takes_the_place_of_the_old() -> None:
    old, new = audit("2026-01-01 12:00", "5.0"), audit("2026-03-01 12:00", "8.0")
    other = audit("2026-03-01 12:00", "8.0", "another")
    assert valid_before([new, old], "mail", at("2026-02-01 00:00")) == [old]
    assert valid_before([new, old], "mail", at("2026-04-01 00:00")) == [new]
    assert valid_before([other, old], "mail", at("2026-04-01 00:00"))[0] == old


def test_what_the_provider_enters_takes_no_auditors_place() -> None:
    """Nobody grades their own service by writing the auditor's name over a later and better grade."""
    signed, entered = audit("2026-01-01 12:00", "6.4"), audit("2026-02-01 12:00", "9.0", own=False)
    assert valid_before([signed, entered], "mail", at("2026-03-01 00:00")) == [signed, entered]
    worse = audit("2026-02-15 12:00", "5.0", own=False)
    assert valid_before([signed, entered, worse], "mail", at("2026-03-01 00:00")) == [worse, signed]
    assert valid_before([signed, entered], "mail", at("2026-07-15 00:00")) == [entered], "that of the auditor expired"


def test_what_the_auditor_signs_takes_the_place_of_everything_before() -> None:
    rows = [
        audit("2026-01-01 12:00", "6.4"), audit("2026-02-01 12:00", "5.0", own=False), audit("2026-03-01 12:00", "8.0")
    ]  # fmt: skip
    assert standing(rows, "mail", at("2026-04-01 00:00")) == rows[2:]
    assert len(standing(rows, "mail", at("2026-03-01 12:00"))) == 2


def test_a_new_audit_that_drops_a_service_ends_the_old_grade() -> None:
    """The scope as it is audited now says what is covered; yesterday's wider one no longer does."""
    wide = audit("2026-01-01 12:00", "8.0", "a", "all", "mail", "files")
    narrow = audit("2026-03-01 12:00", "8.0", "a", "all", "mail")
    assert valid_before([wide, narrow], "files", at("2026-04-01 00:00")) == []


def test_the_one_that_is_valid_longest_is_known_when_nothing_is_valid() -> None:
    rows = [audit("2025-01-01 12:00"), audit("2025-02-01 12:00", "7.0", "b")]
    found = longest(rows, "mail", at("2026-01-01 00:00"))
    assert found is not None
    assert found.until == at("2025-08-01 12:00")
    assert longest(rows, "chat", at("2026-01-01 00:00")) is None


def test_what_was_replaced_is_valid_no_longer_although_its_grace_was_longer() -> None:
    rows = [audit("2026-01-01 12:00", grace=90), audit("2026-02-01 12:00")]
    assert longest(rows, "mail", at("2026-03-01 00:00")) == rows[1]


@pytest.mark.parametrize("grade", ["0.9", "10.1", "78"])
def test_another_scale_is_refused(grade: str) -> None:
    with pytest.raises(ValueError, match="grade"):
        audit("2026-01-01 12:00", grade)


days = st.integers(0, 400)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sets(st.sampled_from("mf")), days,
                  st.integers(10, 100), st.booleans()),
        max_size=6,
    ),
    st.sampled_from([0, 14]), days,
)  # fmt: skip
def test_what_is_valid_against_looking_at_every_audit(
    drawn: list[tuple[str, str, set[str], int, int, bool]], grace: int, now: int
) -> None:
    begin = at("2026-01-01 12:00")
    rows = []
    for number, (auditor, scope, services, day, grade, own) in enumerate(drawn):
        signed_off = begin + day * DAY + number * MINUTE
        until = walked(AMSTERDAM, signed_off, 6, grace)
        rows.append(Audit(auditor, scope, frozenset(services), signed_off, until, Fraction(grade, 10), own))
    t = begin + now * DAY
    expected = []
    for row in rows:
        signed = row.signed_off < t
        same = [other for other in rows if (other.auditor, other.scope) == (row.auditor, row.scope)]
        replaced = any(row.signed_off < other.signed_off < t and (other.own or not row.own) for other in same)
        if signed and t <= row.until and not replaced and "m" in row.services:
            expected.append(row)
    found = valid_before(rows, "m", t)
    assert sorted(found, key=lambda row: row.signed_off) == sorted(expected, key=lambda row: row.signed_off)
    assert [row.grade for row in found] == sorted(row.grade for row in found)


def test_a_report_to_the_authority_is_in_time_up_to_its_deadline() -> None:
    detected = at("2026-03-02 12:00")
    due = detected + 24 * HOUR

    def first(sent: int | None, as_of: int) -> Standing:
        known = {} if sent is None else {Step.EARLY_WARNING: sent}
        return duties(AMSTERDAM, detected, known, as_of)[0].standing

    assert first(None, due) is Standing.OPEN
    assert first(None, due + 1) is Standing.OVERDUE
    assert first(due, due + 1) is Standing.DONE
    assert first(due + 1, due + 1) is Standing.LATE


def test_what_the_authority_was_told_is_known_as_of_then_and_can_be_retracted() -> None:
    facts = [
        Fact(2, Kind.AUTHORITY_TOLD, 20, 21, {"step": "early_warning"}),
        Fact(3, Kind.AUTHORITY_TOLD, 30, 31, {"step": "notification"}),
        Fact(4, Kind.RETRACTED, 40, 40, {"seq": 2}),
        Fact(5, Kind.AUTHORITY_TOLD, 25, 41, {"step": "early_warning"}),
    ]
    assert told(facts[:2], 25) == {Step.EARLY_WARNING: 20}
    assert told(facts, 50) == {Step.EARLY_WARNING: 25, Step.NOTIFICATION: 30}
