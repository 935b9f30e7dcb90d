"""What may be agreed as working time, what is refused and how, and what goes to the ledger."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.calendars import CalendarError, CalendarRule, DatedWindows, Window

AMSTERDAM = "Europe/Amsterdam"
MORNING = Window(0, 480, 720)


spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(lambda p: (p[0], p[0] + p[1]))
rules = st.builds(
    CalendarRule,
    zone=st.sampled_from([AMSTERDAM, "UTC", "America/New_York"]),
    windows=st.lists(
        st.builds(lambda day, span: Window(day, *span), st.integers(0, 6), spans), min_size=1, max_size=8
    ).map(tuple),
    holidays=st.sampled_from(["", "NL", "DE-BY"]),
    exceptions=st.lists(
        st.builds(DatedWindows, st.dates(), st.lists(spans, max_size=3).map(tuple)),
        max_size=4,
        unique_by=lambda exception: exception.day,
    ).map(tuple),
)


@given(rules)
def test_codes_give_back_the_same_rule(rule: CalendarRule) -> None:
    codes = rule.to_codes()
    again = CalendarRule.from_codes(json.loads(json.dumps(codes)))
    assert again == rule
    assert hash(again) == hash(rule)
    assert again.to_codes() == codes


def test_the_codes_are_these() -> None:
    """They stand in ledgers: this test may gain cases and never change one."""
    rule = CalendarRule(
        AMSTERDAM, (Window(4, 480, 1020), MORNING), "NL", (DatedWindows(date(2026, 12, 24), ((480, 720),)),)
    )
    assert rule.to_codes() == {
        "zone": "Europe/Amsterdam",
        "windows": [[0, 480, 720], [4, 480, 1020]],
        "holidays": "NL",
        "exceptions": [["2026-12-24", [[480, 720]]]],
    }


def test_order_and_repetition_make_no_difference() -> None:
    friday = Window(4, 480, 1020)
    first = DatedWindows(date(2026, 5, 1), ((600, 660), (480, 540)))
    second = DatedWindows(date(2026, 5, 2))
    one = CalendarRule(AMSTERDAM, (friday, MORNING), exceptions=(second, first))
    assert one == CalendarRule(AMSTERDAM, (MORNING, friday, MORNING), exceptions=(first, second))
    assert first == DatedWindows(date(2026, 5, 1), ((480, 540), (600, 660)))


def test_weekly_hours() -> None:
    assert CalendarRule.weekly("UTC").windows == tuple(Window(day, 480, 1020) for day in range(5))
    night = CalendarRule.weekly("UTC", days=[6], opens="22:30", closes="06:00")
    assert night.windows == (Window(6, 1350, 1800),)
    assert CalendarRule.weekly("UTC", [0], "00:00", "24:00").windows == (Window(0, 0, 1440),)
    assert CalendarRule.weekly("UTC", [0], "09:00", "09:00").windows == (Window(0, 540, 1980),)


@pytest.mark.parametrize("text", ["8", "8:00", "24:01", "25:00", "08:60", "08:00:00", ""])
def test_times_are_hours_and_minutes(text: str) -> None:
    with pytest.raises(CalendarError, match="write hours and minutes like 08:00"):
        CalendarRule.weekly("UTC", closes=text)


def test_an_empty_week_is_refused() -> None:
    with pytest.raises(CalendarError, match="a calendar needs at least one window"):
        CalendarRule(AMSTERDAM, ())
    with pytest.raises(CalendarError, match="a calendar needs at least one window"):
        CalendarRule.weekly(AMSTERDAM, days=())


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ((7, 480, 1020), "weekday 7: give 0 for Monday"),
        ((0, -1, 60), "opens at minute -1: give whole minutes"),
        ((0, 1440, 1500), "opens at minute 1440"),
        ((0, 480, 480), "closes at minute 480: give whole minutes after midnight, from 481 to 1920"),
        ((0, 480, 1921), "closes at minute 1921"),
        ((0, 480.0, 1020), "opens at minute 480.0"),
        ((0, 480, True), "closes at minute True"),
        (("0", 480, 1020), "weekday '0'"),
    ],
)
def test_minutes_are_checked(window: tuple[int, int, int], message: str) -> None:
    with pytest.raises(CalendarError, match=message):
        Window(*window)
    if message.startswith(("opens", "closes")):
        with pytest.raises(CalendarError, match=message):
            DatedWindows(date(2026, 1, 1), (window[1:],))


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(CalendarError, match="zone: 'Europe/Amstredam' is not an IANA time zone"):
        CalendarRule.always("Europe/Amstredam")


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("nl", "no country 'nl'; leave it empty, or choose a two-letter code such as NL"),
        ("NLD", "no country 'NLD'.*NL"),
        ("Netherlands", "no country 'Netherlands'.*two-letter code"),
        ("QQ", "no country 'QQ'"),
        ("DE-ZZ", "DE has no part 'ZZ'; choose one of BB, BE"),
        ("MT-1", "MT has no part '1'; write MT alone"),
    ],
)
def test_unknown_holidays_are_refused_with_a_way_out(region: str, message: str) -> None:
    with pytest.raises(CalendarError, match=message):
        CalendarRule.weekly(AMSTERDAM, holidays=region)


def test_a_date_has_one_exception() -> None:
    day = date(2026, 5, 1)
    with pytest.raises(CalendarError, match="give each date once"):
        CalendarRule(AMSTERDAM, (MORNING,), exceptions=(DatedWindows(day), DatedWindows(day, ((0, 60),))))


@pytest.mark.parametrize(
    "codes",
    [
        {},
        {"zone": "UTC", "windows": [[0, 480]], "holidays": "", "exceptions": []},
        {"zone": "UTC", "windows": 5, "holidays": "", "exceptions": []},
        {"zone": "UTC", "windows": [[0, 480, 1020]], "holidays": "", "exceptions": [["31 May", []]]},
        {"zone": None, "windows": [[0, 480, 1020]], "holidays": "", "exceptions": []},
    ],
)
def test_codes_that_are_no_calendar_are_refused(codes: dict) -> None:
    with pytest.raises(CalendarError):
        CalendarRule.from_codes(codes)
