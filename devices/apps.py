"""The Django app `devices`."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """Tenants: apps, keys, devices."""

    name = "devices"
    label = "devices"
    verbose_name = "Tenants"
    default_auto_field = "django.db.models.BigAutoField"
