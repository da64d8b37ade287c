"""The Django app `mediahub`."""

from django.apps import AppConfig


class MediaHubConfig(AppConfig):
    """The wiring: it has no rows, only commands and checks."""

    name = "mediahub"
    verbose_name = "MediaHub"

    def ready(self) -> None:
        """Make the folders that are missing, and register the system checks, which importing them does."""
        from mediahub import checks, folders  # noqa: F401, PLC0415 - only once the settings are there

        folders.make()
