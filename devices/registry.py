"""Apps and devices come into being and get their names."""

import datetime as dt

from django.db import IntegrityError, transaction

from devices.errors import DuplicateName
from devices.models import App, Device
from devices.names import cleaned
from problems.errors import NotFound


def create_app(*, name: str, now: dt.datetime) -> App:
    """A new tenant. Names of apps may repeat: they belong to people who know nothing of one another."""
    return App.objects.create(name=cleaned(name), created_at=now)


def create_device(*, app: App, name: str, now: dt.datetime) -> Device:
    """A new device of the app. Raises DuplicateName while a living device of the app has the name."""
    name = cleaned(name)
    try:
        with transaction.atomic():
            return Device.objects.create(app=app, name=name, created_at=now)
    except IntegrityError as error:
        raise DuplicateName(name) from error


def rename_app(app: App, *, name: str) -> None:
    """Give the app another name."""
    app.name = cleaned(name)
    App.objects.filter(pk=app.pk).update(name=app.name)


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
