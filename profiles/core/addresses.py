"""The client address of a request, and the network that rate limits count it by."""

import re
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

NETWORK_BITS = 64  # IPv6 prefix length of one customer's network (RFC 6177)
MAPPED_BITS = 96  # prefix length of IPv4-mapped IPv6 addresses (RFC 4291, section 2.5.5.2)
NAT64 = ip_network("64:ff9b::/96")  # RFC 6052, section 2.1
WITH_PORT = re.compile(r"\[(.+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


def address_of(request: HttpRequest | Request) -> str:
    """The client's network: an IPv4 address, or the /64 of an IPv6 address.

    The client is the last address outside `TRUSTED_PROXIES`. `X-Forwarded-For` is read from its end, as far
    as trusted proxies wrote it, so a client cannot forge it by sending the header. A Unix socket has no
    address and gives an empty string.
    """
    proxies = networks(tuple(settings.TRUSTED_PROXIES))
    peer: str = request.META.get("REMOTE_ADDR", "")
    address = parse_address(peer)
    for claimed in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if address is None or not any(address in proxy for proxy in proxies):
            break
        if (found := parse_address(claimed)) is None:
            break
        address = found
    return peer if address is None else _counted_as(address)


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address as a socket or a proxy writes it, with or without port and zone; None if the text is invalid.

    An IPv4-mapped IPv6 address, as dual-stack sockets report, gives its IPv4 address.
    """
    text = text.strip()
    if match := WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


@cache
def networks(texts: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    """Parsed addresses and networks, IPv4-mapped ones as IPv4. Raises ValueError for an invalid text."""
    return [_unmapped(ip_network(text.strip())) for text in texts]


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    if isinstance(network, IPv6Network) and network.prefixlen >= MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        return IPv4Network((mapped, network.prefixlen - MAPPED_BITS)) if mapped else network
    return network


def _counted_as(address: IPv4Address | IPv6Address) -> str:
    """The network of an address, as the text that rate limits count by.

    A 6to4 (RFC 3056) or NAT64 address counts as its IPv4 address: the owner of one IPv4 address has 65,536
    /64 networks in 6to4, and NAT64 maps all of IPv4 to one network. Trust in proxies ignores this mapping.
    """
    if isinstance(address, IPv4Address):
        return str(address)
    if address in NAT64:
        return str(IPv4Address(int(address) & 0xFFFF_FFFF))
    return str(address.sixtofour or ip_network((address, NETWORK_BITS), strict=False))
