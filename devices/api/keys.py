"""`/v1/keys`: the keys of the caller's app."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from devices import keys
from devices.api import examples
from devices.api.serializers import IssuedKeySerializer, KeySerializer, NewKeySerializer
from devices.api.tenant import TenantViewSet, parsed_id
from devices.models import ApiKey
from devices.permissions import HasScope
from devices.scopes import Scope
from problems.errors import NotFound
from problems.openapi import problem_responses


@extend_schema_view(
    list=extend_schema(
        operation_id="keys_list",
        summary="List keys",
        description="Newest first; revoked and expired keys too. No token is ever shown again. Scope: `keys`.",
        examples=[examples.KEY],
        responses={200: KeySerializer(many=True), **problem_responses("malformed", "unknown_field", "not_found")},
    ),
    create=extend_schema(
        operation_id="keys_create",
        summary="Issue a key",
        description=(
            "The answer holds the token, this once. A key is never wider than the one that issues it: a scope that "
            "the caller lacks is 403 `scope_missing`. Several keys may live at once, so a rotation loses no request. "
            "Scope: `keys`."
        ),
        request=NewKeySerializer,
        examples=[examples.NEW_KEY, examples.ISSUED_KEY],
        responses={
            201: IssuedKeySerializer,
            **problem_responses(
                "malformed", "malformed_json", "unknown_field", "length_required", "unsupported_body", "request_timeout"
            ),
        },
    ),
    destroy=extend_schema(
        operation_id="keys_revoke",
        summary="Revoke a key",
        description="It opens nothing from this moment on. Revoking it again changes nothing. Scope: `keys`.",
        responses={204: None, **problem_responses("not_found")},
    ),
)
@extend_schema(tags=["Keys"])
class KeyViewSet(TenantViewSet):
    """Keys are listed, issued and revoked; they are never changed."""

    permission_classes = (HasScope.of(Scope.KEYS),)
    serializer_class = KeySerializer
    queryset = ApiKey.objects.none()

    def list(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """The app's keys."""
        page = self.paginate_queryset(ApiKey.objects.for_app(self.app))
        return self.get_paginated_response(KeySerializer(page, many=True).data)

    def create(self, request: Request) -> Response:
        """A new key, with its token."""
        wanted = NewKeySerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = f"key {self.caller.prefix}"
        key, token = keys.issue_key_for(self.caller, **wanted.validated_data, now=timezone.now(), by=by)
        return Response({**KeySerializer(key).data, "key": token}, status=201, headers={"Cache-Control": "no-store"})

    def destroy(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """No more of this key."""
        key = ApiKey.objects.for_app(self.app).filter(pk=parsed_id(pk)).first()
        if key is None:
            raise NotFound
        keys.revoke(key, now=timezone.now(), by=f"key {self.caller.prefix}")
        return Response(status=204)
