"""What this machine's own network says about an address, and where its trusted certificates are."""

import errno
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

# Failures that never left this machine: no route, no interface, nothing left to open, a firewall.
OWN_FAILURES = frozenset(
    {
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EACCES,
        errno.EPERM,
    }
)
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def name_in(url: str) -> str | None:
    """The host of a URL when it is a name that has to be looked up, not an address."""
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return None if host == "localhost" else host
    return None


def has_route(family: int, address: Sequence[str | int]) -> bool:
    """Whether this machine has a way to an address. Connecting a datagram socket sends nothing."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(tuple(address))
        except OSError as problem:
            return problem.errno not in _NO_ROUTE
    return True


def trusted_certificates() -> str | None:
    """The file of trusted certificate authorities: SSL_CERT_FILE, Python's, or where systems keep it."""
    for candidate in (ssl.get_default_verify_paths().cafile, *_BUNDLES):
        if candidate and Path(candidate).is_file():
            return candidate
    return None
