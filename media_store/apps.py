"""The app and what it connects at start."""

from django.apps import AppConfig


class MediaStoreConfig(AppConfig):
    """Media, from arrival to purge."""

    name = "media_store"
    verbose_name = "Media"

    def ready(self) -> None:
        """Connect the receivers; importing them is what registers them. And be asked for the live part of events."""
        from devices import webhooks  # noqa: PLC0415 - only once the models are there
        from media_store import checks, news, receivers  # noqa: F401, PLC0415 - as above

        webhooks.live.register(news.live)
