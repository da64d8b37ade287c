"""Send bytes to a URL, and hear whether they were taken: what webhooks are delivered by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ssl import SSLContext

from safe_http.connecting import Means
from safe_http.deadlines import Deadline
from safe_http.errors import Refused
from safe_http.exchange import Reply, Request, exchange
from safe_http.origins import Policy
from safe_http.proxies import Proxy
from safe_http.resolving import Resolver, system_resolver
from safe_http.trust import mozillas_authorities
from safe_http.urls import parse_url

MAX_ANSWER_BYTES = 1_024


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`headers` by lower-case name, the first of each; `body` is its beginning, and all of it where `is_whole`."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool


def post(  # noqa: PLR0913 - keyword-only; the last three are for tests and settings
    url: str,
    *,
    body: bytes,
    headers: Sequence[tuple[str, str]],
    deadline_seconds: float,
    policy: Policy,
    max_answer_bytes: int = MAX_ANSWER_BYTES,
    resolver: Resolver = system_resolver,
    tls: SSLContext | None = None,
    proxy: Proxy | None = None,
) -> Answer:
    """POST `body` and hear the answer, whatever its status; a redirect is one too, and is not followed.

    Raises a `Refused` where no answer began within the deadline. Once its head is there, the answer counts: a body
    that is late, broken or longer than `max_answer_bytes` is cut short. Raises ValueError for headers of the
    caller's that cannot be sent.
    """
    deadline = Deadline.after(deadline_seconds)
    means = Means(policy=policy, resolver=resolver, tls=tls or mozillas_authorities(), proxy=proxy)
    request = Request(method="POST", headers=headers, body=body)
    with exchange(request, parse_url(url, policy=policy), means=means, deadline=deadline) as reply:
        beginning, is_whole = _beginning(reply, max_answer_bytes)
        return Answer(status=reply.status, headers=_by_name(reply), body=beginning, is_whole=is_whole)


def _by_name(reply: Reply) -> Mapping[str, str]:
    named: dict[str, str] = {}
    for name, value in reply.headers:
        named.setdefault(name.decode("ascii").lower(), value.decode("latin-1"))
    return named


def _beginning(reply: Reply, max_bytes: int) -> tuple[bytes, bool]:
    beginning = bytearray()
    try:
        for chunk in reply.chunks():
            room = max_bytes - len(beginning)
            beginning += chunk[:room]
            if len(chunk) > room:
                return bytes(beginning), False
    except Refused:
        return bytes(beginning), False
    return bytes(beginning), True
