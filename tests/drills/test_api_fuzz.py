"""The API under fire: schemathesis makes requests from the OpenAPI document, good ones and bad ones, as everybody.

A drill and not a test: schemathesis has an environment of its own, and the whole takes a good part of an hour.

    make fuzz
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from baken.record.ledger import clock
from baken.show.api.application import api
from baken.show.api.document import operations
from tests.conftest import Cast
from tests.contracts.api_world import make_world
from tests.contracts.asking import askers
from tests.contracts.conftest import NOW

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / ".venv-drills/bin/st"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method"
)
PEOPLE = {
    "nobody": None, "customer": "alice", "stranger": "stranger", "agent": "bob", "manager": "mona",
    "administrator": "adam", "auditor": "audrey",
}  # fmt: skip
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "20")
"""Random requests an operation, after those that cover its description."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", PEOPLE)
def test_whatever_is_sent_gets_a_described_answer(
    cast: Cast,
    live_server: LiveServer,
    settings: Settings,
    tmp_path: Path,
    who: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    settings.BAKEN_LIMITS = dict.fromkeys(settings.BAKEN_LIMITS, 0)
    with clock.at(NOW):
        make_world(cast)
        people = askers(cast)
    token = getattr(people, PEOPLE[who]).token if PEOPLE[who] else None
    done = subprocess.run(
        [
            TOOL, "run", f"{live_server.url}/api/v1/openapi.json", "--no-color", "--checks", CHECKS,
            "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--continue-on-failure",
            "--generation-database", "none", "--seed", "1",
            *(["-H", f"Authorization: Bearer {token}"] if token else []),
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    (tmp_path / "said").write_text(done.stdout)
    with capsys.disabled():
        print(f"\n{who}: {len(list(operations(api.get_openapi_schema())))} operations, {_cases(done.stdout)} cases")
    assert done.returncode == 0, done.stdout[-60_000:] + done.stderr[-2_000:]


def _cases(said: str) -> str:
    found = re.search(r"(\d+) generated", said)
    return found[1] if found else "no"
