"""What a ServiceNow log is read as, and what becomes of one that cannot be read."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from baken.domain.facts import IncidentClass
from baken.domain.instants import to_us
from baken.domain.zones import UnknownZone
from baken.reach.servicenow import LogError, Reading, Reject, histories, survey
from tests.flows.service_now import log, real

NOW = to_us(datetime(2016, 6, 1, tzinfo=UTC))


def _reading(zone: str = "UTC", *machines: str) -> Reading:
    return Reading(zone, frozenset({IncidentClass.AVAILABILITY}), NOW, frozenset(machines))


def _told(path: Path, reading: Reading | None = None) -> list[tuple[Any, ...]]:
    """What the log's only incident is read as: kind, local time, data."""
    rejected: list[Reject] = []
    (history,) = histories(path, reading or _reading(), rejected.append)
    assert not rejected
    return [
        (told.kind.split(".")[1], _shown(told.at), *([dict(told.data)] if told.data else []))
        for told in history.happenings
    ]


def _shown(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%d %H:%M")


def _row(state: str, day: int, time: str, **more: str) -> dict[str, str]:
    return {"incident_state": state, "sys_updated_at": f"{day}/3/2016 {time}", **more}


def test_an_incident_from_report_to_close(tmp_path: Path) -> None:
    rows = [
        _row("New", 1, "09:05"),
        _row("Active", 1, "09:30", assigned_to="12"),
        _row("Awaiting User Info", 1, "10:00"),
        _row("Active", 2, "11:00", priority="2", impact="1"),
        _row("Awaiting Vendor", 2, "12:00"),
        _row("Awaiting Evidence", 2, "13:00"),
        _row("Resolved", 3, "16:02"),
        _row("Closed", 8, "17:00", sys_updated_by="908"),
    ]
    assert _told(log(tmp_path / "log.csv", *rows, resolved_at="3/3/2016 16:00")) == [
        ("reported", "01 09:00", {"classes": ["availability"], "priority": "medium", "impact": 2, "urgency": 2}),
        ("picked_up", "01 09:30"),
        ("waiting_began", "01 10:00", {"on": "customer"}),
        ("priority_changed", "02 11:00", {"priority": "high", "impact": 1, "urgency": 2}),
        ("waiting_ended", "02 11:00"),
        ("priority_changed", "02 12:00", {"priority": "medium", "impact": 2, "urgency": 2}),
        ("waiting_began", "02 12:00", {"on": "supplier"}),
        ("waiting_ended", "02 13:00"),
        ("waiting_began", "02 13:00", {"on": "other"}),
        ("resolved", "03 16:00", {"timed": True}),
        ("waiting_ended", "03 16:02"),
        ("closed", "08 17:00"),
    ]


def _ends(path: Path) -> list[tuple[Any, ...]]:
    return [told for told in _told(path) if told[0] in {"resolved", "reopened", "closed"}]


TIMED, UNTIMED = {"timed": True}, {"timed": False}


@pytest.mark.parametrize(
    ("resolved_at", "rows", "ends"),
    [
        pytest.param(
            "4/3/2016 12:00",
            [_row("Resolved", 2, "10:00"), _row("Active", 3, "10:00"), _row("Resolved", 4, "12:00")],
            [("resolved", "02 10:00", UNTIMED), ("reopened", "03 10:00"), ("resolved", "04 12:00", TIMED)],
            id="reopened, and resolved again at resolved_at",
        ),
        pytest.param(
            "2/3/2016 11:29",
            [_row("Resolved", 2, "08:53"), _row("Resolved", 2, "11:29"), _row("Closed", 7, "12:00")],
            [("resolved", "02 11:29", TIMED), ("closed", "07 12:00")],
            id="resolved_at has the last word over the state",
        ),
        pytest.param(
            "?",
            [_row("Active", 1, "10:00"), _row("Resolved", 2, "10:00"), _row("Closed", 7, "10:00")],
            [("resolved", "02 10:00", UNTIMED), ("closed", "07 10:00")],
            id="no resolved_at: the first resolved state, without a time",
        ),
        pytest.param(
            "?",
            [_row("Closed", 2, "10:00")],
            [("resolved", "02 10:00", UNTIMED), ("closed", "02 10:00")],
            id="no resolved_at and closed at once",
        ),
        pytest.param(
            "2/3/2016 10:00",
            [_row("Resolved", 2, "10:00"), _row("Active", 3, "10:00")],
            [("resolved", "02 10:00", TIMED), ("reopened", "03 10:00")],
            id="open again after resolved_at",
        ),
        pytest.param(
            "2/3/2016 10:00",
            [_row("Active", 1, "10:00")],
            [("resolved", "02 10:00", TIMED)],
            id="the row of the resolution is missing",
        ),
        pytest.param(
            "1/2/2016 10:00",
            [_row("Resolved", 2, "10:00")],
            [("resolved", "02 10:00", UNTIMED)],
            id="resolved_at before the report is no time",
        ),
        pytest.param(
            "2/3/2016 10:00",
            [_row("Closed", 2, "09:00")],
            [("resolved", "02 10:00", TIMED), ("closed", "02 10:00")],
            id="closed before it is resolved counts as closed then",
        ),
        pytest.param("?", [_row("Active", 2, "10:00")], [], id="still open"),
    ],
)
def test_how_it_ended(
    tmp_path: Path, resolved_at: str, rows: list[dict[str, str]], ends: list[tuple[Any, ...]]
) -> None:
    assert _ends(log(tmp_path / "log.csv", *rows, resolved_at=resolved_at)) == ends


@pytest.mark.parametrize(
    ("rows", "picked_up"),
    [
        ([_row("New", 1, "09:05"), _row("Active", 1, "09:30")], ["01 09:30"]),
        ([_row("New", 1, "09:05", assigned_to="3")], ["01 09:05"]),
        ([_row("New", 1, "09:05", assigned_to="3", sys_updated_by="bot"), _row("New", 1, "09:09")], []),
        ([_row("Active", 1, "09:05", sys_updated_by="bot"), _row("Active", 1, "09:30")], ["01 09:30"]),
        ([_row("Active", 1, "08:55")], ["01 09:00"]),
    ],
)
def test_a_person_takes_it_on(tmp_path: Path, rows: list[dict[str, str]], picked_up: list[str]) -> None:
    told = _told(log(tmp_path / "log.csv", *rows), _reading("UTC", "bot"))
    assert [at for kind, at, *_ in told if kind == "picked_up"] == picked_up


def test_local_times_around_the_change_of_the_clock(tmp_path: Path) -> None:
    autumn = "30/10/2011"
    path = log(
        tmp_path / "log.csv",
        {"incident_state": "Active", "sys_updated_at": f"{autumn} 02:50"},
        {"incident_state": "Resolved", "sys_updated_at": f"{autumn} 02:10"},
        opened_at=f"{autumn} 02:30",
    )
    told = _told(path, _reading("Europe/Amsterdam"))
    assert [at for _, at, *_ in told] == ["30 00:30", "30 00:50", "30 01:10"], "02:10 is the second one of that night"
    rejected: list[Reject] = []
    skipped = log(tmp_path / "skipped.csv", {"opened_at": "27/3/2016 02:30"})
    assert not list(histories(skipped, _reading("Europe/Amsterdam"), rejected.append))
    assert rejected == [Reject(2, "opened_at: 27/3/2016 02:30 was skipped by the clock in Europe/Amsterdam")]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"incident_state": "-100"}, "incident_state: '-100' is none"),
        ({"opened_at": "?"}, "opened_at: '?' is no time like"),
        ({"opened_at": "31/2/2016 09:00"}, "opened_at: '31/2/2016 09:00' is no time that exists"),
        ({"opened_at": "2016-03-01 09:00"}, "opened_at: '2016-03-01 09:00' is no time like"),
        ({"opened_at": "1/3/2017 09:00"}, "opened_at: 1/3/2017 09:00 has not come yet"),
        ({"opened_at": "1/3/1916 09:00"}, "opened_at: 1/3/1916 09:00 is before 1970"),
        ({"sys_updated_at": ""}, "sys_updated_at: '' is no time like"),
        ({"resolved_at": "1/3/2016 25:00"}, "resolved_at: '1/3/2016 25:00' is no time that exists"),
        ({"priority": "9"}, "priority: '9' is none of 1, 2, 3, 4"),
        ({"impact": "?"}, "impact: '?' is none of 1, 2, 3"),
        ({"urgency": "x" * 99}, "urgency: 'xxxxx"),
        ({"number": ""}, "number: '' is no number"),
        ({"number": "a\x00b"}, "number: 'a\\x00b' is no number"),
    ],
)
def test_a_row_that_cannot_be_read_is_rejected_and_the_others_count(
    tmp_path: Path, wrong: dict[str, str], reason: str
) -> None:
    path = log(tmp_path / "log.csv", {}, {"number": "2", **wrong}, {"number": "3", "priority": "2 - High"})
    found = survey(path, _reading())
    assert (found.rows, found.incidents) == (2, 2)
    (reject,) = found.rejects
    assert reject.line == 3
    assert reject.reason.startswith(reason)


def test_a_rejected_row_leaves_the_rest_of_its_incident(tmp_path: Path) -> None:
    garbage = _row("-100", 1, "09:10")
    path = log(tmp_path / "log.csv", _row("New", 1, "09:05"), garbage, _row("Resolved", 1, "10:00"))
    (history,) = histories(path, _reading(), lambda reject: None)
    assert history.rows == 2
    assert [told.kind for told in history.happenings][-1] == "incident.resolved"


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = log(tmp_path / "log.csv", {"short_description": "two\nlines"}, {"number": "2", "priority": ""})
    assert [reject.line for reject in survey(path, _reading()).rejects] == [4]
    (history,) = histories(path, _reading(), lambda reject: None)
    assert history.subject == "two lines"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda text: b"", "empty"),
        (lambda text: text.split("\n")[0].encode(), "no rows below the header"),
        (lambda text: text.replace("opened_at", "opened").encode(), "no column opened_at"),
        (lambda text: text.replace(",", ";").encode(), "no column number"),
        (lambda text: (text + '4,"never closed\n').encode(), "line 4: not CSV"),
        (lambda text: text.encode() + "5,é".encode("latin-1"), "not UTF-8"),
        (lambda text: text.encode("utf-16"), "not UTF-8"),
        (lambda text: (text + "x" * 10_000_000).encode(), "line 4: longer than 1,000,000 characters"),
        (lambda text: (text + '"' + "x\n" * 5_000_000).encode(), "line 4: not CSV"),
        (lambda text: gzip.compress(text.encode())[:-9], "compressed file is damaged"),
        (lambda text: b"\x1f\x8b" + text.encode(), "compressed file is damaged"),
        (lambda text: text.replace("09:00", "9 uur").encode(), "not one row can be read; the first is line 2"),
        (lambda text: b"\x89PNG\r\n\x1a\n\x00\xff", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(
    tmp_path: Path, content: Callable[[str], bytes], said: str
) -> None:
    path = log(tmp_path / "log.csv", {}, {"number": "2"})
    text = path.read_text()
    path.write_bytes(content(text))
    with pytest.raises(LogError, match=said):
        survey(path, _reading())


def test_rows_of_one_incident_that_are_not_together(tmp_path: Path) -> None:
    path = log(tmp_path / "log.csv", {}, {"number": "2"}, {})
    with pytest.raises(LogError, match="line 4: more rows of incident 1, apart"):
        survey(path, _reading())


def test_a_zone_that_does_not_exist() -> None:
    with pytest.raises(UnknownZone, match="Mars"):
        _reading("Mars/Olympus")


def test_the_real_log_can_be_read_to_its_last_row() -> None:
    found = survey(real(), Reading("UTC", frozenset({IncidentClass.OTHER}), to_us(datetime(2026, 1, 1, tzinfo=UTC))))
    assert (found.rows, found.incidents, found.rejects) == (83_526, 13_698, ())
    assert (_shown(found.first), _shown(found.last)) == ("29 01:16", "15 22:38")
