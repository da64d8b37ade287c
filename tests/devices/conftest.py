"""The cast: alice and bob have apps of their own, charlie has no access at all."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from devices import keys, registry
from devices.models import ApiKey, App, Device
from devices.scopes import Scope

MOMENT = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)


@dataclass
class Tenant:
    """An app, a key of it with all scopes, and a client that shows the key."""

    app: App
    key: ApiKey
    token: str
    client: APIClient

    def device(self, name: str) -> Device:
        return registry.create_device(app=self.app, name=name, now=timezone.now())

    def issue(self, *scopes: str, expires_at: dt.datetime | None = None) -> tuple[ApiKey, str]:
        return keys.issue_key(
            app=self.app, name="another", scopes=scopes or Scope.values, expires_at=expires_at, now=timezone.now()
        )

    def with_scopes(self, *scopes: str) -> APIClient:
        return client_with(self.issue(*scopes)[1])


def client_with(token: str) -> APIClient:
    """A client that shows this token."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def tenant(name: str) -> Tenant:
    """An app with a key that may do everything."""
    app = registry.create_app(name=name, now=timezone.now())
    key, token = keys.issue_key(app=app, name=f"{name}'s key", scopes=Scope.values, expires_at=None, now=timezone.now())
    return Tenant(app=app, key=key, token=token, client=client_with(token))


@pytest.fixture
def alice(db: None) -> Tenant:
    return tenant("alice")


@pytest.fixture
def bob(db: None) -> Tenant:
    return tenant("bob")


@pytest.fixture
def charlie(db: None) -> APIClient:
    return APIClient(raise_request_exception=False)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The clock stands still at MOMENT until a test moves it."""
    with time_machine.travel(MOMENT, tick=False) as traveller:
        yield traveller
