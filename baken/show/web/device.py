"""What a request says about where it comes from: codes for a browser and a system, and the network address."""

import ipaddress
from typing import TypedDict

from django.http import HttpRequest

BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("iPhone", "iOS"), ("iPad", "iOS"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


class Session(TypedDict):
    """A session as it is remembered for its owner."""

    session_key: str
    device: str
    address: str | None


def session_of(request: HttpRequest) -> Session:
    """The session of a request that has just signed in."""
    key = request.session.session_key or ""
    return Session(session_key=key, device=device_of(request), address=address_of(request))


def device_of(request: HttpRequest) -> str:
    """Browser and system as a code like `Firefox Linux`; a part that is not recognised is left out."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    found = [next((code for mark, code in known if mark in agent), "") for known in (BROWSERS, SYSTEMS)]
    return " ".join(filter(None, found))


def address_of(request: HttpRequest) -> str | None:
    """The network address that asks.

    Behind a proxy on this machine that is the last address the proxy added: what stands before it anybody can claim.
    """
    address = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    return (_valid(forwarded) if _loopback(address) else None) or _valid(address)


def _valid(address: str) -> str | None:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def _loopback(address: str) -> bool:
    known = _valid(address)
    return known is None or ipaddress.ip_address(known).is_loopback
