"""What several tests of flows begin with."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

from baken.record.incidents.models import Incident
from baken.record.ledger import clock
from tests.conftest import Cast
from tests.flows.incident_world import MONDAY, reported


@pytest.fixture
def at() -> Iterator[Callable[[float], None]]:
    """Makes it so many hours after Monday morning, and keeps it so."""
    with ExitStack() as moments:
        yield lambda hours: moments.enter_context(clock.at(MONDAY + timedelta(hours=hours)))


@pytest.fixture
def incident(cast: Cast, at: Callable[[float], None]) -> Incident:
    """Reported on Monday morning, where the test begins."""
    at(0)
    return reported(cast, cast.alice)
