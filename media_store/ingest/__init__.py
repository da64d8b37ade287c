"""Ingest: how bytes become media."""

from media_store.ingest.announcing import announce, refetch
from media_store.ingest.arrival import Arrival
from media_store.ingest.claiming import claim, due
from media_store.ingest.fetching import fetch
from media_store.ingest.inbound import TOO_LARGE, omit, take_in
from media_store.ingest.inspection import kinds_of, validate
from media_store.ingest.policies import ChatType, policy_of, set_policy
from media_store.ingest.receiving import Outcome, receive, reuse

__all__ = [
    "TOO_LARGE",
    "Arrival",
    "ChatType",
    "Outcome",
    "announce",
    "claim",
    "due",
    "fetch",
    "kinds_of",
    "omit",
    "policy_of",
    "receive",
    "refetch",
    "reuse",
    "set_policy",
    "take_in",
    "validate",
]
