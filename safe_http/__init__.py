"""Outbound HTTPS that cannot be turned inward: `fetch` and `post`; README.md says what is promised."""

from safe_http.errors import (
    BadStatus,
    BrokenAnswer,
    Empty,
    Encoded,
    Refused,
    SourceForbidden,
    SourceTooSlow,
    SourceUnreachable,
    TooLarge,
    TooManyRedirects,
    Untrusted,
)
from safe_http.fetching import Fetched, fetch
from safe_http.origins import BadOrigin, Origin, Policy, parse_origin
from safe_http.posting import Answer, post
from safe_http.proxies import Proxy, parse_proxy
from safe_http.resolving import Resolver, system_resolver
from safe_http.trust import mozillas_authorities, tls_context
from safe_http.urls import Url, parse_url

__all__ = [
    "Answer",
    "BadOrigin",
    "BadStatus",
    "BrokenAnswer",
    "Empty",
    "Encoded",
    "Fetched",
    "Origin",
    "Policy",
    "Proxy",
    "Refused",
    "Resolver",
    "SourceForbidden",
    "SourceTooSlow",
    "SourceUnreachable",
    "TooLarge",
    "TooManyRedirects",
    "Untrusted",
    "Url",
    "fetch",
    "mozillas_authorities",
    "parse_origin",
    "parse_proxy",
    "parse_url",
    "post",
    "system_resolver",
    "tls_context",
]
