"""`/v1/webhooks`: whom the caller's app has told of what happens."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from devices import webhooks
from devices.api import examples
from devices.api.tenant import TenantViewSet, parsed_id
from devices.api.webhook_serializers import (
    DeliverySerializer,
    NewWebhookSerializer,
    ReplayedSerializer,
    ReplaySerializer,
    RotationSerializer,
    SecretWebhookSerializer,
    WebhookChangeSerializer,
    WebhookSerializer,
)
from devices.models import App, WebhookEndpoint
from devices.permissions import HasScope
from devices.scopes import Scope
from problems.errors import NotFound
from problems.openapi import problem_responses

BODY_PROBLEMS = (
    "malformed",
    "malformed_json",
    "unknown_field",
    "length_required",
    "unsupported_body",
    "request_timeout",
)
NO_STORE = {"Cache-Control": "no-store"}


def webhook_of(app: App, text: str) -> WebhookEndpoint:
    """The app's endpoint of this id. Raises NotFound for unknown, foreign, malformed and deleted alike."""
    endpoint = WebhookEndpoint.objects.for_app(app).filter(pk=parsed_id(text)).first()
    if endpoint is None:
        raise NotFound
    return endpoint


@extend_schema_view(
    list=extend_schema(
        operation_id="webhooks_list",
        summary="List webhooks",
        description="Newest first, at most 20. No secret is ever shown again. Scope: `webhooks`.",
        examples=[examples.WEBHOOK],
        responses={200: WebhookSerializer(many=True), **problem_responses("malformed", "unknown_field", "not_found")},
    ),
    create=extend_schema(
        operation_id="webhooks_create",
        summary="Create a webhook",
        description=(
            "The answer holds the secret, this once. Events are sent as Standard Webhooks: `webhook-id` (the same on "
            "every attempt), `webhook-timestamp` and `webhook-signature`; any library for it verifies them. 2xx within "
            "15 seconds is success; otherwise it is tried again for a day, and 410 disables the webhook. An app has "
            "at most 20. Scope: `webhooks`."
        ),
        request=NewWebhookSerializer,
        examples=[examples.NEW_WEBHOOK, examples.CREATED_WEBHOOK],
        responses={
            201: SecretWebhookSerializer,
            **problem_responses(*BODY_PROBLEMS, "too_many_webhooks", "webhook_forbidden"),
        },
    ),
    retrieve=extend_schema(
        operation_id="webhooks_read",
        summary="Read a webhook",
        description="Scope: `webhooks`.",
        examples=[examples.WEBHOOK],
        responses={200: WebhookSerializer, **problem_responses("not_found")},
    ),
    partial_update=extend_schema(
        operation_id="webhooks_change",
        summary="Change a webhook",
        description=(
            "Another URL, to which what waits goes at once; other events; or disabled, which keeps what waits for it, "
            "and enabled again. Of what happens while it is disabled no event is written for it, and none can be sent "
            "again. Scope: `webhooks`."
        ),
        request=WebhookChangeSerializer,
        examples=[examples.CHANGED_WEBHOOK, examples.WEBHOOK],
        responses={
            200: WebhookSerializer,
            **problem_responses(*BODY_PROBLEMS, "not_found", "webhook_forbidden"),
        },
    ),
    destroy=extend_schema(
        operation_id="webhooks_delete",
        summary="Delete a webhook",
        description="Nothing more is sent to it, and its deliveries go with it. Scope: `webhooks`.",
        responses={204: None, **problem_responses("not_found")},
    ),
    rotate=extend_schema(
        operation_id="webhooks_rotate",
        summary="Give a webhook a new secret",
        description=(
            "The answer holds it, this once. Until the overlap is over both secrets sign every event, so that a "
            "receiver can change over in its own time. Scope: `webhooks`."
        ),
        request=RotationSerializer,
        examples=[examples.ROTATION, examples.ROTATED_WEBHOOK],
        responses={200: SecretWebhookSerializer, **problem_responses(*BODY_PROBLEMS, "not_found")},
    ),
    test=extend_schema(
        operation_id="webhooks_test",
        summary="Send a test event",
        description="An event `test`, to this webhook alone, whatever events it chose. Scope: `webhooks`.",
        request=None,
        examples=[examples.DELIVERY],
        responses={202: DeliverySerializer, **problem_responses("not_found", "webhook_disabled")},
    ),
    replay=extend_schema(
        operation_id="webhooks_replay",
        summary="Send events again",
        description=(
            "What was given up (or delivered too) of what was written since a moment, with the same `webhook-id` and a "
            "new round of attempts. Scope: `webhooks`."
        ),
        request=ReplaySerializer,
        examples=[examples.REPLAY, examples.REPLAYED],
        responses={202: ReplayedSerializer, **problem_responses(*BODY_PROBLEMS, "not_found", "webhook_disabled")},
    ),
)
@extend_schema(tags=["Webhooks"])
class WebhookViewSet(TenantViewSet):
    """Webhooks are created, read, changed, rotated, tested and deleted; their events can be sent again."""

    permission_classes = (HasScope.of(Scope.WEBHOOKS),)
    serializer_class = WebhookSerializer
    without_body = ("test",)
    queryset = WebhookEndpoint.objects.none()

    def list(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """The app's webhooks."""
        page = self.paginate_queryset(WebhookEndpoint.objects.for_app(self.app))
        return self.get_paginated_response(WebhookSerializer(page, many=True).data)

    def create(self, request: Request) -> Response:
        """A new webhook, with its secret."""
        wanted = _valid(NewWebhookSerializer(data=request.data))
        endpoint, secret = webhooks.create(app=self.app, **wanted, now=timezone.now())
        return Response({**WebhookSerializer(endpoint).data, "secret": secret}, status=201, headers=NO_STORE)

    def retrieve(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """One webhook."""
        return Response(WebhookSerializer(webhook_of(self.app, pk)).data)

    def partial_update(self, request: Request, pk: str) -> Response:
        """The webhook as it is afterwards."""
        endpoint = webhook_of(self.app, pk)
        wanted = _valid(WebhookChangeSerializer(data=request.data))
        enabled = wanted.pop("enabled", None)
        webhooks.change(endpoint, **wanted, now=timezone.now())
        if enabled is not None:
            self._switch(endpoint, enabled=enabled)
        return Response(WebhookSerializer(endpoint).data)

    def destroy(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """No more of this webhook."""
        webhooks.delete(webhook_of(self.app, pk), now=timezone.now())
        return Response(status=204)

    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """The webhook with its new secret."""
        endpoint = webhook_of(self.app, pk)
        secret = webhooks.rotate(endpoint, **_valid(RotationSerializer(data=request.data)), now=timezone.now())
        return Response({**WebhookSerializer(endpoint).data, "secret": secret}, headers=NO_STORE)

    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """The delivery of a test event."""
        delivery = webhooks.test(webhook_of(self.app, pk), now=timezone.now())
        return Response(DeliverySerializer(delivery).data, status=202)

    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """How many are sent again."""
        endpoint = webhook_of(self.app, pk)
        wanted = _valid(ReplaySerializer(data=request.data))
        return Response({"replayed": webhooks.replay_since(endpoint, **wanted, now=timezone.now())}, status=202)

    def _switch(self, endpoint: WebhookEndpoint, *, enabled: bool) -> None:
        by, now = f"key {self.caller.prefix}", timezone.now()
        if enabled:
            webhooks.enable(endpoint, now=now, by=by)
        else:
            webhooks.disable(endpoint, reason=WebhookEndpoint.DisabledReason.CLIENT, now=now, by=by)


def _valid(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
