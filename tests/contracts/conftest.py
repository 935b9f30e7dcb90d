"""The API, asked on a Friday morning in spring."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from baken.record.ledger import clock
from tests.conftest import Cast
from tests.contracts.asking import Askers, askers

NOW = datetime(2026, 4, 10, 8, tzinfo=UTC)


@pytest.fixture
def ask(cast: Cast) -> Iterator[Askers]:
    """Everybody with a token, at `NOW`."""
    with clock.at(NOW):
        yield askers(cast)
