"""Arrival: what a door knows of media before anybody has looked at the bytes."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from devices.models import App, Device
from media_store.models import Media


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """The words that came with the bytes, all of them advice but whose they are.

    `kind` is None where no message carries the media, or nobody says: then any type is taken. `sha256` is what the
    client promises, to be checked. `source` and `source_detail` are as on Media. `chat_type` is for the ingest policy,
    and is not kept.
    """

    app: App
    device: Device | None
    direction: str
    source: str
    source_detail: str = ""
    kind: str | None = None
    message_id: str | None = None
    declared_mime_type: str = ""
    file_name: str = ""
    caption: str = ""
    to: str = ""
    sender: str = ""
    chat_id: str = ""
    chat_type: str = ""
    sent_at: datetime | None = None
    ptt: bool = False
    sha256: str | None = None

    def of_media(self, original: Media) -> Self:
        """The same words over media that the app has already, whose name it takes where it has none."""
        return replace(
            self,
            source=Media.Source.MEDIA,
            source_detail=str(original.id),
            file_name=self.file_name or original.file_name,
        )
