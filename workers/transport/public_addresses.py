"""Which IP addresses are on the public internet."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

# https://www.rfc-editor.org/rfc/rfc6052#section-2.1: the last 32 bits are an address of IPv4.
_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Tell whether *text* is an address of the public internet, and so is what it stands for."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast for each in _meant(address))


def _meant(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """Yield *address*, or that of IPv4 in it; of one that is tunnelled both."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:  # is_global says no of all of them, or yes, by the release
            yield address.ipv4_mapped
            return
        if address.sixtofour:
            yield address.sixtofour
        if address.teredo:
            yield from address.teredo
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)
    yield address
