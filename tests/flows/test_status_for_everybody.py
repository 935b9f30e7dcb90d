"""The status page for whoever likes: what it finds is kept for ten seconds, so asking for it often costs nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from baken.domain.instants import to_us
from baken.record.ledger import clock
from baken.record.reports.status import ForEverybody, for_everybody
from tests.conftest import Cast
from tests.flows.measuring import monitored, place, see

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
NOW = BEGAN + timedelta(minutes=40)


@pytest.fixture
def measured(cast: Cast) -> None:
    monitor = monitored(cast.service, BEGAN - timedelta(minutes=1))
    see(place(cast.service, "ams-1", BEGAN), monitor, BEGAN, NOW)


def test_it_is_looked_up_once_in_ten_seconds(measured: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    as_of = to_us(NOW)
    first = for_everybody(90, as_of)
    assert first[1] == as_of and [one.service.code for one in first[0]] == ["cloud"]
    with django_assert_num_queries(0):
        again = for_everybody(90, as_of + ForEverybody.HOLDS - 1)
    assert again[0] is first[0] and again[1] == as_of, "and says as of when"
    for days, moment in ((90, as_of + ForEverybody.HOLDS), (90, as_of - 1), (30, as_of - 1)):
        found, when = for_everybody(days, moment)
        assert found is not first[0] and when == moment


def test_the_page_tells_the_same_until_then(cast: Cast, measured: None) -> None:
    def works(after: float) -> bool:
        with clock.at(NOW + timedelta(seconds=after)):
            return "Cloud works." in Client().get("/status/").text

    assert works(0)
    cast.service.name = "Renamed"
    cast.service.save()
    assert [works(after) for after in (5, 9.9, 10)] == [True, True, False]
