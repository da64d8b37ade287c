"""`/v1/devices`: the devices of the caller's app."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from devices import destruction, registry
from devices.api import examples
from devices.api.serializers import DeviceChangeSerializer, DeviceSerializer, NewDeviceSerializer
from devices.api.tenant import TenantViewSet, device_of
from devices.models import Device
from devices.permissions import HasScope
from devices.scopes import Scope
from problems.openapi import problem_responses

_BODY_PROBLEMS = (
    "malformed",
    "malformed_json",
    "unknown_field",
    "length_required",
    "unsupported_body",
    "request_timeout",
)


@extend_schema_view(
    list=extend_schema(
        operation_id="devices_list",
        summary="List devices",
        description="Newest first. Scope: `devices`.",
        examples=[examples.DEVICE],
        responses={200: DeviceSerializer(many=True), **problem_responses("malformed", "unknown_field", "not_found")},
    ),
    create=extend_schema(
        operation_id="devices_create",
        summary="Create a device",
        description="Its name is unique within the app. Scope: `devices`.",
        request=NewDeviceSerializer,
        examples=[examples.NEW_DEVICE, examples.DEVICE],
        responses={201: DeviceSerializer, **problem_responses(*_BODY_PROBLEMS, "duplicate_name")},
    ),
    retrieve=extend_schema(
        operation_id="devices_read",
        summary="Read a device",
        description="Scope: `devices`.",
        examples=[examples.DEVICE],
        responses={200: DeviceSerializer, **problem_responses("not_found")},
    ),
    partial_update=extend_schema(
        operation_id="devices_rename",
        summary="Rename a device",
        description="Scope: `devices`.",
        request=DeviceChangeSerializer,
        examples=[examples.RENAMED_DEVICE, examples.DEVICE],
        responses={200: DeviceSerializer, **problem_responses(*_BODY_PROBLEMS, "not_found", "duplicate_name")},
    ),
    destroy=extend_schema(
        operation_id="devices_destroy",
        summary="Destroy a device",
        description=(
            "The device and its media are unreachable at once, and go for good soon after. This cannot be undone; "
            "it is refused while any of its media is under a legal hold. Scope: `devices`."
        ),
        responses={204: None, **problem_responses("not_found", "legal_hold")},
    ),
)
@extend_schema(tags=["Devices"])
class DeviceViewSet(TenantViewSet):
    """Devices are created, read, renamed and destroyed."""

    permission_classes = (HasScope.of(Scope.DEVICES),)
    serializer_class = DeviceSerializer
    queryset = Device.objects.none()

    def list(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """The app's living devices."""
        page = self.paginate_queryset(Device.objects.for_app(self.app))
        return self.get_paginated_response(DeviceSerializer(page, many=True).data)

    def create(self, request: Request) -> Response:
        """A new device."""
        wanted = NewDeviceSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        device = registry.create_device(app=self.app, **wanted.validated_data, now=timezone.now())
        location = reverse("devices-detail", kwargs={"pk": device.pk}, request=request)
        return Response(DeviceSerializer(device).data, status=201, headers={"Location": location})

    def retrieve(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """One device."""
        return Response(DeviceSerializer(device_of(self.app, pk)).data)

    def partial_update(self, request: Request, pk: str) -> Response:
        """The device under its new name."""
        device = device_of(self.app, pk)
        change = DeviceChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        if change.validated_data:
            registry.rename_device(device, **change.validated_data)
        return Response(DeviceSerializer(device).data)

    def destroy(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """No more of this device."""
        destruction.destroy(device_of(self.app, pk), now=timezone.now(), by=f"key {self.caller.prefix}")
        return Response(status=204)
