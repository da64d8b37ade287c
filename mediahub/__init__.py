"""MediaHub's wiring: settings, urls, processes. No rules live here."""

from mediahub.celery import app as celery_app

__all__ = ["celery_app"]
