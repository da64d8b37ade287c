"""The Django app `mediahub`."""

from django.apps import AppConfig


class MediaHubConfig(AppConfig):
    """The wiring: it has no rows, only commands and checks."""

    name = "mediahub"
    verbose_name = "MediaHub"

    def ready(self) -> None:
        """Register the system checks; importing them does it."""
        from mediahub import checks  # noqa: F401, PLC0415 - only once the settings are there
