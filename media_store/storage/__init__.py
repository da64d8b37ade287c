"""Storage: the objects themselves, by random keys. Knows bytes and no rows."""

from media_store.storage.objects import DELETE_KEYS, ObjectStore, new_key, objects, probe

__all__ = ["DELETE_KEYS", "ObjectStore", "new_key", "objects", "probe"]
