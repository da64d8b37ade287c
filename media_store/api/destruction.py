"""GET /v1/devices/{device_id}/destruction: what became of a device that was destroyed."""

from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.tenant import parsed_id
from devices.permissions import HasScope
from devices.scopes import Scope
from media_store import accounts
from media_store.api import reading_schema
from media_store.api.doors import AppViewSet


class DestructionViewSet(AppViewSet):
    """The end of this app's devices."""

    permission_classes = (HasScope.of(Scope.DEVICES),)

    @reading_schema.destruction
    def list(self, request: Request, device_id: str) -> Response:  # noqa: ARG002 - the route's signature
        """When it was destroyed, how much it had, and what is still to be deleted."""
        account = accounts.account_of(app_id=self.app.pk, device_id=parsed_id(device_id))
        return Response(reading_schema.DestructionSerializer(account).data)
