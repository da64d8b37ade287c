"""The gateway's side: what it has received comes in; what is to be sent goes out to it, and it reports back."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.pagination import NewestFirst
from devices.api.tenant import TenantViewSet, device_of, parsed_id
from devices.errors import Unauthenticated
from devices.models import ApiKey, Device
from devices.permissions import HasScope
from media_store import ingest, mime_types, outbox
from media_store.api import gateway_schema as schema, inbound_bodies, waiting
from media_store.api.addresses import gateway_link_to
from media_store.api.answers import represent
from media_store.api.doors import AppViewSet
from media_store.api.gateway_fields import (
    ClaimFieldsSerializer,
    ClaimSerializer,
    OmittableFieldsSerializer,
    OmittedFieldsSerializer,
    QueuedMessageSerializer,
    ReceiptFieldsSerializer,
    ReceiptsFieldsSerializer,
)
from media_store.errors import RETRY_SECONDS, SourceAmbiguous, SourceMissing
from media_store.models import Media
from problems.errors import NotFound

GATEWAY = HasScope.of("gateway")


class InboundViewSet(AppViewSet):
    """Messages on their way in."""

    permission_classes = (GATEWAY,)

    @schema.inbound
    def create(self, request: Request, device_id: str) -> Response:  # noqa: ARG002 - read as it arrives, not through DRF
        """Take in what a gateway has received, or the record of what it has not."""
        device = self.device(device_id)
        now = timezone.now()
        with inbound_bodies.read(self.plain_request) as body:
            outcome = self._take(body, device, now=now)
        status = HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
        return Response(represent(outcome.media, now=now), status=status, headers=self.headers_of(outcome.media))

    def _take(self, body: inbound_bodies.Inbound, device: Device, *, now: datetime) -> ingest.Outcome:
        serializer = (OmittedFieldsSerializer if body.is_json else OmittableFieldsSerializer)(data=body.fields)
        serializer.is_valid(raise_exception=True)
        fields = serializer.validated_data
        arrival = self._arrival(fields, body, device)
        omitted = _omitted(fields, body)
        if omitted or body.is_too_large:
            size = fields.get("size", 0) if body.size is None or not body.is_too_large else body.size
            return ingest.omit(arrival, reason=omitted or ingest.TOO_LARGE, size=size, now=now)
        return ingest.take_in(arrival, body.spool, now=now)

    def _arrival(self, fields: dict[str, Any], body: inbound_bodies.Inbound, device: Device) -> ingest.Arrival:
        return ingest.Arrival(
            app=self.app,
            device=device,
            direction=Media.Direction.INBOUND,
            source=Media.Source.NONE if fields.get("omitted") else body.source,
            kind=fields.get("kind"),
            message_id=fields["message_id"],
            declared_mime_type=mime_types.normalise(fields.get("mime_type")) or body.declared_mime_type,
            file_name=fields.get("file_name") or body.file_name,
            caption=fields.get("caption", ""),
            sender=fields.get("sender", ""),
            chat_id=fields.get("chat_id", ""),
            chat_type=fields.get("chat_type", ""),
            sent_at=fields.get("sent_at"),
            ptt=fields["ptt"],
            sha256=fields.get("sha256"),
        )


def _omitted(fields: dict[str, Any], body: inbound_bodies.Inbound) -> str:
    """The gateway's own reason. Errors: `SourceMissing` for neither reason nor bytes, `SourceAmbiguous` for both."""
    reason = str(fields.get("omitted", ""))
    if not reason and body.source == Media.Source.NONE:
        raise SourceMissing("Send the file, or omitted with a word that says why there is none.")
    if reason and (body.size is None or body.size):
        raise SourceAmbiguous("Here are both a file and omitted.", fields=["file", "omitted"])
    return reason


class OldestFirst(NewestFirst):
    """As the outbox is worked."""

    ordering = "id"


class OutboxViewSet(TenantViewSet):
    """What waits for delivery at a device."""

    # Read by the OpenAPI document alone.
    queryset = Media.objects.none()
    serializer_class = QueuedMessageSerializer
    permission_classes = (GATEWAY,)
    pagination_class = OldestFirst

    @schema.outbox
    def list(self, request: Request, device_id: str) -> Response:
        """The queued messages of a device, claimed or not; nothing changes by it."""
        now = timezone.now()
        rows = outbox.waiting(self.app, now=now).filter(device=device_of(self.app, device_id))
        paginator = OldestFirst()
        page = paginator.paginate_queryset(rows, request, view=self) or ()
        return paginator.get_paginated_response(_queued(page, now=now))


def _queued(messages: Sequence[Media], *, now: datetime) -> list[Any]:
    return [QueuedMessageSerializer(media, context={"now": now}).data for media in messages]


class ClaimViewSet(TenantViewSet):
    """Messages for a gateway to send."""

    permission_classes = (GATEWAY,)
    serializer_class = ClaimFieldsSerializer
    pagination_class = None

    @schema.claim
    def create(self, request: Request) -> Response:
        """Lease the oldest messages that nobody else has."""
        serializer = ClaimFieldsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = serializer.validated_data
        device_ids = _own_ids(self.caller, fields.get("device_ids"))
        claiming = _Claiming(self.caller, device_ids=device_ids, most=fields["max"])
        headers = {}
        if not claiming.look() and fields["wait"] and not waiting.until(claiming.look_again, seconds=fields["wait"]):
            headers["Retry-After"] = str(RETRY_SECONDS)
        return Response(self._represented(claiming.messages), headers=headers)

    def _represented(self, messages: list[Media]) -> Any:
        now = timezone.now()
        until = (now + timedelta(seconds=settings.CONTENT_URL_SECONDS)).replace(microsecond=0)
        link_to = gateway_link_to(self.request, until=until)
        context = {"now": now, "link_to": link_to, "link_until": until}
        return ClaimSerializer({"messages": messages}, context=context).data


class _Claiming:
    """One claim, tried until it finds something."""

    def __init__(self, key: ApiKey, *, device_ids: set[uuid.UUID] | None, most: int) -> None:
        self._key = key
        self._device_ids = device_ids
        self._most = most
        self.messages: list[Media] = []

    def look(self) -> bool:
        self.messages = outbox.claim(self._key.app, device_ids=self._device_ids, most=self._most, now=timezone.now())
        return bool(self.messages)

    def look_again(self) -> bool:
        """After a while, in which the key may have been revoked. Error: `Unauthenticated`."""
        living = ApiKey.objects.live(now=timezone.now()).filter(pk=self._key.pk, app__destroyed_at=None)
        if not living.exists():
            raise Unauthenticated
        return self.look()


def _own_ids(key: ApiKey, texts: list[str] | None) -> set[uuid.UUID] | None:
    """The ids of living devices of the app. Error: `NotFound` where one of them is none."""
    if texts is None:
        return None
    wanted = {parsed_id(text) for text in texts}
    if Device.objects.for_app(key.app).filter(pk__in=wanted).count() < len(wanted):
        raise NotFound
    return wanted


class ReceiptViewSet(TenantViewSet):
    """How far messages got."""

    permission_classes = (GATEWAY,)
    serializer_class = ReceiptFieldsSerializer
    pagination_class = None

    @schema.receipts
    def create(self, request: Request, device_id: str) -> Response:
        """Note receipts, in any order and any number of times."""
        device = device_of(self.app, device_id)
        serializer = ReceiptsFieldsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        receipts = [outbox.Receipt(**fields) for fields in serializer.validated_data]
        noted = outbox.note_receipts(device, receipts, now=timezone.now())
        return Response({"results": [_told(*pair) for pair in zip(receipts, noted, strict=True)]})


def _told(receipt: outbox.Receipt, outcome: outbox.Noted) -> dict[str, str | None]:
    return {
        "message_id": receipt.message_id or None,
        "network_message_id": receipt.network_message_id or None,
        "outcome": outcome,
    }
