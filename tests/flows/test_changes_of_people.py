"""What becomes of people and tokens is on the ledger and in the log, with who did it; and one administrator is left."""

import logging
import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from baken.record.ledger.models import LedgerFact
from baken.record.ledger.reads import verify
from baken.record.people import devices, factors, flows, reads, sessions
from baken.record.people.access import Forbidden, Role
from baken.record.people.acting import acting
from baken.record.people.flows import PeopleError
from baken.record.people.models import ApiToken, Membership, User
from baken.record.people.reads import caller_of
from tests.conftest import PASSWORD, Cast, Person
from tests.flows.test_sessions import opened

Told = tuple[str, str, dict[str, object]]


def told(user: User) -> list[Told]:
    """Kind, who and data of every fact on a person's stream but the first, in order."""
    rows = LedgerFact.objects.filter(stream_id=user.id).order_by("seq").values_list("kind", "actor", "data")
    return list(rows)[1:]


def another_administrator(cast: Cast) -> Person:
    user = flows.add_user(
        cast.adam.caller, organisation=cast.provider, email="ada@provider.example", name="Ada",
        roles=[Role.ADMINISTRATOR], password=PASSWORD, language="en",
    )  # fmt: skip
    return Person(user, caller_of(user))


def test_whoever_is_added_let_in_or_given_roles_is_a_fact_with_who_did_it(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "baken.security")
    ada, bob, by = another_administrator(cast).user, cast.bob.user, cast.adam.caller.actor
    added = LedgerFact.objects.get(stream_id=ada.id)
    assert (added.kind, added.actor, added.data) == ("person.added", by, {"roles": ["administrator"]})
    flows.set_roles(cast.adam.caller, bob.id, [Role.MANAGER, Role.AGENT])
    flows.set_roles(cast.adam.caller, bob.id, [Role.AGENT, Role.MANAGER])
    sessions.shut_out(cast.adam.caller, bob)
    flows.set_active(cast.adam.caller, bob.id, active=False)
    flows.set_active(cast.adam.caller, bob.id, active=True)
    sessions.reset_password(cast.adam.caller, bob)
    factors.reset(cast.adam.caller, bob)
    assert told(bob) == [
        ("person.roles_changed", by, {"before": ["agent"], "roles": ["agent", "manager"]}),
        ("person.shut_out", by, {}),
        ("person.let_in", by, {}),
        ("person.first_password_made", by, {}),
        ("person.factors_reset", by, {}),
    ]
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == f"person.added user={ada.id} by={by} roles=administrator"
    assert f"person.roles-changed user={bob.id} by={by} before=agent roles=agent+manager" in said
    for event in ("person.shut-out", "person.let-in", "first-password.made", "person.factors-reset"):
        assert said.count(f"{event} user={bob.id} by={by}") == 1, event
    assert "Ada" not in str(said) and list(verify()) == []


def test_a_token_that_is_made_or_revoked_is_a_fact_on_its_stream(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "baken.security")
    given = {"organisation": cast.provider, "name": "Secret name", "role": Role.AGENT, "scopes": ["incidents:read"]}
    token, secret = flows.add_token(cast.adam.caller, **given, user=cast.bob.user)  # type: ignore[arg-type]
    for _again in range(2):
        flows.revoke_token(cast.adam.caller, token.id)
    made, revoked = LedgerFact.objects.filter(stream_id=token.id).order_by("seq")
    assert (made.stream_kind, made.kind, made.actor) == ("token", "token.made", cast.adam.caller.actor)
    person = str(cast.bob.user.id)
    assert made.data == {"role": "agent", "scopes": ["incidents:read"], "user": person, "expires": None}
    assert (revoked.kind, revoked.actor, revoked.data) == ("token.revoked", cast.adam.caller.actor, {})
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"{kind} token={token.id} user={person} role=agent by={cast.adam.caller.actor}"
        for kind in ("token.made", "token.revoked")
    ]
    assert "Secret" not in str([made.data, said]) and secret not in str([made.data, said])


def test_what_cannot_be_written_down_is_not_done(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    token, _secret = flows.add_token(
        cast.adam.caller, organisation=cast.provider, name="t", role=Role.AGENT, scopes=["incidents:read"]
    )

    def refuse(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("baken.record.people.happenings.append", refuse)
    bob = cast.bob.user
    tries: list[Callable[[], object]] = [
        lambda: flows.set_roles(cast.adam.caller, bob.id, [Role.MANAGER]),
        lambda: flows.set_active(cast.adam.caller, bob.id, active=False),
        lambda: flows.revoke_token(cast.adam.caller, token.id),
        lambda: another_administrator(cast),
    ]
    for one in tries:
        with pytest.raises(RuntimeError):
            one()
    assert caller_of(bob).roles == {Role.AGENT} and User.objects.get(id=bob.id).is_active
    assert ApiToken.objects.get(id=token.id).revoked_at is None
    assert flows.administrators() == {cast.adam.user.id}


def test_administrators_and_the_person_see_it_and_nobody_else_does(cast: Cast) -> None:
    flows.set_roles(cast.adam.caller, cast.bob.user.id, [Role.MANAGER])
    flows.set_roles(cast.adam.caller, cast.bob.user.id, [Role.AGENT])
    for person, role, scope in (
        (cast.alice, Role.CUSTOMER, "incidents:read"), (cast.audrey, Role.AUDITOR, "audits:read"),
    ):  # fmt: skip
        flows.add_token(
            cast.adam.caller, organisation=person.user.organisation, name="t", role=role, scopes=[scope],
            user=person.user,
        )  # fmt: skip
    page = opened(cast.adam).get(reverse("person", args=[cast.bob.user.id])).content.decode()
    assert "roles changed from service manager to agent" in page and '<td data-label="By">Adam</td>' in page
    tokens = opened(cast.adam).get("/tokens/").content.decode()
    assert tokens.count("API token made, as") == 2 and tokens.count("· Adam</p>") == 2
    User.objects.filter(id=cast.bob.user.id).update(language="nl")
    own = opened(cast.bob).get("/account/security/").content.decode()
    assert "rollen gewijzigd van servicemanager in behandelaar" in own and ">Adam</td>" in own
    for person, words in ((cast.alice, "API token made, as customer"), (cast.audrey, "API token made, as auditor")):
        own = opened(person).get("/account/security/").content.decode()
        assert words in own and ">Adam</td>" in own, "under the policies of their own role"
        for other in (cast.bob, cast.stranger):
            with pytest.raises(Forbidden):
                reads.history(person.caller, other.user.id)


def test_there_is_always_an_administrator_left(cast: Cast) -> None:
    ada = another_administrator(cast)
    flows.set_roles(cast.adam.caller, ada.user.id, [Role.AGENT])
    for who in (ada.caller, cast.program):  # she was one when her request began
        with pytest.raises(PeopleError, match=r"^roles: nobody else"):
            flows.set_roles(who, cast.adam.user.id, [Role.AGENT])
        with pytest.raises(PeopleError, match=r"^active: nobody else"):
            flows.set_active(who, cast.adam.user.id, active=False)
    flows.set_roles(cast.program, cast.adam.user.id, [Role.ADMINISTRATOR, Role.MANAGER])
    assert flows.administrators() == {cast.adam.user.id}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", ["roles", "active"])
def test_two_administrators_at_the_same_moment_leave_one(cast: Cast, second: str) -> None:
    ada = another_administrator(cast)
    begun, refused = threading.Event(), []

    def other() -> None:
        begun.set()
        try:
            with acting(ada.caller):
                if second == "roles":
                    flows.set_roles(ada.caller, cast.adam.user.id, [Role.AGENT])
                else:
                    flows.set_active(ada.caller, cast.adam.user.id, active=False)
        except PeopleError as error:
            refused.append(str(error))
        finally:
            connection.close()

    waiting = threading.Thread(target=other)
    with acting(cast.adam.caller), transaction.atomic():
        flows.set_roles(cast.adam.caller, ada.user.id, [Role.AGENT])
        waiting.start()
        begun.wait(30)
        waiting.join(0.3)  # whoever does not wait is done by then
    waiting.join(30)
    assert len(refused) == 1
    assert Membership.objects.filter(role="administrator", user__is_active=True).count() == 1


def test_a_known_device_is_known_no_more_once_somebody_else_made_a_password(cast: Cast) -> None:
    alice = cast.alice.user
    word = devices.word_for(alice)
    sessions.change_password(alice, current=PASSWORD, password="quite another sentence")
    assert devices.known(word, alice.email_key), "one's own password is no reason"
    made = sessions.reset_password(cast.adam.caller, alice)
    assert devices.known(word, alice.email_key) is None
    client = Client()
    client.post("/sign-in/", {"email": alice.email, "password": made})
    client.post("/account/password/", {"current": made, "password": "a sentence of her own again"})
    assert devices.known(client.cookies["device"].value, alice.email_key), "and after the next sign-in one is"
    assert devices.known(devices.word_for(cast.bob.user), alice.email_key) is None
