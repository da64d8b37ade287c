"""Filters of the lists of media and of holds."""

from typing import Any, cast

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from media_store import kinds
from media_store.models import LegalHoldQuerySet, Media, MediaQuerySet


class StatusFilter(SimpleListFilter):
    """By the status that clients see, expired included."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's signature
        """Every status."""
        return [(str(value), str(label)) for value, label in Media.Status.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 - Django's signature
        """As of now."""
        status = self.value()
        return cast("MediaQuerySet", queryset).in_state(status, now=timezone.now()) if status else queryset


class KindFilter(SimpleListFilter):
    """By the kinds that there are: Django's own would read every row to find them."""

    title = "kind"
    parameter_name = "kind__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's signature
        """Every kind."""
        return [(kind, kind.capitalize()) for kind in kinds.DEFAULTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 - Django's signature
        """Those of the kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class HeldFilter(SimpleListFilter):
    """By whether a legal hold keeps it: on the media, on its device or on its app."""

    title = "legal hold"
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's signature
        """Held or not."""
        return [("yes", "Held"), ("no", "Not held")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 - Django's signature
        """As of now."""
        media, now = cast("MediaQuerySet", queryset), timezone.now()
        if self.value() == "yes":
            return media.held(now=now)
        return media.unheld(now=now) if self.value() == "no" else media


class HoldStateFilter(SimpleListFilter):
    """Holds in force, and those that are over."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's signature
        """In force or over."""
        return [("active", "Active"), ("over", "Over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 - Django's signature
        """As of now."""
        holds, now = cast("LegalHoldQuerySet", queryset), timezone.now()
        if self.value() == "active":
            return holds.active(now=now)
        return holds.over(now=now) if self.value() == "over" else holds


class ScopeFilter(SimpleListFilter):
    """Holds by what they are set on."""

    title = "scope"
    parameter_name = "scope"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's signature
        """From narrow to wide."""
        return [("media", "One media"), ("device", "A device"), ("app", "A whole app")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 - Django's signature
        """Those of the scope."""
        scope = self.value()
        # What is typed into the address is looked up as it is.
        known = any(scope == each for each, _ in self.lookup_choices)
        return cast("LegalHoldQuerySet", queryset).of_scope(str(scope)) if known else queryset
