"""The OpenAPI document against the running web process: all of schemathesis's checks, over a real connection."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection

from devices.scopes import Scope
from media_store.api.waiting import MOST_SECONDS
from tests.faults.sending import Call
from tests.installation import Installation, Web
from tests.media_files import jpeg
from tests.openapi import DOCUMENT
from tests.raw_http import Wire

pytestmark = [pytest.mark.faults, pytest.mark.services, pytest.mark.timeout(1_500)]

EXAMPLES = max(10, int(os.environ.get("FUZZ_EXAMPLES") or 0) // 40)
# What a schema cannot say: base64 that is none, two sources or none, a date that has passed, a range beyond the end.
MEANINGLESS = ["2xx", "3xx", "400", "401", "403", "404", "409", "410", "413", "415", "422", "5xx"]
CONFIG = {
    "generation": {"deterministic": False, "with-security-parameters": False, "allow-x00": False},
    "operations": [
        {
            "include-operation-id": [
                "messages_send",
                "inbound",
                "receipts_note",
                "media_upload",
                "media_validate",
                "keys_create",
                "devices_create",
                "webhooks_create",
                "webhooks_change",
            ],
            "checks": {"positive_data_acceptance": {"expected-statuses": MEANINGLESS}},
        },
        {
            "include-operation-id": ["download", "media_download", "link_follow"],
            "checks": {"positive_data_acceptance": {"expected-statuses": [*MEANINGLESS, "416"]}},
        },
    ],
}
document = schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig.from_dict(CONFIG))


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
def names(on_services: Installation, web: Web, key: str) -> Iterator[dict[str, str]]:
    with Wire(web.port, key=key) as wire:
        wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=len(jpeg()))
        wire.send(jpeg())
        media = wire.hear().json()
    ids = {"device_id": on_services.device_id, "id": media["id"], "media_id": media["id"], "path": media["media_path"]}
    link = made(web, key, f"/v1/media/{media['id']}/links", {"ttl_seconds": 3_600})["url"]
    hook = made(web, key, "/v1/webhooks", {"url": "https://hooks.example.com/a", "events": ["message"]})
    yield {**ids, "link": link.rpartition("/")[2], "webhook_id": hook["id"]}
    assert Call(method="DELETE", path=f"/v1/webhooks/{hook['id']}", key=key).at(web) is not None


def made(web: Web, key: str, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
    answer = Call(method="POST", path=path, key=key, body=json.dumps(wanted).encode()).at(web)
    assert answer is not None
    assert answer.status == 201, answer.document
    return dict(answer.document)


def named(case: schemathesis.Case[Any], names: dict[str, str]) -> None:
    """The case about something that is there, where its path and query are as the document says."""
    parts = {ParameterLocation.PATH: case.path_parameters, ParameterLocation.QUERY: case.query}
    for location, values in parts.items():
        component = case.meta.components.get(location) if case.meta else None
        if component and component.mode.is_positive:
            values.update({name: names[name] for name in values if name in names})
    if case.operation.path == "/v1/links/{id}" and case.path_parameters.get("id") == names["id"]:
        case.path_parameters["id"] = names["link"]


def be_brief(case: schemathesis.Case[Any]) -> None:
    """Whoever waits for messages waits for a second: none will come."""
    body: Any = case.body
    wait = body.get("wait") if isinstance(body, dict) else None
    if isinstance(wait, int) and 1 < wait <= MOST_SECONDS:
        body["wait"] = 1


class TestTheContract:
    @document.parametrize()
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def test_holds_over_a_connection(
        self, case: schemathesis.Case[Any], web: Web, key: str, names: dict[str, str]
    ) -> None:
        named(case, names)
        be_brief(case)
        # A part has no type: what is written for null or for a number is a text like any other.
        excluded: list[Any] = [negative_data_rejection] if case.media_type == "multipart/form-data" else []
        headers = {"Authorization": f"Bearer {key}"}
        case.call_and_validate(base_url=web.url, headers=headers, timeout=30, excluded_checks=excluded)
