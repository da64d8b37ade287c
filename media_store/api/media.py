"""/v1/media: uploads without a message, and everything that an app has stored."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.pagination import NewestFirst
from devices.permissions import HasScope, key_of
from media_store import delivery, ingest, mime_types, retention
from media_store.api import reading_schema, sending_schema, submissions
from media_store.api.answers import represent, respond
from media_store.api.doors import AnyAccept, AppViewSet
from media_store.api.fields import URL_FIELD, MediaFieldsSerializer
from media_store.api.listing import MediaFilterSet, filtered
from media_store.api.sources import sole_source
from media_store.models import Media
from problems.errors import Malformed

READING = frozenset({"list", "retrieve", "content"})


class MediaViewSet(AppViewSet):
    """Media of this app."""

    # Read by the OpenAPI document alone; `list` filters and pages by the same.
    queryset = Media.objects.none()
    filter_backends = (DjangoFilterBackend,)
    filterset_class = MediaFilterSet
    pagination_class = NewestFirst

    def get_permissions(self) -> list[BasePermission]:
        """Reading and writing are scopes of their own."""
        scope = "media:read" if self.action in READING else "media:write"
        return [HasScope.of(scope)()]

    @reading_schema.list_media
    def list(self, request: Request) -> Response:
        """Every media, tombstones included, newest first."""
        now = timezone.now()
        paginator = NewestFirst()
        page = paginator.paginate_queryset(filtered(self.all_media(), request, now=now), request, view=self)
        return paginator.get_paginated_response([represent(media, now=now) for media in page or ()])

    @sending_schema.upload_media
    def create(self, request: Request) -> Response:  # noqa: ARG002 - read as it arrives, not through DRF
        """Upload without a message; the id can then be sent any number of times."""
        now = timezone.now()
        with submissions.read(self.plain_request, raw=True) as submission:
            media = self._take(submission, now=now)
        return self._answer(media, now=now)

    @reading_schema.read_media
    def retrieve(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - the route's signature
        """One media, as it stands now."""
        return Response(represent(self.media(pk), now=timezone.now()))

    @reading_schema.delete_media
    def destroy(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - the route's signature
        """Remove the bytes; the row stays as a tombstone, whose download answers 410. Refused while it is held."""
        by = f"key {key_of(self.request).prefix}"
        retention.remove(self.media(pk), reason="client", now=timezone.now(), by=by)
        return Response(status=HTTPStatus.NO_CONTENT)

    @sending_schema.validate_media
    @action(detail=False, methods=["post"])
    def validate(self, request: Request) -> Response:  # noqa: ARG002 - read as it arrives, not through DRF
        """What would become of these bytes, per kind of message; nothing is stored."""
        with submissions.read(self.plain_request, raw=True) as submission:
            serializer = MediaFieldsSerializer(data=submission.fields)
            if sole_source(submission, (URL_FIELD,), serializer=serializer) == URL_FIELD:
                detail = "A url is not fetched to be validated; send the bytes, or send the message and see."
                raise Malformed(detail)
            serializer.is_valid(raise_exception=True)
            verdict = ingest.validate(self._arrival(serializer.validated_data, submission), submission.spool)
        return Response(verdict)

    @sending_schema.refetch_media
    @action(detail=True, methods=["post"])
    def refetch(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - the route's signature
        """Fetch the URL of a media that failed once more."""
        now = timezone.now()
        media = self.media(pk)
        ingest.refetch(media, now=now)
        return self._answer(media, now=now)

    @reading_schema.download_content
    @action(detail=True, content_negotiation_class=AnyAccept)
    def content(self, request: Request, pk: str) -> HttpResponseBase:  # noqa: ARG002 - the route's signature
        """The bytes, as GET /media?path= answers them."""
        answer = delivery.deliver(self.media(pk), request=self.plain_request, now=timezone.now())
        return respond(answer)

    def _answer(self, media: Media, *, now: datetime) -> Response:
        status = self.awaited(media) or HTTPStatus.CREATED
        return Response(represent(media, now=now), status=status, headers=self.headers_of(media))

    def _take(self, submission: submissions.Submission, *, now: datetime) -> Media:
        serializer = MediaFieldsSerializer(data=submission.fields)
        source = sole_source(submission, (URL_FIELD,), serializer=serializer)
        serializer.is_valid(raise_exception=True)
        arrival = self._arrival(serializer.validated_data, submission)
        if source == URL_FIELD:
            return ingest.announce(arrival, serializer.validated_data[URL_FIELD], now=now).media
        return ingest.receive(arrival, submission.spool, now=now).media

    def _arrival(self, fields: dict[str, Any], submission: submissions.Submission) -> ingest.Arrival:
        return ingest.Arrival(
            app=self.app,
            device=None,
            direction=Media.Direction.UPLOAD,
            source=submission.source or Media.Source.URL,
            declared_mime_type=mime_types.normalise(fields.get("mime_type") or "") or submission.declared_mime_type,
            file_name=fields.get("file_name") or submission.file_name,
            sha256=fields.get("sha256"),
        )
