"""Network addresses of requests."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings

HOUSEHOLD = 64
"""Bits of an IPv6 address that one connection has: whoever has it chooses the others freely."""


def address_of(meta: Mapping[str, Any]) -> str | None:
    """The network address that asks, by what a request says of itself (`request.META`); None when it says nothing.

    Of a proxy that is trusted (`BAKEN_TRUSTED_PROXIES`) that is the last address the proxy added: what stands before it
    anybody can claim.
    """
    address = _valid(str(meta.get("REMOTE_ADDR", "")))
    forwarded = str(meta.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    return (_valid(forwarded) if _trusted(address) else None) or address


def counted_as(address: str | None) -> str:
    """What stands for an address wherever something is counted: of IPv6 its household's network; of none nothing."""
    known = _valid(address or "")
    if known is None or ":" not in known:
        return known or ""
    return str(ipaddress.ip_network((known.partition("%")[0], HOUSEHOLD), strict=False))


def _valid(address: str) -> str | None:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    return str(getattr(known, "ipv4_mapped", None) or known)


def _trusted(address: str | None) -> bool:
    """Whether a proxy of ours asks; a request without an address comes from this machine."""
    return address is None or any(ipaddress.ip_address(address) in net for net in settings.BAKEN_TRUSTED_PROXIES)
