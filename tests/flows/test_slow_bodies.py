"""Whoever sends much, and slowly, keeps nobody else waiting: more bodies than there are connections to the database."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from django.conf import settings

from baken.record.incidents.models import Attachment
from baken.record.ledger import clock
from baken.record.orgs import files
from baken.record.orgs.models import FileChunk
from baken.record.people.session_store import SessionStore
from tests.conftest import Cast
from tests.flows.incident_world import reported
from tests.flows.streaming import HEAD, Server, server
from tests.flows.test_streaming import signed_in

MANY = 44
"""More than the pools of two processes hold, each with room to spare."""
STALLED = 24
"""The same, of readers who each make the server read and open a file."""
ANNOUNCED = 2_000_000
SENT = 300_000


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("web")) as started:
        yield started


@contextmanager
def slow_senders(web: Server, path: str, headers: dict[str, str]) -> Iterator[list[socket.socket]]:
    """Each has sent a part of its body, and stays."""
    named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\n{named}Content-Length: {ANNOUNCED}\r\n\r\n".encode()
    with ExitStack() as open_ones:
        talks = [
            open_ones.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=60)) for _ in range(MANY)
        ]
        for talk in talks:
            talk.sendall(head + HEAD + b"%PDF-1.7" + bytes(SENT))
        yield talks


def goes_on(web: Server) -> None:
    """The page that everybody begins with is there, time and again."""
    for _ in range(MANY):
        talk = web.connect()
        talk.request("GET", "/sign-in/")
        answer = talk.getresponse()
        answer.read()
        assert answer.status in (200, 302)
        talk.close()


def drip(talks: list[socket.socket]) -> None:
    for talk in talks:
        try:
            talk.sendall(b"x")
        except OSError:  # it was given up on, which is as well
            continue


FORM = {"Content-Type": "multipart/form-data; boundary=b"}
KEY = "k" * 32


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/nothing-here/", {}),
        ("/sign-in/", FORM | {"Cookie": f"csrftoken={KEY}", "X-CSRFToken": KEY}),
        ("/incidents/new/", FORM | {"Cookie": f"csrftoken={KEY}; sessionid={KEY}", "X-CSRFToken": KEY}),
        ("/api/v1/incidents", FORM | {"Authorization": "Bearer baken_" + "x" * 40}),
    ],
)
def test_slow_strangers_keep_nobody_waiting(
    web: Server, transactional_db: None, cast: Cast, path: str, headers: dict[str, str]
) -> None:
    with slow_senders(web, path, headers) as talks:
        goes_on(web)
        drip(talks)
        goes_on(web)


def test_addresses_that_are_not_there_keep_no_connection(web: Server, transactional_db: None, cast: Cast) -> None:
    """Their page is made of an exception; asked for by more at the same time than there are connections."""
    with ExitStack() as open_ones:
        talks = [open_ones.enter_context(closing(web.connect())) for _ in range(MANY)]
        for talk in talks:
            talk.request("GET", "/nothing-here/")
        assert {talk.getresponse().status for talk in talks} == {404}
    goes_on(web)


def answered(talks: list[socket.socket], count: int) -> Iterator[bytes]:
    """The answers of the first that get one, up to so many."""
    for talk in talks:
        talk.settimeout(0.2)
    left = list(talks)
    while count:
        for talk in list(left):
            try:
                found = talk.recv(65_536)
            except TimeoutError:
                continue
            left.remove(talk)
            count -= 1
            yield found


def test_slow_senders_of_files_leave_connections_to_others_and_are_told_to_come_again(
    web: Server, transactional_db: None, cast: Cast
) -> None:
    with slow_senders(web, "/incidents/new/", signed_in(cast.alice) | {"Accept-Language": "nl"}) as talks:
        goes_on(web)
        told = next(answered(talks, 1))
        assert told.startswith(b"HTTP/1.1 503"), told
        lines = told.lower()
        assert b"retry-after: 30" in lines
        assert b"content-security-policy: default-src 'none'" in lines
        assert b'<html lang="nl">' in lines
        drip(talks)
        goes_on(web)


def test_more_than_a_form_holds_is_not_waited_for_where_no_file_is_taken(
    web: Server, transactional_db: None, cast: Cast
) -> None:
    whole = HEAD + b"%PDF-1.7" + bytes(SENT) + b"\r\n--b--\r\n"
    for path, status in (("/account/", 413), ("/incidents/new/", 422)):
        talk = web.connect()
        talk.request("POST", path, body=whole, headers=signed_in(cast.alice))
        assert talk.getresponse().status == status, path
        talk.close()


def test_readers_who_do_not_take_their_files_leave_connections_to_others(
    web: Server, transactional_db: None, cast: Cast
) -> None:
    """Each has asked for a file that no socket holds, and reads its beginning alone: more than the pools have."""
    big = files.receive(cast.customer, name="big.pdf", content=b"%PDF-1.7" + bytes(12_000_000), at=clock.now())
    incident = reported(cast, cast.alice, files=[big])
    path = f"/incidents/{incident.number}/attachments/{Attachment.objects.get().id}/"
    sessions = [signed_in(cast.alice) for _ in range(STALLED)]
    with ExitStack() as open_ones:
        for headers in sessions:
            talk = open_ones.enter_context(closing(web.connect()))
            talk.request("GET", path, headers=headers)
            assert talk.getresponse().read(1000)[:8] == b"%PDF-1.7"
        goes_on(web)


def led_away(web: Server, headers: dict[str, str], to: str) -> None:
    """A report with a file, small or large, is not taken; the reader is sent `to` a page first."""
    for size in (1000, 3_000_000):
        body = HEAD.replace(b'"file"', b'"files"') + b"%PDF-1.7" + bytes(size) + b"\r\n--b--\r\n"
        talk = web.connect()
        talk.request("POST", "/incidents/new/", body=body, headers=headers)
        answer = talk.getresponse()
        assert (answer.status, answer.headers["Location"]) == (302, to), size
        talk.close()
    assert not FileChunk.objects.exists()


def test_who_still_owes_a_password_of_their_own_stores_no_file(web: Server, transactional_db: None, cast: Cast) -> None:
    headers = signed_in(cast.alice)
    store = SessionStore(headers["Cookie"].split("=")[1].split(";")[0])
    store["first"] = True
    store.save()
    led_away(web, headers, "/account/password/")


def test_who_still_owes_a_second_factor_stores_no_file(
    transactional_db: None, cast: Cast, tmp_path_factory: pytest.TempPathFactory
) -> None:
    headers = signed_in(cast.alice)
    with server(tmp_path_factory.mktemp("strict"), BAKEN_SECOND_FACTOR="everyone") as strict:
        led_away(strict, headers, "/account/security/")
    assert settings.BAKEN_SECOND_FACTOR != "everyone"
