"""Inspection: what the bytes are, and whether a message of this kind may carry them."""

from dataclasses import dataclass, replace

from django.conf import settings

from devices.models import App
from media_store import kinds, mime_types
from media_store.errors import ChecksumMismatch, Empty
from media_store.ingest.arrival import Arrival
from media_store.models.vocabulary import Direction
from media_store.sniffing import is_animated_webp, sniff
from media_store.spool import Spool
from problems.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was found: the type to serve under, the kind, the size in bytes, the checksum in hex."""

    mime_type: str
    kind: str
    size: int
    sha256: str


def inspect(arrival: Arrival, spool: Spool) -> Facts:
    """Look at the bytes. Errors: `Empty`, `ChecksumMismatch`, and those of `judge`."""
    if not spool.size:
        raise Empty
    check_promise(arrival, sha256=spool.sha256)
    detected = sniff(head=spool.head, size=spool.size, open_file=spool.open)
    return judge(arrival, detected=detected, size=spool.size, sha256=spool.sha256, head=spool.head)


def validate(arrival: Arrival, spool: Spool) -> dict[str, object]:
    """What the bytes are, and for each kind of message whether it would carry them and why not. Errors as `inspect`."""
    facts = inspect(arrival, spool)
    verdicts = {kind: _verdict(replace(arrival, kind=kind), facts, spool) for kind in kinds_of(arrival.app)}
    return {"mime_type": facts.mime_type, "size": facts.size, "sha256": facts.sha256, "kinds": verdicts}


def _verdict(arrival: Arrival, facts: Facts, spool: Spool) -> dict[str, object]:
    try:
        judge(arrival, detected=facts.mime_type, size=facts.size, sha256=facts.sha256, head=spool.head)
    except Problem as problem:
        return {"accepted": False, "code": problem.code, "detail": problem.detail}
    return {"accepted": True, "code": None, "detail": None}


def judge(arrival: Arrival, *, detected: str, size: int, sha256: str, head: bytes) -> Facts:
    """Hold what was found against the kind. Errors: `TypeNotAllowed`, `MimeMismatch`, `TooLarge`.

    What came in through the network has been carried by it already: it is what its sender called it, whatever it is.
    """
    if arrival.kind is None or arrival.direction == Direction.INBOUND:
        kind = arrival.kind or mime_types.natural_kind(detected)
        return Facts(mime_type=detected, kind=kind, size=size, sha256=sha256)
    mime_type = kinds.check(
        kind=kinds_of(arrival.app)[arrival.kind],
        declared=arrival.declared_mime_type or None,
        detected=detected,
        size=size,
        animated=is_animated_webp(head),
    )
    return Facts(mime_type=mime_type, kind=arrival.kind, size=size, sha256=sha256)


def limits_what_moves(arrival: Arrival) -> bool:
    """Whether a message of this kind is judged by whether it moves, which its head tells."""
    return arrival.kind is not None and kinds_of(arrival.app)[arrival.kind].animated_max_bytes is not None


def check_promise(arrival: Arrival, *, sha256: str) -> None:
    """Compare with the client's own checksum, where it sent one."""
    if arrival.sha256 is not None and arrival.sha256.lower() != sha256:
        detail = "The bytes that arrived do not have the sha256 that was promised."
        raise ChecksumMismatch(detail, actual_sha256=sha256)


def kinds_of(app: App) -> dict[str, kinds.Kind]:
    """The media classes of this app: the defaults, the installation's changes, then the app's own."""
    most = settings.MEDIA_MAX_BYTES
    base = kinds.kinds_from(settings.MEDIA_KINDS, max_bytes=most)
    return kinds.kinds_from(app.media_kinds, max_bytes=most, base=base)
