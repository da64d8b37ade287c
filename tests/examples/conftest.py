"""The reference gateway as a process of its own, before a real server."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices import keys
from devices.scopes import Scope
from tests.examples.gateways import Gateway
from tests.faults.fault_proxy import Proxy
from tests.installation import Web
from tests.people import Person


@pytest.fixture
def alice(transactional_db: None, settings: Settings, tmp_path: Path) -> Person:
    settings.SPOOL_DIR = tmp_path / "spool"
    return Person.named("alice")


@pytest.fixture
def door(server: Web) -> Iterator[Proxy]:
    """What stands before the server, and goes wrong on request."""
    proxy = Proxy(server.url)
    threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    with closing(proxy.socket):
        yield proxy
        proxy.shutdown()


@pytest.fixture
def gateway(alice: Person, door: Proxy, tmp_path: Path) -> Iterator[Gateway]:
    """Not started yet. Whatever happened to it, it wrote neither its key nor a content URL into its log."""
    scopes = [Scope.GATEWAY]
    _, token = keys.issue_key(app=alice.app, name="", scopes=scopes, expires_at=None, now=timezone.now())
    gateway = Gateway(url=door.url, key=token, device_id=str(alice.device.pk), folder=tmp_path)
    yield gateway
    assert token not in gateway.log
    assert "/v1/links" not in gateway.log
    assert "Traceback" not in gateway.log
