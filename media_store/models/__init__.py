"""The rows of media: what is stored, what each message carried, how long it is kept, and how it goes."""

from media_store.models.blobs import Blob, BlobQuerySet, BlobRelease
from media_store.models.destroyed import DestroyedMedia
from media_store.models.holds import LegalHold, LegalHoldQuerySet
from media_store.models.inserting import insert_select
from media_store.models.media import (
    ADDRESS_CHARACTERS,
    BYTES_MISSING,
    CAPTION_CHARACTERS,
    FILE_NAME_CHARACTERS,
    MESSAGE_ID_CHARACTERS,
    RETENTION,
    Media,
    MediaQuerySet,
)
from media_store.models.policies import IngestPolicy
from media_store.models.refusing import DeletedByVerbsOnlyError
from media_store.models.rules import RetentionRule, RetentionRuleQuerySet
from media_store.models.work import Lease, PurgeRun, StoreMark

__all__ = [
    "ADDRESS_CHARACTERS",
    "BYTES_MISSING",
    "CAPTION_CHARACTERS",
    "FILE_NAME_CHARACTERS",
    "MESSAGE_ID_CHARACTERS",
    "RETENTION",
    "Blob",
    "BlobQuerySet",
    "BlobRelease",
    "DeletedByVerbsOnlyError",
    "DestroyedMedia",
    "IngestPolicy",
    "Lease",
    "LegalHold",
    "LegalHoldQuerySet",
    "Media",
    "MediaQuerySet",
    "PurgeRun",
    "RetentionRule",
    "RetentionRuleQuerySet",
    "StoreMark",
    "insert_select",
]
