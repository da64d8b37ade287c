"""What an app can be told of."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import TextChoices


class Event(TextChoices):
    """The events, in the order in which they are stored and shown."""

    MESSAGE = "message", "a message came in, and its media can be downloaded"
    MEDIA_READY = "media.ready", "media whose bytes came later, from a URL say, can be downloaded"
    MEDIA_FAILED = "media.failed", "media could not be fetched from its URL"
    MEDIA_EXPIRING = "media.expiring", "media is about to expire"
    MEDIA_PURGED = "media.purged", "the bytes of media are gone"
    RECEIPT = "receipt", "a message that was sent got further"
    DEVICE_DESTROYED = "device_destroyed", "a device was destroyed, and its media with it"
    TEST = "test", "somebody wants to know whether webhooks arrive"


# A test is sent when it is asked for, to the endpoint that is tested.
CHOOSABLE = tuple(event for event in Event if event is not Event.TEST)


@dataclass(frozen=True, kw_only=True)
class News:
    """Something that happened. `payload` is JSON: facts of this moment, which never change.

    `subject_id` is what the live part of the payload is asked about when it is sent.
    """

    event: Event
    app_id: uuid.UUID
    device_id: uuid.UUID | None
    payload: Mapping[str, object]
    subject_id: uuid.UUID | None = None
