"""What the spelling of a URL says, before anything is looked up or sent.

A grammar of its own, narrower than RFC 3986: what the parsers of this world read in two ways is refused.
"""

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urljoin

from safe_http.addresses import why_forbidden
from safe_http.errors import SourceForbidden
from safe_http.hosts import BadHost, bracketed, canonical_host, is_address
from safe_http.origins import AUTHORITY, DEFAULT_PORTS, MAX_PORT, Origin, Policy

MAX_URL_LENGTH = 4_096

# Names that no public DNS answers for: RFC 6761, 6762, 7686, 8375, and `internal` by ICANN's resolution of 2024.
PRIVATE_NAMES = ("localhost", "local", "internal", "home.arpa", "onion")

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)(?:#.*)?", re.DOTALL)
# Controls, halves of surrogate pairs, and white space of every kind.
_UNSEEN = ("Cc", "Cs", "Zs", "Zl", "Zp")
_VISIBLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, kw_only=True)
class Url:
    """A URL that may be asked for, as far as its spelling goes.

    `target` is path and query as they are sent (RFC 9112, section 3.2.1); `is_exempt`: the policy allows its origin.
    """

    origin: Origin
    target: str
    is_exempt: bool

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def host(self) -> str:
        """The name or address that is connected to; an IPv6 address without brackets."""
        return self.origin.host

    @property
    def port(self) -> int:
        """The port that is connected to."""
        return self.origin.port

    @property
    def display_host(self) -> str:
        """The host for people and rows, without anything of path and query; never parsed again."""
        return bracketed(self.host)


def parse_url(text: str, *, policy: Policy) -> Url:
    """The URL that this text is; raises SourceForbidden where its spelling alone forbids it."""
    if len(text) > MAX_URL_LENGTH:
        raise SourceForbidden(f"The URL has more than {MAX_URL_LENGTH} characters.")
    _refuse_unseen(text)
    found = _URL.fullmatch(text)
    if not found:
        raise SourceForbidden("This is no URL that starts with https:// and names a host.")
    origin = _origin(found["scheme"].lower(), found["authority"])
    is_exempt = origin in policy.allow
    if not is_exempt:
        _refuse_unless_public(origin)
    return Url(origin=origin, target=_target(found["target"]), is_exempt=is_exempt)


def join(base: Url, location: str, *, policy: Policy) -> Url:
    """The URL that a Location header leads to, judged from the start (RFC 9110, section 10.2.2)."""
    # urljoin would drop some of these silently, and what is judged would not be what was said.
    _refuse_unseen(location)
    try:
        joined = urljoin(str(base), location)
    except ValueError:
        raise SourceForbidden("The source redirects to something that is no URL.") from None
    return parse_url(joined, policy=policy)


def _refuse_unseen(text: str) -> None:
    if "\\" in text or any(unicodedata.category(character) in _UNSEEN for character in text):
        raise SourceForbidden("The URL has a backslash, white space or a control character in it.")


def _origin(scheme: str, authority: str) -> Origin:
    if scheme not in DEFAULT_PORTS:
        raise SourceForbidden("The URL must start with https://.")
    if "@" in authority:
        raise SourceForbidden("The URL must not carry a user name or password.")
    found = AUTHORITY.fullmatch(authority)
    if not found or int(found["port"] or 1) > MAX_PORT:
        raise SourceForbidden("The URL has no host, or one that cannot be read without doubt.")
    try:
        host = canonical_host(found["host"])
    except BadHost as error:
        raise SourceForbidden(str(error)) from None
    return Origin(scheme=scheme, host=host, port=int(found["port"] or DEFAULT_PORTS[scheme]))


def _refuse_unless_public(origin: Origin) -> None:
    if origin.scheme != "https":
        raise SourceForbidden("The URL must start with https://.")
    if origin.port != DEFAULT_PORTS["https"]:
        raise SourceForbidden("The URL must not name a port other than 443.")
    if is_address(origin.host):
        _refuse_unless_public_address(origin.host)
    elif "." not in origin.host:
        raise SourceForbidden("The host must be a full name, like files.example.com.")
    elif any(f".{origin.host}".endswith(f".{name}") for name in PRIVATE_NAMES):
        raise SourceForbidden("The host is a name of private networks.")


def _refuse_unless_public_address(host: str) -> None:
    if block := why_forbidden(ip_address(host)):
        raise SourceForbidden("The address in the URL is not a public one.", detail_for_log=f"{host}: {block}")


def _target(text: str) -> str:
    """Path and query as they are sent; what is not ASCII as percent-encoded UTF-8 (RFC 3987, section 3.1)."""
    target = quote(text, safe=_VISIBLE_ASCII)
    return target if target.startswith("/") else f"/{target}"
