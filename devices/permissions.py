"""What a key may do: permissions named for scopes."""

from functools import cache
from typing import ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from devices.errors import ScopeMissing, Unauthenticated
from devices.models import ApiKey
from devices.scopes import Scope


class HasKey(BasePermission):
    """Any live key will do."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Refuse strangers with the same answer that a dead key gets."""
        key_of(request)
        return True


class HasScope(HasKey):
    """A key with one scope: `permission_classes = [HasScope.of("media:read")]`."""

    scope: ClassVar[Scope]
    others: ClassVar[tuple[Scope, ...]] = ()

    @staticmethod
    @cache
    def of(scope: str) -> "type[HasScope]":
        """The permission for a scope; a scope that does not exist fails at import."""
        return type(f"HasScope_{Scope(scope).name}", (HasScope,), {"scope": Scope(scope)})

    @staticmethod
    @cache
    def any_of(*scopes: str) -> "type[HasScope]":
        """The permission for any of these; the refusal names the first."""
        named = [Scope(scope) for scope in scopes]
        name = "_or_".join(scope.name for scope in named)
        return type(f"HasScope_{name}", (HasScope,), {"scope": named[0], "others": tuple(named[1:])})

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Refuse a key without the scope, and name the scope."""
        if any(key_of(request).has_scope(other) for other in self.others):
            return True
        if not key_of(request).has_scope(self.scope):
            raise ScopeMissing(self.scope)
        return True


def key_of(request: Request) -> ApiKey:
    """The key a request was made with. Raises Unauthenticated."""
    key = request.auth
    if not isinstance(key, ApiKey):
        raise Unauthenticated
    return key
