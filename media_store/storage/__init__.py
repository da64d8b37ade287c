"""Storage: the objects themselves, by random keys. Knows bytes and no rows."""

from media_store.storage.objects import ObjectStore, new_key, objects, probe

__all__ = ["ObjectStore", "new_key", "objects", "probe"]
