"""The virus scanner behind TLS: whose certificate is not the named one is sent nothing."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from baken.reach.clamav import Clamd, ScannerError
from tests.flows.certificates import Authority, Pair
from tests.flows.clamd import EICAR, clamd
from tests.flows.test_virus_scanner import CLEAN, verdict


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def serving(pair: Pair, clients: Authority | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.chain, pair.key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.file)
    return context


@pytest.fixture
def address(authority: Authority) -> Iterator[str]:
    with clamd(tls=serving(authority.sign("127.0.0.1"))) as (answering, _):
        yield answering


def test_it_is_asked_over_tls(address: str, authority: Authority) -> None:
    named = f"{address}?ca={authority.file}"
    assert named.startswith("tls://")
    assert Clamd(named).version().startswith("ClamAV")
    assert (verdict(named, CLEAN), verdict(named, EICAR)) == ("", "Eicar-Signature")


def test_another_name_another_authority_and_no_tls_are_refused(authority: Authority, tmp_path: Path) -> None:
    trusted, pair = f"?ca={authority.file}", authority.sign("scanner.example.org")
    with clamd(tls=serving(pair)) as (address, seen):
        with pytest.raises(ScannerError, match=r"IP address mismatch"):
            verdict(address + trusted, CLEAN)
        for other in ("", f"?ca={Authority(tmp_path, 'stranger').file}"):  # the system's, somebody's
            with pytest.raises(ScannerError, match=r"certificate verify failed"):
                verdict(address + other, CLEAN)
        assert seen.seen == []
    with clamd() as (address, seen):
        with pytest.raises(ScannerError):
            verdict(address.replace("tcp:", "tls:") + trusted, CLEAN)
        assert seen.seen == []


def test_a_certificate_is_shown_where_one_is_asked_for(authority: Authority) -> None:
    mine = authority.sign("desk.example.org")
    with clamd(tls=serving(authority.sign("127.0.0.1"), clients=authority)) as (address, _):
        trusted = f"{address}?ca={authority.file}"
        assert verdict(f"{trusted}&cert={mine.chain}&key={mine.key}", EICAR) == "Eicar-Signature"
        with pytest.raises(ScannerError):
            verdict(trusted, CLEAN)


@pytest.mark.parametrize(
    "address",
    ["tcp://host?ca=/etc/hosts", "tls://host?ca=/nowhere.pem", "tls://host?cert=/nowhere.pem", "tls://host?x=1"],
)
def test_what_is_no_address_is_refused_at_once(address: str) -> None:
    with pytest.raises(ValueError, match=r"write it like|name PEM files"):
        Clamd(address)
