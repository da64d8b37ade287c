"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, timestamp and body (github.com/standard-webhooks)."""

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32
LEAST_BYTES, MOST_BYTES = 24, 64


def new_secret() -> str:
    """A secret that nobody has seen."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(*, webhook_id: str, at: dt.datetime, body: bytes, secrets: Iterable[str]) -> list[tuple[str, str]]:
    """What proves that this body is ours, and of this moment; one signature for each of the secrets."""
    timestamp = str(int(at.timestamp()))
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    return [
        ("webhook-id", webhook_id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", " ".join(_signature(secret, signed) for secret in secrets)),
    ]


def is_signed(signatures: str, *, webhook_id: str, at: dt.datetime, body: bytes, secrets: Iterable[str]) -> bool:
    """Whether any of these signatures, as a header has them, is by any of the secrets; their age is not asked."""
    ours = dict(headers(webhook_id=webhook_id, at=at, body=body, secrets=secrets))["webhook-signature"].split()
    theirs = [signature.encode() for signature in signatures.split()]
    return any(hmac.compare_digest(one.encode(), other) for one in ours for other in theirs)


def is_secret(text: str) -> bool:
    """Whether this is a secret as the specification has them: `whsec_` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        return False
    return text.startswith(PREFIX) and MOST_BYTES >= len(key) >= LEAST_BYTES


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
