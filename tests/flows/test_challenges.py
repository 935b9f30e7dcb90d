"""What to sign with a passkey is asked by people who are not known yet: so it is counted where they ask from."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from baken.record.people.tries import PER_ADDRESS
from tests.conftest import Cast


@pytest.mark.django_db
def test_strangers_of_one_address_get_only_so_many_sessions(cast: Cast) -> None:
    asked = [Client().post("/passkeys/challenge/").status_code for _ in range(PER_ADDRESS + 3)]
    assert asked == [200] * PER_ADDRESS + [429] * 3
    assert Session.objects.count() == PER_ADDRESS
    assert Client(REMOTE_ADDR="203.0.113.9").post("/passkeys/challenge/").status_code == 200


@pytest.mark.django_db
def test_who_is_signed_in_is_not_counted(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice.user)
    assert {client.post("/passkeys/challenge/").status_code for _ in range(PER_ADDRESS + 1)} == {200}
