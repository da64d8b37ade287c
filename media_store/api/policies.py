"""/v1/devices/{device_id}/ingest-policy: which inbound media of a device is kept."""

from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.tenant import TenantViewSet, device_of
from devices.permissions import HasScope
from media_store import ingest
from media_store.api import gateway_schema as schema
from media_store.api.gateway_fields import IngestPolicySerializer
from media_store.models import IngestPolicy


class IngestPolicyViewSet(TenantViewSet):
    """The policy of a device. A gateway reads it, and need not even fetch what it is against."""

    serializer_class = IngestPolicySerializer
    pagination_class = None

    def get_permissions(self) -> list[BasePermission]:
        """The gateway may look."""
        permission = HasScope.of("devices") if self.action == "set_policy" else HasScope.any_of("devices", "gateway")
        return [permission()]

    def get_object(self) -> IngestPolicy:
        """The policy of the device in the path. Error: `NotFound`."""
        return ingest.policy_of(device_of(self.app, self.kwargs["device_id"]))

    @schema.read_policy
    @action(detail=False, url_path="ingest-policy")
    def policy(self, request: Request, device_id: str) -> Response:  # noqa: ARG002 - the route's signature
        """As it stands; a device without one keeps everything."""
        return Response(IngestPolicySerializer(self.get_object()).data)

    @schema.set_policy
    @policy.mapping.put
    def set_policy(self, request: Request, device_id: str) -> Response:
        """The whole of it, from now on."""
        device = device_of(self.app, device_id)
        serializer = IngestPolicySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        by = f"key {self.caller.prefix}"
        policy = ingest.set_policy(device, **serializer.validated_data, now=timezone.now(), by=by)
        return Response(IngestPolicySerializer(policy).data)
