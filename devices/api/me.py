"""`/v1/me`: what a key is."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api import examples
from devices.api.serializers import MeSerializer
from devices.api.tenant import TenantViewSet
from devices.permissions import HasKey
from problems.openapi import problem_responses


class MeViewSet(TenantViewSet):
    """Says who calls."""

    permission_classes = (HasKey,)
    serializer_class = MeSerializer
    pagination_class = None

    @extend_schema(
        operation_id="me",
        tags=["Keys"],
        summary="Which app, key and scopes",
        description="Any live key may ask.",
        examples=[examples.ME],
        responses={200: MeSerializer, **problem_responses()},
    )
    def list(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """Tell the caller who it is."""
        me = {"app": self.app, "key": self.caller, "scopes": self.caller.scopes}
        return Response(MeSerializer(me).data)
