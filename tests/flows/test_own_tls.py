"""The web process speaks TLS itself: who knows its certificate is answered, everything else is refused."""

import http.client
import os
import shutil
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from baken.reach.prober import signing
from baken.reach.prober.hub import HubClient, HubRefused, HubUnreachable
from baken.run import configuration, health, start
from baken.run.certificate import Certificate, certificate, follow
from baken.run.configuration import ConfigurationError
from baken.run.supervisor import wait_until
from tests.flows.certificates import Authority, Pair
from tests.flows.streaming import Server, server

NAME = "desk.example.org"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    return authority.sign(NAME)


@pytest.fixture(scope="module")
def web(django_db_setup: None, pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"BAKEN_CERTIFICATE": str(pair.chain), "BAKEN_CERTIFICATE_KEY": str(pair.key)}
    with server(tmp_path_factory.mktemp("web"), **settings, BAKEN_URL=f"https://{NAME}") as started:
        yield started
        started.process.kill()  # it may be renewing its workers one by one; they see that it is gone


@pytest.fixture
def own(web: Server, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the pages on this machine, with its settings in force."""
    monkeypatch.setenv("BAKEN_CERTIFICATE", str(pair.chain))
    monkeypatch.setenv("BAKEN_CERTIFICATE_KEY", str(pair.key))
    monkeypatch.setenv("BAKEN_PORT", str(web.port))
    monkeypatch.setenv("BAKEN_URL", f"https://{NAME}")
    return configuration.own_url()


def speak(web: Server, context: ssl.SSLContext, name: str = NAME) -> ssl.SSLSocket:
    return context.wrap_socket(socket.create_connection(("127.0.0.1", web.port), 30), server_hostname=name)


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


def asked(web: Server, authority: Authority, *headers: str) -> bytes:
    with speak(web, trusting(authority)) as line:
        line.sendall(
            "\r\n".join(["GET /setup/ HTTP/1.1", f"Host: {NAME}", "Connection: close", *headers, "", ""]).encode()
        )
        answer = b""
        while piece := line.recv(65_536):
            answer += piece
    return answer


def test_pages_come_by_https_and_cookies_with_them(web: Server, authority: Authority) -> None:
    for header in ("Accept: text/html", "X-Forwarded-Proto: http"):  # nobody's word is taken for it
        answer = asked(web, authority, header).lower()
        assert answer.startswith(b"http/1.1 200")
        assert b"strict-transport-security: max-age=31536000" in answer
        assert b"set-cookie: __host-csrftoken" in answer


def test_another_name_and_another_authority_are_not_taken_for_it(
    web: Server, authority: Authority, folder: Path
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"doesn't match|mismatch"):
        speak(web, trusting(authority), "other.example.org")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get|self-signed"):
        speak(web, trusting(Authority(folder, "stranger")))


def test_plain_http_is_refused(web: Server) -> None:
    talk = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    with pytest.raises((OSError, http.client.HTTPException)):
        talk.request("GET", "/api/v1/health")
        talk.getresponse()


@pytest.mark.parametrize(("version", "taken"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_tls_is_new_enough(web: Server, authority: Authority, version: str, *, taken: bool) -> None:
    context = trusting(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")  # so that this side would speak the old one
    with pytest.warns(DeprecationWarning) if not taken else pytest.MonkeyPatch.context():
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    if taken:
        with speak(web, context) as line:
            assert line.version() == version.replace("_", ".")
    else:
        with pytest.raises(ssl.SSLError, match=r"ALERT"):
            speak(web, context)


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA:AES256-GCM-SHA384", ""),  # CBC, no forward secrecy
    ],
)
def test_weak_ciphers_are_refused(web: Server, authority: Authority, offered: str, taken: str) -> None:
    context = trusting(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{offered}:@SECLEVEL=0")
    if taken:
        with speak(web, context) as line:
            assert (line.cipher() or [""])[0] == taken
    else:
        with pytest.raises(ssl.SSLError, match=r"ALERT"):
            speak(web, context)


def test_doctor_and_the_prober_know_this_certificate_and_no_other(
    own: str, authority: Authority, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, _ = signing.generate_key()
    key = signing.load_key(private)
    other = authority.sign(NAME, "other")  # for the same name, by the same authority

    assert own.startswith("https://127.0.0.1:")
    (told,) = [child.argv for child in start.children(tmp_path) if child.name == "prober"]
    assert told[-2:] == ["--hub-certificate", str(pair.chain)]
    assert health.pages().ok
    with pytest.raises(HubRefused):  # it was asked, and does not know this location
        HubClient(own, "nowhere", key, pair.chain).assignment(None)

    monkeypatch.setenv("BAKEN_CERTIFICATE", str(other.chain))
    found = health.pages()
    assert (found.ok, "CERTIFICATE_VERIFY_FAILED" in found.detail) == (False, True)
    with pytest.raises(HubUnreachable, match=r"(?i)certificate|public key"):
        HubClient(own, "nowhere", key, other.chain).assignment(None)
    with pytest.raises(HubUnreachable, match=r"(?i)certificate"):
        HubClient(own, "nowhere", key).assignment(None)


def test_a_renewed_certificate_is_taken_while_people_work(web: Server, authority: Authority, pair: Pair) -> None:
    fresh = authority.sign(NAME, "fresh")
    before, renewed = pair.chain.read_text(), fresh.chain.read_text()
    shutil.copy(fresh.key, pair.key)  # for a moment the two do not go together
    shutil.copy(fresh.chain, pair.chain)
    served, deadline = before, time.monotonic() + PATIENCE
    while not renewed.startswith(served):
        assert time.monotonic() < deadline, web.log.read_text()
        with speak(web, trusting(authority)) as line:
            served = ssl.DER_cert_to_PEM_cert(line.getpeercert(binary_form=True) or b"")
        assert asked(web, authority).startswith(b"HTTP/1.1 200")


def test_one_that_cannot_be_served_with_is_told_of_once_and_the_next_is_taken(tmp_path: Path) -> None:
    mine = Authority(tmp_path)
    pair, taken, said = mine.sign(NAME), threading.Event(), list[str]()
    before = signal.signal(signal.SIGHUP, lambda *_: taken.set())
    try:
        follow(Certificate(pair.chain, pair.key), said.append, every=0.01)
        shutil.copy(mine.sign(NAME, "other").chain, pair.chain)
        assert wait_until(lambda: bool(said), PATIENCE)
        assert "do not go together" in said[0]
        assert not taken.is_set()
        shutil.copy(tmp_path / "other.key", pair.key)
        assert wait_until(taken.is_set, PATIENCE)
        assert len(said) == 1
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("spoil", "named", "remedy"),
    [
        ("no key", "BAKEN_CERTIFICATE_KEY", "set both, or neither"),
        ("no certificate", "BAKEN_CERTIFICATE", "set both, or neither"),
        ("gone", "BAKEN_CERTIFICATE_KEY", "cannot be read"),
        ("open", "BAKEN_CERTIFICATE_KEY", "chmod o="),
        ("another's", "BAKEN_CERTIFICATE", "do not go together"),
        ("no PEM", "BAKEN_CERTIFICATE", "do not go together"),
        ("in the clear", "BAKEN_URL", "begin it with https"),
    ],
)
def test_what_cannot_be_served_with_is_refused_with_its_remedy(
    tmp_path: Path, spoil: str, named: str, remedy: str
) -> None:
    mine = Authority(tmp_path)
    made, other = mine.sign(NAME), mine.sign(NAME, "other")
    settings = {"BAKEN_CERTIFICATE": str(made.chain), "BAKEN_CERTIFICATE_KEY": str(made.key)}
    found = certificate(settings)
    assert found is not None
    assert (found.chain, found.key) == (made.chain, made.key)
    match spoil:
        case "no key":
            settings.pop("BAKEN_CERTIFICATE_KEY")
        case "no certificate":
            settings.pop("BAKEN_CERTIFICATE")
        case "gone":
            made.key.unlink()
        case "open":
            made.key.chmod(0o644)
        case "in the clear":
            settings["BAKEN_URL"] = f"http://{NAME}"
        case "another's":
            settings["BAKEN_CERTIFICATE_KEY"] = str(other.key)
        case _:
            made.chain.write_text("certificate\n")
    with pytest.raises(ConfigurationError, match=rf"^{named}: .*{remedy}"):
        certificate(settings)


def test_without_one_tls_is_left_to_a_proxy() -> None:
    assert certificate({}) is None
    assert configuration.own_url({"BAKEN_BIND": "0.0.0.0"}) == f"http://127.0.0.1:{configuration.port(os.environ)}"
