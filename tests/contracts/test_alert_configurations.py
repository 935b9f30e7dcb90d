"""The configurations on the how-to page work: what they run is run here, against the pages' own server."""

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from baken.record.detection import sources
from baken.record.incidents.models import Incident
from baken.record.people import flows as people
from baken.record.people.access import Role
from tests.conftest import Cast

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/take-alerts-of-crowdsec-wazuh-falco-fail2ban.md"
SAMPLES = Path(__file__).parent / "alerts"


@pytest.fixture
def token(cast: Cast) -> str:
    for tool in ("wazuh", "fail2ban", "falco", "generic"):
        sources.add_source(cast.program, code=tool, tool=tool, service=cast.service, minimum="low")
    return people.add_token(
        cast.program, organisation=cast.provider, name="tool", role=Role.ADMINISTRATOR, scopes=["alerts:write"]
    )[1]


def block(language: str, holding: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return next(found for found in blocks if holding in found)


def test_the_script_for_wazuh_hands_over_the_alert(token: str, live_server: LiveServer, tmp_path: Path) -> None:
    script = tmp_path / "custom-baken"
    script.write_text(block("python", "alert_file"))
    address = f"{live_server.url}/api/v1/alerts/wazuh"
    subprocess.run([sys.executable, script, SAMPLES / "wazuh.json", token, address], check=True)
    assert "Accepted password" in Incident.objects.get().messages.get().body
    refused = subprocess.run(
        [sys.executable, script, SAMPLES / "wazuh.json", "baken_x", address], check=False, capture_output=True
    )
    assert b"401" in refused.stderr, "what will not do is not tried again, and is told of"


def test_the_script_for_wazuh_tries_again(tmp_path: Path) -> None:
    answers, heard = [503, 429, 200], list[bytes]()

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(answers[len(heard) - 1])
            self.end_headers()

    script = tmp_path / "custom-baken"
    script.write_text(block("python", "alert_file").replace("time.sleep(wait)", "time.sleep(0)"))
    with HTTPServer(("127.0.0.1", 0), Busy) as server, ThreadPoolExecutor() as beside:
        server.timeout = 5
        beside.submit(lambda: [server.handle_request() for _ in answers])
        address = f"http://127.0.0.1:{server.server_port}"
        subprocess.run([sys.executable, script, SAMPLES / "wazuh.json", "baken_x", address], check=True, timeout=60)
    assert heard == [(SAMPLES / "wazuh.json").read_bytes()] * 3


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_the_action_for_fail2ban_tells_of_a_ban(token: str, live_server: LiveServer, tmp_path: Path) -> None:
    header = tmp_path / "baken.header"
    header.write_text(f"Authorization: Bearer {token}\n")
    (action,) = re.findall(r"^actionban = (.*)$", block("ini", "actionban"), re.MULTILINE)
    tags = {
        "name": "sshd", "ip": "198.51.100.7", "fq-hostname": "web-1", "failures": "5", "time": "1772439716.5",
        "level": "low", "header": str(header), "url": f"{live_server.url}/api/v1/alerts/fail2ban",
    }  # fmt: skip
    command = re.sub(r"<([a-z-]+)>", lambda tag: tags[tag[1]], action)
    subprocess.run(["sh", "-c", command], check=True)
    assert "198.51.100.7 was banned by jail sshd after 5 failures" in Incident.objects.get().messages.get().body


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_an_address_with_the_token_in_it_is_enough_for_falco(token: str, live_server: LiveServer) -> None:
    (url,) = re.findall(r"^  url: (https://alerts:.*)$", block("yaml", "http_output"), re.MULTILINE)
    there = live_server.url.removeprefix("http://")
    url = url.replace("https://", "http://").replace("baken_…", token).replace("desk.example.org", there)
    url = url.replace("falco-production", "falco")
    subprocess.run(["curl", "--fail", "--silent", "--data", f"@{SAMPLES / 'falco.json'}", url], check=True)
    assert Incident.objects.count() == 1


def test_the_form_for_other_tools_is_the_sample_s(token: str) -> None:
    written, kept = json.loads(block("json", "botnet")), json.loads((SAMPLES / "generic.json").read_text())
    assert set(written) == set(kept)
