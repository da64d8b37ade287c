"""Ingest: how bytes become media."""

from media_store.ingest.arrival import Arrival
from media_store.ingest.inspection import kinds_of
from media_store.ingest.receiving import Outcome, receive, reuse

__all__ = ["Arrival", "Outcome", "kinds_of", "receive", "reuse"]
