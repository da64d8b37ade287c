"""Whether an address is one that anybody on the Internet may be asked at: by table, not by `ipaddress`'s flags.

`is_private`, `is_global` and their kin differ between Python's versions and let through most of the forms in which
IPv6 carries IPv4.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

from safe_http.registries import IPV4_NOT_UNICAST, IPV4_SPECIAL, IPV6_GLOBAL_UNICAST, IPV6_SPECIAL

Address = IPv4Address | IPv6Address

# ISATAP (RFC 5214, section 6.1): these 32 bits before an IPv4 address, under any prefix.
ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def parse_address(text: str) -> Address | None:
    """The address that this text is the strict spelling of, a zone of IPv6 included; None where it is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def why_forbidden(address: Address) -> str | None:
    """The name of the block that this address lies in, where nothing may be sent; None for a public address."""
    if isinstance(address, IPv4Address):
        return _why_forbidden4(address)
    return _why_forbidden6(address)


def _why_forbidden4(address: IPv4Address) -> str | None:
    return next((name for network, name in IPV4_SPECIAL + IPV4_NOT_UNICAST if address in network), None)


def _why_forbidden6(address: IPv6Address) -> str | None:
    if address.scope_id is not None:
        return "an address of one link"
    for network, name in IPV6_SPECIAL:
        if address in network:
            return name
    if address not in IPV6_GLOBAL_UNICAST:
        return "not global unicast"
    if (int(address) >> 32) & 0xFFFF_FFFF in ISATAP:
        return "ISATAP"
    return None
