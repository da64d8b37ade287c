"""Media in the admin: what there is, what keeps it, how it leaves and what has left. Everything goes by its verb."""

from media_store.admin.blobs import BlobAdmin
from media_store.admin.destroyed import DestroyedMediaAdmin
from media_store.admin.holds import LegalHoldAdmin
from media_store.admin.media import MediaAdmin
from media_store.admin.rules import RetentionRuleAdmin
from media_store.admin.runs import PurgeRunAdmin
from media_store.admin.tenants import HoldableAppAdmin, HoldableDeviceAdmin

__all__ = [
    "BlobAdmin",
    "DestroyedMediaAdmin",
    "HoldableAppAdmin",
    "HoldableDeviceAdmin",
    "LegalHoldAdmin",
    "MediaAdmin",
    "PurgeRunAdmin",
    "RetentionRuleAdmin",
]
