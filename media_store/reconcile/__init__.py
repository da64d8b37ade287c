"""Reconciliation: what the rows say is there, held against what the store has; and bytes read again."""

from media_store.reconcile.findings import Finding, Fixed, Kind
from media_store.reconcile.reconciling import Choice, Reconciled, reconcile
from media_store.reconcile.verifying import Verified, verify

__all__ = ["Choice", "Finding", "Fixed", "Kind", "Reconciled", "Verified", "reconcile", "verify"]
