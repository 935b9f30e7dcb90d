"""Identity providers: which addresses are asked at all, and which of our people somebody there may be."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest
from django.db import connection
from pytest_django import Settings

from baken.reach.openid import Client, OpenIdError, Problem, Registration
from baken.record.ledger import clock
from baken.record.ledger.models import LedgerFact
from baken.record.people import factors, honey, openid, sessions
from baken.record.people.access import Forbidden, NotFound, Role
from baken.record.people.flows import PeopleError
from baken.record.people.models import Identity, IdentityProvider, User
from tests.conftest import START, Cast

METADATA = "/.well-known/openid-configuration"


class Pages(BaseHTTPRequestHandler):
    """Answers what a test wrote down, and notes what was asked."""

    pages: ClassVar[dict[str, tuple[int, bytes, dict[str, str]]]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body, headers = self.pages.get(self.path, (404, b"{}", {}))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """The issuer of a server on this machine that says what `Pages.pages` holds."""
    Pages.pages, Pages.asked = {}, []
    made = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


def metadata(issuer: str, /, **changes: Any) -> tuple[int, bytes, dict[str, str]]:
    told = {
        "issuer": issuer, "authorization_endpoint": f"{issuer}/auth", "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/keys", **changes,
    }  # fmt: skip
    return 200, json.dumps(told).encode(), {}


def problem(ask: Callable[[], object]) -> Problem:
    with pytest.raises(OpenIdError) as error:
        ask()
    return error.value.problem


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example", "http://127.0.0.1:1", "http://localhost", "ftp://id.example", "file:///etc/passwd", "",
        "https://", "https://user@id.example", "https://id.example/#a", "https://id.example:port", "https://é.example",
        "gopher://127.0.0.1:6379/_INFO",
    ],
)  # fmt: skip
def test_only_https_is_asked(issuer: str) -> None:
    assert problem(lambda: Client().check(issuer)) is Problem.ADDRESS


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "10.0.0.1", "192.168.1.1",
        "172.16.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]",
        "[fd00::1]", "[64:ff9b::7f00:1]",
    ],
)  # fmt: skip
def test_no_address_inside_is_connected_to(host: str) -> None:
    """However it is written: what is judged is the address that would be connected to."""
    assert problem(lambda: Client().check(f"https://{host}:9")) is Problem.PRIVATE


def test_where_it_listens_nothing_arrives() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        port = listening.getsockname()[1]
        assert problem(lambda: Client().check(f"https://localhost:{port}")) is Problem.PRIVATE
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_plain_http_is_for_this_machine_alone_even_where_private_addresses_are_allowed(server: str) -> None:
    Pages.pages[METADATA] = metadata(server)
    Client(allow_private=True).check(server)
    for issuer in ("http://id.example", "http://10.0.0.1", "http://127.0.0.1.example"):
        assert problem(lambda issuer=issuer: Client(allow_private=True).check(issuer)) is Problem.ADDRESS


def test_what_the_metadata_names_is_held_to_the_same_rule(server: str) -> None:
    client = Client(allow_private=True)
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        for address in ("http://169.254.169.254/latest", "javascript:alert(1)", "", None):
            Pages.pages[METADATA] = metadata(server, **{name: address})
            assert problem(lambda: client.check(server)) is Problem.ADDRESS


def test_no_redirect_is_followed_and_no_endless_answer_read(server: str) -> None:
    client = Client(allow_private=True)
    Pages.pages["/elsewhere"] = metadata(server)
    for code in (301, 302, 303, 307, 308):
        Pages.pages[METADATA] = (code, b"{}", {"Location": f"{server}/elsewhere"})
        assert problem(lambda: client.check(server)) is Problem.ANSWER
    assert set(Pages.asked) == {METADATA}
    large = json.dumps({"issuer": server, "x": "x" * 600_000}).encode()
    Pages.pages[METADATA] = (200, large, {})
    assert problem(lambda: client.check(server)) in {Problem.ANSWER, Problem.UNREACHABLE}
    for body in (b"", b"<html>", b"[]", b"null", b"\xff"):
        Pages.pages[METADATA] = (200, body, {})
        assert problem(lambda: client.check(server)) is Problem.ANSWER


def test_it_has_to_call_itself_what_it_was_asked_as(server: str) -> None:
    for other in (server + "/", "https://id.example", "", None):
        Pages.pages[METADATA] = metadata(server, issuer=other)
        assert problem(lambda: Client(allow_private=True).check(server)) is Problem.OTHER_ISSUER


def test_an_answer_without_a_token_signs_nobody_in(server: str) -> None:
    us = Registration(server, "baken", "secret", "https://desk.example/return/")
    Pages.pages |= {METADATA: metadata(server), "/keys": (200, b'{"keys": []}', {})}
    for answer, wanted in (
        ((200, b"{}", {}), Problem.TOKEN), ((200, b'{"id_token": "a.b.c"}', {}), Problem.TOKEN),
        ((400, b'{"error": "invalid_grant"}', {}), Problem.REFUSED), ((500, b"oops", {}), Problem.ANSWER),
    ):  # fmt: skip
        Pages.pages["/token"] = answer
        ask = lambda: Client(allow_private=True).person(us, code="x", nonce="n", verifier="v", now=0)  # noqa: E731
        assert problem(ask) is wanted


@dataclass
class Told:
    """What a provider says of somebody, once all of it was checked."""

    subject: str = "1"
    email: str = "alice@customer.example"
    name: str = "Alice"
    signed_in: int | None = None
    several_factors: bool = False
    context: str = ""


class Word:
    """Gives the provider's word; how it is had and checked, the tests above and those of ID tokens show."""

    told: ClassVar[Told] = Told()

    def __init__(self, *, allow_private: bool, strict: bool) -> None: ...
    def check(self, issuer: str) -> None: ...
    def registration(self, *us: str) -> tuple[str, ...]:
        return us

    def address(self, us: tuple[str, ...], *, state: str, nonce: str, verifier: str, anew: bool, contexts: str) -> str:
        return f"https://id.example/auth?state={state}"

    def person(self, us: tuple[str, ...], **asked: object) -> Told:
        return self.told


@pytest.fixture
def row(cast: Cast, settings: Settings) -> IdentityProvider:
    """A provider for the people of the customer."""
    settings.BAKEN_OPENID, Word.told = f"{__name__}.Word", Told()
    return openid.add_provider(
        cast.adam.caller, organisation=cast.customer, name="Customer", issuer="https://id.example",
        client_id="baken", client_secret="tell-nobody", domains="customer.example",
    )  # fmt: skip


def arrive(row: IdentityProvider, told: Told, present: User | None = None) -> User:
    return come_back(row, told, present).user


def come_back(row: IdentityProvider, told: Told, present: User | None = None) -> openid.Arrived:
    Word.told = told
    _, kept = openid.begin(row, returns="https://desk.example/", anew=present is not None)
    given = {"code": "x", "state": kept["state"]}
    return openid.finish(row, returns="https://desk.example/", kept=kept, given=given, present=present)


def test_an_account_there_is_bound_once_and_by_its_subject_from_then_on(cast: Cast, row: IdentityProvider) -> None:
    alice = cast.alice.user
    assert arrive(row, Told()) == alice
    assert arrive(row, Told(email="")) == alice
    assert arrive(row, Told(email="stranger@stranger.example")) == alice
    with pytest.raises(openid.Refused, match="somebody else"):
        arrive(row, Told(subject="2"))
    assert Identity.objects.count() == LedgerFact.objects.filter(kind="person.identity_linked").count() == 1
    assert factors.unlink(cast.adam.caller, alice) == 1
    assert arrive(row, Told(subject="2")) == alice
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject FROM people_identity")
        assert cursor.fetchone()[0] not in {"1", "2"}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (Told(email=""), "verified"),
        (Told(email="alice@evil.example"), "does not speak"),
        (Told(email="alice@customer.example.evil.example"), "does not speak"),
        (Told(email="customer.example"), "does not speak"),
        (Told(email="nobody@customer.example"), "Nobody here"),
    ],
)
def test_whoever_is_not_one_of_theirs_is_refused(cast: Cast, row: IdentityProvider, told: Told, why: str) -> None:
    with pytest.raises(openid.Refused, match=why):
        arrive(row, told)
    assert not Identity.objects.exists()


def test_it_speaks_for_the_people_of_its_organisation_alone(cast: Cast, row: IdentityProvider) -> None:
    openid.change_provider(
        cast.adam.caller, row.id, name="Customer", client_id="baken", new_role="customer", second_factor="none",
        domains="provider.example stranger.example customer.example",
    )  # fmt: skip
    row.refresh_from_db()
    for other in (cast.adam.user, cast.stranger.user):
        with pytest.raises(openid.Refused, match="Nobody here"):
            arrive(row, Told(email=other.email))
    assert row.client_secret == "tell-nobody"


def test_somebody_new_is_made_only_where_the_rule_says_so(cast: Cast, row: IdentityProvider) -> None:
    row.new_role = "customer"
    row.save()
    made = arrive(row, Told(email="Noor@customer.example", name=""))
    assert made.organisation == cast.customer and made.name == "Noor@customer.example"
    assert list(made.memberships.values_list("role", flat=True)) == ["customer"]
    with pytest.raises(sessions.WrongCredentials):
        sessions.check_credentials(email="noor@customer.example", password="", address=None)


def test_nobody_new_gets_the_address_of_a_honey_account(cast: Cast, row: IdentityProvider) -> None:
    row.new_role = "customer"
    row.save()
    honey.plant(
        cast.adam.caller, provider=cast.provider, kind="account", planted="a wiki", lure="noor@customer.example"
    )
    with pytest.raises(openid.Refused, match="Nobody here has your e-mail address"):
        arrive(row, Told(email="Noor@customer.example"))


def test_an_account_that_was_closed_stays_closed(cast: Cast, row: IdentityProvider) -> None:
    sessions.shut_out(cast.adam.caller, cast.alice.user)
    with pytest.raises(openid.Refused, match="closed"):
        arrive(row, Told())
    assert not Identity.objects.exists()


def test_what_comes_back_answers_what_was_asked_in_time_and_by_the_same_provider(
    cast: Cast, row: IdentityProvider
) -> None:
    _, kept = openid.begin(row, returns="https://desk.example/")
    good = {"code": "x", "state": kept["state"]}

    def finish(kept: dict[str, str] | None, given: dict[str, str], at: timedelta = timedelta()) -> User:
        with clock.at(START + at):
            return openid.finish(row, returns="https://desk.example/", kept=kept, given=given).user

    for wrong_kept, given in (
        (None, good), (kept, {**good, "state": "other"}), (kept, {"code": "x"}), (kept, {"state": kept["state"]}),
        (kept, {**good, "iss": "https://evil.example"}), ({**kept, "provider": str(cast.customer.id)}, good),
        ({**kept, "anew": "yes"}, good),
    ):  # fmt: skip
        with pytest.raises(openid.Refused, match="broken off"):
            finish(wrong_kept, given)
    with pytest.raises(openid.Refused, match="broken off"):
        finish(kept, good, openid.PATIENCE + timedelta(seconds=1))
    assert finish(kept, {**good, "iss": row.issuer}, openid.PATIENCE - timedelta(seconds=1)) == cast.alice.user


def test_it_confirms_who_is_signed_in_when_they_have_just_shown_it(cast: Cast, row: IdentityProvider) -> None:
    alice, now = cast.alice.user, int(START.timestamp())
    arrive(row, Told())
    assert arrive(row, Told(signed_in=now - 60), present=alice) == alice
    for told, present in (
        (Told(), alice), (Told(signed_in=now - 3_600), alice), (Told(subject="2", signed_in=now), alice),
        (Told(signed_in=now), cast.bob.user),
    ):  # fmt: skip
        with pytest.raises(openid.Refused, match="confirm"):
            arrive(row, told, present=present)


@pytest.mark.parametrize(
    ("second_factor", "acr_values", "told", "strong"),
    [
        ("none", "", Told(several_factors=True), False),
        ("none", "gold", Told(context="gold"), False),
        ("said", "", Told(), False),
        ("said", "", Told(several_factors=True), True),
        ("said", "silver gold", Told(context="gold"), True),
        ("said", "silver gold", Told(context="silver gold"), False),
        ("said", "silver gold", Told(context="old"), False),
        ("said", "silver gold", Told(), False),
        ("trusted", "", Told(), True),
    ],
)
def test_its_second_step_counts_where_it_says_so(
    cast: Cast, row: IdentityProvider, second_factor: str, acr_values: str, told: Told, strong: bool
) -> None:
    row.second_factor, row.acr_values = second_factor, acr_values
    row.save()
    assert come_back(row, told) == (cast.alice.user, strong)
    told.signed_in = int(START.timestamp())
    assert come_back(row, told, present=cast.alice.user).strong is strong, "showing again who one is, too"


def test_a_strict_installation_takes_no_providers_word_for_it(
    cast: Cast, row: IdentityProvider, settings: Settings
) -> None:
    row.second_factor = "trusted"
    row.save()
    settings.BAKEN_STRICT = True
    assert not come_back(row, Told()).strong
    kept = {"name": "Customer", "client_id": "baken", "domains": "customer.example"}
    with pytest.raises(PeopleError, match="second_factor: "):
        openid.change_provider(cast.adam.caller, row.id, second_factor="trusted", **kept)
    openid.change_provider(cast.adam.caller, row.id, second_factor="said", acr_values=" gold\n silver gold ", **kept)
    row.refresh_from_db()
    assert (row.second_factor, row.acr_values) == ("said", "gold silver")


def test_administrators_keep_them_and_their_secrets_stay_sealed(cast: Cast, row: IdentityProvider) -> None:
    given: dict[str, Any] = {
        "organisation": cast.customer, "name": "N", "issuer": "https://id.example", "client_id": "c", "domains": "a.nl",
    }  # fmt: skip
    for other in (cast.mona, cast.alice, cast.audrey):
        with pytest.raises(Forbidden):
            openid.add_provider(other.caller, **given)
        with pytest.raises(Forbidden):
            openid.end_provider(other.caller, row.id)
    for changes, field in (
        ({"name": " "}, "name"), ({"client_id": ""}, "client_id"), ({"domains": ""}, "domains"),
        ({"domains": "a@b.nl"}, "domains"),
        ({"acr_values": 'a "b"'}, "acr_values"), ({"domains": "nl"}, "domains"), ({"new_role": "agent"}, "new_role"),
        ({"organisation": cast.provider, "new_role": "administrator"}, "new_role"),
    ):  # fmt: skip
        with pytest.raises(PeopleError, match=f"^{field}: "):
            openid.add_provider(cast.adam.caller, **{**given, **changes})
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret, issuer, domains, subject_key FROM people_identityprovider")
        (held,) = cursor.fetchall()
    assert not any(plain in b"".join(map(bytes, held)) for plain in (b"tell-nobody", b"id.example", b"customer"))
    openid.end_provider(cast.adam.caller, row.id)
    assert openid.providers() == []
    with pytest.raises(NotFound):
        openid.provider(row.id)
    kinds = LedgerFact.objects.filter(stream_id=row.id).order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["identity_provider.added", "identity_provider.ended"]
    assert Role.ADMINISTRATOR in cast.adam.caller.roles
