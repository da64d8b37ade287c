"""News from elsewhere: what media does when a device or an app is destroyed, and once the tables are there."""

from typing import Any

from django.db.models.signals import post_migrate
from django.dispatch import receiver

from devices.models import App, Device
from devices.signals import app_destroyed, device_destroyed
from media_store import retention, store_mark
from media_store.failpoints import reached
from media_store.models import StoreMark
from media_store.tasks import finish_destroyed, hint


@receiver(device_destroyed)
def let_the_media_of_a_device_go(sender: type[Device], **news: Any) -> None:  # noqa: ARG001 - a receiver's signature
    """Inside the transaction of the mark: refuse while any of it is held; the work comes after it."""
    retention.refuse_if_held(news["device"], now=news["now"])
    reached("destruction.device_marked")
    hint(finish_destroyed)


@receiver(app_destroyed)
def let_the_media_of_an_app_go(sender: type[App], **news: Any) -> None:  # noqa: ARG001 - a receiver's signature
    """Likewise."""
    retention.refuse_if_held(news["app"], now=news["now"])
    reached("destruction.app_marked")
    hint(finish_destroyed)


@receiver(post_migrate)
def give_the_database_its_token(sender: Any, **_news: Any) -> None:
    """Before anything is stored: from then on its store is told from others by it."""
    # Django sends this after every migrate, of another app or backwards too.
    if sender.label == "media_store" and StoreMark.is_there():
        store_mark.give_token()
