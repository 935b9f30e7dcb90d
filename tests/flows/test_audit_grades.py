"""One rule says how long a grade is valid and which of several counts: for C9, the audit's page and the reminders."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from baken.domain.instants import to_us
from baken.domain.periods import from_dates
from baken.record.audits import reads, reminders
from baken.record.audits.models import Audit
from baken.record.catalogue import flows as catalogue
from baken.record.catalogue.reads import held_at
from baken.record.ledger import clock
from baken.record.orgs.models import Organisation
from baken.record.people import flows as people
from baken.record.people.access import Role
from baken.record.people.reads import caller_of
from baken.record.privacy import flows as privacy
from baken.record.privacy import work
from baken.record.reports import reads as reports
from baken.record.reports.scopes import Scope
from tests.conftest import START, Cast
from tests.flows.test_audits import DESCRIPTION, JUNE, PDF, attach, grade_of, opened, sign, signed

UNTIL = datetime(2026, 12, 10, 13, tzinfo=UTC)
"""When a grade signed off in JUNE ends: 14:00 in Amsterdam, in winter an hour later."""
INSTANT = timedelta(microseconds=1)


def graced(cast: Cast, days: int, valid_from: datetime, organisation: Organisation | None = None) -> None:
    terms = replace(held_at(cast.service.id, cast.provider.id, START).terms, audit_grace_days=days)
    catalogue.agree(
        cast.adam.caller, service=cast.service, organisation=organisation, terms=terms, valid_from=valid_from
    )


def entered(cast: Cast, grade: int, at: datetime) -> Audit:
    """The manager enters the report that the same auditor sent on paper."""
    with clock.at(at):
        audit = opened(cast, invited=None, **DESCRIPTION)
        attach(cast.mona.caller, audit.number, name="scan.pdf", content=PDF)
        return sign(cast.mona.caller, audit.number, grade=grade)


def c9(cast: Cast, as_of: datetime, customer: Organisation | None = None) -> Any:
    """Of the month that `as_of` is in."""
    month = from_dates("Europe/Amsterdam", date(as_of.year, as_of.month, 1), date(as_of.year + 1, 1, 1))
    return reports.report(cast.mona.caller, Scope(cast.service, customer, month, to_us(as_of))).kpis["C9"]


@pytest.mark.parametrize(("moment", "valid"), [(UNTIL - INSTANT, True), (UNTIL, False), (UNTIL + INSTANT, False)])
def test_page_and_kpi_say_the_same_at_the_instant_at_which_a_grade_ends(
    cast: Cast, client: Client, moment: datetime, valid: bool
) -> None:
    audit = signed(cast, 78, JUNE)
    client.force_login(cast.mona.user)
    with clock.at(moment):
        assert [one.expired(to_us(moment)) for one in reads.validity(audit, to_us(clock.now()))] == [not valid]
        for page in ("/audits/", f"/audits/{audit.number}/"):
            shown = client.get(page).content.decode()
            assert (">expired<" in shown, ">valid<" in shown) == (not valid, valid), page
    assert (c9(cast, moment).value is not None) is valid


@pytest.mark.parametrize(("before", "after"), [(0, 60), (60, 0)])
def test_a_later_agreement_moves_the_end_of_no_grade(cast: Cast, before: int, after: int) -> None:
    """The grace that was agreed at the sign-off holds, on the page, in C9 and in what is reminded of."""
    with clock.at(START):
        graced(cast, before, datetime(2026, 4, 30, 22, tzinfo=UTC))
        graced(cast, after, datetime(2026, 9, 30, 22, tzinfo=UTC))
    audit = signed(cast, 78, JUNE)
    until = UNTIL + timedelta(days=before)
    assert [one.until for one in reads.validity(audit, to_us(clock.now()))] == [to_us(until)]
    assert (c9(cast, until - INSTANT).value, c9(cast, until).value) == (7.8, None)
    assert c9(cast, until - INSTANT).beside["expires_at"] == to_us(until)
    assert [one.validity.until for one in reminders.expiring(to_us(until))] == [to_us(until)]


def test_a_customers_report_goes_by_the_customers_own_agreement(cast: Cast) -> None:
    with clock.at(START):
        graced(cast, 30, datetime(2026, 4, 30, 22, tzinfo=UTC), cast.customer)
    signed(cast, 78, JUNE)
    assert (c9(cast, UNTIL).value, c9(cast, UNTIL, cast.customer).value) == (None, 7.8)


def test_a_page_says_of_a_grade_that_does_not_count_any_more_that_it_was_replaced(cast: Cast, client: Client) -> None:
    old, new = signed(cast, 60, JUNE), signed(cast, 85, JUNE + timedelta(days=30))
    client.force_login(cast.mona.user)
    for moment, replaced in ((JUNE + timedelta(days=29), False), (JUNE + timedelta(days=30), True)):
        with clock.at(moment):
            assert [one.replaced for one in reads.validity(old, to_us(moment))] == [replaced]
            page = client.get(f"/audits/{old.number}/").content.decode()
        assert (">replaced<" in page, ">valid<" in page) == (replaced, not replaced)
        assert c9(cast, moment).value == (8.5 if replaced else 6.0)
    with clock.at(JUNE + timedelta(days=30)):
        assert ">replaced<" not in client.get(f"/audits/{new.number}/").content.decode()
        assert ">replaced<" in client.get("/audits/").content.decode()


def test_what_the_provider_enters_does_not_take_the_place_of_what_the_auditor_signed(
    cast: Cast, client: Client
) -> None:
    own = signed(cast, 64, JUNE)
    paper = entered(cast, 90, datetime(2026, 7, 10, tzinfo=UTC))
    assert (own.signed_by_auditor, paper.signed_by_auditor) == (True, False)
    assert paper.auditor_code == own.auditor_code, "it is the same auditor"
    kpi = grade_of(cast, 7, datetime(2026, 8, 2, tzinfo=UTC))
    assert (kpi.value, kpi.evidence_count) == (6.4, 2)
    client.force_login(cast.mona.user)
    with clock.at(datetime(2026, 8, 2, tzinfo=UTC)):
        page = client.get("/kpis/C9/?service=cloud&from=2026-07-01&to=2026-08-01").content.decode()
    assert ("by the auditor" in page, "entered by the provider" in page) == (True, True)
    worse = entered(cast, 55, datetime(2026, 8, 10, tzinfo=UTC))
    assert grade_of(cast, 8, datetime(2026, 9, 2, tzinfo=UTC)).value == 5.5, "the lowest of those that are valid"
    assert worse.grade == 55
    signed(cast, 81, datetime(2026, 9, 10, tzinfo=UTC))
    assert grade_of(cast, 9, datetime(2026, 10, 2, tzinfo=UTC)).value == 8.1, "the auditor signed anew"


def test_one_who_works_for_the_provider_enters_a_grade_also_when_invited(cast: Cast) -> None:
    people.set_roles(cast.adam.caller, cast.mona.user.id, [Role.MANAGER, Role.AUDITOR])
    audit = opened(cast, invited=cast.mona.user, **DESCRIPTION)
    both = caller_of(cast.mona.user)
    attach(both, audit.number, name="own.pdf", content=PDF)
    assert not sign(both, audit.number, grade=100).signed_by_auditor


def test_the_next_grade_of_an_auditor_whose_name_was_corrected_takes_the_place_of_the_last(cast: Cast) -> None:
    first = signed(cast, 64, JUNE)
    with clock.at(datetime(2026, 7, 10, tzinfo=UTC)):
        next_one = opened(cast, **DESCRIPTION | {"auditor": "Audit and Sons Ltd"})
        attach(cast.audrey.caller, next_one.number, name="r.pdf", content=PDF)
        assert sign(cast.audrey.caller, next_one.number, grade=80).auditor_code == first.auditor_code
    assert grade_of(cast, 7, datetime(2026, 8, 2, tzinfo=UTC)).value == 8.0


def test_the_grade_of_an_auditor_who_was_erased_stands_until_it_ends_and_the_page_says_so(
    cast: Cast, client: Client
) -> None:
    """Nobody can tell any more whose grade it was, so nothing takes its place."""
    signed(cast, 64, JUNE)
    with clock.at(datetime(2026, 7, 1, tzinfo=UTC)):
        work.erase(privacy.erase_person(cast.adam.caller, cast.audrey.user.id, confirmation=cast.audrey.user.email))
    entered(cast, 90, datetime(2026, 7, 10, tzinfo=UTC))
    assert grade_of(cast, 7, datetime(2026, 8, 2, tzinfo=UTC)).value == 6.4
    client.force_login(cast.mona.user)
    with clock.at(datetime(2026, 8, 2, tzinfo=UTC)):
        page = client.get("/kpis/C9/?service=cloud&from=2026-07-01&to=2026-08-01").content.decode()
    assert "an auditor who was erased" in page
