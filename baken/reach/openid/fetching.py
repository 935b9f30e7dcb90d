"""Requests to an address that an administrator typed, or that such an address named.

https alone, to public addresses alone, judged where the socket is opened, so that a name which leads elsewhere the
second time gains nothing. No redirect is followed, no proxy is asked, and an answer ends at `MOST` bytes.
"""

import ipaddress
import json
import socket
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from urllib.parse import urlencode, urlsplit

import pycurl

from baken.reach.addresses import is_public
from baken.reach.openid.errors import OpenIdError, Problem
from baken.reach.prober.network import trusted_certificates

MOST = 512 * 1024
"""Largest answer, in bytes."""
CONNECT_SECONDS, ANSWER_SECONDS = 5, 10


def fitting(url: str, *, allow_private: bool) -> str:
    """The URL when it may be asked at all. Raises OpenIdError.

    allow_private: addresses that are not public may be asked, and this machine itself by plain http.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise OpenIdError(Problem.ADDRESS, "this is not a URL") from error
    plain = parts.scheme == "http" and allow_private and _is_this_machine(host)
    if not host or parts.username or parts.fragment or not (parts.scheme == "https" or plain) or not url.isascii():
        raise OpenIdError(Problem.ADDRESS, "only https:// works")
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def ask(
    url: str,
    *,
    allow_private: bool,
    form: Mapping[str, str] | None = None,
    headers: Sequence[str] = (),
    login: tuple[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of one answer: to a GET, or to a POST of `form`. Raises OpenIdError.

    login: user and password for HTTP Basic, as they are.
    """
    answer, refused = BytesIO(), list[str]()
    curl = pycurl.Curl()
    try:
        _configure(curl, fitting(url, allow_private=allow_private), answer)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, lambda _purpose, to: _open(to, allow_private, refused))
        curl.setopt(pycurl.HTTPHEADER, ["Accept: application/json", *headers])
        if form is not None:
            curl.setopt(pycurl.POSTFIELDS, urlencode(form))
        if login is not None:
            curl.setopt(pycurl.USERNAME, login[0])
            curl.setopt(pycurl.PASSWORD, login[1])
        curl.perform()
        return curl.getinfo(pycurl.RESPONSE_CODE), _object(answer.getvalue())
    except pycurl.error as error:
        if refused:
            raise OpenIdError(Problem.PRIVATE, "the address it has is not public") from error
        kind = Problem.ANSWER if error.args[0] == pycurl.E_FILESIZE_EXCEEDED else Problem.UNREACHABLE
        raise OpenIdError(kind, f"libcurl's error {error.args[0]}") from error  # its text names the address
    finally:
        curl.close()


def _configure(curl: pycurl.Curl, url: str, answer: BytesIO) -> None:
    def take(chunk: bytes) -> int:
        answer.write(chunk)
        return len(chunk) if answer.tell() <= MOST else 0  # 0 ends the transfer

    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.CONNECTTIMEOUT, CONNECT_SECONDS)
    curl.setopt(pycurl.TIMEOUT, ANSWER_SECONDS)
    curl.setopt(pycurl.MAXFILESIZE, MOST)
    curl.setopt(pycurl.USERAGENT, "Baken")
    curl.setopt(pycurl.WRITEFUNCTION, take)
    if authorities := trusted_certificates():
        curl.setopt(pycurl.CAINFO, authorities)


def _open(to: Any, allow_private: bool, refused: list[str]) -> Any:
    """A socket to the address libcurl really connects to."""
    host = to.addr[0]
    if not allow_private and not is_public(host):
        refused.append(host)
        return pycurl.SOCKET_BAD
    return socket.socket(to.family, to.socktype, to.protocol)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise OpenIdError(Problem.ANSWER, "the answer is no JSON") from error
    if not isinstance(found, dict):
        raise OpenIdError(Problem.ANSWER, "the answer is no JSON object")
    return found
