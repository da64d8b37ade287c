"""Legal holds in the admin: looked at, and released."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from devices.admin.pages import ReadOnlyPage
from devices.admin.showing import HELD, QUIET, badge
from devices.models import App
from media_store.admin.filters import HoldStateFilter, ScopeFilter
from media_store.admin.holding import Releasing
from media_store.models import LegalHold

PAGES = {"media": "media_store_media", "device": "devices_device", "app": "devices_app"}


@admin.register(LegalHold)
class LegalHoldAdmin(Releasing, ReadOnlyPage):
    """Why some media may not go, whatever rule or person would have it gone."""

    about = (
        "A hold keeps a media, a device's or a whole app's against every rule, delete and destruction. "
        "It is set by the action on the lists of media, devices and apps, and ends when it is released or on its date."
    )
    nothing = "Nothing is held. Select media, devices or apps in their lists, and choose “Set a legal hold”."
    list_display = ("set_at", "state", "scope", "subject", "reason", "set_by", "until")
    list_display_links = ("set_at", "subject")
    list_filter = (HoldStateFilter, ScopeFilter)
    date_hierarchy = "set_at"
    search_fields = ("subject", "reason", "set_by", "released_by")
    id_fields = ("app_id", "device_id", "media_id")
    search_help_text = "Subject, reason, who set or released it, or the id of what is held."
    ordering = ("-set_at", "-id")
    actions = ("release",)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("state", "scope", "what", "app_name", "reason")}),
        ("Set", {"fields": ("set_at", "set_by", "until")}),
        ("Released", {"fields": ("released_at", "released_by")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[LegalHold]:  # noqa: ARG002 - Django's signature
        """With the app's name, if there still is one: a hold outlives what it names."""
        name = App.objects.filter(pk=OuterRef("app_id")).values("name")[:1]
        return LegalHold.objects.annotate(name_of_app=Subquery(name))

    @admin.display(description="state")
    def state(self, held: LegalHold) -> SafeString:
        """In force, or how it ended."""
        return state_of(held, now=timezone.now())

    @admin.display(description="scope")
    def scope(self, held: LegalHold) -> str:
        """Media, device or app."""
        return held.scope

    @admin.display(description="app")
    def app_name(self, held: Any) -> str:
        """Its name, or that it has gone."""
        return held.name_of_app or f"gone ({held.app_id})"

    @admin.display(description="subject")
    def what(self, held: LegalHold) -> SafeString:
        """A link to what is held."""
        pk = {"media": held.media_id, "device": held.device_id, "app": held.app_id}[held.scope]
        return format_html('<a href="{}">{}</a>', reverse(f"admin:{PAGES[held.scope]}_change", args=[pk]), held.subject)

    @admin.action(description="Release selected legal holds", permissions=["hold"])
    def release(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Those that are in force."""
        if self.is_too_many(request, queryset, instead="release the rest afterwards."):
            return None
        holds = queryset.active(now=timezone.now())
        return self.release_each(request, list(holds), holds)


def state_of(held: LegalHold, *, now: datetime) -> SafeString:
    """Active, released, or past its own date."""
    if held.is_active(now=now):
        return badge("active", HELD)
    return badge("released" if held.released_at else "ended by date", QUIET)
