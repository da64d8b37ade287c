"""Media in the admin: for reading, for opening a file, and for removal by the verb."""

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from media_store import delivery, retention
from media_store.api.answers import respond
from media_store.models import Blob, Media, MediaQuerySet
from problems.answers import answer
from problems.errors import Problem

if TYPE_CHECKING:
    Page = admin.ModelAdmin[Any]
else:
    # Generic to the type checker only.
    Page = admin.ModelAdmin

VIEW_CONTENT = "media_store.view_content"
KB = 1_024


class StatusFilter(admin.SimpleListFilter):
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


class ReadOnlyAdmin(Page):
    """Facts to be read. Nothing is added, changed or deleted past the verbs."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Never: Django's own delete would write no notes."""
        return False


@admin.register(Media)
class MediaAdmin(ReadOnlyAdmin):
    """What each message carried."""

    list_display = (
        "created_at",
        "name",
        "state",
        "app",
        "device",
        "direction",
        "kind",
        "mime_type",
        "bytes",
        "expires_at",
    )
    list_display_links = ("created_at", "name")
    list_filter = (StatusFilter, "direction", "kind", "source", "delivery", ("app", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("app", "device")
    list_per_page = 50
    date_hierarchy = "created_at"
    search_fields = ("path", "=message_id", "=sha256", "file_name")
    search_help_text = "Path, message id, sha256 or file name."
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    actions = ("remove",)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("path", "state", "reason")}),
        ("Whose", {"fields": ("app", "device", "direction", "message_id", "to", "delivery")}),
        ("The bytes", {"fields": ("kind", "mime_type", "declared_mime_type", "bytes", "sha256", "stored")}),
        ("As it was sent", {"fields": ("file_name", "caption", "ptt", "source", "source_detail")}),
        ("Times", {"fields": ("created_at", "expires_at", "purged_at")}),
    )
    file_fieldset: ClassVar[Any] = ("The file", {"fields": ("open_file",)})

    def get_fieldsets(self, request: HttpRequest, obj: Media | None = None) -> Any:  # noqa: ARG002 - Django's signature
        """With the file, for those who may open it."""
        return (*self.fieldsets, self.file_fieldset) if request.user.has_perm(VIEW_CONTENT) else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Media | None = None) -> tuple[str, ...]:
        """All of them."""
        return tuple(name for _, options in self.get_fieldsets(request, obj) for name in options["fields"])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Media]:
        """With the blob: the page of one media shows its state."""
        return super().get_queryset(request).select_related("app", "device", "blob")

    def get_urls(self) -> list[URLPattern]:
        """One more page: the file itself."""
        content = path("<uuid:pk>/content", self.admin_site.admin_view(self.content), name="media_store_media_content")
        return [content, *super().get_urls()]

    def content(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """The bytes, to staff who may see them; always as an attachment."""
        if not request.user.has_perm(VIEW_CONTENT):
            raise PermissionDenied
        media = get_object_or_404(Media.objects.reachable().select_related("blob"), pk=pk)
        try:
            return respond(delivery.deliver(media, request=request, now=timezone.now(), attachment=True))
        except Problem as problem:
            return answer(problem, request=request)

    @admin.display(description="message or file")
    def name(self, media: Media) -> str:
        """What people know it by; the path, which says the same at length, is on its page."""
        return media.message_id or media.file_name or str(media.id)

    @admin.display(description="status")
    def state(self, media: Media) -> str:
        """As clients see it now."""
        return media.status_at(timezone.now())

    @admin.display(description="size", ordering="size")
    def bytes(self, media: Media) -> str:
        """For people, and to the byte."""
        return f"{filesizeformat(media.size)} ({media.size} bytes)" if media.size > KB else f"{media.size} bytes"

    @admin.display(description="object")
    def stored(self, media: Media) -> str:
        """The object that holds the bytes."""
        blob: Blob | None = media.blob
        return "none" if blob is None else f"{blob.storage_key} ({blob.state}, {blob.size} bytes)"

    @admin.display(description="file")
    def open_file(self, media: Media) -> str:
        """A link, where there are bytes."""
        if media.status_at(timezone.now()) != Media.Status.READY:
            return "no bytes to open"
        return format_html('<a href="{}">Download</a>', reverse("admin:media_store_media_content", args=[media.pk]))

    def has_remove_permission(self, request: HttpRequest) -> bool:
        """Removal is a permission of its own, as nothing may be changed here."""
        return request.user.has_perm("media_store.remove_media")

    @admin.action(description="Remove the bytes of selected media, keep the tombstone", permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Media]) -> None:
        """By the same verb as a client's delete."""
        now = timezone.now()
        for media in queryset:
            retention.remove(media, reason="staff", now=now, by=f"staff {request.user.get_username()}")
        self.message_user(
            request, f"{len(queryset)} media removed; collection takes the bytes that nobody else refers to."
        )


@admin.register(Blob)
class BlobAdmin(ReadOnlyAdmin):
    """Stored objects, shared by the media of one app that carry the same bytes."""

    list_display = ("storage_key", "app", "state", "size", "sha256", "created_at")
    list_filter = ("state", ("app", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("app",)
    search_fields = ("=storage_key", "=sha256")
    ordering = ("-created_at",)
    show_full_result_count = False
