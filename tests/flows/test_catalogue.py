"""The catalogue: services, agreements that change at the start of a month, customers, intake, maintenance."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from baken.domain.agreements import Target, Terms, default_terms
from baken.domain.facts import Priority
from baken.domain.instants import HOUR, to_us
from baken.domain.periods import month
from baken.record.catalogue import flows, reads
from baken.record.catalogue.flows import CatalogueError
from baken.record.catalogue.models import AgreementVersion, IntakeSpan, Service
from baken.record.clocks import reads as clocks
from baken.record.incidents import flows as incidents
from baken.record.ledger import clock
from baken.record.ledger import reads as ledger
from baken.record.people.access import Forbidden, NotFound
from baken.record.reports import reads as reports
from tests.conftest import START, Cast

AMSTERDAM = "Europe/Amsterdam"


def local_month(number: int) -> datetime:
    """The first instant of a month of 2026 in Amsterdam."""
    return datetime.fromtimestamp(month(AMSTERDAM, 2026, number).start / 1e6, UTC)


def quick(hours: int = 1) -> Terms:
    """The usual terms with another response time for medium priority."""
    usual = default_terms(AMSTERDAM)
    return replace(usual, targets={**usual.targets, Priority.MEDIUM: Target(hours * HOUR, 2 * HOUR)})


def stricter(code: str, target: int) -> Terms:
    usual = default_terms(AMSTERDAM)
    return replace(usual, kpi_targets={**usual.kpi_targets, code: Fraction(target)})


def test_a_service_is_made_with_its_agreement_and_its_intake(cast: Cast) -> None:
    made = flows.add_service(
        cast.adam.caller, provider=cast.provider, code="mail", name="  Mail  ", terms=quick(), valid_from=START
    )
    assert made.name == "Mail"
    assert [span.what for span in IntakeSpan.objects.filter(service=made).order_by("what")] == [
        "complaints",
        "incidents",
    ]
    assert reads.held_at(made.id, cast.customer.id, START).terms == quick()
    assert next(fact.kind for fact in ledger.of_stream(made.id)) == "service.added"


def test_a_service_that_an_import_speaks_for_has_no_intake_of_its_own(cast: Cast) -> None:
    made = flows.add_service(
        cast.adam.caller, provider=cast.provider, code="old", name="Old", terms=quick(), valid_from=START,
        intake_open=False,
    )  # fmt: skip
    assert not IntakeSpan.objects.filter(service=made).exists()
    began, ended = START - timedelta(days=30), START
    for _ in range(2):
        flows.declare_intake(cast.adam.caller, made, what="incidents", source="import", began=began, ended=ended)
    assert list(reads.intake([made.id], "incidents", START)[made.id]) == [(to_us(began), to_us(ended))]
    with pytest.raises(CatalogueError, match="ended"):
        flows.declare_intake(cast.adam.caller, made, what="incidents", source="x", began=ended, ended=began)


@pytest.mark.parametrize("code", ["cloud", "a b", "", "naïve"])
def test_a_code_is_one_word_and_free(cast: Cast, code: str) -> None:
    with pytest.raises(CatalogueError, match="code"):
        flows.add_service(
            cast.adam.caller, provider=cast.provider, code=code, name="X", terms=quick(), valid_from=START
        )


def test_only_an_administrator_writes_the_catalogue(cast: Cast) -> None:
    for person in (cast.alice, cast.stranger, cast.bob, cast.mona, cast.audrey):
        with pytest.raises(Forbidden):
            flows.agree(
                person.caller, service=cast.service, organisation=None, terms=quick(), valid_from=local_month(3)
            )
        with pytest.raises(Forbidden):
            flows.announce_maintenance(
                person.caller, service=cast.service, starts=START + timedelta(days=3), ends=START + timedelta(days=4)
            )
        with pytest.raises(Forbidden):
            flows.subscribe(person.caller, service=cast.other_service, organisation=cast.customer, since=START)


def test_a_customer_knows_of_the_services_they_use(cast: Cast) -> None:
    assert list(reads.services(cast.alice.caller)) == [cast.service]
    assert list(reads.services(cast.stranger.caller)) == [cast.other_service]
    assert set(reads.services(cast.bob.caller)) == {cast.service, cast.other_service}
    with pytest.raises(NotFound):
        reads.service(cast.stranger.caller, "cloud")
    with pytest.raises(Forbidden):
        reads.services(cast.audrey.caller)


def test_terms_change_at_the_start_of_a_month_that_has_not_begun(cast: Cast) -> None:
    adam = cast.adam.caller
    with clock.at(datetime(2026, 2, 10, 12, tzinfo=UTC)):
        for valid_from in (
            datetime(2026, 3, 1, 12, tzinfo=UTC),  # not the first instant
            datetime(2026, 3, 1, tzinfo=UTC),  # that of UTC, not of the agreement's zone
            local_month(2),  # under way
            local_month(1),  # past
        ):
            with pytest.raises(CatalogueError, match="valid from"):
                flows.agree(adam, service=cast.service, organisation=None, terms=quick(), valid_from=valid_from)
        made = flows.agree(adam, service=cast.service, organisation=None, terms=quick(), valid_from=local_month(4))
        assert made.version == 2
        with pytest.raises(CatalogueError, match="2026-03-31"):
            flows.agree(adam, service=cast.service, organisation=None, terms=quick(), valid_from=local_month(3))
    assert AgreementVersion.objects.filter(agreement=made.agreement).count() == 2


def test_a_change_of_terms_affects_what_is_reported_after_it(cast: Cast) -> None:
    with clock.at(datetime(2026, 2, 10, 12, tzinfo=UTC)):
        flows.agree(cast.adam.caller, service=cast.service, organisation=None, terms=quick(), valid_from=local_month(3))
    reported = {}
    for day in (datetime(2026, 2, 27, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC)):
        with clock.at(day):
            reported[day] = incidents.report(
                cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Nothing opens"
            )
    later = to_us(datetime(2026, 6, 1, tzinfo=UTC))
    faces = clocks.faces(list(reported.values()), later)
    due = {row.agreement_version: faces[row.id].response.due for row in reported.values()}
    assert due == {1: to_us(datetime(2026, 2, 27, 13, tzinfo=UTC)), 2: to_us(datetime(2026, 3, 2, 10, tzinfo=UTC))}


def test_a_customers_own_agreement_begins_next_month_and_changes_nothing_before(cast: Cast) -> None:
    """Neither the incident reported today, nor the target of this month, nor that of any month before."""
    adam, before = cast.adam.caller, cast.service.agreements.get(base=True)
    with clock.at(datetime(2026, 2, 10, 12, tzinfo=UTC)):
        with pytest.raises(CatalogueError, match="valid from"):
            flows.agree(
                adam, service=cast.service, organisation=cast.customer, terms=stricter("C3", 7),
                valid_from=local_month(2),
            )  # fmt: skip
        own = flows.agree(
            adam, service=cast.service, organisation=cast.customer, terms=stricter("C3", 7), valid_from=local_month(3)
        )
        today = incidents.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Nothing opens"
        )
        today.refresh_from_db()
        assert today.agreement_id == before.id
        assert {held.agreement for held in reads.history_for(cast.service.id, cast.customer.id)} == {
            before.id, own.agreement_id,
        }  # fmt: skip
        assert set(reads.agreements(cast.alice.caller, cast.service.id)) == {before, own.agreement}
    with clock.at(datetime(2026, 3, 10, 12, tzinfo=UTC)):
        later = incidents.report(
            cast.alice.caller, organisation=cast.customer, service=cast.service, subject="Nothing opens"
        )
        later.refresh_from_db()
        assert later.agreement_id == own.agreement_id
        targets = {}
        for number in (1, 2, 3):
            scope = reports.scope(
                cast.mona.caller, service=cast.service, customer=cast.customer, as_of=to_us(clock.now()),
                date_from=datetime(2026, number, 1).date(), date_to=datetime(2026, number + 1, 1).date(),
            )  # fmt: skip
            targets[number] = reports.report(cast.mona.caller, scope).kpis["C3"].target
    assert targets == {1: 0, 2: 0, 3: 7}


def test_with_somebody_who_does_not_use_the_service_yet_it_may_begin_at_once(cast: Cast) -> None:
    with clock.at(datetime(2026, 2, 10, 12, tzinfo=UTC)):
        made = flows.agree(
            cast.adam.caller, service=cast.other_service, organisation=cast.customer, terms=quick(),
            valid_from=clock.now(),
        )  # fmt: skip
        flows.subscribe(cast.adam.caller, service=cast.other_service, organisation=cast.customer, since=clock.now())
        assert reads.held_at(cast.other_service.id, cast.customer.id, clock.now()).agreement == made.agreement_id


def test_a_stranger_sees_nobodys_agreement(cast: Cast) -> None:
    assert not reads.agreements(cast.stranger.caller, cast.service.id).exists()
    with pytest.raises(NotFound):
        reads.agreement(cast.stranger.caller, cast.service.agreements.get(base=True).id)


def test_a_customer_begins_and_stops_to_use_a_service(cast: Cast) -> None:
    adam = cast.adam.caller
    with pytest.raises(CatalogueError, match="uses this service already"):
        flows.subscribe(adam, service=cast.service, organisation=cast.customer, since=START)
    held = cast.service.subscriptions.get(organisation=cast.customer)
    with clock.at(START + timedelta(days=40)):
        flows.unsubscribe(adam, held.id)
        assert not reads.services(cast.alice.caller).exists()
        with pytest.raises(NotFound):
            flows.unsubscribe(adam, held.id)
        flows.subscribe(adam, service=cast.service, organisation=cast.customer, since=clock.now())
    assert list(reads.services(cast.alice.caller)) == [cast.service]
    during = reads.subscribers(cast.service.id, START + timedelta(days=1))
    assert [row.organisation for row in during] == [cast.customer]


def test_maintenance_is_announced_before_it_is_over_and_can_be_called_off(cast: Cast) -> None:
    adam, start = cast.adam.caller, START + timedelta(days=3)
    with pytest.raises(CatalogueError, match="ends"):
        flows.announce_maintenance(adam, service=cast.service, starts=start, ends=start)
    with pytest.raises(CatalogueError, match="over"):
        flows.announce_maintenance(
            adam, service=cast.service, starts=START - timedelta(hours=2), ends=START - timedelta(hours=1)
        )
    work = flows.announce_maintenance(
        adam, service=cast.service, starts=start, ends=start + timedelta(hours=2), reason="A new disk"
    )
    assert list(reads.maintenance(cast.alice.caller)) == [work]
    assert not reads.maintenance(cast.stranger.caller).exists()
    with clock.at(START + timedelta(days=1)):
        flows.cancel_maintenance(adam, work.id)
    work.refresh_from_db()
    assert work.cancelled_at == START + timedelta(days=1)
    assert work.reason == "A new disk"
    with pytest.raises(NotFound):
        flows.cancel_maintenance(adam, work.id)


def test_names_are_not_on_the_ledger(cast: Cast) -> None:
    flows.describe_service(cast.adam.caller, "cloud", name="Wolken", description="For everybody.")
    assert Service.objects.get(code="cloud").name == "Wolken"
    assert "Wolken" not in str([fact.data for fact in ledger.of_stream(cast.service.id)])
    with pytest.raises(NotFound):
        flows.describe_service(cast.adam.caller, "nothing", name="X", description="")
