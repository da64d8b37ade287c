"""API keys: what a token looks like, and how keys are issued, found and revoked.

A token is `mhk_`, 30 random characters of base62 (178 bits) and 6 characters of base62 with the CRC32 of the 30,
the way of GitHub's tokens: a typo is refused without a query, and scanners can tell a leaked key from noise.
A token of that many random bits needs no slow hash: its sha256 is kept, and found by an index.
"""

import datetime as dt
import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable

from django.db import transaction

from devices import audit
from devices.errors import KeyRefused, ScopeMissing
from devices.models import ApiKey, App, AuditEvent
from devices.names import cleaned
from devices.scopes import Scope

PREFIX = "mhk_"
BODY_CHARACTERS = 30
CHECK_CHARACTERS = 6
SHOWN_CHARACTERS = 12

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_TOKEN = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{BODY_CHARACTERS}}})([0-9A-Za-z]{{{CHECK_CHARACTERS}}})")


def new_token() -> str:
    """A token that nobody has seen."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(BODY_CHARACTERS))
    return PREFIX + body + _check(body)


def is_wellformed(token: str) -> bool:
    """Whether the token has the form of ours and its check characters fit."""
    match = _TOKEN.fullmatch(token)
    return match is not None and _check(match[1]) == match[2]


def digest(token: str) -> str:
    """What is kept of a token: its sha256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_key(  # noqa: PLR0913 - the facts of a key, each by its name
    *, app: App, name: str, scopes: Iterable[str], expires_at: dt.datetime | None, now: dt.datetime, by: str = ""
) -> tuple[ApiKey, str]:
    """A new key and its token, which is told this once. Raises KeyRefused, NotFound once the app goes.

    Where somebody did it, the trail tells.
    """
    _refuse_past(expires_at, now=now)
    token = new_token()
    key = ApiKey(
        app=app,
        name=cleaned(name, required=False),
        digest=digest(token),
        prefix=token[:SHOWN_CHARACTERS],
        scopes=_in_order(scopes),
        created_at=now,
        expires_at=expires_at,
    )
    with transaction.atomic():
        # Against the end of the app, which takes the keys that it sees.
        App.objects.lock_living(pk=app.pk)
        key.save(force_insert=True)
        _tell(AuditEvent.Action.KEY_ISSUED, key, now=now, by=by)
    return key, token


def issue_key_for(  # noqa: PLR0913 - likewise
    caller: ApiKey, *, name: str, scopes: Iterable[str], expires_at: dt.datetime | None, now: dt.datetime, by: str
) -> tuple[ApiKey, str]:
    """A key issued by another key of the app, never with a scope that the other lacks (ScopeMissing)."""
    wanted = list(scopes)
    for scope in wanted:
        if not caller.has_scope(scope):
            raise ScopeMissing(scope)
    return issue_key(app=caller.app, name=name, scopes=wanted, expires_at=expires_at, now=now, by=by)


def revoke(key: ApiKey, *, now: dt.datetime, by: str = "") -> bool:
    """Revoke the key from this moment on; False if it was already."""
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
            return False
        _tell(AuditEvent.Action.KEY_REVOKED, key, now=now, by=by)
    key.revoked_at = now
    return True


def _tell(action: AuditEvent.Action, key: ApiKey, *, now: dt.datetime, by: str) -> None:
    if not by:
        return
    expires_at = key.expires_at.isoformat() if key.expires_at else None
    details = {"key_id": str(key.pk), "name": key.name, "scopes": key.scopes, "expires_at": expires_at}
    audit.record(audit.event(action, now=now, by=by, subject=f"{key.prefix}…", app_id=key.app_id, details=details))


def _check(body: str) -> str:
    """CRC32 in base62, six digits: 62^6 is more than 2^32."""
    rest = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECK_CHARACTERS):
        rest, digit = divmod(rest, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _in_order(scopes: Iterable[str]) -> list[str]:
    wanted = set(scopes)
    unknown = wanted - set(Scope.values)
    if unknown:
        message = f"There is no scope {min(unknown)!r}; the scopes are {', '.join(Scope.values)}."
        raise KeyRefused(message)
    if not wanted:
        message = f"A key needs at least one scope of {', '.join(Scope.values)}."
        raise KeyRefused(message)
    return [scope for scope in Scope.values if scope in wanted]


def _refuse_past(expires_at: dt.datetime | None, *, now: dt.datetime) -> None:
    if expires_at is not None and expires_at <= now:
        message = "The key would have expired already; choose a moment to come, or none."
        raise KeyRefused(message)
