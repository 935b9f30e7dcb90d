"""Large files go through the web process without being in its memory, and what breaks off is not there."""

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from http.client import IncompleteRead

import pytest
from django.db import connection
from django.test import Client

from baken.record.audits import flows as audits
from baken.record.detection import flows as detection
from baken.record.incidents.models import Incident
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import upkeep
from baken.record.orgs.models import File, FileChunk, FileFault
from baken.record.people import flows as people
from baken.record.people.access import Permission, Role
from baken.run.supervisor import wait_until
from tests.conftest import Cast, Person
from tests.flows.streaming import BLOCK, FOOT, HEAD, Memory, Server, content, digest, server

MEGABYTES = 1024 * 1024
GROWTH = 20
"""MB that a process may need more than before, however large the files are."""


@dataclass(frozen=True)
class World:
    """A web process, an audit that is not signed off, and the auditor's token."""

    server: Server
    path: str
    token: str

    def upload(self, size: int, parts: Iterator[bytes] | None = None) -> tuple[int, bytes]:
        return self.server.upload(self.path, self.token, size, parts=parts)


def world_of(cast: Cast, server: Server) -> World:
    audit = audits.open_audit(
        cast.program, provider=cast.provider, services=[cast.service], invited=cast.audrey.user,
        period_from=date(2026, 1, 1), period_to=date(2026, 6, 30),
    )  # fmt: skip
    scopes = [Permission.READ_AUDITS, Permission.WRITE_AUDITS]
    _token, secret = people.add_token(
        cast.program, name="files", organisation=cast.provider, role=Role.AUDITOR, scopes=scopes, user=cast.audrey.user
    )
    return World(server, f"/api/v1/audits/{audit.number}/report", secret)


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("web"), BAKEN_FILE_LIMIT="64") as started:
        yield started


@pytest.fixture
def world(web: Server, transactional_db: None, cast: Cast) -> World:
    return world_of(cast, web)


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")
def test_a_large_file_is_never_in_memory(world: World) -> None:
    size = 40 * MEGABYTES + 12_345
    warm(world)
    memory = Memory(world.server.processes())
    status, body = world.upload(size)
    assert (status, json.loads(body)["report"]["sha256"]) == (201, digest(size)), body
    assert world.server.download(world.path, world.token) == (size, digest(size))
    assert memory.growth() < GROWTH


def test_a_part_of_a_file_can_be_asked_for(world: World) -> None:
    size = 3 * MEGABYTES + 5
    assert world.upload(size)[0] == 201
    whole = b"".join(content(size))
    for asked, first, end in (
        ("bytes=0-0", 0, 1), ("bytes=65535-65536", 65_535, 65_537), ("bytes=1000000-", 1_000_000, size),
        ("bytes=-10", size - 10, size), ("bytes=3145730-99999999", 3_145_730, size),
    ):  # fmt: skip
        answer = world.server.get(world.path, world.token, Range=asked)
        assert (answer.status, answer.read()) == (206, whole[first:end]), asked
        assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{size}"
    beyond = world.server.get(world.path, world.token, Range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    tag = f'"{digest(size)}"'
    assert world.server.get(world.path, world.token, Range="bytes=0-9", If_Range='"another"').status == 200
    assert world.server.get(world.path, world.token, Range="bytes=0-9", If_Range=tag).status == 206
    assert world.server.get(world.path, world.token, If_None_Match=tag).status == 304


def test_what_is_handed_out_is_saved_and_not_shown(world: World) -> None:
    assert world.upload(MEGABYTES)[0] == 201
    answer = world.server.get(world.path, world.token, method="HEAD")
    assert (answer.status, answer.read(), answer.headers["Content-Length"]) == (200, b"", str(MEGABYTES))
    told = {
        "Content-Disposition": 'attachment; filename="report.pdf"', "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes", "ETag": f'"{digest(MEGABYTES)}"', "Content-Type": "application/pdf",
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    }  # fmt: skip
    assert {name: answer.headers[name] for name in told} == told


def test_an_upload_that_breaks_off_leaves_nothing(world: World) -> None:
    with socket.create_connection(("127.0.0.1", world.server.port)) as talk:
        head = (
            f"POST {world.path} HTTP/1.1\r\nHost: 127.0.0.1:{world.server.port}\r\nAuthorization: Bearer {world.token}"
            f"\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {20 * MEGABYTES}\r\n\r\n"
        )
        talk.sendall(head.encode() + HEAD)
        for piece in content(8 * MEGABYTES):
            talk.sendall(piece)
        assert wait_until(lambda: FileChunk.objects.count() >= 16, 30)
        (arriving,) = File.objects.all()
        assert (arriving.kept_at, arriving.sha256) == (None, "")
        assert world.server.get(world.path, world.token).status == 404
    assert wait_until(lambda: not FileChunk.objects.exists(), 30)
    assert world.server.get(world.path, world.token).status == 404
    assert not File.objects.exclude(kept_at=None).exists()
    (stale,) = File.objects.all()
    assert upkeep.sweep(stale.created_at + timedelta(hours=23)) == 0
    assert upkeep.sweep(stale.created_at + timedelta(hours=25)) == 1
    assert not File.objects.exists()


def test_a_file_that_turns_out_damaged_breaks_the_download_off_and_is_told_once(world: World) -> None:
    size = 20 * MEGABYTES
    assert world.upload(size)[0] == 201
    with connection.cursor() as cursor:
        cursor.execute('UPDATE orgs_filechunk SET content = set_byte(content, 1000, 7) WHERE "index" = 300')
    for _ in range(2):
        answer, came = world.server.get(world.path, world.token), 0
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(size))
        with pytest.raises((IncompleteRead, ConnectionError)):
            while piece := answer.read1(BLOCK):
                came += len(piece)
            if came < size:
                raise IncompleteRead(b"", size - came)  # what `read` says, and any program that counts
        assert came <= 300 * 65_536
    fault = FileFault.objects.get()
    assert (fault.kind, fault.told_at) == ("damaged", None)
    assert world.server.get(world.path, world.token, Range="bytes=0-99999").status == 206
    detection.detect()
    assert detection.detect() == 0
    incident = Incident.objects.get()
    assert (incident.classes, incident.origin) == (["integrity"], "monitor")
    assert [fact.kind for fact in LedgerFact.objects.filter(stream_kind="signal")] == ["file.damaged"]


def test_a_request_that_is_too_large_is_refused_in_words(world: World) -> None:
    status, body = world.upload(80 * MEGABYTES)
    assert status == 413
    assert json.loads(body)["type"] == "urn:baken:problem:too-large"
    status, body = world.upload(65 * MEGABYTES)
    assert (status, json.loads(body)["detail"]) == (413, "file: at most 64 MB; send a smaller version of it")
    talk = world.server.connect()
    talk.request("GET", "/sign-in/")
    asked = talk.getresponse()
    asked.read()
    cookie = asked.headers["Set-Cookie"].partition(";")[0]
    head = {"Content-Type": "multipart/form-data; boundary=b", "Accept-Language": "nl", "Cookie": cookie}
    talk.request("POST", "/sign-in/", body=HEAD + bytes(3 * MEGABYTES), headers=head)
    answer = talk.getresponse()
    page = answer.read().decode()
    assert (answer.status, answer.headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert '<html lang="nl"' in page
    assert not FileChunk.objects.exists()


def test_a_file_for_nobody_is_kept_nowhere(world: World) -> None:
    for path, token, status in (
        (world.path, "baken_" + "x" * 40, 401), ("/api/v1/audits/999/report", world.token, 404),
        ("/api/v1/audits/x/report", world.token, 404), ("/api/v1/incidents", world.token, 403),
    ):  # fmt: skip
        assert world.server.upload(path, token, 3 * MEGABYTES)[0] == status, path
    assert not File.objects.exists()


def signed_in(person: Person) -> dict[str, str]:
    """The headers of a form that this person sends."""
    client, key = Client(), "k" * 32
    client.force_login(person.user)
    return {
        "Content-Type": "multipart/form-data; boundary=b", "X-CSRFToken": key,
        "Cookie": f"sessionid={client.cookies['sessionid'].value}; csrftoken={key}",
    }  # fmt: skip


def test_what_a_page_did_not_take_is_gone_after_the_request(world: World, cast: Cast) -> None:
    report, big = world.path.removeprefix("/api/v1") + "/", b"%PDF-1.7" + bytes(3 * MEGABYTES)
    other = HEAD.replace(b'"file"', b'"files"')
    for person, address, body, status in (
        (cast.audrey, report, HEAD + big + b"\r\n" + HEAD + b"MZ" + FOOT, 422),
        (cast.alice, "/incidents/new/", other + big + FOOT, 422),
        (cast.bob, "/incidents/new/?customer=customer", other + big + FOOT, 422),
        (cast.bob, "/incidents/new/", other + big + FOOT, 200),
        (cast.mona, "/complaints/new/", other + big + FOOT, 200),
        (cast.audrey, report, HEAD + big + FOOT, 302),
    ):
        talk = world.server.connect()
        talk.request("POST", address, body=body, headers=signed_in(person))
        answer = talk.getresponse()
        assert answer.status == status, (address, answer.read().decode())
        answer.read()
        assert File.objects.filter(kept_at=None).count() == 0, person
        assert FileChunk.objects.exists() == (status == 302), person
    assert "left to be swept up" not in world.server.log.read_text()


def warm(world: World) -> None:
    """Every worker has met with a file: what it loads when it does so first is no part of the file."""
    for _ in range(8):
        assert world.upload(MEGABYTES)[0] == 201
        world.server.download(world.path, world.token)
