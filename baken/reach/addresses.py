"""Which network addresses belong to the open internet.

Whatever connects to an address that a person typed asks this of the address it really connects to, after names were
looked up: a name that leads elsewhere the second time gains nothing.
"""

import ipaddress

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(host: str) -> bool:
    """Whether an address belongs to the open internet; IPv4 wrapped in IPv6 is judged by what is inside."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None:
            return address.is_global and not (address.is_multicast or address.is_reserved or address.is_site_local)
        address = inner
    return address.is_global and not address.is_multicast
