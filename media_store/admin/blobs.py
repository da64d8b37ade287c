"""Stored objects in the admin, and how far their collection is."""

from typing import Any, ClassVar

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from devices.admin import showing
from devices.admin.pages import ReadOnlyPage
from media_store.models import Blob

TONES: dict[str, str] = {
    Blob.State.PENDING: showing.BUSY,
    Blob.State.READY: showing.GOOD,
    Blob.State.CONDEMNED: showing.WARN,
}


@admin.register(Blob)
class BlobAdmin(ReadOnlyPage):
    """Stored objects, shared by the media of one app that carry the same bytes."""

    about = (
        "One row for each stored object. A condemned one takes no more media, and its row goes once collection has "
        "deleted the object."
    )
    nothing = "Nothing is stored."
    list_display = ("storage_key", "app", "shown_state", "about_size", "created_at", "collection")
    list_filter = (
        "state",
        ("collect_error", admin.EmptyFieldListFilter),
        "app",
    )
    list_select_related = ("app",)
    search_fields = ("storage_key__exact", "sha256__exact")
    search_help_text = "A whole storage key or sha256."
    ordering = ("-created_at",)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("storage_key", "shown_state", "app", "bytes", "sha256")}),
        ("Times", {"fields": ("created_at", "ready_at", "condemned_at")}),
        ("Collection", {"fields": ("collect_at", "collect_attempts", "collect_error", "object_deleted_at")}),
    )

    @admin.display(description="state", ordering="state")
    def shown_state(self, blob: Blob) -> SafeString:
        """How far it is."""
        return showing.badge(blob.state, TONES[blob.state])

    @admin.display(description="size", ordering="size")
    def about_size(self, blob: Blob) -> str:
        """For people."""
        return filesizeformat(blob.size)

    @admin.display(description="size")
    def bytes(self, blob: Blob) -> str:
        """For people, and to the byte."""
        return showing.size(blob.size)

    @admin.display(description="collection", ordering="collect_at")
    def collection(self, blob: Blob) -> SafeString | str:
        """When it is due, and how often deleting it failed so far."""
        if blob.collect_at is None:
            return ""
        failed = f"failed {showing.counted(blob.collect_attempts, 'time')}"
        trouble = showing.badge(failed, showing.BAD) if blob.collect_attempts else ""
        return format_html("due {} {}", date_format(blob.collect_at, "DATETIME_FORMAT"), trouble)
