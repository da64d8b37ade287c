"""News from below: what media does when a device is destroyed."""

from typing import Any

from django.dispatch import receiver

from devices.models import Device
from devices.signals import device_destroyed
from media_store.tasks import finish_destroyed_devices, hint


@receiver(device_destroyed)
def ask_for_its_media_to_go(sender: type[Device], **_news: Any) -> None:  # noqa: ARG001 - a receiver's signature
    """Inside the transaction of the mark; the work comes after it."""
    hint(finish_destroyed_devices)
