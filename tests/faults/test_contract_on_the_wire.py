"""The OpenAPI document against the running web process: all of schemathesis's checks, over a real connection."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from devices.scopes import Scope
from tests.installation import Installation, Web
from tests.media_files import jpeg
from tests.raw_http import Wire
from tests.test_contract import CONFIG, document, named

pytestmark = [pytest.mark.faults, pytest.mark.services, pytest.mark.timeout(1_500)]

EXAMPLES = max(10, int(os.environ.get("FUZZ_EXAMPLES") or 0) // 40)
on_the_wire = schemathesis.openapi.from_dict(document.raw_schema, config=SchemathesisConfig.from_dict(CONFIG))


@pytest.fixture(scope="module")
def web(on_services: Installation) -> Iterator[Web]:
    with on_services.web(WEB_CONCURRENCY="1") as web:
        yield web
    assert "Traceback" not in (on_services.var / "web.log").read_text()


@pytest.fixture(scope="module")
def key(on_services: Installation) -> str:
    scopes = [word for scope in Scope.values for word in ("--scope", scope)]
    return str(json.loads(on_services.manage("issue_api_key", "--app", on_services.app_id, *scopes, "--json"))["key"])


@pytest.fixture
def names(on_services: Installation, web: Web, key: str) -> dict[str, str]:
    with Wire(web.port, key=key) as wire:
        wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=len(jpeg()))
        wire.send(jpeg())
        media = wire.hear().json()
    return {"device_id": on_services.device_id, "id": media["id"], "path": media["media_path"]}


class TestTheContract:
    @on_the_wire.parametrize()
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def test_holds_over_a_connection(
        self, case: schemathesis.Case[Any], web: Web, key: str, names: dict[str, str]
    ) -> None:
        named(case, names)
        case.call_and_validate(base_url=web.url, headers={"Authorization": f"Bearer {key}"})
