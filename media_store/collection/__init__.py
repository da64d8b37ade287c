"""Collection: how bytes leave. The only code in the house that deletes objects.

What lets a blob go leaves a note; what gives an upload up leaves a PENDING row. Here the blobs are condemned, their
objects are deleted, and last of all their rows, so that a kill at any moment leaves a row that tells what is to be
done.
"""

from media_store.collection.collecting import Collected, collect, is_any_due
from media_store.collection.condemning import condemn_lost, condemn_released, give_up_uploads, note_unreferenced
from media_store.collection.orphans import YOUNGEST, delete_orphans, is_ripe

__all__ = [
    "YOUNGEST",
    "Collected",
    "collect",
    "condemn_lost",
    "condemn_released",
    "delete_orphans",
    "give_up_uploads",
    "is_any_due",
    "is_ripe",
    "note_unreferenced",
]
