"""The Django app `devices`."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """Tenants: apps, keys, devices."""

    name = "devices"
    label = "devices"
    verbose_name = "Tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers; importing them is what registers them."""
        from devices import receivers  # noqa: F401, PLC0415 - only once the models are there
