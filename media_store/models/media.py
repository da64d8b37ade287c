"""Media: one message's media, or one plain upload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from django.db import models
from django.db.models import Exists, ExpressionWrapper, OuterRef, Q
from uuid_utils.compat import uuid7

from devices import audit
from devices.models import App, AuditEvent, Device
from media_store.models.blobs import Blob
from media_store.models.holds import LegalHold
from media_store.models.refusing import DeletedByVerbsOnlyError
from media_store.models.rules import RULE_CHARACTERS
from media_store.models.vocabulary import DeliveryState, Direction

if TYPE_CHECKING:
    from datetime import datetime

FILE_NAME_CHARACTERS = 255
# The reason of a media that was stored, and that the store has lost.
BYTES_MISSING = "bytes_missing"
# The reason of a media whose time was over.
RETENTION = "retention"
MESSAGE_ID_CHARACTERS = 255
CAPTION_CHARACTERS = 1_024
# A phone number, or what a network makes of it.
ADDRESS_CHARACTERS = 255


HOLD_SCOPES = ("media", "device", "app")
# SQLite takes some 32,000 values in a statement.
MOST_NAMED = 2_000


def _is_held(now: datetime) -> Q:
    """Sets of ids, each made once: holds are few, and rows may be millions."""
    active = LegalHold.objects.active(now=now)
    return (
        Q(pk__in=active.of_scope("media").values("media_id"))
        | Q(device_id__in=active.of_scope("device").values("device_id"))
        | Q(app_id__in=active.of_scope("app").values("app_id"))
    )


class MediaQuerySet(models.QuerySet["Media"]):
    """Questions about media; `for_app` is the one door to a tenant's."""

    def for_app(self, app: App) -> MediaQuerySet:
        """The media that this app may see: its own, and none of a destroyed device.

        The app lives: its key has just been looked up, which a destroyed one's no longer opens.
        """
        return self._of_living_devices().filter(app=app)

    def reachable(self) -> MediaQuerySet:
        """Those of no destroyed device or app: from the mark on nobody opens them, staff included."""
        return self._of_living_devices().filter(app__destroyed_at=None)

    def _of_living_devices(self) -> MediaQuerySet:
        return self.filter(Q(device=None) | Q(device__destroyed_at=None))

    def in_state(self, status: str, *, now: datetime) -> MediaQuerySet:
        """Those whose status, as clients see it, is this one."""
        expired = Q(expires_at__lte=now)
        if status == Media.Status.EXPIRED:
            return self.filter(expired, status=Media.Status.READY)
        return self.filter(status=status) if status != Media.Status.READY else self.filter(~expired, status=status)

    def pending(self) -> MediaQuerySet:
        """Those whose bytes are still to be fetched."""
        return self.filter(status=Media.Status.PENDING)

    def stored(self) -> MediaQuerySet:
        """Those that have their bytes, expired or not: what a purge may take."""
        return self.filter(status=Media.Status.READY)

    def queued(self, *, now: datetime) -> MediaQuerySet:
        """Outbound ones that have their bytes and wait for a gateway; leased ones too."""
        return self.stored().filter(delivery=DeliveryState.QUEUED, expires_at__gt=now)

    def unclaimed(self, *, now: datetime) -> MediaQuerySet:
        """Those that no gateway holds, or that one has held for too long."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lte=now))

    def expired(self, *, now: datetime) -> MediaQuerySet:
        """Those past their time that still have their bytes."""
        return self.stored().filter(expires_at__lte=now)

    def merely_expired(self, *, now: datetime) -> MediaQuerySet:
        """Those that would have expired by now whatever rule was changed since."""
        return self.expired(now=now).filter(Q(brought_forward_from=None) | Q(brought_forward_from__lte=now))

    def not_merely_expired(self, *, now: datetime) -> MediaQuerySet:
        """The others that have their bytes: not expired, or only since a rule was changed."""
        return self.stored().filter(Q(expires_at__gt=now) | Q(brought_forward_from__gt=now))

    def unheld(self, *, now: datetime) -> MediaQuerySet:
        """Those that no legal hold keeps: on the media, on its device or on its app."""
        active = LegalHold.objects.active(now=now)
        of_media = active.filter(media_id=OuterRef("pk"))
        wider = active.filter(app_id=OuterRef("app_id"), media=None)
        wider = wider.filter(Q(device=None) | Q(device_id=OuterRef("device_id")))
        return self.exclude(Exists(of_media)).exclude(Exists(wider))

    def held(self, *, now: datetime) -> MediaQuerySet:
        """The others: those that a legal hold keeps.

        The ids of what is held are read first, and named: each is then found by its index, where for an OR of
        subqueries every row is read. Where they are many, it is those subqueries after all.
        """
        active = LegalHold.objects.active(now=now)
        named = {scope: active.of_scope(scope).values_list(f"{scope}_id", flat=True) for scope in HOLD_SCOPES}
        found = {scope: list(ids.distinct()[: MOST_NAMED + 1]) for scope, ids in named.items()}
        if sum(map(len, found.values())) > MOST_NAMED:
            return self.filter(_is_held(now))
        return self.filter(
            Q(pk__in=found["media"]) | Q(device_id__in=found["device"]) | Q(app_id__in=found["app"]),
        )

    def telling_held(self, *, now: datetime) -> MediaQuerySet:
        """With `is_held` on each row, so that a list need not ask for each."""
        return self.annotate(is_held=ExpressionWrapper(_is_held(now), output_field=models.BooleanField()))

    def are_there(self, *, by: str) -> bool:
        """Whether there are any, by the index that ends in this column.

        For a mere exists() PostgreSQL may read the table from its beginning until it meets one: all of it, where
        there were many when it last looked and there is none any more.
        """
        return self.order_by(by).values_list("pk").first() is not None

    def delete(self) -> NoReturn:
        """Refuse: a media row goes by removal or destruction, which note the blob they let go."""
        message = "Media rows go by removal or destruction, never by delete()."
        raise DeletedByVerbsOnlyError(message)


class Media(models.Model):
    """One message's media, or one plain upload. Its `path` is a name: issued once, compared, never parsed."""

    Direction = Direction
    Delivery = DeliveryState

    class Status(models.TextChoices):
        """As clients see it; EXPIRED is never stored, it is READY past `expires_at`."""

        PENDING = "pending"
        READY = "ready"
        FAILED = "failed"
        EXPIRED = "expired"
        PURGED = "purged"
        QUARANTINED = "quarantined"
        OMITTED = "omitted"

    class Source(models.TextChoices):
        """Where the bytes came from; `source_detail` names the host of a URL or the media that was reused."""

        BASE64 = "base64"
        FILE = "file"
        RAW = "raw"
        URL = "url"
        MEDIA = "media"
        # No bytes came: the gateway did not carry them.
        NONE = "none"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Their indexes are those that begin with them, below.
    app = models.ForeignKey(App, on_delete=models.PROTECT, db_index=False, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, db_index=False, related_name="+")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    path = models.CharField(max_length=255, unique=True)
    direction = models.CharField(max_length=10, choices=Direction)
    kind = models.CharField(max_length=10)
    status = models.CharField(max_length=12, choices=Status)
    reason = models.CharField(max_length=40, blank=True)
    reason_detail = models.CharField(max_length=255, blank=True)
    message_id = models.CharField(max_length=MESSAGE_ID_CHARACTERS, null=True)  # noqa: DJ001 - null is no id; '' would collide
    file_name = models.CharField(max_length=FILE_NAME_CHARACTERS, blank=True)
    mime_type = models.CharField(max_length=127)
    declared_mime_type = models.CharField(max_length=127, blank=True)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    caption = models.CharField(max_length=CAPTION_CHARACTERS, blank=True)
    to = models.CharField(max_length=ADDRESS_CHARACTERS, blank=True)
    sender = models.CharField(max_length=ADDRESS_CHARACTERS, blank=True)
    chat_id = models.CharField(max_length=ADDRESS_CHARACTERS, blank=True)
    sent_at = models.DateTimeField(null=True, help_text="When the network says that it was sent.")
    ptt = models.BooleanField(default=False)
    source = models.CharField(max_length=10, choices=Source)
    source_detail = models.CharField(max_length=255, blank=True)
    # A URL is kept while its media is to be fetched, or failed and may be fetched again; then only its host is.
    url = models.TextField(blank=True, editable=False)
    url_sha256 = models.CharField(max_length=64, blank=True)
    promised_sha256 = models.CharField(max_length=64, blank=True)
    # When it may be fetched next; while somebody fetches, when he has to be taken for dead.
    fetch_at = models.DateTimeField(null=True)
    fetch_attempts = models.PositiveSmallIntegerField(default=0)
    is_fetching = models.BooleanField(default=False)
    delivery = models.CharField(max_length=10, choices=DeliveryState, blank=True)
    delivered_at = models.DateTimeField(null=True)
    # What the network calls the message, once a gateway has said so.
    network_message_id = models.CharField(max_length=MESSAGE_ID_CHARACTERS, blank=True)
    # The lease of the outbox: until then a gateway is believed to be sending the message.
    claimed_until = models.DateTimeField(null=True)
    claim_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    expiry_rule = models.CharField(max_length=RULE_CHARACTERS, default="", help_text="The rule that set expires_at.")
    # What expires_at was before a changed rule brought it forward; null where none has.
    brought_forward_from = models.DateTimeField(null=True)
    expiring_announced_at = models.DateTimeField(null=True)
    purged_at = models.DateTimeField(null=True)

    objects = MediaQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "media"
        permissions = (
            ("view_content", "Can open the files of media"),
            ("remove_media", "Can remove the bytes of media"),
            ("hold_media", "Can set and release legal holds"),
        )
        constraints = (
            models.UniqueConstraint(fields=["device", "direction", "message_id"], name="media_message_once"),
            models.CheckConstraint(
                condition=~Q(status="ready") | Q(blob__isnull=False, purged_at__isnull=True),
                name="media_ready_has_blob",
            ),
            models.CheckConstraint(
                condition=~Q(status="purged") | Q(blob__isnull=True, purged_at__isnull=False),
                name="media_purged_has_none",
            ),
            models.CheckConstraint(
                condition=~Q(status="pending") | (Q(fetch_at__isnull=False) & ~Q(url="")), name="media_pending_is_due"
            ),
        )
        indexes = (
            # GET /v1/media, newest first, one app: ids are ordered by time.
            models.Index(fields=["app", "id"], name="media_newest"),
            # The same filtered by device; the batches of a device's destruction.
            models.Index(fields=["device", "id"], name="media_of_device"),
            # Purge: what has expired, app by app, longest ago first.
            models.Index(fields=["app", "expires_at"], condition=Q(status="ready"), name="media_expiring"),
            # The sweeps of tombstones, and of media that failed.
            models.Index(fields=["purged_at"], condition=Q(purged_at__isnull=False), name="media_purged"),
            models.Index(fields=["created_at"], condition=Q(status="failed"), name="media_failed"),
            # Fetching: what is due, longest overdue first; and how many fetches an app has under way.
            models.Index(fields=["fetch_at"], condition=Q(status="pending"), name="media_to_fetch"),
            models.Index(fields=["app"], condition=Q(is_fetching=True), name="media_being_fetched"),
            # The outbox, oldest first: of an app for a claim, of a device for its list.
            models.Index(
                fields=["app", "id"], condition=Q(delivery="queued", status="ready"), name="media_outbox_of_app"
            ),
            models.Index(
                fields=["device", "id"], condition=Q(delivery="queued", status="ready"), name="media_outbox_of_device"
            ),
            # Receipts that name a message as the network does.
            models.Index(
                fields=["device", "network_message_id"],
                condition=~Q(network_message_id=""),
                name="media_by_network_message",
            ),
            # The sweep of media that were never carried.
            models.Index(fields=["expires_at"], condition=Q(status="omitted"), name="media_omitted"),
            # The admin: newest first, and its hierarchy of dates.
            models.Index(fields=["created_at"], name="media_by_date"),
            # GET /v1/media?sha256= and the admin's search.
            models.Index(fields=["app", "sha256"], name="media_by_checksum"),
            # GET /v1/media?message_id=.
            models.Index(fields=["message_id"], name="media_by_message"),
        )

    def __str__(self) -> str:
        return self.path

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse: a media row goes by removal or destruction, which note the blob they let go."""
        message = "Media rows go by removal or destruction, never by delete()."
        raise DeletedByVerbsOnlyError(message)

    def status_at(self, now: datetime) -> str:
        """The status as clients see it: what has expired is so from that moment, purged or not."""
        if self.status == Media.Status.READY and self.expires_at <= now:
            return Media.Status.EXPIRED
        return self.status

    def reason_at(self, now: datetime) -> str:
        """Why it is not ready, as clients see it; retention for what has expired and was not purged yet."""
        return RETENTION if self.status_at(now) == Media.Status.EXPIRED else self.reason

    def audit_event(self, action: AuditEvent.Action, *, now: datetime, by: str) -> AuditEvent:
        """What the audit trail is told of it; still to be written."""
        details = {"sha256": self.sha256}
        return audit.event(
            action, now=now, by=by, subject=self.path, app_id=self.app_id, device_id=self.device_id, details=details
        )
