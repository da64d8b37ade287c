"""The Django app `mediahub`."""

from django.apps import AppConfig


class MediaHubConfig(AppConfig):
    """The wiring: it has no rows, only commands and checks."""

    name = "mediahub"
    verbose_name = "MediaHub"
