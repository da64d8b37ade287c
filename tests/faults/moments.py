"""Every moment between two writes that has a name in the sources, by the deed in which a process is killed at it."""

# An upload of new bytes.
NEW_BYTES = (
    "ingest.pending_written",
    "ingest.object_put",
    "ingest.promote.owner_locked",
    "ingest.promote.ready",
    "ingest.promote.inserted",
    "ingest.committed",
)
# The same where objects are files: the bytes are there, beside their place.
HALF_PUT = "storage.file_beside"
# Only a race leads there: another upload of the same bytes was first.
RACE = "ingest.promote.lost"
KNOWN_BYTES = ("ingest.attach.owner_locked", "ingest.attach.blob_locked", "ingest.attach.inserted")
REFUSED_BYTES = "ingest.condemn"

ENTOMBING = ("retention.noted", "retention.entombed")
REMOVAL = ("retention.remove.app_locked", *ENTOMBING)
PURGE = ("retention.purge.app_locked", *ENTOMBING, "retention.batch_purged")
CONDEMNING = ("collection.locked", "collection.looked", "collection.condemned")
COLLECTING = ("collection.proved", "collection.deleted", "collection.kept", "collection.rows_deleted")
COLLECTION = (*CONDEMNING, *COLLECTING)

DEVICE_MARK = "destruction.device_marked"
BATCHES = ("destruction.locked", "destruction.copied", "destruction.noted", "destruction.batch_removed")
DESTRUCTION = (*BATCHES, "destruction.emptied", "destruction.device_finished")
APP_MARK = "destruction.app_marked"
AFTER_THE_MARK = (*DESTRUCTION, *COLLECTION, "destruction.app_emptied", "destruction.app_finished")

SWEEP = ("retention.window_swept",)
RULES = "retention.rule_applied"
HOLD = "retention.hold.app_locked"
DELIVERY = "retention.delivery.locked"

ALL = {
    *(*NEW_BYTES, HALF_PUT, RACE, *KNOWN_BYTES, REFUSED_BYTES),
    *(*REMOVAL, *PURGE, *COLLECTION),
    *(DEVICE_MARK, *DESTRUCTION, APP_MARK, *AFTER_THE_MARK),
    *(*SWEEP, RULES, HOLD, DELIVERY),
}
