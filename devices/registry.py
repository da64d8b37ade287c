"""Apps and devices come into being and get their names."""

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction

from devices.errors import DuplicateName
from devices.models import App, Device
from devices.names import cleaned
from problems.errors import NotFound


def create_app(*, name: str, now: dt.datetime) -> App:
    """A new tenant. Names of apps may repeat: they belong to people who know nothing of one another."""
    return App.objects.create(name=cleaned(name), created_at=now)


def create_device(*, app: App, name: str, now: dt.datetime) -> Device:
    """A new device of the app. Raises DuplicateName while a living device has the name, NotFound once the app goes."""
    name = cleaned(name)
    try:
        with transaction.atomic():
            # Against the mark of a destroyed app, which takes the devices that it sees.
            App.objects.lock_living(pk=app.pk)
            return Device.objects.create(app=app, name=name, created_at=now)
    except IntegrityError as error:
        raise DuplicateName(name) from error


def rename_app(app: App, *, name: str) -> None:
    """Give the app another name."""
    app.name = cleaned(name)
    App.objects.filter(pk=app.pk).update(name=app.name)


def set_media_kinds(app: App, *, override: dict[str, Any] | None) -> None:
    """Keep what the app may send that differs from the installation; media_store knows what it means."""
    app.media_kinds = override
    App.objects.filter(pk=app.pk).update(media_kinds=override)


def rename_device(device: Device, *, name: str) -> None:
    """Give a living device another name. Raises DuplicateName, or NotFound when it was destroyed meanwhile."""
    name = cleaned(name)
    try:
        with transaction.atomic():
            renamed = Device.objects.living().filter(pk=device.pk).update(name=name)
    except IntegrityError as error:
        raise DuplicateName(name) from error
    if not renamed:
        raise NotFound
    device.name = name
