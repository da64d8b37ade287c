"""A broker that is down, against the web process of the Procfile: hints are lost, requests are not."""

import time

import pytest

from tests.media_store.api.conftest import Service
from tests.processes import free_ports
from tests.raw_http import Wire

SECONDS = 10


class TestABrokerThatIsDown:
    @pytest.mark.faults
    def test_fails_no_destruction(self, service: Service) -> None:
        installation = service.installation
        nobody = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
        with (
            installation.web(WEB_CONCURRENCY="1", REDIS_URL=nobody) as web,
            Wire(web.port, key=installation.key) as wire,
        ):
            body = b'{"name": "lost phone"}'
            wire.head("POST", "/v1/devices", Content_Type="application/json", Content_Length=len(body))
            wire.send(body)
            device = f"/v1/devices/{wire.hear().json()['id']}"
            began_at = time.monotonic()
            wire.head("DELETE", device)
            assert wire.hear(method="DELETE").status == 204
            assert time.monotonic() - began_at < SECONDS
            wire.head("GET", device)
            assert wire.hear(method="GET").problem == (404, "not_found")
        assert "hint_lost" in (installation.var / "web.log").read_text()
