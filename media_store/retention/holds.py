"""Legal holds: set on a media, a device or an app, they beat every rule and every wish to have it gone."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from devices import audit, names
from devices.models import App, AuditEvent, Device
from media_store.errors import HoldRefused, LegalHoldInForce
from media_store.failpoints import reached
from media_store.models import LegalHold, LegalHoldQuerySet, Media
from media_store.models.holds import REASON_CHARACTERS
from problems.errors import NotFound


def hold(subject: Media | Device | App, *, reason: str, until: datetime | None, by: str, now: datetime) -> LegalHold:
    """Hold it from now on. Errors: `NotFound` where it went meanwhile, `HoldRefused`.

    The app's row is locked first, and whoever removes media locks it too before looking for holds: either they see
    this hold, or we see what they have done.
    """
    _refuse_nonsense(reason=reason, until=until, now=now)
    app_id = subject.pk if isinstance(subject, App) else subject.app_id
    with transaction.atomic():
        app = App.objects.lock(pk=app_id)
        reached("retention.hold.app_locked")
        if app is None or app.destroyed_at is not None or not _is_there(subject):
            raise NotFound
        held = LegalHold.objects.create(
            app_id=app_id,
            device_id=subject.pk if isinstance(subject, Device) else None,
            media_id=subject.pk if isinstance(subject, Media) else None,
            subject=str(subject),
            reason=reason.strip(),
            set_at=now,
            set_by=by,
            until=until,
        )
        _tell(AuditEvent.Action.HOLD_SET, held, now=now, by=by)
    return held


def release_hold(held: LegalHold, *, by: str, now: datetime) -> bool:
    """End the hold; False if it was over already."""
    with transaction.atomic():
        in_force = LegalHold.objects.active(now=now).filter(pk=held.pk)
        released = in_force.update(released_at=now, released_by=by)
        if released:
            _tell(AuditEvent.Action.HOLD_RELEASED, held, now=now, by=by)
    return bool(released)


def holds_on(media: Media, *, now: datetime) -> LegalHoldQuerySet:
    """What keeps this media now: a hold on itself, on its device or on its app."""
    wider = Q(app_id=media.app_id, media=None) & (Q(device=None) | Q(device_id=media.device_id, device__isnull=False))
    return LegalHold.objects.active(now=now).filter(Q(media_id=media.pk) | wider)


def refuse_if_held(subject: Device | App, *, now: datetime) -> None:
    """Raise `LegalHoldInForce` where any media of it is held. The caller has locked the app."""
    if _is_held(subject, now=now):
        raise LegalHoldInForce("Media of the app" if isinstance(subject, App) else "Media of the device")
    reached("retention.found_unheld")


def _is_held(subject: Device | App, *, now: datetime) -> bool:
    holds = LegalHold.objects.active(now=now)
    if isinstance(subject, App):
        return holds.filter(app_id=subject.pk).exists()
    wide = holds.filter(Q(device=None) | Q(device_id=subject.pk), app_id=subject.app_id, media=None)
    of_media = holds.filter(app_id=subject.app_id, media__device_id=subject.pk)
    return wide.exists() or of_media.exists()


def _refuse_nonsense(*, reason: str, until: datetime | None, now: datetime) -> None:
    said = reason.strip()
    # Lists show it beside what is ours to tell: a line of its own there could tell anything.
    if not names.is_one_line(said) or len(said) > REASON_CHARACTERS:
        raise HoldRefused(
            f"Say why it is held: one line of 1 to {REASON_CHARACTERS} characters, at least one of them visible."
        )
    if until is not None and until <= now:
        raise HoldRefused("The hold would be over before it began: its end lies in the past.")


def _is_there(subject: Media | Device | App) -> bool:
    """Asked anew, after the lock."""
    if isinstance(subject, App):
        return True
    if isinstance(subject, Device):
        return Device.objects.living().filter(pk=subject.pk).exists()
    return Media.objects.reachable().filter(pk=subject.pk, purged_at=None).exists()


def _tell(action: AuditEvent.Action, held: LegalHold, *, now: datetime, by: str) -> None:
    audit.record(
        audit.event(
            action,
            now=now,
            by=by,
            subject=held.subject,
            app_id=held.app_id,
            device_id=held.device_id,
            details={"hold": held.pk, "scope": held.scope, "reason": held.reason},
        )
    )
