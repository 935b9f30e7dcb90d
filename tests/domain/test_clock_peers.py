"""Clocks and their figures as other service desks get them wrong. Each test is named after the product."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from baken.domain.agreements import Basis, Target, Terms
from baken.domain.attribution import Attribution
from baken.domain.clocks import State, read_resolution, read_response
from baken.domain.facts import Kind, Priority
from baken.domain.incidents import fold
from baken.domain.instants import DAY, MINUTE
from baken.domain.periods import Period, PeriodKind, containing, month, previous_periods
from baken.domain.tallies import reported_counts, tally
from tests.domain.histories import AMSTERDAM, History, at, hours, terms, with_target

NO_GOALS = terms(targets={priority: Target(None, None) for priority in Priority})


def due(story: History, as_of: str) -> int | None:
    return story.resolution(as_of).due


def breaches(code: str, rows: list[Attribution], period: Period, as_of: str) -> tuple[int, int]:
    """The count, and of how many."""
    found = tally(code, rows, period, at(as_of))
    return found.count, found.of


def test_zammad_a_year_does_not_lose_october() -> None:
    """A report every hour of the year, the hour that October has twice included: each is in the month it shows."""
    year = containing(AMSTERDAM, PeriodKind.YEAR, date(2026, 6, 1))
    instants = range(year.start, year.end, hours(1))
    shown = Counter(datetime.fromtimestamp(instant / 1e6, ZoneInfo(AMSTERDAM)).month for instant in instants)
    row = History(year.start).attribution(year.end)
    rows = [replace(row, reported=instant) for instant in instants]
    per_month = {n: reported_counts(rows, month(AMSTERDAM, 2026, n)).counted for n in range(1, 13)}
    assert per_month == shown
    assert (per_month[3], per_month[10]) == (743, 745)
    assert reported_counts(rows, year).counted == 8760


def test_zammad_a_paused_ticket_does_not_escalate_when_it_goes_on() -> None:
    story = History("2026-03-02 09:00").responded("2026-03-02 10:00").waits("2026-03-02 11:00")
    story.answered("2026-03-12 11:00")
    reading = story.resolution("2026-03-12 11:01")
    assert (reading.state, reading.breached_at) == (State.RUNNING, None)
    assert reading.used == hours(2) + MINUTE
    assert reading.due == at("2026-03-16 09:00")


def test_zammad_a_resolved_ticket_does_not_escalate_for_the_time_it_was_resolved() -> None:
    story = History("2026-03-02 09:00").responded("2026-03-02 10:00").resolved("2026-03-02 11:00")
    story.reopened("2026-03-30 09:00")
    reading = story.resolution("2026-03-30 09:01")
    assert (reading.state, reading.used) == (State.RUNNING, hours(2) + MINUTE)


def test_zammad_what_has_no_goal_any_more_does_not_escalate() -> None:
    story = History("2026-03-02 09:00")
    for reading in (story.response("2027-03-02 09:00", NO_GOALS), story.resolution("2027-03-02 09:00", NO_GOALS)):
        assert (reading.state, reading.due, reading.falls_at) == (State.NO_TARGET, None, None)
        assert reading.warnings() == []
    row = story.attribution("2027-03-02 09:00", NO_GOALS)
    march = month(AMSTERDAM, 2026, 3)
    assert (
        breaches("D1", [row], march, "2027-03-02 09:00") == breaches("D3", [row], march, "2027-03-02 09:00") == (0, 0)
    )


def judged_by_its_own_version(story: History, version: int, agreed: dict[int, Terms], as_of: str) -> Attribution:
    """As a rebuild does it: the terms are those of the version that the report names."""
    story.facts[0].data["agreement_version"] = version  # type: ignore[index]
    incident = fold(story.facts, at(as_of))
    return story.attribution(as_of, agreed[incident.agreement_version])


def test_zammad_figures_of_the_past_survive_a_change_of_the_agreement() -> None:
    agreed = {1: terms(), 2: with_target(Priority.MEDIUM, Target(hours(1), hours(2)))}
    before, after = History("2026-02-27 09:00"), History("2026-03-02 09:00")
    for story, day in ((before, "2026-02-27"), (after, "2026-03-02")):
        story.responded(f"{day} 11:00").resolved(f"{day} 17:00")
    rows = [judged_by_its_own_version(s, v, agreed, "2026-04-01 00:00") for s, v in ((before, 1), (after, 2))]
    february, march = month(AMSTERDAM, 2026, 2), month(AMSTERDAM, 2026, 3)
    assert [breaches(code, rows, february, "2026-04-01 00:00") for code in ("D1", "D3")] == [(0, 1), (0, 1)]
    assert [breaches(code, rows, march, "2026-04-01 00:00") for code in ("D1", "D3")] == [(1, 1), (1, 1)]
    assert [row.agreement_version for row in rows] == [1, 2]


def test_jira_a_rebuild_does_not_apply_the_goals_of_today_to_the_past() -> None:
    agreed = {1: terms(), 2: with_target(Priority.MEDIUM, Target(MINUTE, MINUTE))}
    story = History("2026-03-02 09:00").responded("2026-03-02 12:59").resolved("2026-03-03 17:59")
    first = judged_by_its_own_version(story, 1, agreed, "2026-03-03 18:00")
    rebuilt = judged_by_its_own_version(story, 1, agreed, "2027-01-01 00:00")
    assert first == rebuilt
    assert (first.response_breached_at, first.resolution_breached_at) == (None, None)


def test_glpi_nothing_is_violated_while_pending() -> None:
    story = History("2026-03-02 09:00").responded("2026-03-02 10:00").waits("2026-03-02 11:00")
    for as_of in ("2026-03-04 09:00", "2026-03-31 09:00", "2027-03-02 09:00"):
        reading = story.resolution(as_of)
        assert (reading.state, reading.due, reading.falls_at) == (State.WAITING, None, None)
        assert reading.used == hours(2)


def test_glpi_a_change_of_goal_does_not_lose_the_pause() -> None:
    """The priority goes up during the pause, and again down after it: the pause never counts."""
    story = History("2026-03-02 09:00").responded("2026-03-02 09:30").waits("2026-03-02 10:00")
    story.becomes("high", "2026-03-02 15:00").answered("2026-03-03 10:00")
    reading = story.resolution("2026-03-03 11:00")
    assert (reading.target, reading.used, reading.due) == (hours(4), hours(2), at("2026-03-03 13:00"))
    story.becomes("medium", "2026-03-03 11:00")
    reading = story.resolution("2026-03-03 11:30")
    assert (reading.target, reading.used) == (hours(20), hours(2.5))
    assert reading.due == at("2026-03-05 09:00")


def test_glpi_a_holiday_over_new_year_does_not_count() -> None:
    """31 December 2025 is a Wednesday, 1 January a holiday, and the holidays of two years are needed."""
    story = History("2025-12-31 16:00")
    assert story.response("2026-01-01 12:00").used == hours(2)
    assert story.response("2026-01-01 12:00").due == at("2026-01-02 10:00")
    assert due(story, "2026-01-01 12:00") == at("2026-01-05 16:00")


def test_frappe_a_pause_is_not_a_response() -> None:
    for on in ("customer", "supplier", "other"):
        story = History("2026-03-02 09:00").waits("2026-03-02 09:10", on).answered("2026-03-02 16:00")
        reading = story.response("2026-03-02 17:00")
        assert (reading.state, reading.breached_at) == (State.BREACHED, at("2026-03-02 13:00"))


def test_frappe_never_more_breaches_than_clocks() -> None:
    """However often it is reopened late: one response and one resolution breach, each of one clock."""
    story = History("2026-03-02 09:00", priority="high")
    for day in range(3, 20):
        story.resolved(f"2026-03-{day:02} 09:00").reopened(f"2026-03-{day:02} 17:00")
    row = story.attribution("2026-04-01 00:00")
    march = month(AMSTERDAM, 2026, 3)
    for code in ("D1", "D2", "D3", "D4"):
        assert breaches(code, [row], march, "2026-04-01 00:00") == (1, 1)
    later = previous_periods(AMSTERDAM, PeriodKind.MONTH, date(2026, 9, 1), 5)
    assert all(breaches("D3", [row], period, "2026-09-01 00:00") == (0, 0) for period in later)


def test_chatwoot_a_late_resolution_between_two_looks_is_late() -> None:
    """Seen in time at 12:59 and resolved at 13:01; a look every five minutes finds it in time, then done."""
    story = History("2026-03-02 09:00", priority="high").responded("2026-03-02 09:10").resolved("2026-03-02 13:01")
    assert story.resolution("2026-03-02 12:59").state is State.RUNNING
    for as_of in ("2026-03-02 13:04", "2026-04-01 00:00"):
        reading = story.resolution(as_of)
        assert (reading.state, reading.breached_at) == (State.BREACHED_AND_MET, at("2026-03-02 13:00"))


def test_chatwoot_one_microsecond_late_is_late() -> None:
    agreed = with_target(Priority.MEDIUM, Target(hours(4), hours(20), Basis.ELAPSED))
    deadline = at("2026-03-03 05:00")
    for late, state in ((-1, State.MET), (0, State.MET), (1, State.BREACHED_AND_MET)):
        story = History("2026-03-02 09:00").responded("2026-03-02 09:10").resolved(deadline + late)
        incident = fold(story.facts, deadline + DAY)
        assert read_resolution(incident, agreed, deadline + DAY).state is state


def test_a_rule_that_assigns_or_an_automatic_reply_is_not_a_response() -> None:
    """Zendesk, Freshdesk and others count one or both."""
    story = History("2026-03-02 09:00").then(Kind.ASSIGNED, "2026-03-02 09:01", to=None)
    story.responded("2026-03-02 09:02", way="update")
    incident = fold(story.facts, at("2026-03-02 17:00"))
    assert read_response(incident, terms(), at("2026-03-02 17:00")).breached_at == at("2026-03-02 13:00")
