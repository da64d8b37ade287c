"""What destroyed devices and apps had, in the admin."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from devices.admin import showing
from devices.admin.pages import ReadOnlyPage
from media_store.models import DestroyedMedia


@admin.register(DestroyedMedia)
class DestroyedMediaAdmin(ReadOnlyPage):
    """Media whose rows went with their device or app."""

    about = "What a destroyed device or app had, kept until the audit window ends. Choose an id to see the rest of it."
    nothing = "No device or app with media has been destroyed within the audit window."
    list_display = ("destroyed_at", "path", "bytes", "sha256", "app", "device", "created_at")
    list_display_links = ("destroyed_at", "path")
    date_hierarchy = "destroyed_at"
    search_fields = ("path__exact", "sha256__exact")
    id_fields = ("media_id", "app_id", "device_id")
    search_help_text = "A whole path or sha256, or the id of a media, an app or a device."
    ordering = ("-destroyed_at", "-id")
    fields = ("path", "bytes", "sha256", "media_id", "app_id", "device_id", "blob_id", "created_at", "destroyed_at")

    @admin.display(description="size", ordering="size")
    def bytes(self, media: DestroyedMedia) -> str:
        """For people, and to the byte."""
        return showing.size(media.size)

    @admin.display(description="app", ordering="app_id")
    def app(self, media: DestroyedMedia) -> SafeString:
        """All of the app's."""
        return _all_of("app_id", media.app_id)

    @admin.display(description="device", ordering="device_id")
    def device(self, media: DestroyedMedia) -> SafeString | None:
        """All of the device's; a plain upload had none."""
        return _all_of("device_id", media.device_id) if media.device_id else None


def _all_of(column: str, pk: object) -> SafeString:
    url = reverse("admin:media_store_destroyedmedia_changelist")
    return format_html('<a href="{}?{}__exact={}">{}</a>', url, column, pk, pk)
