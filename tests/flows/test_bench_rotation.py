"""The benchmark of key rotation, which says whether anything is lost by one, notices when something is."""

from uuid import UUID

import pytest

from baken.record.incidents.models import Message
from baken.record.orgs.models import Organisation
from bench import rotation
from bench.worlds.sealed import with_sum
from tests.conftest import Cast
from tests.flows.incident_world import reported

pytestmark = pytest.mark.django_db


@pytest.fixture
def messages(cast: Cast) -> list[UUID]:
    """Of the organisation that is rotated."""
    Organisation.objects.filter(id=cast.customer.id).update(code="c0")
    for number in range(3):
        reported(cast, cast.alice, body=with_sum(f"Printer {number}"))
    return list(Message.objects.values_list("id", flat=True))


def test_rows_that_are_gone_are_lost(messages: list[UUID]) -> None:
    before, ended = rotation.sealed_rows(), {"unreadable": 0, "stale": 0, "lost": 0}
    assert set(messages) < before
    written = {str(messages[0]): Message.objects.get(id=messages[0]).body[-8:]}
    assert rotation.checked(before, written) == ended
    assert rotation.misread(messages) == 0
    Message.objects.filter(id=messages[1]).delete()  # which nobody wrote since
    assert rotation.checked(before, written) == ended | {"lost": 1}
    assert rotation.misread(messages) == 1
    Message.objects.filter(id=messages[0]).delete()
    assert rotation.checked(set(), written) == ended | {"lost": 1}


def test_texts_that_changed_are_not_read(messages: list[UUID]) -> None:
    for id, text in zip(messages, (with_sum("older"), "without a sum"), strict=False):
        row = Message.objects.get(id=id)
        row.body = text
        row.save()
    written = dict.fromkeys(map(str, messages[:1]), "12345678")
    assert rotation.checked(rotation.sealed_rows(), written)["unreadable"] == 2
    assert rotation.misread(messages) == 1
