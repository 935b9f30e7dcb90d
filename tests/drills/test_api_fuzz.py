"""The API under fire: schemathesis makes requests from the OpenAPI document, good ones and bad ones.

A drill and not a test: it installs schemathesis in an environment of its own, and takes some minutes.

    .venv/bin/python -m pytest tests/drills/test_api_fuzz.py
"""

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from baken.record.ledger import clock
from tests.conftest import Cast
from tests.contracts.api_world import make_world
from tests.contracts.asking import askers
from tests.contracts.conftest import NOW

TOOL = "schemathesis==4.32.5"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
AREAS = {
    "mona": "/(incidents|complaints|kpis|reports|improvements|agents|audits|findings)",
    "adam": "/(services|customers|subscriptions|maintenance|monitors|locations|security-reviews|restore-drills|token)",
    "alice": "/(incidents|complaints|kpis|services)",
}


@pytest.mark.django_db(transaction=True)
def test_whatever_is_sent_gets_a_described_answer(cast: Cast, live_server: LiveServer, tmp_path: Path) -> None:
    folder = tmp_path / "tool"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/pip", "install", "--quiet", TOOL], check=True)
    with clock.at(NOW):
        make_world(cast)
        people = askers(cast)
    for name, area in AREAS.items():
        token = getattr(people, name).token
        subprocess.run(
            [
                folder / "bin/st", "run", f"{live_server.url}/api/v1/openapi.json", "--no-color",
                "-H", f"Authorization: Bearer {token}", "--include-path-regex", area, "--checks", CHECKS,
                "--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--continue-on-failure",
            ],
            check=True,
            cwd=tmp_path,
        )  # fmt: skip
