"""Storage: the objects themselves, by random keys. Knows bytes and no rows."""

from media_store.storage.objects import (
    DELETE_KEYS,
    PREFIX,
    Listed,
    ObjectStore,
    is_well_formed,
    keys_under,
    new_key,
    objects,
    prefix_of,
    probe,
)

__all__ = [
    "DELETE_KEYS",
    "PREFIX",
    "Listed",
    "ObjectStore",
    "is_well_formed",
    "keys_under",
    "new_key",
    "objects",
    "prefix_of",
    "probe",
]
