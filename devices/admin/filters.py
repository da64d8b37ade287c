"""Filters of the admin's lists."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.http import HttpRequest
from django.utils import timezone


class KeyStateFilter(SimpleListFilter):
    """Keys by what they still open."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's signature
        """The choices."""
        return [("live", "Live"), ("expired", "Expired"), ("revoked", "Revoked")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002 - Django's signature
        """The keys in the chosen state."""
        now = timezone.now()
        if self.value() == "live":
            return queryset.live(now=now)
        if self.value() == "expired":
            return queryset.filter(revoked_at=None, expires_at__lte=now)
        if self.value() == "revoked":
            return queryset.filter(revoked_at__isnull=False)
        return queryset


class DestructionFilter(SimpleListFilter):
    """Those that live, and those that are being cleared away."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's signature
        """The choices."""
        return [("living", "Living"), ("destroyed", "Destroyed, being cleared away")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002 - Django's signature
        """The devices or apps in the chosen state."""
        if self.value() == "living":
            return queryset.living()
        if self.value() == "destroyed":
            return queryset.destroyed()
        return queryset
