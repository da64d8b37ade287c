"""Which addresses are public: both IANA registries by their edges, in every form in which IPv6 carries IPv4."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from safe_http.addresses import parse_address, why_forbidden
from safe_http.registries import IPV4_SPECIAL, IPV6_SPECIAL

# tests/conftest.py prints what is told as a summary.
Tell = Callable[[str, object], None]


def words(text: str) -> list[str]:
    return text.split()


# Written out a second time, from IANA's pages and not from the library: what is left out there is missed here.
SPECIAL4 = words("""
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29
192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24
192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
240.0.0.0/4 255.255.255.255/32
""")
SPECIAL6 = words("""
::1/128 ::/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128
2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28
2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10
""")
NOT_UNICAST = ["224.0.0.0/4", "ff00::/8", "fec0::/10", "4000::/2", "8000::/1", "::/3"]

PUBLIC = words("""
1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.31.195.255
192.31.197.0 192.52.192.255 192.52.194.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 192.175.47.255
192.175.49.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
2001:200:: 2001:4860:4860::8888 2001:db7:ffff:: 2001:db9:: 2003:: 2606:2800:220:1:248:1893:25c8:1946
2607:f8b0:400a:807::200e 2620:4f:7fff:: 2620:4f:8001:: 2a00:1450:4001:80b::200e 2c0f:fb50:4003::1 3ffe:ffff::
3fff:1000:: 2606:4700:4700::1111
""")


def edges(networks: list[str]) -> Iterator[str]:
    for network in map(ip_network, networks):
        yield str(network[0])
        yield str(network[-1])


def carriers(address: str) -> Iterator[tuple[str, IPv6Address]]:
    """Every form in which IPv6 carries this IPv4 address, with its name."""
    four = int(IPv4Address(address))
    yield "mapped (RFC 4291)", IPv6Address(0xFFFF << 32 | four)
    yield "compatible (RFC 4291)", IPv6Address(four)
    yield "translated (RFC 2765)", IPv6Address(0xFFFF << 48 | four)
    yield "6to4 (RFC 3056)", IPv6Address(0x2002 << 112 | four << 80)
    yield "6to4, with a host", IPv6Address(0x2002 << 112 | four << 80 | 1)
    yield "NAT64 (RFC 6052)", IPv6Address(0x64_FF9B << 96 | four)
    yield "local NAT64 (RFC 8215)", IPv6Address(0x64_FF9B_0001 << 80 | four)
    yield "Teredo server (RFC 4380)", IPv6Address(0x2001 << 112 | four << 64 | 0xFFFF_FFFF)
    yield "Teredo client (RFC 4380)", IPv6Address(0x2001 << 112 | (four ^ 0xFFFF_FFFF))
    for prefix in ("fe80::", "2606:4700::", "2a00:1450:4001:80b::"):
        for universal in (0x0000_5EFE, 0x0200_5EFE):
            yield "ISATAP (RFC 5214)", IPv6Address(int(IPv6Address(prefix)) | universal << 32 | four)


EDGES4 = list(edges(SPECIAL4))
EDGES6 = list(edges(SPECIAL6))


class TestAnAddress:
    def test_of_a_special_block_is_refused_at_both_its_ends(self, record_property: Tell) -> None:
        let_through = [one for one in EDGES4 + EDGES6 if why_forbidden(ip_address(one)) is None]
        record_property("summary", f"{len(EDGES4 + EDGES6) - len(let_through)} of {len(EDGES4 + EDGES6)} ends refused")
        assert let_through == []

    def test_of_a_special_block_is_refused_in_every_form_of_ipv6(self, record_property: Tell) -> None:
        forms = [(name, address) for one in EDGES4 for name, address in carriers(one)]
        let_through = [(name, str(address)) for name, address in forms if why_forbidden(address) is None]
        record_property("summary", f"{len(forms) - len(let_through)} of {len(forms)} carriers refused")
        assert let_through == []

    def test_that_carries_ipv4_is_refused_also_where_that_is_public(self) -> None:
        assert not [name for name, address in carriers("93.184.216.34") if why_forbidden(address) is None]

    @pytest.mark.parametrize("block", NOT_UNICAST)
    def test_that_is_no_global_unicast_is_refused(self, block: str) -> None:
        assert [why_forbidden(ip_address(one)) is None for one in edges([block])] == [False, False]

    @pytest.mark.parametrize("address", ["168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"])
    def test_of_a_clouds_metadata_is_refused(self, address: str) -> None:
        assert why_forbidden(ip_address(address))

    @pytest.mark.parametrize("address", PUBLIC)
    def test_of_anybody_is_allowed(self, address: str) -> None:
        assert why_forbidden(ip_address(address)) is None

    def test_with_a_zone_is_refused_whatever_it_is(self) -> None:
        assert why_forbidden(ip_address("2606:4700:4700::1111%eth0"))

    @pytest.mark.parametrize("text", ["", "127.1", "0x7f.0.0.1", "1.2.3.04", "2130706433", "[::1]", "localhost"])
    def test_is_one_only_in_its_strict_spelling(self, text: str) -> None:
        assert parse_address(text) is None


class TestTheTables:
    def test_have_every_row_of_the_registries(self) -> None:
        # As networks: each version of Python writes ::ffff:0:0/96 in its own way.
        assert [block.network for block in IPV4_SPECIAL] == [ip_network(text) for text in SPECIAL4]
        assert [block.network for block in IPV6_SPECIAL] == [ip_network(text) for text in SPECIAL6]
