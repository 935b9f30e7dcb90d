"""Where a request ends is never a matter of opinion: else somebody smuggles one in behind a proxy."""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.flows.streaming import Server, server

NEXT = "GET /api/v1/health HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("web")) as started:
        yield started


def answers(web: Server, text: str) -> list[int]:
    """The statuses of all answers to what is sent, until the server hangs up."""
    said = b""
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as talk:
        talk.sendall(text.replace("here", f"127.0.0.1:{web.port}").encode())
        try:
            while piece := talk.recv(65_536):
                said += piece
        except ConnectionResetError:
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def asking(*headers: str, body: str = "") -> str:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"POST /api/v1/incidents HTTP/1.1\r\nHost: here\r\n{lines}\r\n{body}{NEXT}"


def test_one_length_is_one_request(web: Server) -> None:
    assert answers(web, asking("Content-Length: 2", body="{}")) == [401, 200]
    assert answers(web, asking("Transfer-Encoding: chunked", body="2\r\n{}\r\n0\r\n\r\n")) == [401, 200]


def test_pieces_count_and_not_the_length_beside_them(web: Server) -> None:
    """Were the length believed, the request behind it would be cut, and the rest answered with 400 as another."""
    both = asking("Content-Length: 6", "Transfer-Encoding: chunked", body="0\r\n\r\n")
    assert answers(web, both) in ([401, 200], [401], [400]), "answered, and perhaps hung up after it"


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 2", "Content-Length: 7"),
        ("Content-Length: +2",),
        ("Content-Length: 2, 7",),
        ("Content-Length: 0x2",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: xchunked",),
    ],
    ids=lambda headers: " & ".join(headers),
)
def test_lengths_that_can_be_read_in_two_ways_are_refused(web: Server, headers: tuple[str, ...]) -> None:
    assert answers(web, asking(*headers, body="{}")) == [400]
