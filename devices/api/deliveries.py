"""`/v1/webhooks/{id}/deliveries`: what was told to one webhook, and how that went."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from devices import webhooks
from devices.api import examples
from devices.api.tenant import TenantViewSet, parsed_id
from devices.api.webhook_serializers import DeliverySerializer, WholeDeliverySerializer
from devices.api.webhooks import webhook_of
from devices.models import WebhookDelivery
from devices.permissions import HasScope
from devices.scopes import Scope
from problems.errors import NotFound
from problems.openapi import problem_responses


class DeliveryFilterSet(django_filters.FilterSet):
    """Every filter narrows; together they are an AND."""

    state = django_filters.ChoiceFilter(choices=WebhookDelivery.State.choices, help_text="How far it got.")
    event = django_filters.ChoiceFilter(choices=webhooks.Event.choices, help_text="What it tells of.")

    class Meta:
        model = WebhookDelivery
        fields: tuple[str, ...] = ()


@extend_schema_view(
    list=extend_schema(
        operation_id="deliveries_list",
        summary="List deliveries",
        description="Newest first; `state=dead` are those that were given up. Scope: `webhooks`.",
        examples=[examples.DELIVERY],
        responses={200: DeliverySerializer(many=True), **problem_responses("malformed", "unknown_field", "not_found")},
    ),
    retrieve=extend_schema(
        operation_id="deliveries_read",
        summary="Read a delivery and its attempts",
        description="Scope: `webhooks`.",
        examples=[examples.WHOLE_DELIVERY],
        responses={200: WholeDeliverySerializer, **problem_responses("not_found")},
    ),
    replay=extend_schema(
        operation_id="deliveries_replay",
        summary="Send a delivery again",
        description="With the same `webhook-id` and a new round of attempts. Scope: `webhooks`.",
        request=None,
        examples=[examples.DELIVERY],
        responses={202: DeliverySerializer, **problem_responses("not_found", "webhook_disabled")},
    ),
)
@extend_schema(tags=["Webhooks"])
class DeliveryViewSet(TenantViewSet):
    """Deliveries are read, and sent again."""

    permission_classes = (HasScope.of(Scope.WEBHOOKS),)
    serializer_class = DeliverySerializer
    without_body = ("replay",)
    # Read by the OpenAPI document alone; `list` filters by the same.
    queryset = WebhookDelivery.objects.none()
    filter_backends = (DjangoFilterBackend,)  # type: ignore[assignment]  # the parent has none
    filterset_class = DeliveryFilterSet

    def list(self, request: Request, webhook_id: str) -> Response:
        """The deliveries to one webhook."""
        page = self.paginate_queryset(_filtered(self._deliveries(webhook_id), request))
        return self.get_paginated_response(DeliverySerializer(page, many=True).data)

    def retrieve(self, request: Request, webhook_id: str, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """One delivery."""
        return Response(WholeDeliverySerializer(self._delivery(webhook_id, pk)).data)

    @action(detail=True, methods=["post"])
    def replay(self, request: Request, webhook_id: str, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """One delivery, due at once."""
        delivery = self._delivery(webhook_id, pk)
        webhooks.replay(delivery, now=timezone.now())
        return Response(DeliverySerializer(delivery).data, status=202)

    def _deliveries(self, webhook_id: str) -> QuerySet[WebhookDelivery]:
        return WebhookDelivery.objects.filter(endpoint=webhook_of(self.app, webhook_id))

    def _delivery(self, webhook_id: str, text: str) -> WebhookDelivery:
        delivery_id = parsed_id(text)
        delivery = self._deliveries(webhook_id).select_related("endpoint").filter(pk=delivery_id).first()
        if delivery is None:
            raise NotFound
        return delivery


def _filtered(rows: QuerySet[WebhookDelivery], request: Request) -> Any:
    # An empty value would be no filter to the library.
    empty = [name for name in DeliveryFilterSet.base_filters if request.query_params.get(name) == ""]
    if empty:
        raise ValidationError(dict.fromkeys(empty, "This filter may not be empty."))
    filters = DeliveryFilterSet(request.query_params, queryset=rows)
    if not filters.is_valid():
        raise ValidationError(filters.errors)
    return filters.qs
