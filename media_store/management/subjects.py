"""What an operator names on the command line: an app, a device, a media; living, or destroyed."""

import uuid
from dataclasses import dataclass

from django.core.management.base import CommandError

from devices import ids
from devices.management.door import app_called
from devices.models import App, AuditEvent, Device
from media_store.models import Media


@dataclass(frozen=True, kw_only=True)
class Gone:
    """An app or a device that may have no row any more; the trail knows it."""

    app_id: uuid.UUID
    device_id: uuid.UUID | None
    name: str


def device_called(text: str, *, app: App | None) -> Device:
    """The living device of this id or, if it is the only one, of this name. Raises CommandError."""
    living = Device.objects.living().select_related("app")
    if app is not None:
        living = living.filter(app=app)
    device_id = ids.parsed(text)
    by_id = living.filter(pk=device_id) if device_id else living.none()
    found = list(by_id) or list(living.filter(name=text)[:2])
    whose = f" of the app {app.name!r}" if app else ""
    if not found:
        message = f"There is no device{whose} with the id or name {text!r}."
        raise CommandError(message)
    if len(found) > 1:
        message = f"Several devices are called {text!r}; give --app, or the id of the one you mean."
        raise CommandError(message)
    return found[0]


def media_called(path: str) -> Media:
    """The media of this path. Raises CommandError."""
    media = Media.objects.reachable().filter(path=path).first()
    if media is None:
        message = f"There is no media with the path {path!r}."
        raise CommandError(message)
    return media


def destroyed_device_called(text: str, *, app_id: uuid.UUID | None) -> Gone:
    """The destroyed device of this id or, if it is the only one, of this name. Raises CommandError."""
    return _called(text, AuditEvent.Action.DEVICE_DESTROYED, app_id=app_id)


def destroyed_app_called(text: str) -> Gone:
    """The destroyed app of this id or, if it is the only one, of this name. Raises CommandError."""
    return _called(text, AuditEvent.Action.APP_DESTROYED, app_id=None)


def app_id_called(text: str) -> uuid.UUID:
    """The id of an app, living or destroyed. Raises CommandError."""
    try:
        return app_called(text).pk
    except CommandError:
        return destroyed_app_called(text).app_id


def _called(text: str, action: AuditEvent.Action, *, app_id: uuid.UUID | None) -> Gone:
    marks = AuditEvent.objects.filter(action=action)
    if app_id is not None:
        marks = marks.filter(app_id=app_id)
    wanted = ids.parsed(text)
    column = "device_id" if action == AuditEvent.Action.DEVICE_DESTROYED else "app_id"
    by_id = marks.filter(**{column: wanted}) if wanted else marks.none()
    found = list(by_id[:1]) or list(marks.filter(subject=text)[:2])
    what = column.removesuffix("_id")
    if not found:
        # It may be there and live: nothing else is said about it.
        message = f"No {what} with the id or name {text!r} was destroyed, as far as the trail tells."
        raise CommandError(message)
    if len(found) > 1:
        message = f"Several {what}s called {text!r} were destroyed; give the id of the one you mean."
        raise CommandError(message)
    mark = found[0]
    if mark.app_id is None:
        raise CommandError(f"The trail does not say which {what} {text!r} was.")
    return Gone(app_id=mark.app_id, device_id=mark.device_id, name=mark.subject)
