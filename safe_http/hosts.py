"""The host of a URL, strictly: what two parsers could read as two different hosts is no host here."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

MAX_NAME_LENGTH = 253
MAX_LABEL_LENGTH = 63

# An underscore is no part of a host name (RFC 1123), but of many that serve files.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
# What an old `inet_aton` takes for a number: 127, 0177, 0x7f (https://url.spec.whatwg.org/#ends-in-a-number-checker).
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")


class BadHost(ValueError):  # noqa: N818 - what it is, not what went wrong
    """No host, or none that everybody reads alike; the message is a sentence."""


def canonical_host(text: str) -> str:
    """The host that is connected to: an address as `ipaddress` spells it, or a name in lower-case ASCII.

    `text` is as it stands in a URL, an IPv6 address in its brackets. Raises BadHost.
    """
    if text.startswith("["):
        return _ipv6(text)
    name = _lower(text).removesuffix(".")
    labels = name.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        # The final dot is gone in `name`: with one, it is not the canonical spelling.
        return _ipv4(text)
    return _name(labels)


def is_address(host: str) -> bool:
    """Whether this canonical host is an address and not a name."""
    return ":" in host or bool(_NUMERIC.fullmatch(host.rpartition(".")[2]))


def bracketed(host: str) -> str:
    """The canonical host as it stands in a URL or a Host header."""
    return f"[{host}]" if ":" in host else host


def _ipv6(text: str) -> str:
    try:
        address = IPv6Address(text.removeprefix("[").removesuffix("]"))
    except AddressValueError:
        raise BadHost("The host in brackets is no IPv6 address.") from None
    if address.scope_id is not None:
        raise BadHost("The IPv6 address has a zone.")
    return str(address)


def _ipv4(text: str) -> str:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise BadHost("The host ends in a number, and is no IPv4 address of four decimal numbers.") from None
    return str(address)


def _name(labels: list[str]) -> str:
    name = ".".join(_ascii(label) for label in labels)
    if len(name) > MAX_NAME_LENGTH:
        raise BadHost(f"The host has more than {MAX_NAME_LENGTH} characters.")
    return name


def _ascii(label: str) -> str:
    if not label.isascii():
        return _a_label(label)
    if len(label) > MAX_LABEL_LENGTH or not _LABEL.fullmatch(label):
        raise BadHost("The host is no name: labels of letters, digits and hyphens with dots between them.")
    if label.startswith("xn--"):
        # Decoded and encoded again, it must be the same (RFC 5891, section 5.4).
        return _a_label(_u_label(label))
    return label


def _a_label(label: str) -> str:
    # No mapping (UTS 46): it makes ASCII, dots and digits of characters that are none of these.
    try:
        return idna.alabel(label).decode("ascii")
    except UnicodeError:
        raise BadHost("The host has a label that is no internationalised name (RFC 5891).") from None


def _u_label(label: str) -> str:
    try:
        return idna.ulabel(label)
    except UnicodeError:
        raise BadHost("The host has a label that starts with xn-- and is no punycode (RFC 3492).") from None


def _lower(text: str) -> str:
    # ASCII alone: str.lower() makes an ASCII k of the Kelvin sign.
    return re.sub("[A-Z]+", lambda found: found[0].lower(), text)
