"""The processes that the fixtures `server` and `worker` start: of the Procfile, on this test's rows."""

import json
import time
import urllib.request

import pytest
from django.utils import timezone

from devices import keys, registry
from devices.models import App, Device
from devices.scopes import Scope
from media_store.tasks import finish_destroyed
from tests import loopback
from tests.devices.conftest import tenant
from tests.devices.webhooks.conftest import announce
from tests.installation import Web
from tests.listening import listen

DEADLINE_SECONDS = 20


class TestServer:
    def test_serves_what_a_test_commits(self, server: Web) -> None:
        app = registry.create_app(name="alice", now=timezone.now())
        _, token = keys.issue_key(app=app, name="", scopes=Scope.values, expires_at=None, now=timezone.now())
        request = urllib.request.Request(f"{server.url}/v1/me", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["app"]["id"] == str(app.pk)


class TestWorker:
    def test_does_what_a_test_asks_for(self, worker: None) -> None:
        app = App.objects.create(name="alice")
        Device.objects.create(app=app, name="phone", destroyed_at=timezone.now())
        finish_destroyed.delay()
        deadline = time.monotonic() + DEADLINE_SECONDS
        while Device.objects.exists():
            assert time.monotonic() < deadline, "the worker did nothing"
            time.sleep(0.05)

    def test_sends_an_event_once_it_is_committed(self, worker: None) -> None:
        """By the hint alone, over the broker; the worker's policy allows no loopback, so that its refusal shows."""
        alice = tenant("alice")
        listen(alice.app, url="https://127.0.0.1/")
        (delivery,) = announce(alice)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not delivery.log:
            assert time.monotonic() < deadline, "the worker did nothing"
            time.sleep(0.05)
            delivery.refresh_from_db()
        assert delivery.log[0]["code"] == "source_forbidden"


class TestLoopback:
    @pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://media.example.com/", "http://[2001:db8::1]/"])
    def test_is_never_left(self, url: str) -> None:
        with pytest.raises(loopback.LeftTheLoopback):
            urllib.request.urlopen(url, timeout=5)
