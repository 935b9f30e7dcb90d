"""Network addresses of requests."""

import ipaddress
from collections.abc import Mapping
from typing import Any


def address_of(meta: Mapping[str, Any]) -> str | None:
    """The network address that asks, by what a request says of itself (`request.META`); None when it says nothing.

    Behind a proxy on this machine that is the last address the proxy added: what stands before it anybody can claim.
    """
    address = str(meta.get("REMOTE_ADDR", ""))
    forwarded = str(meta.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    return (_valid(forwarded) if _loopback(address) else None) or _valid(address)


def _valid(address: str) -> str | None:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def _loopback(address: str) -> bool:
    known = _valid(address)
    return known is None or ipaddress.ip_address(known).is_loopback
