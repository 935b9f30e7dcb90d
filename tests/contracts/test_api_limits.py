"""How often programs may ask: what counts together, what is told, and what is never lost."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from baken.domain.instants import to_us
from baken.reach.prober import signing
from baken.record.ledger import clock
from baken.record.monitors import flows as monitors
from baken.record.people import honey, limits
from baken.record.people.models import Allowance, HoneyUse
from baken.run import configuration
from baken.show.api.application import api
from baken.show.api.document import operations
from tests.conftest import Cast
from tests.contracts.asking import NOBODY, Answer, Asker, Askers
from tests.contracts.conftest import NOW

FEW = {"reads": 5, "writes": 2, "address": 100, "failures": 3, "probers": 4, "pages": 0, "posts": 0, "visitors": 0}


@pytest.fixture(autouse=True)
def few(settings: Settings) -> None:
    settings.BAKEN_LIMITS = dict(FEW)


def refused(answer: Answer, policy: str) -> int:
    """Seconds to wait, of an answer that refuses for this policy."""
    assert answer.status == 429, answer
    assert answer.body["type"] == "urn:baken:problem:too-many"
    assert answer.body["violated-policies"] == [policy]
    return int(answer.headers["Retry-After"])


def test_a_bucket_empties_says_so_and_fills_evenly(ask: Askers) -> None:
    told = [ask.bob.ask("GET", "/incidents") for _ in range(5)]
    assert [answer.status for answer in told] == [200] * 5
    assert told[0].headers["RateLimit-Policy"] == '"address";q=100;w=60, "reads";q=5;w=60'
    assert [answer.headers["RateLimit"].split(", ")[1] for answer in told] == [
        f'"reads";r={left};t={12 * (5 - left)}' for left in (4, 3, 2, 1, 0)
    ]
    assert refused(ask.bob.ask("GET", "/incidents"), "reads") == 12
    with clock.at(NOW + timedelta(seconds=11)):
        assert refused(ask.bob.ask("GET", "/incidents"), "reads") == 1
    with clock.at(NOW + timedelta(seconds=12)):
        assert ask.bob.ask("GET", "/incidents").status == 200
        assert refused(ask.bob.ask("GET", "/incidents"), "reads") == 12
    with clock.at(NOW + timedelta(minutes=5)):
        assert [ask.bob.ask("GET", "/incidents").status for _ in range(6)] == [200] * 5 + [429]


def test_changing_is_counted_by_itself_and_one_token_leaves_the_others_alone(cast: Cast, ask: Askers) -> None:
    body = {"service": "cloud", "subject": "Down"}
    assert [ask.gateway.ask("POST", "/incidents", body).status for _ in range(2)] == [201] * 2
    refused(ask.gateway.ask("POST", "/incidents", body), "writes")
    assert ask.gateway.ask("GET", "/incidents").body["total"] == 2, "what was refused was not done"
    searched = ask.gateway.ask("POST", "/incidents/search", {"words": "down"})
    assert searched.expect(200)["total"] == 2 and '"reads";q=5' in searched.headers["RateLimit-Policy"]
    assert ask.alice.ask("POST", "/incidents", body).status == 201


def test_wrong_tokens_run_out_by_address_and_right_ones_do_not(ask: Askers) -> None:
    wrong = Asker("baken_" + "x" * 43)
    assert [wrong.ask("GET", "/token").status for _ in range(4)] == [401, 401, 401, 429]
    assert refused(wrong.ask("GET", "/token", X_Forwarded_For="192.0.2.1, 127.0.0.1"), "failures")
    assert wrong.ask("GET", "/token", X_Forwarded_For="192.0.2.1").status == 401, "another address has its own"
    assert ask.bob.ask("GET", "/token").status == 200


def test_an_address_has_a_limit_whatever_its_tokens(ask: Askers, settings: Settings) -> None:
    settings.BAKEN_LIMITS = FEW | {"address": 3}
    assert [who.ask("GET", "/token").status for who in (ask.bob, ask.bea, ask.mona)] == [200] * 3
    refused(ask.adam.ask("GET", "/token"), "address")
    refused(NOBODY.ask("GET", "/health"), "address")


def test_what_a_prober_saw_is_not_lost_with_what_others_ask(cast: Cast, ask: Askers, settings: Settings) -> None:
    private, public = signing.generate_key()
    monitors.add_location(cast.program, provider=cast.provider, code="ams", name="Amsterdam", public_key=public)
    settings.BAKEN_LIMITS = FEW | {"address": 1}
    for _ in range(4):
        NOBODY.ask("GET", "/prober/assignment")
        ask.bob.ask("GET", "/token")
    refused(NOBODY.ask("GET", "/prober/assignment"), "failures")
    path, timestamp = "/api/v1/prober/assignment", to_us(NOW)
    signed = {
        "Baken_Location": "ams", "Baken_Timestamp": str(timestamp),
        "Baken_Signature": signing.sign(signing.load_key(private), "GET", path, timestamp, b""),
    }  # fmt: skip
    assert [NOBODY.ask("GET", "/prober/assignment", **signed).status for _ in range(5)] == [200] * 4 + [429]


def test_nought_is_no_limit(ask: Askers, settings: Settings) -> None:
    settings.BAKEN_LIMITS = dict.fromkeys(FEW, 0)
    told = [ask.bob.ask("GET", "/token") for _ in range(20)]
    assert {answer.status for answer in told} == {200}
    assert "RateLimit" not in told[0].headers and not Allowance.objects.exists()


def test_every_operation_says_that_it_may_be_asked_too_often() -> None:
    for path, method, operation in operations(api.get_openapi_schema()):
        assert operation["responses"][429] == {"$ref": "#/components/responses/too-many"}, (method, path)


def test_buckets_are_kept_without_saying_whose_and_forgotten_once_full(ask: Askers) -> None:
    ask.bob.ask("GET", "/token")
    keys = list(Allowance.objects.values_list("key", flat=True))
    assert len(keys) == 2 and all(len(key) == 64 for key in keys)
    with clock.at(NOW + timedelta(minutes=2)):
        limits.tidy()
    assert not Allowance.objects.exists()


def test_the_database_writes_no_log_of_it(db: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE oid = 'people_allowance'::regclass")
        assert cursor.fetchone()[0] in ("u", b"u")


def test_settings_name_the_limits_that_differ() -> None:
    given = {"BAKEN_LIMITS": "reads=10, failures=0"}
    assert configuration.limits(given) == configuration.LIMITS | {"reads": 10, "failures": 0}
    for wrong in ("reads", "reads=-1", "reeds=5", "reads=5000000", "reads=x"):
        with pytest.raises(configuration.ConfigurationError, match="BAKEN_LIMITS"):
            configuration.limits({"BAKEN_LIMITS": wrong})


def test_a_honey_token_is_noticed_after_too_many_wrong_ones(cast: Cast) -> None:
    _row, secret = honey.plant(cast.adam.caller, provider=cast.provider, kind="token", planted="in an old script")
    wrong = Asker("baken_" + "x" * 43)
    assert [wrong.ask("GET", "/token").status for _ in range(4)] == [401, 401, 401, 429]
    refused(Asker(secret).ask("GET", "/token"), "failures")
    assert HoneyUse.objects.count() == 1
