"""Delivery: serving a download. The row decides; then the bytes, by range, from wherever they lie."""

from media_store.delivery.answering import Delivery, deliver
from media_store.delivery.inspection import inspect
from media_store.delivery.readable import ensure_readable, failed, find

__all__ = ["Delivery", "deliver", "ensure_readable", "failed", "find", "inspect"]
