"""What is sent stays in memory: neither a request nor a file in it is ever put into a temporary file."""

import asyncio
import tempfile
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse

from baken.run.bodies import Pages

LIMIT = settings.FILE_UPLOAD_MAX_MEMORY_SIZE
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
FOOT = b"\r\n--b--\r\n"


@pytest.fixture(autouse=True)
def no_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)


def sent(size: int, seen: list[Any]) -> tuple[int, bytes]:
    """A form with a file that makes the body so many bytes, in pieces as a server gives them; what is answered."""

    class Looking(Pages):
        def get_response(self, request: HttpRequest) -> HttpResponse:
            raise NotImplementedError

        async def get_response_async(self, request: HttpRequest) -> HttpResponse:
            assert isinstance(request, ASGIRequest)
            seen.append(request.FILES["file"])
            return HttpResponse(b"taken")

    async def talk() -> tuple[int, bytes]:
        headers = [(b"content-type", b"multipart/form-data; boundary=b"), (b"content-length", str(size).encode())]
        scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/", "query_string": b"",
                 "headers": headers}  # fmt: skip
        talk = ApplicationCommunicator(Looking(), scope)
        left = size - len(HEAD) - len(FOOT)
        await talk.send_input({"type": "http.request", "body": HEAD, "more_body": True})
        while left:
            piece = b"x" * min(left, 1 << 20)
            await talk.send_input({"type": "http.request", "body": piece, "more_body": True})
            left -= len(piece)
        await talk.send_input({"type": "http.request", "body": FOOT})
        start = await talk.receive_output(10)
        return start["status"], (await talk.receive_output(10))["body"]

    return asyncio.run(talk())


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1_000, LIMIT])
def test_a_file_is_in_memory(size: int) -> None:
    seen: list[Any] = []
    assert sent(size, seen) == (200, b"taken")
    assert isinstance(seen[0], InMemoryUploadedFile)
    assert seen[0].size == size - len(HEAD) - len(FOOT)


@pytest.mark.django_db
def test_what_is_larger_is_refused() -> None:
    assert sent(LIMIT + 1, seen := [])[0] == 413
    assert seen == []


def test_the_guard_of_these_tests_bites() -> None:
    with tempfile.SpooledTemporaryFile(max_size=10) as file, pytest.raises(AssertionError, match="temporary file"):
        file.write(b"x" * 11)
