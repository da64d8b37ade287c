"""The OpenAPI document is true: whatever it says can be sent gets an answer that it describes, and no other."""

import os
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection

from media_store import links, mime_types
from media_store.api.listing import MediaFilterSet
from media_store.models import Media
from mediahub.wsgi import application
from problems.table import TABLE
from tests.media_files import jpeg
from tests.people import Person

pytestmark = pytest.mark.once

FUZZ_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 0)
EXAMPLES = max(10, FUZZ_EXAMPLES // 10)
# What a schema cannot say: base64 that is none, two sources or none, a date that has passed, a range beyond the end.
MEANINGLESS = ["2xx", "3xx", "400", "401", "403", "404", "409", "410", "413", "415", "422", "5xx"]
CONFIG = {
    "generation": {"deterministic": not FUZZ_EXAMPLES, "with-security-parameters": False, "allow-x00": False},
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


def served(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """As a server does: the answer is read to its end and closed."""
    answer = application(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()


document = schemathesis.openapi.from_wsgi("/api/schema", served, config=SchemathesisConfig.from_dict(CONFIG))


@pytest.fixture
def alice(db: None) -> Person:
    return Person.named("alice")


@pytest.fixture
def names(alice: Person) -> Iterator[dict[str, str]]:
    """What the parameters of a path or a query may name: things that are there."""
    media = alice.sent(jpeg())
    hook = alice.api.post_json("/v1/webhooks", {"url": "https://hooks.example.com/a", "events": ["message"]}).json()
    # From here on the application is called without Django's client, which would keep the test's own connection.
    for moment in (request_started, request_finished):
        moment.disconnect(close_old_connections)
    link = links.token_for(Media.objects.get(pk=media["id"]), until=timezone.now() + timedelta(hours=1))
    ids = {"device_id": str(alice.device.pk), "id": media["id"], "media_id": media["id"]}
    yield {**ids, "webhook_id": hook["id"], "path": media["media_path"], "link": link}
    for moment in (request_started, request_finished):
        moment.connect(close_old_connections)


def named(case: schemathesis.Case[Any], names: dict[str, str]) -> None:
    """The case about something that is there, where its path and query are as the document says."""
    parts = {ParameterLocation.PATH: case.path_parameters, ParameterLocation.QUERY: case.query}
    for location, values in parts.items():
        component = case.meta.components.get(location) if case.meta else None
        if component and component.mode.is_positive:
            values.update({name: names[name] for name in values if name in names})
    if case.operation.path == "/v1/links/{id}" and case.path_parameters.get("id") == names["id"]:
        case.path_parameters["id"] = names["link"]


def is_sent_otherwise(case: schemathesis.Case[Any]) -> bool:
    """Whether the wire does not hold what the case says: Werkzeug's client writes an empty field as half a part."""
    return case.media_type == "multipart/form-data" and isinstance(case.body, dict) and "" in case.body.values()


class TestTheContract:
    @document.parametrize()
    @settings(
        max_examples=EXAMPLES,
        derandomize=not FUZZ_EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def test_holds_for_whatever_is_sent(
        self, case: schemathesis.Case[Any], alice: Person, names: dict[str, str]
    ) -> None:
        named(case, names)
        excluded: list[Any] = [negative_data_rejection] if is_sent_otherwise(case) else []
        case.call_and_validate(headers={"Authorization": f"Bearer {alice.token}"}, excluded_checks=excluded)


OPERATIONS = [
    pytest.param(operation, id=f"{method.upper()} {path}")
    for path, methods in document.raw_schema["paths"].items()
    for method, operation in methods.items()
]
PROBLEM = "application/problem+json"


class TestTheDocument:
    def test_is_valid_and_made_without_a_warning(self) -> None:
        call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_says_what_each_operation_does_and_needs(self, operation: dict[str, Any]) -> None:
        assert operation["summary"]
        assert operation["tags"]
        scopes = ("media:read", "media:write", "devices", "webhooks", "keys", "gateway", "Any live key", "No key")
        assert any(scope in operation["description"] for scope in scopes), operation["description"]

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_names_the_problems_of_each_operation(self, operation: dict[str, Any]) -> None:
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert ({"500"} if "No key" in operation["description"] else {"401", "500"}) <= set(refusals)
        for status, answer in refusals.items():
            assert list(answer["content"]) == [PROBLEM]
            examples = [example["value"] for example in answer["content"][PROBLEM]["examples"].values()]
            assert examples
            for example in examples:
                assert str(TABLE[example["code"]].status) == status
                assert example["title"] == TABLE[example["code"]].title

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_names_what_may_happen_to_any_body_and_to_any_accept(self, operation: dict[str, Any]) -> None:
        answers_bytes = operation["operationId"] in ("download", "media_download", "link_follow")
        assert ("406" in operation["responses"]) is not answers_bytes
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            assert {"400", "408", "413", "415"} <= set(operation["responses"])

    def test_describes_every_filter(self) -> None:
        described = {each["name"] for each in document.raw_schema["paths"]["/v1/media"]["get"]["parameters"]}
        assert described == set(MediaFilterSet.base_filters) | {"cursor", "limit"}

    def test_says_that_downloads_are_bytes_of_each_served_type(self) -> None:
        for path in ("/media", "/v1/media/{id}/content", "/v1/links/{id}"):
            answers = document.raw_schema["paths"][path]["get"]["responses"]
            for status in ("200", "206"):
                content = answers[status]["content"]
                assert set(content) == {*mime_types.SERVED_TYPES, "application/octet-stream"}
                assert {each["schema"]["format"] for each in content.values()} == {"binary"}
            assert "content" not in answers["304"]
