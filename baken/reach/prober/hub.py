"""The hub seen from a prober: fetch the assignment, deliver results. Every request is signed."""

import errno
import json
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pycurl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from baken.reach import pinning
from baken.reach.prober import signing
from baken.reach.prober.checks import Assignment, CheckError, Result
from baken.reach.prober.network import trusted_certificates

ASSIGNMENT = "/api/v1/prober/assignment"
RESULTS = "/api/v1/prober/results"
MOST_RESULTS = 5000
CONNECT_SECONDS = 5
ANSWER_SECONDS = 15


class HubError(Exception):
    """The hub did not do what was asked; to be tried later. `answered`: its machine was reached."""

    answered = True


class HubUnreachable(HubError):
    """No answer from the hub, other than perhaps its machine's that nothing listens there."""

    def __init__(self, message: str, answered: bool) -> None:
        super().__init__(message)
        self.answered = answered


class HubRefused(HubError):
    """The hub does not accept this location's signature."""


class SequenceGap(HubError):
    """The hub wants another sequence number first."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"the hub expects result {expected}")
        self.expected = expected


class HubClient:
    """Talks to one hub for one location. One thread uses it; `cancel` may be called from any.

    certificate: a PEM file with the one that the hub has to show; without it, any that the machine trusts for its name.
    """

    def __init__(self, url: str, location: str, key: Ed25519PrivateKey, certificate: Path | None = None) -> None:
        self._url, self._location, self._key, self._certificate = url.rstrip("/"), location, key, certificate
        self._cancelled = False

    def assignment(self, known_version: str | None) -> Assignment | None:
        """The location's assignment, or None when it is still `known_version`. Raises HubError."""
        condition = [] if known_version is None else [f'If-None-Match: "{known_version}"']
        status, body = self._request("GET", ASSIGNMENT, b"", condition)
        if status == 304:
            return None
        _expect_ok(status)
        try:
            return Assignment.from_text(body.decode())
        except (CheckError, UnicodeDecodeError) as problem:
            raise HubError(str(problem)) from problem

    def deliver(self, results: Sequence[Result], problems: Sequence[dict[str, str | None]] | None) -> int:
        """Hand over results, in order, and the problems when they changed; gives the hub's highest number.

        Raises SequenceGap when the hub wants another number first, HubError for anything else.
        """
        message: dict[str, Any] = {"location": self._location, "results": results}
        if problems is not None:
            message["problems"] = problems
        body = json.dumps(message, separators=(",", ":")).encode()
        status, answer = self._request("POST", RESULTS, body, ["Content-Type: application/json", "Expect:"])
        if status == 409:
            raise SequenceGap(_number(answer, "expected"))
        _expect_ok(status)
        return _number(answer, "acknowledged")

    def cancel(self) -> None:
        """End the request under way, and all later ones, within a second."""
        self._cancelled = True

    def _request(self, method: str, path: str, body: bytes, headers: list[str]) -> tuple[int, bytes]:
        timestamp = time.time_ns() // 1000
        signature = signing.sign(self._key, method, path, timestamp, body)
        answer = BytesIO()
        # A new connection each time: the answer then shows that this machine's network works at this moment.
        curl = pycurl.Curl()
        try:
            self._configure(curl, path, answer)
            curl.setopt(
                pycurl.HTTPHEADER,
                [
                    f"Baken-Location: {self._location}",
                    f"Baken-Timestamp: {timestamp}",
                    f"Baken-Signature: {signature}",
                    *headers,
                ],
            )
            if method == "POST":
                curl.setopt(pycurl.POSTFIELDS, body)
            curl.perform()
            return curl.getinfo(pycurl.RESPONSE_CODE), answer.getvalue()
        except pycurl.error as problem:
            refused = curl.getinfo(pycurl.OS_ERRNO) == errno.ECONNREFUSED
            raise HubUnreachable(f"the hub cannot be reached: {problem.args[1]}", refused) from problem
        finally:
            curl.close()

    def _configure(self, curl: pycurl.Curl, path: str, answer: BytesIO) -> None:
        curl.setopt(pycurl.URL, self._url + path)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.CONNECTTIMEOUT, CONNECT_SECONDS)
        curl.setopt(pycurl.TIMEOUT, ANSWER_SECONDS)
        curl.setopt(pycurl.USERAGENT, "Baken-prober")
        curl.setopt(pycurl.ACCEPT_ENCODING, "")
        curl.setopt(pycurl.WRITEDATA, answer)
        curl.setopt(pycurl.NOPROGRESS, 0)
        curl.setopt(pycurl.XFERINFOFUNCTION, lambda *_: int(self._cancelled))
        curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
        if self._certificate:
            _pin(curl, self._certificate)
        elif authorities := trusted_certificates():
            curl.setopt(pycurl.CAINFO, authorities)


def _pin(curl: pycurl.Curl, file: Path) -> None:
    """Let nothing but the certificate of this file be the hub's; it may be renewed. Raises HubUnreachable."""
    try:
        certificate = pinning.leaf(file)
    except (OSError, ValueError) as problem:
        raise HubUnreachable(f"the hub's certificate {file} cannot be read: {problem}", answered=False) from problem
    curl.setopt(pycurl.CAINFO_BLOB, pinning.pem(certificate))
    curl.setopt(pycurl.PINNEDPUBLICKEY, pinning.public_key_pin(certificate))
    curl.setopt(pycurl.SSL_VERIFYHOST, 0)  # nobody else has that key, and it is reached by an address of the machine


def _expect_ok(status: int) -> None:
    if status in (401, 403):
        raise HubRefused(
            f"the hub refuses this location (HTTP {status}): check its code, its key and this machine's clock"
        )
    if status != 200:
        raise HubError(f"the hub answered HTTP {status}")


def _number(answer: bytes, name: str) -> int:
    try:
        return int(json.loads(answer)[name])
    except (ValueError, KeyError, TypeError) as problem:
        raise HubError(f"the hub's answer has no number '{name}'") from problem
