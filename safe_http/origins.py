"""Origins (RFC 6454): scheme, host and port as one; and the policy, which exempts some of them from the rules."""

import re
from dataclasses import dataclass

from safe_http.hosts import BadHost, bracketed, canonical_host

DEFAULT_PORTS = {"https": 443, "http": 80}
MAX_PORT = 65_535

# The host takes what is no delimiter; whether it is a host is judged after that.
AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]@:%\\]+)(?::(?P<port>[1-9][0-9]{0,4}))?")
_ORIGIN = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)


class BadOrigin(ValueError):  # noqa: N818 - what it is, not what went wrong
    """The text is no origin; the message is a sentence that repeats it, for whoever wrote the setting."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """`host` is canonical (`hosts.canonical_host`), an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """As in a URL and a Host header: the port where it is not the scheme's own."""
        host = bracketed(self.host)
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """`allow`: origins exempt from the rules about scheme, port, names and addresses; each for itself alone."""

    allow: frozenset[Origin] = frozenset()


def parse_origin(text: str) -> Origin:
    """The origin that this text is, `http://n8n:5678` say; nothing may follow host and port. Raises BadOrigin."""
    found = _ORIGIN.fullmatch(text)
    if not found:
        raise BadOrigin(f"{text!r} is no origin: write scheme, host and port, like http://n8n:5678.")
    scheme = found["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise BadOrigin(f"{text!r} has the scheme {scheme}; an origin has http or https.")
    if found["rest"]:
        raise BadOrigin(f"{text!r} goes on after host and port; a whole origin is allowed or none of it.")
    if "@" in found["authority"]:
        # Not repeated: it may be a password.
        raise BadOrigin("An origin has no user name or password.")
    return _origin(text, scheme, found["authority"])


def _origin(text: str, scheme: str, authority: str) -> Origin:
    found = AUTHORITY.fullmatch(authority)
    if not found:
        raise BadOrigin(f"{text!r} has no host, or a port that is no number.")
    port = int(found["port"] or DEFAULT_PORTS[scheme])
    if port > MAX_PORT:
        raise BadOrigin(f"{text!r} has a port beyond {MAX_PORT}.")
    try:
        return Origin(scheme=scheme, host=canonical_host(found["host"]), port=port)
    except BadHost as error:
        raise BadOrigin(f"{text!r}: {error}") from None
