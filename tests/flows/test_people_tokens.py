"""Tokens of machines and of persons, and requests that may be sent again."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from baken.record.ledger import clock
from baken.record.people import flows
from baken.record.people.access import Conflict, Permission, Role
from baken.record.people.flows import PeopleError
from baken.record.people.idempotency import KEPT, once
from baken.record.people.models import IdempotencyKey
from baken.record.people.reads import caller_of_token
from tests.conftest import START, Cast


def token(cast: Cast, **options: object) -> str:
    chosen = {"organisation": cast.provider, "name": "script", "role": Role.AGENT, "scopes": ["incidents:read"]}
    return flows.add_token(cast.adam.caller, **chosen | options)[1]  # type: ignore[arg-type]


def test_a_machine_is_nobody_and_may_what_its_scopes_say(cast: Cast) -> None:
    caller = caller_of_token(token(cast))
    assert caller is not None
    assert (caller.user, caller.organisation, caller.staff) == (None, cast.provider.id, True)
    assert [permission for permission in Permission if caller.may(permission)] == [Permission.READ_INCIDENTS]


def test_a_persons_token_is_that_person_while_they_hold_the_role(cast: Cast) -> None:
    secret = token(cast, user=cast.bob.user)
    caller = caller_of_token(secret)
    assert caller is not None
    assert caller.user == cast.bob.user.id
    flows.set_roles(cast.adam.caller, cast.bob.user.id, [Role.MANAGER])
    assert caller_of_token(secret) is None
    flows.set_roles(cast.adam.caller, cast.bob.user.id, [Role.AGENT])
    assert caller_of_token(secret) is not None
    flows.set_active(cast.adam.caller, cast.bob.user.id, active=False)
    assert caller_of_token(secret) is None


def test_nobody_lends_a_role_they_do_not_hold(cast: Cast) -> None:
    for person in (cast.mona, cast.alice):
        with pytest.raises(PeopleError, match=r"^user: .*choose"):
            token(cast, user=person.user)


def test_a_token_ends_at_its_time_and_when_it_is_revoked(cast: Cast) -> None:
    row, secret = flows.add_token(
        cast.adam.caller, organisation=cast.provider, name="script", role=Role.AGENT, scopes=["incidents:read"],
        expires_at=START + timedelta(hours=1),
    )  # fmt: skip
    assert caller_of_token(secret) is not None
    with clock.at(START + timedelta(hours=1)):
        assert caller_of_token(secret) is None
    flows.revoke_token(cast.adam.caller, row.id)
    assert caller_of_token(secret) is None
    assert caller_of_token("baken_") is None


def counter() -> tuple[list[int], Callable[[], int]]:
    made: list[int] = []

    def create() -> int:
        made.append(len(made) + 1)
        return made[-1]

    return made, create


def test_the_same_request_twice_makes_one(cast: Cast) -> None:
    made, create = counter()
    assert once(cast.bob.caller, key="a", request=b"x", create=create) == (1, False)
    assert once(cast.bob.caller, key="a", request=b"x", create=create) == (1, True)
    assert once(cast.bea.caller, key="a", request=b"x", create=create) == (2, False)
    with pytest.raises(Conflict, match="another request"):
        once(cast.bob.caller, key="a", request=b"y", create=create)
    assert made == [1, 2]


def test_a_request_that_failed_leaves_its_key_free(cast: Cast) -> None:
    _made, create = counter()
    with pytest.raises(ZeroDivisionError):
        once(cast.bob.caller, key="a", request=b"x", create=lambda: 1 // 0)
    assert once(cast.bob.caller, key="a", request=b"y", create=create) == (1, False)


def test_keys_are_forgotten_after_their_time(cast: Cast) -> None:
    _made, create = counter()
    once(cast.bob.caller, key="a", request=b"x", create=create)
    with clock.at(START + KEPT + timedelta(seconds=1)):
        once(cast.bob.caller, key="b", request=b"x", create=create)
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_make_one(cast: Cast) -> None:
    made, create = counter()
    inside, answers = threading.Event(), []

    def slow() -> int:
        inside.set()
        waiting.wait(0.3)
        return create()

    def ask(make: Callable[[], int]) -> None:
        answers.append(once(cast.bob.caller, key="a", request=b"x", create=make))
        connection.close()

    waiting = threading.Event()
    first = threading.Thread(target=ask, args=[slow])
    second = threading.Thread(target=ask, args=[create])
    first.start()
    inside.wait(30)
    second.start()
    first.join(30)
    second.join(30)
    assert (sorted(answers), made) == ([(1, False), (1, True)], [1])
