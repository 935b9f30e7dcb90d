"""Whether the hub says how it is, also when its database is away, or what keeps its keys."""

import json
import os
import subprocess
import sys
from typing import Any

from django.test import Client

from baken.reach.keyring import VaultTransit
from baken.record.orgs import indexkeys, keys
from baken.record.people import flows as people
from baken.record.people.access import Role
from tests.conftest import Cast
from tests.contracts.asking import Asker
from tests.flows.incident_world import reported

ASK = """
import sys
import django
from django.conf import settings
settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 0.5
django.setup()
from django.test import Client
answer = Client(raise_request_exception=False).get(sys.argv[1], headers={"Host": "localhost", "Accept-Language": "nl"})
print(answer.status_code, answer.headers["Content-Type"], answer.headers["Retry-After"], answer.content.decode())
"""


def test_health_needs_no_token(db: None, client: Client) -> None:
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok"})


def without_a_database(path: str) -> tuple[str, str]:
    """Media type and body of the 503 that there is at an address."""
    nowhere = {"DJANGO_SETTINGS_MODULE": "baken.run.settings", "DATABASE_URL": "postgresql://baken@127.0.0.1:1/baken"}
    asked = subprocess.run(
        [sys.executable, "-c", ASK, path], env=os.environ | nowhere, capture_output=True, text=True, check=True
    )
    status, media_type, rest = asked.stdout.split(" ", 2)
    if media_type == "text/html;":
        _charset, rest = rest.split(" ", 1)
    wait, body = rest.split(" ", 1)
    assert (status, wait) == ("503", "30")
    assert "Traceback" not in body
    return media_type, body


def test_without_a_database_it_is_unavailable() -> None:
    media_type, body = without_a_database("/api/v1/health")
    assert media_type == "application/problem+json"
    assert json.loads(body)["type"] == "urn:baken:problem:unavailable"


def test_without_a_database_a_page_says_so() -> None:
    media_type, body = without_a_database("/sign-in/")
    assert media_type == "text/html;"
    assert '<html lang="nl">' in body
    assert "Baken kan op dit moment niet bij zijn gegevens" in body


def test_without_the_keeper_of_the_keys_pages_and_the_api_say_so(cast: Cast, settings: Any) -> None:
    number = reported(cast, cast.alice).number
    _row, secret = people.add_token(
        cast.adam.caller, organisation=cast.provider, name="x", role=Role.AGENT, scopes=["incidents:read"]
    )
    bob = Client(raise_request_exception=False)
    bob.force_login(cast.bob.user)
    away = VaultTransit("http://127.0.0.1:1", "baken", "token")
    settings.BAKEN_ROOT_KEY = lambda: away
    keys.forget_all()
    indexkeys.forget_all()
    try:
        pages = [
            bob.get(f"/incidents/{number}/"),
            Client(raise_request_exception=False).post("/sign-in/", {"email": "bob@provider.example", "password": "x"}),
        ]
        told = Asker(secret).ask("GET", f"/incidents/{number}")
    finally:
        keys.forget_all()
        indexkeys.forget_all()
    for page in pages:
        assert (page.status_code, page.headers["Retry-After"]) == (503, "30")
        assert "Baken does not reach its data" in page.content.decode()
    assert (told.status, told.headers["Retry-After"], told.body["type"]) == (503, "30", "urn:baken:problem:unavailable")
    assert "vault" in told.body["detail"]
