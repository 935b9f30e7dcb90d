"""Whether the hub says how it is, also when its database is away."""

import json
import os
import subprocess
import sys

from django.test import Client

ASK = """
import django
from django.conf import settings
settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 0.5
django.setup()
from django.test import Client
answer = Client().get("/api/v1/health", headers={"Host": "localhost"})
print(answer.status_code, answer.headers["Content-Type"], answer.content.decode())
"""


def test_health_needs_no_token(db: None, client: Client) -> None:
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok"})


def test_without_a_database_it_is_unavailable() -> None:
    nowhere = {"DJANGO_SETTINGS_MODULE": "baken.run.settings", "DATABASE_URL": "postgresql://baken@127.0.0.1:1/baken"}
    asked = subprocess.run(
        [sys.executable, "-c", ASK], env=os.environ | nowhere, capture_output=True, text=True, check=True
    )
    status, media_type, body = asked.stdout.split(" ", 2)
    assert (status, media_type) == ("503", "application/problem+json")
    assert json.loads(body)["type"] == "urn:baken:problem:unavailable"
    assert "Traceback" not in body
