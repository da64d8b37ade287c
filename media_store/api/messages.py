"""POST /v1/devices/{device_id}/messages: an outbound message comes in with its media."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from devices.models import Device
from devices.permissions import HasScope
from media_store import ingest, mime_types
from media_store.api import sending_schema, submissions
from media_store.api.answers import represent
from media_store.api.doors import AppViewSet
from media_store.api.fields import REUSE_FIELDS, URL_FIELD, MessageFieldsSerializer
from media_store.api.sources import sole_source
from media_store.delivery import find
from media_store.models import Media


class MessageViewSet(AppViewSet):
    """Messages on their way out."""

    permission_classes = (HasScope.of("media:write"),)

    @sending_schema.send_message
    def create(self, request: Request, device_id: str) -> Response:  # noqa: ARG002 - read as it arrives, not through DRF
        """Send media: base64, a multipart file, a URL, or media that this app already has."""
        device = self.device(device_id)
        now = timezone.now()
        with submissions.read(self.plain_request, raw=False, foreign=True) as submission:
            outcome = self._take(submission, device, now=now)
        media = outcome.media
        awaited = self.awaited(media)
        body = {"message_id": media.message_id, "media": represent(media, now=now)}
        if submission.ignored is not None:
            body["ignored"] = submission.ignored
        status = HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
        return Response(body, status=awaited or status, headers=self.headers_of(media))

    def _take(self, submission: submissions.Submission, device: Device, *, now: datetime) -> ingest.Outcome:
        serializer = MessageFieldsSerializer(data=submission.fields)
        source = sole_source(submission, (URL_FIELD, *REUSE_FIELDS), serializer=serializer)
        serializer.is_valid(raise_exception=True)
        fields = serializer.validated_data
        arrival = self._arrival(fields, submission, device)
        if source in REUSE_FIELDS:
            return self._reuse(arrival, fields, now=now)
        if source == URL_FIELD:
            return ingest.announce(arrival, fields[URL_FIELD], now=now)
        return ingest.receive(arrival, submission.spool, now=now)

    def _reuse(self, arrival: ingest.Arrival, fields: dict[str, Any], *, now: datetime) -> ingest.Outcome:
        media_id, path = (fields.get(name) for name in REUSE_FIELDS)
        original = self.media(media_id) if media_id else find(app=self.app, path=path or "")
        return ingest.reuse(arrival.of_media(original), original, now=now)

    def _arrival(self, fields: dict[str, Any], submission: submissions.Submission, device: Device) -> ingest.Arrival:
        return ingest.Arrival(
            app=self.app,
            device=device,
            direction=Media.Direction.OUTBOUND,
            kind=fields["type"],
            to=fields["to"],
            caption=fields.get("caption") or "",
            ptt=fields["ptt"],
            message_id=fields.get("message_id"),
            source=submission.source or Media.Source.URL,
            declared_mime_type=mime_types.normalise(fields.get("mime_type") or "") or submission.declared_mime_type,
            file_name=fields.get("file_name") or submission.file_name,
            sha256=fields.get("sha256"),
        )
