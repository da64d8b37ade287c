"""Who calls: `Authorization: Bearer mhk_…` (RFC 6750), looked up in one query."""

import datetime as dt
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from devices import keys
from devices.errors import Unauthenticated
from devices.models import ApiKey
from devices.prepared import Prepared

LAST_USED_EVERY = dt.timedelta(minutes=1)

log = structlog.get_logger(__name__)

_with_digest = Prepared(lambda digest: ApiKey.objects.select_related("app").filter(digest=digest), str)


@dataclass(frozen=True)
class Caller:
    """Who DRF and Django take for the user of a request made with a key."""

    key: ApiKey
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True
    is_staff: bool = False

    @property
    def pk(self) -> str:
        """Names the caller where something is counted or logged."""
        return str(self.key.pk)


class ApiKeyAuthentication(BaseAuthentication):
    """`request.auth` is the ApiKey with its app; `request.user` stands for it."""

    def authenticate(self, request: Request) -> tuple[Caller, ApiKey] | None:
        """The caller; None without a bearer token. Raises Unauthenticated, the same for whatever is wrong."""
        token = bearer_token(request)
        if token is None:
            return None
        now = timezone.now()
        key = live_key(token, now=now)
        note_use(key, now=now)
        return Caller(key), key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """The challenge of a 401."""
        return "Bearer"


def bearer_token(request: Request) -> str | None:
    """What stands after `Bearer`; other schemes are none of ours. Raises Unauthenticated."""
    scheme, _, token = get_authorization_header(request).strip().partition(b" ")
    if scheme.lower() != b"bearer":
        return None
    try:
        return token.strip().decode("ascii")
    except UnicodeDecodeError as error:
        raise Unauthenticated from error


def live_key(token: str, *, now: dt.datetime) -> ApiKey:
    """The key that the token opens, its app joined: one query, and none for a typo. Raises Unauthenticated."""
    if not keys.is_wellformed(token):
        raise Unauthenticated
    # Filtered in SQL by the digest alone, so that a dead key takes the same path as a live one.
    key = _with_digest(keys.digest(token))
    if key is None or not key.is_live(now=now) or key.app.destroyed_at is not None:
        raise Unauthenticated
    return key


def note_use(key: ApiKey, *, now: dt.datetime) -> None:
    """Write `last_used_at`, at most once a minute; no request fails for it."""
    stale = now - LAST_USED_EVERY
    if key.last_used_at is not None and key.last_used_at > stale:
        return
    unnoted = Q(last_used_at=None) | Q(last_used_at__lte=stale)
    try:
        # A savepoint, should the caller be in a transaction that must outlive the failure.
        with transaction.atomic():
            ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
    except DatabaseError:
        log.warning("key_use_not_noted", key_id=str(key.pk), exc_info=True)
