"""Media in the admin: for reading, for opening a file, and for removal and holds by the verbs."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from devices.admin import showing
from devices.admin.pages import ReadOnlyPage, by
from devices.models import App
from media_store import delivery, retention
from media_store.admin.filters import HeldFilter, KindFilter, StatusFilter
from media_store.admin.holding import Holdable
from media_store.api.answers import respond
from media_store.models import Blob, LegalHold, Media, MediaQuerySet
from problems.answers import answer
from problems.errors import Problem

SHA256_CHARACTERS = 64
VIEW_CONTENT = "media_store.view_content"
TONES: dict[str, str] = {
    Media.Status.PENDING: showing.BUSY,
    Media.Status.READY: showing.GOOD,
    Media.Status.FAILED: showing.BAD,
    Media.Status.EXPIRED: showing.WARN,
    Media.Status.PURGED: showing.QUIET,
    Media.Status.QUARANTINED: showing.BAD,
    Media.Status.OMITTED: showing.QUIET,
}


@admin.register(Media)
class MediaAdmin(Holdable, ReadOnlyPage):
    """What each message carried."""

    about = (
        "Every media, tombstones included: what was purged or removed keeps its row, with the reason, until the audit "
        "window ends."
    )
    nothing = "No media yet."
    hold_scope = "media"
    list_display = (
        "created_at",
        "name",
        "shown_state",
        "whose",
        "what",
        "about_size",
        "expires_at",
    )
    list_display_links = ("created_at", "name")
    list_filter = (
        StatusFilter,
        HeldFilter,
        "direction",
        KindFilter,
        "source",
        "delivery",
        "app",
    )
    list_select_related = ("app", "device")
    date_hierarchy = "created_at"
    search_fields = ("path", "file_name")
    search_help_text = "A whole path, message id or sha256; or a part of a path or a file name."
    ordering = ("-created_at", "-id")
    actions = ("remove", "hold", "release")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("path", "shown_state")}),
        ("Whose", {"fields": ("app", "device", "direction", "message_id", "to", "sender", "chat_id", "sent_at")}),
        (
            "How long it is kept",
            {"fields": ("expires_at", "expiry_rule", "brought_forward_from", "expiring_announced_at", "holds")},
        ),
        (
            "How far it got",
            {"fields": ("delivery", "delivered_at", "network_message_id", "claimed_until", "claim_count")},
        ),
        ("How it went", {"fields": ("reason", "reason_detail", "next_fetch", "purged_at")}),
        ("The bytes", {"fields": ("kind", "mime_type", "declared_mime_type", "bytes", "sha256", "stored")}),
        ("As it was sent", {"fields": ("created_at", "file_name", "caption", "ptt", "source", "source_detail")}),
    )
    file_fieldset: ClassVar[Any] = ("The file", {"fields": ("open_file",)})

    def get_fieldsets(self, request: HttpRequest, obj: Media | None = None) -> Any:  # noqa: ARG002 - Django's signature
        """With the file, for those who may open it."""
        return (*self.fieldsets, self.file_fieldset) if request.user.has_perm(VIEW_CONTENT) else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Media | None = None) -> tuple[str, ...]:
        """All of them."""
        return tuple(name for _, options in self.get_fieldsets(request, obj) for name in options["fields"])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Media]:
        """With the blob, which the page of one media shows, and with whether it is held."""
        media = cast("MediaQuerySet", super().get_queryset(request))
        return media.select_related("app", "device", "blob").telling_held(now=timezone.now())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Media], search_term: str
    ) -> tuple[QuerySet[Media], bool]:
        """What is named whole is found by an index, and shown alone; only other words are looked for everywhere."""
        words = search_term.strip()
        named = queryset.filter(_is_named(words))
        if words and named.exists():
            return named, False
        return super().get_search_results(request, queryset, search_term)

    def get_urls(self) -> list[URLPattern]:
        """One more page: the file itself."""
        content = path("<uuid:pk>/content", self.admin_site.admin_view(self.content), name="media_store_media_content")
        return [content, *super().get_urls()]

    def content(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """The bytes, to staff who may see them; always as an attachment."""
        if not request.user.has_perm(VIEW_CONTENT):
            raise PermissionDenied
        now = timezone.now()
        media = get_object_or_404(Media.objects.reachable().select_related("blob"), pk=pk)
        try:
            return respond(delivery.inspect(media, request=request, by=by(request), now=now))
        except Problem as problem:
            return answer(problem, request=request)

    @admin.display(description="message or file")
    def name(self, media: Media) -> str:
        """What people know it by; the path, which says the same at length, is on its page."""
        return media.message_id or media.file_name or str(media.id)

    @admin.display(description="status")
    def shown_state(self, media: Any) -> SafeString:
        """As clients see it now; why it went or failed, and whether it is held."""
        status = media.status_at(timezone.now())
        held = showing.badge("held", showing.HELD) if media.is_held else ""
        return format_html("{} {} {}", showing.badge(status, TONES[status]), held, media.reason)

    @admin.display(description="legal holds")
    def holds(self, media: Media) -> SafeString | str:
        """Each that keeps it: on itself, on its device or on its app."""
        holds = retention.holds_on(media, now=timezone.now()).order_by("pk")
        return format_html('<ul class="hub-facts">{}</ul>', _told(holds)) if holds else "none"

    @admin.display(description="app and device", ordering="app__name")
    def whose(self, media: Media) -> SafeString:
        """The app; and the device, unless it is a plain upload."""
        device = media.device.name if media.device else "no device"
        return format_html('{}<br><span class="hub-note">{}</span>', media.app.name, device)

    @admin.display(description="what", ordering="kind")
    def what(self, media: Media) -> str:
        """`outbound image`."""
        return f"{media.direction} {media.kind}"

    @admin.display(description="size", ordering="size")
    def about_size(self, media: Media) -> str:
        """For people."""
        return filesizeformat(media.size)

    @admin.display(description="size")
    def bytes(self, media: Media) -> str:
        """For people, and to the byte."""
        return showing.size(media.size)

    @admin.display(description="next fetch")
    def next_fetch(self, media: Media) -> str:
        """When a pending URL is asked again, and how often that went wrong already."""
        if media.fetch_at is None or media.status != Media.Status.PENDING:
            return "none"
        at = date_format(timezone.localtime(media.fetch_at), "DATETIME_FORMAT")
        return f"{at}; attempts so far: {media.fetch_attempts}"

    @admin.display(description="object")
    def stored(self, media: Media) -> str:
        """The object that holds the bytes."""
        blob: Blob | None = media.blob
        return "none" if blob is None else f"{blob.storage_key} ({blob.state}, {blob.size} bytes)"

    @admin.display(description="file")
    def open_file(self, media: Any) -> str:
        """A link, where there are bytes that staff may have."""
        status = media.status_at(timezone.now())
        if status != Media.Status.READY and not (status == Media.Status.EXPIRED and media.is_held):
            return "no bytes to open"
        return format_html('<a href="{}">Download</a>', reverse("admin:media_store_media_content", args=[media.pk]))

    def has_remove_permission(self, request: HttpRequest) -> bool:
        """Removal is a permission of its own, as nothing may be changed here."""
        return request.user.has_perm("media_store.remove_media")

    @admin.action(description="Remove the bytes of selected media, keep the tombstone", permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Media]) -> HttpResponse | None:
        """Ask first; then by the same verb as a client's delete. What is held stays, and is told."""
        if self.is_too_many(request, queryset, instead="an operator purges more by manage.py purge_media."):
            return None
        if request.POST.get("confirmed") != "yes":
            return self.ask(request, "admin/media_store/remove.html", rows=queryset, title="Are you sure?")
        now, removed, refused = timezone.now(), 0, []
        for media in queryset:
            try:
                removed += retention.remove(media, reason="staff", now=now, by=by(request))
            except Problem as problem:
                refused.append(f"The media {media.path} stays: {problem.detail}")
        self.tell_refused(request, refused)
        gone = len(queryset) - removed - len(refused)
        before = f" {gone} had gone before." if gone else ""
        self.message_user(
            request,
            f"{removed} media removed; collection takes the bytes that nobody else refers to.{before}",
            messages.SUCCESS if removed else messages.WARNING,
        )
        return None


def _is_named(words: str) -> Q:
    named = Q(path=words) | Q(message_id=words)
    if len(words) != SHA256_CHARACTERS:
        return named
    # The index begins with the app: a look into it for each app, instead of one through all of it.
    apps = list(App.objects.values_list("pk", flat=True))
    return named | Q(app__in=apps, sha256=words)


def _told(holds: Iterable[LegalHold]) -> SafeString:
    line = '<li><a href="{}">{}</a> {} (set by {}{})</li>'
    return format_html_join("", line, ((*_named(held), held.reason, held.set_by, _until(held)) for held in holds))


def _named(held: LegalHold) -> tuple[str, SafeString]:
    address = reverse("admin:media_store_legalhold_change", args=[held.pk])
    return address, showing.badge(
        f"on this {held.scope}" if held.scope == "media" else f"on its {held.scope}", showing.HELD
    )


def _until(held: LegalHold) -> str:
    return f", until {date_format(held.until, 'DATETIME_FORMAT')}" if held.until else ""
