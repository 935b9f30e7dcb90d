"""Which incident counts where: named cases of the description, and random histories against the slow way."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from baken.domain.agreements import Terms
from baken.domain.attribution import (
    Attribution,
    attribute,
    being_restored,
    data_lost,
    excluded_from,
    judged,
    not_restored_in_time,
    on_list,
    open_past_time,
    untimed,
)
from baken.domain.clocks import read_resolution, read_response
from baken.domain.facts import Fact, IncidentClass, Kind, Outcome
from baken.domain.incidents import NotReported, fold
from baken.domain.instants import DAY, MINUTE
from baken.domain.periods import Period, month
from baken.domain.tallies import backlog, reported_counts
from tests.domain import kpi_oracle
from tests.domain.histories import AMSTERDAM, History, at, terms
from tests.domain.test_clock_histories import GAPS, histories

CODES = ("C3", "C4", "C5", "C6", "C7", "C8", "D1", "D2", "D3", "D4")
FEBRUARY, MARCH, APRIL = (month(AMSTERDAM, 2026, number) for number in (2, 3, 4))
LATER = "2026-06-01 00:00"


def lists(story: History, period: Period, as_of: str = LATER) -> set[str]:
    """The KPIs of the period that count the incident."""
    row = story.attribution(as_of)
    return {code for code in CODES if on_list(code, row, period, at(as_of))}


def of(story: History, period: Period, as_of: str = LATER) -> set[str]:
    row = story.attribution(as_of)
    return {code for code in ("D1", "D2", "D3", "D4") if judged(code, row, period, at(as_of))}


def test_an_incident_counts_in_the_month_of_its_report_and_its_breach_in_that_of_the_deadline() -> None:
    story = History("2026-03-31 16:00").responded("2026-04-01 10:01").resolved("2026-04-02 09:00")
    assert (lists(story, MARCH), lists(story, APRIL)) == ({"C4"}, {"C6", "D1", "D2"})
    assert (of(story, MARCH), of(story, APRIL)) == (set(), {"D1", "D2", "D3", "D4"})


def test_the_last_instant_of_a_month_is_in_it_and_the_first_of_the_next_is_not() -> None:
    assert lists(History(MARCH.end - 1, priority="high"), MARCH) == {"C3"}
    assert lists(History(MARCH.end, priority="high"), MARCH) == set()
    assert lists(History(MARCH.start, priority="high"), MARCH) >= {"C3"}
    deadline_at_the_end = History("2026-03-31 23:00", priority="high").responded("2026-04-05 12:00")
    assert "D1" in lists(deadline_at_the_end, APRIL)
    assert "D1" not in lists(deadline_at_the_end, MARCH)


def test_a_breach_counts_once_its_instant_has_passed_and_not_before() -> None:
    story = History("2026-03-02 09:00")
    assert "D1" not in lists(story, MARCH, "2026-03-02 13:00")
    row = story.attribution("2026-03-02 13:00")
    assert row.response_breached_at == at("2026-03-02 13:00")
    assert on_list("D1", row, MARCH, at("2026-03-02 13:00") + 1)


def test_peak_hours_are_those_of_the_report_not_of_the_breach() -> None:
    early = History("2026-03-02 08:59").responded("2026-03-02 16:00").resolved("2026-03-02 17:00")
    sharp = History("2026-03-02 09:00").responded("2026-03-02 16:00").resolved("2026-03-02 17:00")
    late = History("2026-03-02 17:00").responded("2026-03-04 16:00").resolved("2026-03-04 17:00")
    assert [("D1" in lists(s, MARCH), "D2" in lists(s, MARCH)) for s in (early, sharp, late)] == [
        (True, False),
        (True, True),
        (True, False),
    ]


def test_priority_as_it_is_now() -> None:
    story = History("2026-03-02 09:00").becomes("high", "2026-04-20 09:00")
    assert "C4" in lists(story, MARCH, "2026-04-20 08:59")
    assert {"C3", "C4", "C5"} & lists(story, MARCH, "2026-04-20 09:01") == {"C3"}


def test_ransomware_counts_in_each_of_its_classes() -> None:
    classes = ("availability", "integrity", "security")
    story = History("2026-03-02 09:00", classes=classes).then(Kind.BREAK_IN_CONFIRMED, "2026-03-03 12:00")
    story.responded("2026-03-02 10:00").then(Kind.NOT_RESTORABLE, "2026-03-05 12:00").resolved("2026-03-05 12:00")
    assert {"C4", "C6", "C7", "C8"} <= lists(story, MARCH)
    only_other = History("2026-03-02 09:00", classes=("other",)).responded("2026-03-02 10:00")
    assert lists(only_other.resolved("2026-03-02 11:00"), MARCH) == set()


def test_classes_as_a_person_corrected_them() -> None:
    story = History("2026-03-02 09:00", classes=("other",))
    story.then(Kind.CLASSES_CHANGED, "2026-05-02 09:00", classes=["availability"])
    assert "C4" not in lists(story, MARCH, "2026-05-02 08:00")
    assert "C4" in lists(story, MARCH, "2026-05-03 08:00")


def test_a_test_spam_or_duplicate_counts_nowhere() -> None:
    for outcome in ("test", "spam", "duplicate"):
        story = History("2026-03-02 09:00", classes=("availability", "integrity", "security"))
        story.then(Kind.BREAK_IN_CONFIRMED, "2026-03-04 09:00").left_out(outcome, "2026-03-09 09:00")
        assert (lists(story, MARCH), of(story, MARCH)) == (set(), set())
        assert backlog([story.attribution(LATER)], MARCH).came_in == 0


def test_withdrawn_and_rejected_keep_the_breach_that_fell_and_the_break_in() -> None:
    for outcome in ("withdrawn", "rejected"):
        story = History("2026-03-02 09:00", classes=("availability", "integrity", "security"))
        story.then(Kind.BREAK_IN_CONFIRMED, "2026-03-02 12:00").left_out(outcome, "2026-03-02 14:00")
        assert lists(story, MARCH) == {"D1", "D2", "C8"}


def test_withdrawn_before_the_deadline_has_no_breach_and_no_verdict() -> None:
    story = History("2026-03-02 09:00").left_out("withdrawn", "2026-03-02 12:59")
    assert (lists(story, MARCH), of(story, MARCH)) == (set(), set())
    counts = reported_counts([story.attribution(LATER)], MARCH)
    assert (counts.received, counts.counted, counts.left_out) == (1, 0, {Outcome.WITHDRAWN: 1})


def test_readmitted_counts_again_with_the_breach_at_the_readmission() -> None:
    story = History("2026-03-02 09:00").left_out("spam", "2026-03-02 10:00").readmitted("2026-04-02 09:00")
    assert "C4" in lists(story, MARCH)
    assert ("D1" in lists(story, MARCH), "D1" in lists(story, APRIL)) == (False, True)


def test_the_survivor_of_a_merge_takes_the_earliest_report() -> None:
    story = History("2026-04-01 09:00").then(Kind.REPORTED_EARLIER, "2026-04-01 12:00", at=at("2026-03-31 17:00"))
    assert lists(story, MARCH) == {"C4"}
    assert story.attribution(LATER).reported == at("2026-03-31 17:00")
    assert not {"C4"} & lists(story, APRIL)


def test_reopened_counts_where_it_is_finally_resolved_with_the_time_between() -> None:
    story = History("2026-03-02 09:00").responded("2026-03-02 10:00").resolved("2026-03-02 11:00")
    assert "C6" in lists(story, MARCH, "2026-03-20 00:00")
    story.reopened("2026-03-30 09:00")
    assert "C6" not in lists(story, MARCH, "2026-03-30 10:00")
    story.resolved("2026-04-01 09:00")
    assert ("C6" in lists(story, MARCH), "C6" in lists(story, APRIL)) == (False, True)
    assert story.attribution(LATER).resolve_elapsed == at("2026-04-01 09:00") - at("2026-03-02 09:00")


def test_a_resolution_without_a_time_is_left_out_of_the_mean_and_stated() -> None:
    story = History("2026-03-02 09:00", origin="import").responded("2026-03-02 10:00")
    story.resolved("2026-03-02 12:00", timed=False)
    assert "C6" not in lists(story, MARCH)
    assert untimed(story.attribution(LATER), MARCH)
    closed = History("2026-03-02 09:00", origin="import").responded("2026-03-02 10:00").closed("2026-03-03 09:00")
    assert untimed(closed.attribution(LATER), MARCH)
    assert closed.attribution(LATER).resolution_judged_at == at("2026-03-03 09:00")


def integrity(reported: str) -> History:
    """20 working hours to restore: two days."""
    return History(reported, classes=("integrity",)).responded(reported)


def test_lost_past_time_and_being_restored_are_apart() -> None:
    lost = integrity("2026-03-02 09:00").then(Kind.NOT_RESTORABLE, "2026-03-03 09:00").resolved("2026-03-03 09:00")
    late = integrity("2026-03-02 09:00")
    busy = integrity("2026-03-31 09:00").then(Kind.DATA_RESTORED, "2026-04-01 09:00")
    found = []
    for story in (lost, late, busy):
        row = story.attribution(LATER)
        found.append(
            (
                data_lost(row, MARCH),
                not_restored_in_time(row, MARCH, at(LATER)),
                being_restored(row, MARCH, at(LATER)),
                "C7" in lists(story, MARCH),
            )
        )
    assert found == [(True, False, False, True), (False, True, False, True), (False, False, True, False)]


def test_restored_late_counts_only_in_the_month_whose_end_it_was_late_at() -> None:
    story = integrity("2026-03-02 09:00").then(Kind.DATA_RESTORED, "2026-04-10 09:00").resolved("2026-04-10 09:00")
    quarter = Period(month(AMSTERDAM, 2026, 1).start, MARCH.end)
    assert ["C7" in lists(story, period) for period in (FEBRUARY, MARCH, APRIL, quarter)] == [False, True, False, True]


def test_an_incident_counts_once_in_a_longer_period() -> None:
    """Past its time at the end of March, lost in April: in both months, once in the two together."""
    story = integrity("2026-03-02 09:00").then(Kind.NOT_RESTORABLE, "2026-04-10 09:00").resolved("2026-04-10 09:00")
    both = Period(MARCH.start, APRIL.end)
    row = story.attribution(LATER)
    assert ["C7" in lists(story, period) for period in (MARCH, APRIL, both)] == [True, True, True]
    assert (data_lost(row, both), not_restored_in_time(row, both, at(LATER))) == (True, False)


def test_data_that_is_back_is_not_lost_though_the_incident_is_still_open() -> None:
    story = integrity("2026-03-02 09:00").then(Kind.DATA_RESTORED, "2026-03-20 09:00")
    row = story.attribution(LATER)
    assert row.open_before(MARCH.end)
    assert "C7" not in lists(story, MARCH)
    assert not not_restored_in_time(row, MARCH, at(LATER))
    assert not being_restored(row, MARCH, at(LATER))


def test_other_classes_have_to_be_confirmed_again() -> None:
    story = History("2026-03-02 09:00").then(Kind.CLASSES_CONFIRMED, "2026-03-02 10:00")
    assert story.attribution("2026-03-02 11:00").classes_confirmed
    story.then(Kind.CLASSES_CHANGED, "2026-03-02 12:00", classes=["security"])
    assert not story.attribution("2026-03-02 13:00").classes_confirmed


def test_a_break_in_counts_in_the_month_of_its_confirmation() -> None:
    story = History("2026-03-30 09:00", classes=("other",)).then(Kind.BREAK_IN_CONFIRMED, "2026-04-02 09:00")
    assert ("C8" in lists(story, MARCH), "C8" in lists(story, APRIL)) == (False, True)
    assert IncidentClass.SECURITY in story.attribution(LATER).classes
    story.then(Kind.BREAK_IN_REJECTED, "2026-04-20 09:00")
    assert "C8" not in lists(story, APRIL)


def test_consent_leaves_out_of_everything_and_says_from_what() -> None:
    story = History("2026-03-02 09:00").resolved("2026-03-20 09:00")
    before = lists(story, MARCH)
    story.then(Kind.CONSENT_GIVEN, "2026-03-21 09:00", cause="force_majeure")
    row = story.attribution(LATER)
    assert lists(story, MARCH) == of(story, MARCH) == set()
    assert {code for code in CODES if excluded_from(code, row, MARCH, at(LATER))} == before
    assert before >= {"C4", "C6", "D1", "D2", "D3", "D4"}


def test_each_reporter_of_a_shared_outage_answers_for_the_response_alone() -> None:
    outage = History("2026-03-02 09:00", priority="high", origin="monitor").resolved("2026-03-02 16:00")
    mine = History("2026-03-02 09:30", priority="high").then(Kind.JOINED_OUTAGE, "2026-03-02 10:00", outage="first")
    as_of = at("2026-03-03 00:00")
    shared = fold(mine.facts, as_of, outage.facts)
    row = attribute(shared, read_response(shared, terms(), as_of), read_resolution(shared, terms(), as_of))
    assert row.resolved_at == at("2026-03-02 16:00")
    assert row.response_breached_at == at("2026-03-02 10:30")
    assert (row.outage, row.resolution_breached_at) == ("first", at("2026-03-02 13:30"))


def test_still_open_past_its_target() -> None:
    story = History("2026-03-02 09:00")
    row = story.attribution("2026-03-10 09:00")
    assert open_past_time(row, MARCH, at("2026-03-10 09:00"))
    assert not open_past_time(row, MARCH, at("2026-03-03 09:00"))
    assert not open_past_time(story.resolved("2026-03-20 09:00").attribution(LATER), MARCH, at(LATER))


def test_what_happens_after_a_month_has_closed_does_not_change_its_breaches() -> None:
    story = History("2026-03-27 09:00")
    rows = [story.attribution("2026-04-01 00:00")]
    for change in (
        lambda s: s.responded("2026-04-02 09:00"),
        lambda s: s.becomes("high", "2026-04-02 10:00"),
        lambda s: s.becomes("low", "2026-04-02 11:00"),
        lambda s: s.resolved("2026-04-02 12:00"),
        lambda s: s.reopened("2026-04-03 12:00"),
        lambda s: s.left_out("withdrawn", "2026-04-04 12:00"),
    ):
        change(story)
        rows.append(story.attribution(LATER))
    found = [[on_list(code, row, MARCH, at(LATER)) for code in ("D1", "D2", "D3", "D4")] for row in rows]
    assert found == [[True, True, True, True]] * len(rows)


EXTRA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    Kind.CLASSES_CHANGED: st.fixed_dictionaries(
        {"classes": st.lists(st.sampled_from([str(c) for c in IncidentClass]), min_size=1, unique=True)}
    ),
    Kind.DATA_RESTORED: st.just({}),
    Kind.NOT_RESTORABLE: st.just({}),
    Kind.BREAK_IN_CONFIRMED: st.just({}),
    Kind.BREAK_IN_REJECTED: st.just({}),
    Kind.CONSENT_GIVEN: st.just({"cause": "customer_side"}),
}
LIKELY = [*[Kind.CLASSES_CHANGED, Kind.NOT_RESTORABLE, Kind.DATA_RESTORED, Kind.BREAK_IN_CONFIRMED] * 3, *EXTRA]


@st.composite
def judged_histories(draw: st.DrawFn) -> tuple[list[Fact], Terms, int, Period]:
    """A history, with what concerns KPIs alone as well, and a period around what happened."""
    facts, agreed, as_of = draw(histories())
    begin = facts[0].at
    facts[0] = replace(facts[0], data={**facts[0].data, "classes": draw(EXTRA[Kind.CLASSES_CHANGED])["classes"]})
    for kind in draw(st.lists(st.sampled_from(LIKELY), max_size=4)):
        when = begin + draw(st.integers(0, 4 * 1440)) * MINUTE
        facts.append(Fact(len(facts) + 1, kind, when, begin, draw(EXTRA[kind])))
    around = draw(st.sampled_from([fact.at for fact in facts]))
    start = around - draw(st.sampled_from(GAPS)) * MINUTE
    length = draw(st.sampled_from([1, 60, 240, 600, 1440, 4320])) * MINUTE
    return facts, agreed, as_of, Period(start, start + length)


some = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def attributed(facts: list[Fact], agreed: Terms, as_of: int) -> Attribution | None:
    try:
        incident = fold(facts, as_of)
    except NotReported:
        return None
    return attribute(incident, read_response(incident, agreed, as_of), read_resolution(incident, agreed, as_of))


@some
@given(judged_histories())
def test_attribution_agrees_with_the_slow_way(drawn: tuple[list[Fact], Terms, int, Period]) -> None:
    facts, agreed, as_of, period = drawn
    expected = kpi_oracle.count(facts, agreed, *period, as_of)
    row = attributed(facts, agreed, as_of)
    assert (row is None) == (expected is None)
    if row is None or expected is None:
        return
    for code in expected.lists:
        event(code)
    assert {code for code in CODES if on_list(code, row, period, as_of)} == expected.lists
    assert {code for code in CODES if excluded_from(code, row, period, as_of)} == expected.excluded
    assert {code for code in ("D1", "D2", "D3", "D4") if judged(code, row, period, as_of)} == expected.of
    assert untimed(row, period) == expected.untimed
    assert data_lost(row, period) == expected.lost
    assert not_restored_in_time(row, period, as_of) == expected.past_time
    assert being_restored(row, period, as_of) == expected.being_restored
    assert row.resolve_elapsed == expected.elapsed
    counts = reported_counts([row], period)
    told = {**counts.left_out, "counted": counts.counted}
    assert {why for why, number in told.items() if number} == ({expected.received} if expected.received else set())
    work = backlog([row], period)
    assert (work.at_start, work.came_in, work.went_out, work.at_end) == expected.backlog


@some
@given(judged_histories(), st.integers(0, 6 * 1440))
def test_a_closed_period_does_not_change_by_itself(drawn: tuple[list[Fact], Terms, int, Period], later: int) -> None:
    """No new fact, hence no new figure: whenever after the end and the last fact it is computed."""
    facts, agreed, as_of, period = drawn
    first = max([as_of, period.end, *(fact.at for fact in facts)])
    for as_of in (first, first + later * MINUTE, first + 400 * DAY):
        row = attributed(facts, agreed, as_of)
        assert row is not None
        found = [(on_list(code, row, period, as_of), excluded_from(code, row, period, as_of)) for code in CODES]
        found += [(judged(code, row, period, as_of), untimed(row, period)) for code in ("D1", "D2", "D3", "D4")]
        if as_of == first:
            expected = found
        assert found == expected
