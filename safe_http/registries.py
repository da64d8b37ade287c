"""The addresses that are special: IANA's two registries, row by row, and what is public in name only.

https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry (RFC 6890, RFC 8190).
Every row is refused, also the few that IANA calls globally reachable: nobody keeps pictures at an anycast relay.
"""

from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple


class Block4(NamedTuple):
    """A block of IPv4 addresses and its name."""

    network: IPv4Network
    name: str


class Block6(NamedTuple):
    """A block of IPv6 addresses and its name."""

    network: IPv6Network
    name: str


def _blocks4(*rows: tuple[str, str]) -> tuple[Block4, ...]:
    return tuple(Block4(IPv4Network(network), name) for network, name in rows)


def _blocks6(*rows: tuple[str, str]) -> tuple[Block6, ...]:
    return tuple(Block6(IPv6Network(network), name) for network, name in rows)


IPV4_SPECIAL = _blocks4(
    ("0.0.0.0/8", "this network"),
    ("0.0.0.0/32", "this host on this network"),
    ("10.0.0.0/8", "private use"),
    ("100.64.0.0/10", "shared address space"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link local"),
    ("172.16.0.0/12", "private use"),
    ("192.0.0.0/24", "IETF protocol assignments"),
    ("192.0.0.0/29", "IPv4 service continuity prefix"),
    ("192.0.0.8/32", "IPv4 dummy address"),
    ("192.0.0.9/32", "Port Control Protocol anycast"),
    ("192.0.0.10/32", "TURN anycast"),
    ("192.0.0.170/32", "NAT64/DNS64 discovery"),
    ("192.0.0.171/32", "NAT64/DNS64 discovery"),
    ("192.0.2.0/24", "documentation (TEST-NET-1)"),
    ("192.31.196.0/24", "AS112-v4"),
    ("192.52.193.0/24", "AMT"),
    ("192.88.99.0/24", "deprecated (6to4 relay anycast)"),
    ("192.88.99.2/32", "6a44 relay anycast"),
    ("192.168.0.0/16", "private use"),
    ("192.175.48.0/24", "direct delegation AS112 service"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation (TEST-NET-2)"),
    ("203.0.113.0/24", "documentation (TEST-NET-3)"),
    ("240.0.0.0/4", "reserved"),
    ("255.255.255.255/32", "limited broadcast"),
)

IPV6_SPECIAL = _blocks6(
    ("::1/128", "loopback address"),
    ("::/128", "unspecified address"),
    ("::ffff:0:0/96", "IPv4-mapped address"),
    ("64:ff9b::/96", "IPv4-IPv6 translation"),
    ("64:ff9b:1::/48", "IPv4-IPv6 translation"),
    ("100::/64", "discard-only address block"),
    ("100:0:0:1::/64", "dummy IPv6 prefix"),
    ("2001::/23", "IETF protocol assignments"),
    ("2001::/32", "Teredo"),
    ("2001:1::1/128", "Port Control Protocol anycast"),
    ("2001:1::2/128", "TURN anycast"),
    ("2001:1::3/128", "DNS-SD service registration protocol anycast"),
    ("2001:2::/48", "benchmarking"),
    ("2001:3::/32", "AMT"),
    ("2001:4:112::/48", "AS112-v6"),
    ("2001:10::/28", "deprecated (previously ORCHID)"),
    ("2001:20::/28", "ORCHIDv2"),
    ("2001:30::/28", "drone remote ID protocol entity tags"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "direct delegation AS112 service"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing (SRv6) SIDs"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local unicast"),
)

# In neither registry of special purposes, and no place to send anything to either.
IPV4_NOT_UNICAST = _blocks4(
    # https://www.iana.org/assignments/multicast-addresses
    ("224.0.0.0/4", "multicast"),
    # Public by number, answered by the machine's own host: Azure's metadata and health probes.
    ("168.63.129.16/32", "a cloud's own service"),
)

# https://www.iana.org/assignments/ipv6-address-space: what is handed out to anybody lies in here.
IPV6_GLOBAL_UNICAST = IPv6Network("2000::/3")
