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
PURGE = ("retention.purge.app_locked", *ENTOMBING, "retention.batch_purged", "retention.weighed")
CONDEMNING = ("collection.locked", "collection.looked", "collection.condemned")
COLLECTING = (
    "collection.proved",
    "collection.deleted",
    "collection.kept",
    "collection.rows_locked",
    "collection.rows_deleted",
)
COLLECTION = (*CONDEMNING, *COLLECTING)

# The look for holds, and the mark.
DEVICE_MARK = ("retention.found_unheld", "destruction.device_marked")
BATCHES = ("destruction.locked", "destruction.copied", "destruction.noted", "destruction.batch_removed")
DESTRUCTION = (*BATCHES, "destruction.looked", "destruction.emptied", "destruction.device_finished")
APP_MARK = "destruction.app_marked"
AFTER_THE_MARK = (*DESTRUCTION, *COLLECTION, "destruction.app_emptied", "destruction.app_finished")

SWEEP = ("retention.window_chosen", "retention.window_swept")
# Between a batch and the note of how far it got, past both, and before the end of the pass is noted.
RULES = ("retention.rule_batch_moved", "retention.rule_batch_applied", "retention.rule_applied")
HOLD = "retention.hold.app_locked"
# An event, written and not yet true.
TOLD = "news.announced"
RECEIPT = ("retention.delivery.locked", "retention.delivery.noted", TOLD)
CLAIM = {"outbox.claimed": 0, "outbox.claim_committed": 1}
EXPIRING = {TOLD: 0, "retention.expiring_announced": 0, "retention.expiring_committed": 1}

ANNOUNCING = ("ingest.announce.owner_locked", "ingest.announce.inserted", "ingest.announced")
REFETCH = "ingest.refetch"
CLAIMING = ("ingest.claim.chosen", "ingest.claimed")
FETCHING = (*CLAIMING, "ingest.fetched", *NEW_BYTES)
FETCH_FAILED = "ingest.fetch_failed"

# Of a reconciliation: before its first write; of its fix, inside a transaction that a kill undoes; past the first and
# past the second of three transactions; of orphans; of a verification, which writes nothing.
LOOKING = ("reconcile.listed", "reconcile.store_asked", "reconcile.found")
FAILING = ("reconcile.app_locked", "reconcile.blob_locked", *ENTOMBING, "reconcile.media_failed")
FAILED = {"reconcile.media_committed": 1, "reconcile.blob_condemned": 2}
DELETING = ("reconcile.orphans_asked", "reconcile.orphans_deleted")
VERIFYING = "reconcile.verified"

# A claim, before it is committed and after; an answer that was heard and is not noted yet; one that is.
SENDING = (
    "webhooks.claim.locked",
    "webhooks.claim.written",
    "webhooks.claimed",
    "webhooks.answered",
    "webhooks.recorded",
)
# The note of a failure, with its endpoint locked; and the news of a device's end, before it is written.
NOTING_FAILURE = "webhooks.record.locked"
TELLING = "webhooks.announce.locked"
WEBHOOKS_SWEPT = "webhooks.swept"

ALL = {
    *(*NEW_BYTES, HALF_PUT, RACE, *KNOWN_BYTES, REFUSED_BYTES),
    *(*REMOVAL, *PURGE, *COLLECTION),
    *(*DEVICE_MARK, *DESTRUCTION, APP_MARK, *AFTER_THE_MARK),
    *(*ANNOUNCING, REFETCH, *FETCHING, FETCH_FAILED),
    *(*LOOKING, *FAILING, *FAILED, *DELETING, VERIFYING),
    *(*SWEEP, *RULES, HOLD, *RECEIPT, *CLAIM, *EXPIRING),
    *(*SENDING, NOTING_FAILURE, TELLING, WEBHOOKS_SWEPT),
}
