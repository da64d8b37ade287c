"""Explaining: for one media, which rule keeps it until when, what holds it, and how it went or will go."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Q

from devices.models import App, AuditEvent
from media_store.models import Blob, BlobRelease, DestroyedMedia, LegalHold, Media, PurgeRun
from media_store.retention import expiry_of, holds_on

DESTROYED = "destroyed"


class ObjectState(StrEnum):
    """What has become of the object with a media's bytes."""

    STORED = "stored"
    RELEASED = "released"
    CONDEMNED = "condemned"
    DELETED = "deleted"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class ObjectFacts:
    """The object. `shared_with` counts the other media that refer to it, which keep it."""

    state: ObjectState
    shared_with: int = 0
    due_at: datetime | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """The rule on the row, its days and its bounds; `rule_now` where a changed rule is still to be applied."""

    rule: str
    days: int | None
    rule_now: str
    counted_from: datetime
    expires_at: datetime
    brought_forward_from: datetime | None
    floor: datetime
    ceiling: datetime


@dataclass(frozen=True, kw_only=True)
class Going:
    """When and why it went, and by whom where that is known; `choice` as it was typed."""

    at: datetime
    reason: str
    by: str = ""
    choice: str = ""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All that is known of one media. Sizes in bytes."""

    media_id: uuid.UUID
    path: str
    app_id: uuid.UUID
    app_name: str
    device_id: uuid.UUID | None
    device_name: str
    status: str
    size: int
    sha256: str
    created_at: datetime
    kind: str = ""
    direction: str = ""
    reason: str = ""
    delivery: str = ""
    delivered_at: datetime | None = None
    keeping: Keeping | None = None
    holds: list[LegalHold] = field(default_factory=list)
    going: Going | None = None
    forgotten_at: datetime | None = None
    object: ObjectFacts
    verdict: str


def explain(path: str, *, now: datetime) -> Explanation | None:
    """What is known of this path: of a media, or of one whose device or app was destroyed; None where nothing is."""
    media = Media.objects.select_related("app", "device", "blob").filter(path=path).first()
    if media is not None:
        return _of_media(media, now=now)
    destroyed = DestroyedMedia.objects.filter(path=path).first()
    return None if destroyed is None else _of_destroyed(destroyed)


def _of_media(media: Media, *, now: datetime) -> Explanation:
    holds = list(holds_on(media, now=now).order_by("pk"))
    facts = _object_of(media)
    going = _going_of(media)
    return Explanation(
        media_id=media.pk,
        path=media.path,
        app_id=media.app_id,
        app_name=media.app.name,
        device_id=media.device_id,
        device_name=media.device.name if media.device else "",
        status=DESTROYED if _is_marked(media) else media.status_at(now),
        size=media.size,
        sha256=media.sha256,
        created_at=media.created_at,
        kind=media.kind,
        direction=media.direction,
        reason=media.reason,
        delivery=media.delivery,
        delivered_at=media.delivered_at,
        keeping=_keeping_of(media),
        holds=holds,
        going=going,
        forgotten_at=_forgotten_at(media),
        object=facts,
        verdict=_verdict(media, holds, now=now),
    )


def _keeping_of(media: Media) -> Keeping:
    said = expiry_of(media)
    is_applied = said.rule == media.expiry_rule
    return Keeping(
        rule=media.expiry_rule,
        days=said.days if is_applied else None,
        rule_now="" if is_applied else said.rule,
        counted_from=media.delivered_at or media.created_at,
        expires_at=media.expires_at,
        brought_forward_from=media.brought_forward_from,
        floor=said.floor,
        ceiling=said.ceiling,
    )


def _going_of(media: Media) -> Going | None:
    if media.purged_at is None:
        return None
    # A run writes the moment at which it began on every row that it takes.
    run = PurgeRun.objects.filter(work=PurgeRun.Work.PURGE, started_at=media.purged_at).first()
    removed = AuditEvent.objects.filter(
        app_id=media.app_id, action=AuditEvent.Action.MEDIA_REMOVED, subject=media.path
    ).first()
    by = removed.by if removed else run.by if run else ""
    return Going(at=media.purged_at, reason=media.reason, by=by, choice=run.choice if run and not removed else "")


def _forgotten_at(media: Media) -> datetime | None:
    """When the row itself goes."""
    if media.purged_at is not None:
        return media.purged_at + timedelta(days=settings.AUDIT_DAYS)
    if media.status == Media.Status.OMITTED:
        return media.expires_at
    if media.status == Media.Status.FAILED and media.blob_id is None:
        return media.created_at + timedelta(days=settings.FAILED_KEEP_DAYS)
    return None


def _is_marked(media: Media) -> bool:
    return media.app.destroyed_at is not None or (media.device is not None and media.device.destroyed_at is not None)


def _verdict(media: Media, holds: list[LegalHold], *, now: datetime) -> str:
    """In a sentence: when and why it will go, or went."""
    if holds:
        what = "a legal hold keeps" if len(holds) == 1 else f"{len(holds)} legal holds keep"
        return f"It stays: {what} it, whatever its rule says."
    if _is_marked(media):
        return "Its device or app was destroyed: the row goes with the next batch, then its object."
    if media.purged_at is not None:
        return f"It went ({media.reason}); what is left is the row, until the audit window ends."
    if media.status != Media.Status.READY:
        return f"It has no bytes to purge: it is {media.status}."
    return _verdict_of_ready(media, now=now)


def _verdict_of_ready(media: Media, *, now: datetime) -> str:
    if media.expires_at > now:
        until = media.expires_at.astimezone(UTC)
        return f"It expires by its rule on {until:%Y-%m-%d at %H:%M:%S} UTC; the first purge after that takes it."
    if media.brought_forward_from is not None and media.brought_forward_from > now:
        return (
            "It expired because a rule was changed, and answers 410 already; the next purge takes it, unless that "
            "would be so many media of its app that the brake stops it."
        )
    return "It has expired, and answers 410 already; the next purge takes it."


def _object_of(media: Media) -> ObjectFacts:
    """By its blob; a tombstone has let go of it, and knows the bytes by their checksum only."""
    if media.blob is not None:
        return _facts(media.blob, but=media.pk)
    if not media.sha256:
        return ObjectFacts(state=ObjectState.NONE)
    of_bytes = Blob.objects.filter(app_id=media.app_id, sha256=media.sha256)
    return _facts(of_bytes.order_by("condemned_at").first(), but=media.pk)


def _facts(blob: Blob | None, *, but: uuid.UUID) -> ObjectFacts:
    if blob is None:
        return ObjectFacts(state=ObjectState.DELETED)
    if blob.state == Blob.State.CONDEMNED:
        return ObjectFacts(state=ObjectState.CONDEMNED, due_at=blob.collect_at, error=blob.collect_error)
    referring = Media.objects.filter(blob=blob)
    others = referring.exclude(pk=but).count()
    if referring.exists():
        return ObjectFacts(state=ObjectState.STORED, shared_with=others)
    note = BlobRelease.objects.filter(blob=blob).order_by("-noted_at").first()
    grace = timedelta(seconds=settings.RELEASE_GRACE_SECONDS)
    return ObjectFacts(state=ObjectState.RELEASED, due_at=note.noted_at + grace if note else None)


def _of_destroyed(row: DestroyedMedia) -> Explanation:
    events = AuditEvent.objects.filter(app_id=row.app_id).order_by("pk")
    device = events.filter(device_id=row.device_id, action=AuditEvent.Action.DEVICE_DESTROYED).first()
    app = events.filter(device_id=None, action=AuditEvent.Action.APP_DESTROYED).first()
    told = device if row.device_id else app
    living = App.objects.filter(pk=row.app_id).first()
    blob = Blob.objects.filter(Q(pk=row.blob_id) if row.blob_id else Q(app_id=row.app_id, sha256=row.sha256))
    object_ = _facts(blob.order_by("condemned_at").first(), but=row.media_id)
    return Explanation(
        media_id=row.media_id,
        path=row.path,
        app_id=row.app_id,
        app_name=living.name if living else app.subject if app else "",
        device_id=row.device_id,
        device_name=device.subject if device else "",
        status=DESTROYED,
        size=row.size,
        sha256=row.sha256,
        created_at=row.created_at,
        going=Going(
            at=row.destroyed_at,
            reason="device destroyed" if row.device_id else "app destroyed",
            by=told.by if told else "",
        ),
        forgotten_at=row.destroyed_at + timedelta(days=settings.AUDIT_DAYS),
        object=object_ if row.sha256 else ObjectFacts(state=ObjectState.NONE),
        verdict="It went with its device or app; what is left is the account of it, until the audit window ends.",
    )
