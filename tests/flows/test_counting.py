"""What the database counts is what the domain counts, whoever has read how much of the ledger."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from baken.domain import tallies
from baken.domain.attribution import counts_for_service, excluded_from, on_list, open_past_time
from baken.domain.facts import Origin, Outcome
from baken.domain.instants import to_us
from baken.domain.kpis import KPIS
from baken.domain.periods import Period, PeriodKind, previous_periods
from baken.domain.tallies import CLOCK_KPIS
from baken.record.audits import flows as audits
from baken.record.clocks import flows as clocks
from baken.record.clocks import project
from baken.record.clocks.counting import Counting
from baken.record.clocks.folding import folded
from baken.record.clocks.models import Reading
from baken.record.ledger import clock
from baken.record.people.access import program
from baken.record.people.acting import acting
from baken.record.reports import reads as reports
from tests.conftest import START, Cast
from tests.flows import random_histories

END = datetime(2026, 6, 1, tzinfo=UTC)
COUNTED = ("C3", "C4", "C5", "C8", "D1", "D2", "D3", "D4")


def _periods() -> list[Period]:
    return previous_periods("Europe/Amsterdam", PeriodKind.MONTH, date(2026, 5, 10), 4)


def _slowly(cast: Cast, code: str, ids: list, as_of: int, customer: object) -> list:
    found = [one for one in folded(ids, as_of) if customer is None or one.organisation == customer]
    attributions = [(one.id, one.attribution) for one in found]
    return [pair for pair in attributions if customer or counts_for_service(code, pair[1])]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("caught_up", [True, False], ids=["caught up", "behind"])
@pytest.mark.parametrize("days", [20, 75, 200], ids=["during", "in between", "afterwards"])
def test_counts_are_those_of_the_domain(cast: Cast, seed: int, caught_up: bool, days: int) -> None:
    owners = [cast.customer, cast.stranger_organisation]
    ids = random_histories.write(cast.service, owners, 60, START, 120, seed + 1)
    if caught_up:
        random_histories.catch_up()
        assert Reading.objects.count() == 60
    as_of = to_us(START + timedelta(days=days))
    for customer in (None, cast.customer.id):
        counting = Counting(cast.service, customer, _periods(), as_of)
        for period in _periods():
            for code in COUNTED:
                chosen = _slowly(cast, code, ids, as_of, customer)
                only = [one for _, one in chosen]
                assert counting.tally(code, period) == tallies.tally(code, only, period, as_of), code
                listed = {one.id for one in counting.listed(code, period)}
                assert listed == {id for id, one in chosen if on_list(code, one, period, as_of)}
                excluded = {one.id for one in counting.excluded(code, period)}
                assert excluded == {id for id, one in chosen if excluded_from(code, one, period, as_of)}
            only = [one for _, one in _slowly(cast, "C6", ids, as_of, customer)]
            for excluded_too in (False, True):
                slow = tallies.resolution_tally(only, period, as_of, excluded=excluded_too)
                assert counting.resolutions(period, excluded=excluded_too) == slow
            times = [one.resolve_elapsed for one in only if on_list("C6", one, period, as_of)]
            assert sorted(counting.times_to_resolve(period)) == sorted(times)
            everyone = [one for _, one in _slowly(cast, "C7", ids, as_of, customer)]
            assert counting.integrity(period) == tallies.integrity_counts(everyone, period, as_of)
            assert counting.reported(period) == tallies.reported_counts(everyone, period)
            late = [one for one in only if "availability" in one.classes and open_past_time(one, period, as_of)]
            assert counting.open_past_time(period) == len(late)
            assert counting.backlog(period) == tallies.backlog(everyone, period)


@pytest.mark.parametrize("days", [50, 75, 200], ids=["during", "in between", "afterwards"])
def test_a_customer_shares_the_outages_of_the_service_whoever_has_read_how_much(cast: Cast, days: int) -> None:
    ids = random_histories.write(cast.service, [cast.customer, cast.provider], 120, START, 120, 5)
    as_of = to_us(START + timedelta(days=days))
    of_the_service = {one.id for one in folded(ids) if one.organisation == cast.provider.id}

    def counted() -> list[tuple[Any, ...]]:
        counting = Counting(cast.service, cast.customer.id, _periods(), as_of)
        return [
            (
                [counting.tally(code, period) for code in COUNTED], counting.backlog(period), counting.reported(period),
                counting.resolutions(period), counting.integrity(period), counting.open_past_time(period),
                {one.id for code in COUNTED for one in counting.listed(code, period)},
            )
            for period in _periods()
        ]  # fmt: skip

    behind = counted()
    assert any(of_the_service & listed for *_, listed in behind)
    random_histories.catch_up()
    assert counted() == behind
    assert Reading.objects.filter(last_at__gt=as_of).exists() == (days < 200)


def test_readings_say_what_they_were_made_from(cast: Cast) -> None:
    ids = random_histories.write(cast.service, [cast.customer], 80, START, 90, 7)
    random_histories.catch_up()
    stored = {row.incident_id: project.attribution(row) for row in Reading.objects.all()}
    assert stored == {history.id: history.attribution for history in folded(ids)}


def test_a_trend_is_the_reports_of_its_periods(cast: Cast) -> None:
    random_histories.write(cast.service, [cast.customer, cast.stranger_organisation], 80, START, 120, 9)
    random_histories.catch_up()
    caller, as_of = program("tests"), to_us(END)
    with clock.at(END):
        for customer in (None, cast.customer):
            scope = reports.scope(
                caller, service=cast.service, customer=customer,
                date_from=date(2026, 1, 1), date_to=date(2026, 2, 1), as_of=as_of,
            )  # fmt: skip
            periods = _periods()
            trends = reports.report(caller, scope, periods).trends
            for index, period in enumerate(periods):
                kpis = reports.report(caller, scope.over(period)).kpis
                for code in KPIS:
                    seen, whole = trends[code][index], kpis[code]
                    assert reports.trend(caller, scope, code, periods)[index] == seen
                    assert (seen.exact, seen.status, seen.reason) == (whole.exact, whole.status, whole.reason), code


def test_every_list_adds_up_to_its_number(cast: Cast) -> None:
    random_histories.write(cast.service, [cast.customer, cast.stranger_organisation], 80, START, 60, 11)
    caller, as_of = program("tests"), to_us(END)
    scope = reports.scope(
        caller, service=cast.service, customer=None, date_from=date(2026, 1, 1), date_to=date(2026, 3, 1), as_of=as_of
    )
    for code, kpi in reports.report(caller, scope).kpis.items():
        evidence = reports.evidence(caller, scope, code)
        assert evidence.total == len(evidence.rows) == kpi.evidence_count, code
        if code in CLOCK_KPIS or code in ("C3", "C4", "C5", "C7", "C8", "D5"):
            assert kpi.value == evidence.total


@pytest.mark.parametrize("caught_up", [True, False], ids=["caught up", "behind"])
@pytest.mark.parametrize("withdrawn", [False, True], ids=["both stand", "the first is withdrawn"])
def test_an_outage_that_a_customer_reported_twice_is_one_of_theirs(
    cast: Cast, caught_up: bool, withdrawn: bool
) -> None:
    from baken.record.incidents import flows as incidents

    down = datetime(2026, 2, 2, 9, tzinfo=UTC)
    alike = {"service": cast.service, "subject": "down", "classes": ["availability"]}
    with clock.at(down):
        outage = incidents.report(cast.program, organisation=cast.provider, origin=Origin.MONITOR, **alike)
    random_histories.catch_up()
    for minutes in (5, 10):
        with clock.at(down + timedelta(minutes=minutes)):
            told = incidents.report(cast.alice.caller, organisation=cast.customer, **alike)
            incidents.join_outage(cast.bob.caller, told.number, outage=outage.number)
            if withdrawn and minutes == 5:
                incidents.leave_out(cast.bob.caller, told.number, outcome=Outcome.WITHDRAWN, reason="Never mind")
    with clock.at(down + timedelta(days=6)):
        incidents.resolve(cast.bob.caller, outage.number, body="Up again")
    if caught_up:
        random_histories.catch_up()
    for customer in (None, cast.customer):
        scope = reports.scope(
            program("tests"), service=cast.service, customer=customer,
            date_from=date(2026, 2, 1), date_to=date(2026, 3, 1), as_of=to_us(END),
        )  # fmt: skip
        report = reports.report(program("tests"), scope)
        counts = {code: report.kpis[code].value for code in ("C4", "D1", "D3")}
        assert counts == {"C4": 1, "D1": (3 if customer is None else 2) - withdrawn, "D3": 1}, customer
        assert report.kpis["C6"].evidence_count == 1
        assert len(reports.evidence(program("tests"), scope, "C4").rows) == 1
        assert report.reported.received == (3 if customer is None else 2)


def test_consent_about_an_outage_counts_for_whoever_gave_it(cast: Cast) -> None:
    from baken.record.incidents import flows as incidents

    with clock.at(datetime(2026, 2, 2, 9, tzinfo=UTC)):
        outage = incidents.report(
            cast.program, organisation=cast.provider, service=cast.service, subject="down", origin=Origin.MONITOR,
            classes=["availability"],
        )  # fmt: skip
        incidents.record_consent(cast.mona.caller, outage.number, cause="force_majeure", consent="Flood")
    random_histories.catch_up()
    for customer, counted in ((None, 0), (cast.customer, 1)):
        scope = reports.scope(
            program("tests"), service=cast.service, customer=customer,
            date_from=date(2026, 2, 1), date_to=date(2026, 3, 1), as_of=to_us(END),
        )  # fmt: skip
        kpi = reports.report(program("tests"), scope).kpis["C4"]
        assert (kpi.value, kpi.beside["with_excluded"]) == (counted, 1), customer


@pytest.mark.parametrize("caught_up", [True, False], ids=["caught up", "behind"])
def test_what_befell_the_service_is_in_each_customers_report_and_on_its_lists(cast: Cast, caught_up: bool) -> None:
    from baken.record.incidents import break_ins
    from baken.record.incidents import flows as incidents

    told = {"service": cast.service, "organisation": cast.provider, "origin": Origin.MONITOR}
    with clock.at(datetime(2026, 2, 2, 9, tzinfo=UTC)):
        incidents.report(cast.program, subject="db-3 is down", classes=["availability"], **told)
        broken_in = incidents.report(cast.program, subject="a shell on db-3", classes=["security"], **told)
        suspected = incidents.report(cast.program, subject="a port was scanned", classes=["security"], **told)
        incidents.resolve(cast.bob.caller, broken_in.number, body="The door is shut")
    with clock.at(datetime(2026, 3, 4, 9, tzinfo=UTC)):
        break_ins.judge(cast.mona.caller, broken_in.number, confirmed=True, reason="They read everything")
        audits.record_review(cast.program, service=cast.service, began=START, ended=clock.now())
    if caught_up:
        random_histories.catch_up()
    february = reports.scope(
        program("tests"), service=cast.service, customer=cast.customer,
        date_from=date(2026, 2, 1), date_to=date(2026, 3, 1), as_of=to_us(END),
    )  # fmt: skip
    march = february.over(Period(february.period.end, to_us(datetime(2026, 4, 1, tzinfo=UTC))))
    for caller in (cast.alice.caller, cast.mona.caller):
        with acting(caller):
            assert reports.evidence(caller, february, "C8").kpi.evidence_count == 0
            lists = {code: reports.evidence(caller, scope, code) for code, scope in (("C4", february), ("C8", march))}
        assert [row.incident.number for row in lists["C8"].rows] == [broken_in.number] != [suspected.number]
        for code, found in lists.items():
            assert (found.kpi.value, found.total, len(found.rows)) == (1, 1, 1), code
            assert bool(found.rows[0].incident.subject) == caller.staff, "what was written of it is the provider's"


def test_what_a_customer_may_not_see_of_other_services_stops_no_report_of_theirs(cast: Cast) -> None:
    from baken.record.incidents import flows as incidents

    with clock.at(datetime(2026, 2, 2, 9, tzinfo=UTC)):
        incidents.report(
            cast.program, organisation=cast.provider, service=cast.service, subject="down", origin=Origin.MONITOR,
            classes=["availability"],
        )  # fmt: skip
    scope = reports.scope(
        program("tests"), service=cast.other_service, customer=cast.stranger_organisation,
        date_from=date(2026, 2, 1), date_to=date(2026, 3, 1), as_of=to_us(END),
    )  # fmt: skip
    with acting(cast.stranger.caller):  # no reading knows the incident yet
        assert reports.report(cast.stranger.caller, scope).reported.received == 0


def test_signals_are_written_once_at_their_instant_however_late(cast: Cast) -> None:
    from baken.record.incidents import flows as incidents
    from baken.record.ledger import reads as ledger

    reported = datetime(2026, 2, 2, 9, tzinfo=UTC)
    with clock.at(reported):
        incident = incidents.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="down", impact=1, urgency=1
        )
        random_histories.catch_up()
    with clock.at(reported + timedelta(minutes=50)):
        assert clocks.signal_due() == 2
        assert clocks.signal_due() == 0
        random_histories.catch_up()
    with clock.at(reported + timedelta(days=3)):
        clocks.signal_due()
        random_histories.catch_up()
        assert clocks.signal_due() == 0
    signals = [fact for fact in ledger.of_stream(incident.id) if fact.kind.startswith("clock.")]
    said = sorted((fact.data["clock"], fact.data.get("share"), fact.at - to_us(reported)) for fact in signals
                  if fact.data["clock"] == "response" and "share" in fact.data)  # fmt: skip
    minute = 60_000_000
    assert said == [("response", 50, 30 * minute), ("response", 75, 45 * minute), ("response", 90, 54 * minute)]
    breaches = {fact.data["clock"]: fact.at - to_us(reported) for fact in signals if fact.kind == "clock.breached"}
    assert breaches == {"response": 60 * minute, "resolution": 240 * minute}
